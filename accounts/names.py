"""Which display names are allowed."""

import unicodedata

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

LEAST, MOST = 2, 50
PUNCTUATION = frozenset(" -_'’.")
# Letters, numbers, and the marks that belong to letters; not enclosing marks, which make emoji.
CATEGORIES = frozenset({"Lu", "Ll", "Lt", "Lm", "Lo", "Nd", "Nl", "No", "Mn", "Mc"})
# Letters and marks by category, but invisible: with them a name could look empty or like another.
INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0") | {
    chr(code)
    for first, last in ((0x180B, 0x180F), (0xFE00, 0xFE0F), (0xE0100, 0xE01EF))
    for code in range(first, last + 1)
}


def validate_name(value: str) -> None:
    """Check a display name: 2 to 50 letters, digits, spaces, hyphens, underscores, apostrophes, dots.

    Letters and digits are Unicode's, with their combining marks; control, direction and invisible
    characters are refused because they can make one name look like another.
    Raises `ValidationError`.
    """
    if not value.strip():
        raise ValidationError(_("name is empty"), code="empty")
    if not LEAST <= len(value.strip()) <= MOST:
        raise ValidationError(
            _("name must have %(least)s to %(most)s characters"),
            code="length",
            params={"least": LEAST, "most": MOST},
        )
    if not all(is_allowed(char) for char in value):
        raise ValidationError(
            _("name may have letters, digits, spaces, hyphens, underscores, apostrophes and dots"),
            code="characters",
        )
    if not any(char.isalnum() for char in value):
        raise ValidationError(_("name needs a letter or a digit"), code="characters")


def clean_name(value: str) -> str:
    """Return the name with its spaces tidied and its characters composed (NFC)."""
    return unicodedata.normalize("NFC", " ".join(value.split()))


def initials(name: str) -> str:
    """Return the one or two letters that stand for a name in a generated avatar.

    The first letter or digit of the first and of the last word that has one; "?" when none has.
    """
    firsts = [first for word in name.split() if (first := next(filter(str.isalnum, word), ""))]
    # A letter may become two in upper case (ß): one is enough.
    return "".join(letter.upper()[0] for letter in firsts[:1] + firsts[1:][-1:]) or "?"


def is_allowed(char: str) -> bool:
    """Say whether a display name may have this character."""
    return char in PUNCTUATION or (unicodedata.category(char) in CATEGORIES and char not in INVISIBLE)
