"""The admin site of moderation."""

from chat.admin import reports  # noqa: F401
