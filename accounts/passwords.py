"""What a password may not be made of."""

import re
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from accounts.models import User

# Characters that have to be left when the words that anybody here would try first are taken out.
LEFT = 6
WORDS = ("chatscape", "password", "welcome", "chat")


class WordsOfThePlaceValidator:
    """Refuses passwords made of this product's or this server's name (OWASP ASVS 5.0, 6.1.2 and 6.2.11)."""

    def validate(self, password: str, user: User | None = None) -> None:
        """Raise `ValidationError` when little is left without such words."""
        host = urlsplit(settings.PUBLIC_URL).hostname or ""
        words = sorted(
            {*WORDS, *(label for label in host.split(".") if len(label) > 2)}, key=len, reverse=True
        )
        left = re.sub("|".join(map(re.escape, words)), "", password.casefold())
        if left != password.casefold() and len(left) < LEFT:
            raise ValidationError(
                _("This password is made of words that anybody would try first."), code="password_words"
            )

    def get_help_text(self) -> str:
        return _("Your password cannot be made of the name of this place.")
