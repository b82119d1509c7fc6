"""What a message may say, and how its words become safe HTML."""

import re
import unicodedata

from django.utils.html import Urlizer
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from accounts.names import INVISIBLE
from chat.errors import Invalid

BODY_MOST = 4_000
CONTEXT_MOST = 2_000
# Control characters but tab and newline, and lone surrogates, which no database keeps.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")

# Letters and symbols that are drawn as nothing: the Braille blank, Hangul fillers.
_BLANK = INVISIBLE | {"\u2800"}


class _Linker(Urlizer):
    url_template = '<a href="{href}" target="_blank" rel="nofollow noopener noreferrer">{url}</a>'


_link = _Linker()


def clean_body(body: object, *, field: str = "body") -> str:
    """Return the words of a message without what surrounds them.

    Raises `Invalid` when there are none, or more than `BODY_MOST` characters.
    """
    text = tidy(body)
    if not text:
        raise Invalid(_("message is empty"), field=field)
    if len(text) > BODY_MOST:
        raise Invalid(
            _("message is too long: %(size)s of at most %(most)s characters")
            % {"size": len(text), "most": BODY_MOST},
            field=field,
        )
    return text


def clean_context(context: object) -> str:
    """Return what a reporter wrote. Raises `Invalid` when it is nothing or too long."""
    text = tidy(context)
    if not text:
        raise Invalid(_("report is empty"), field="context")
    if len(text) > CONTEXT_MOST:
        raise Invalid(
            _("report is too long: at most %(most)s characters") % {"most": CONTEXT_MOST}, field="context"
        )
    return text


def tidy(value: object) -> str:
    """Return text with one kind of newline, no unprintable characters, and no blank ends.

    A text of nothing but invisible characters counts as blank.
    """
    if not isinstance(value, str):
        return ""
    text = _UNPRINTABLE.sub("", value.replace("\r\n", "\n").replace("\r", "\n"))
    if all(map(_is_unseen, text)):
        return ""
    return text.strip()


def _is_unseen(char: str) -> bool:
    return char.isspace() or char in _BLANK or unicodedata.category(char) in ("Cf", "Mn", "Zs")


def to_html(body: str) -> SafeString:
    """Escape a message and make its addresses links; newlines are kept by the stylesheet."""
    return mark_safe(_link(body, nofollow=True, autoescape=True))  # noqa: S308 - Urlizer escapes
