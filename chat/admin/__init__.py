"""The admin site of moderation: one module for each part."""

from chat.admin import appeals, audit, filters, reports, sanctions  # noqa: F401
