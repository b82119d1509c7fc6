"""What a message may say, and how its words become safe HTML."""

import re
import unicodedata

from django.utils.html import escape, format_html
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


_LINK = '<a href="{}" target="_blank" rel="nofollow noopener noreferrer">{}</a>'
_REST = r"""[^\s<>"']*"""
# Each begins where a word begins, and repeats nothing without a limit before it must match: so looking
# for addresses takes time in proportion to the text.
_ADDRESS = re.compile(
    rf"""(?P<url>(?<!\w)https?://[\w\[]{_REST})
    | (?P<mail>(?<![\w.+%-])[\w.+%-]{{1,64}}@(?:[\w-]{{1,63}}\.){{1,8}}\w[\w-]{{1,62}})
    | (?P<host>(?<![\w@./-])(?:www\.\w{_REST}
        | (?:[\w-]{{1,63}}\.){{1,8}}(?:com|edu|gov|int|mil|net|org)(?![\w-])(?:/{_REST})?))""",
    re.IGNORECASE | re.VERBOSE,
)
_BRACKETS = {")": "(", "]": "[", "}": "{"}


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
    # Django's urlize reads "&section=" in an address as "§ion=", and loses the colon of "a.org):".
    if "." not in body and "://" not in body:
        return escape(body)
    parts, end = [], 0
    for match in _ADDRESS.finditer(body):
        address = _without_punctuation(match[0])
        target = {"url": "", "mail": "mailto:", "host": "https://"}[match.lastgroup or "url"] + address
        parts += [escape(body[end : match.start()]), format_html(_LINK, target, address)]
        end = match.start() + len(address)
    return mark_safe("".join([*parts, escape(body[end:])]))  # noqa: S308


def _without_punctuation(address: str) -> str:
    """Leave out what ends the sentence around an address: dots, and brackets that it did not open."""
    while (last := address[-1]) in ".,:;!?" or (
        last in _BRACKETS and address.count(last) > address.count(_BRACKETS[last])
    ):
        address = address[:-1]
    return address
