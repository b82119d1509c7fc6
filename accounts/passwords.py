"""What a password may not be made of."""

import re
from functools import cache
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from accounts.models import User

# Characters that have to be left when the words that anybody here would try first are taken out.
LEFT = 6
WORDS = ("chatscape", "password", "welcome", "chat")
# What fingers write by themselves, forwards and backwards; nobody stops at the end of the figures.
ROWS = (
    "1234567890" * 2,
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "1qaz2wsx3edc4rfv",
)
ROW_LEAST = 4
# Figures and signs that people put behind or before a word, when they are asked for a longer password.
ADDED_MOST = 4


class WordsOfThePlaceValidator:
    """Refuses what is tried first: this product's or this server's name, common passwords with little added,
    rows of keys and one piece repeated (OWASP ASVS 5.0, 6.1.2, 6.2.4 and 6.2.11).

    Of the passwords that everybody knows most are too short here; what people make of them is not.
    """

    def validate(self, password: str, user: User | None = None) -> None:
        """Raise `ValidationError` when little is left without what anybody would try."""
        small = password.casefold()
        if _is_of_the_place(small) or _is_common(small) or _is_in_rows(small) or _is_repeated(small):
            raise ValidationError(
                _("This password is made of words that anybody would try first."), code="password_words"
            )

    def get_help_text(self) -> str:
        return _("Your password cannot be made of the name of this place.")


def _is_of_the_place(password: str) -> bool:
    host = urlsplit(settings.PUBLIC_URL).hostname or ""
    words = sorted({*WORDS, *(label for label in host.split(".") if len(label) > 2)}, key=len, reverse=True)
    left = re.sub("|".join(map(re.escape, words)), "", password)
    return left != password and len(left) < LEFT


def _is_common(password: str) -> bool:
    letters = [at for at, char in enumerate(password) if char.isalpha()]
    if not letters:
        return False
    word = password[letters[0] : letters[-1] + 1]
    return len(password) - len(word) <= ADDED_MOST and word in _common_passwords()


def _is_in_rows(password: str) -> bool:
    """Say whether little is left when pieces of rows are taken out."""
    left, at = 0, 0
    while at < len(password):
        length = max(_run(password, at, row) for each in ROWS for row in (each, each[::-1]))
        left, at = (left, at + length) if length >= ROW_LEAST else (left + 1, at + 1)
        if left >= LEFT:
            return False
    return True


def _run(password: str, at: int, row: str) -> int:
    """Return how many characters from there on stand in the row one after the other."""
    length = 0
    while at + length < len(password) and password[at : at + length + 1] in row:
        length += 1
    return length


def _is_repeated(password: str) -> bool:
    return any(password[size:] == password[:-size] for size in range(1, min(LEFT, len(password) // 2 + 1)))


@cache
def _common_passwords() -> frozenset[str]:
    return frozenset(CommonPasswordValidator().passwords)
