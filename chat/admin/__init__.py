"""The admin site of moderation: one module for each part."""

from chat.admin import appeals, audit, reports, sanctions  # noqa: F401
