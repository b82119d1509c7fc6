"""What `manage.py check --deploy` says about signing up."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Tags, Warning, register


@register(Tags.security, deploy=True)
def addresses_are_confirmed(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Warn when a public server believes every e-mail address."""
    if settings.CONFIRM_EMAIL or not (settings.LOCAL_ACCOUNTS and settings.PUBLIC_URL.startswith("https:")):
        return []
    return [
        Warning(
            "Anybody who signs up is believed to own the e-mail address they type.",
            hint="Set EMAIL_URL to your mail server, so that addresses are confirmed.",
            id="accounts.W001",
        )
    ]
