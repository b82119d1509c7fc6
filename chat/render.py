"""A message as HTML and as JSON: the same whoever looks."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from accounts.models import User
from chat.models import Message
from chat.prepared import Memo, Prepared
from chat.rows import MessageRow, as_time, as_uuid, day_of

# Some 20,000 messages: what is read again and again by different people.
_articles: Memo[MessageRow] = Memo(32 * 1024 * 1024)
_article = Prepared(
    "chat/_message.html",
    {
        "room": UUID,
        "sequence": int,
        "revision": int,
        "author": UUID,
        "client_id": UUID,
        "hue": int,
        "initials": str,
        "name": str,
        "moment": str,
        "time": str,
        "body": str,
    },
)


def message_html(message: Message | MessageRow) -> SafeString:
    """Return one message as the article that pages, answers and broadcasts all carry."""
    return _article_of(message, get_language())


def messages_html(messages: Iterable[Message | MessageRow], viewer: User | None = None) -> SafeString:
    """Return a page of messages; those of `viewer` are marked as their own.

    The mark is put into the finished HTML, so that what is rendered does not depend on who looks.
    Quotes in a message's words are escaped: the words cannot carry the mark.
    """
    language = get_language()
    html = "".join([_article_of(message, language) for message in messages])
    if viewer is not None:
        author = f'data-author="{viewer.id}"'
        html = html.replace(author, f"{author} data-own")
    return mark_safe(html)  # noqa: S308


def message_json(message: Message | MessageRow) -> dict[str, Any]:
    """Return one message as JSON clients get it; a deleted one has no words."""
    row = message if isinstance(message, MessageRow) else MessageRow.of(message)
    return {
        "room": str(as_uuid(row.room)),
        "sequence": row.sequence,
        "revision": row.revision,
        "author": {"id": str(as_uuid(row.author)), "name": row.author_name},
        "client_id": str(as_uuid(row.client)),
        "body": row.body,
        "body_html": row.body_html,
        "created_at": as_time(row.created).isoformat(),
        "edited_at": row.edited and as_time(row.edited).isoformat(),
        "deleted_at": row.deleted and as_time(row.deleted).isoformat(),
        "held": bool(row.held),
        "html": message_html(row),
    }


def article_values(row: MessageRow) -> dict[str, object]:
    """Return what the template of a message shows besides `edited`, `deleted` and `held`."""
    author, created = as_uuid(row.author), as_time(row.created)
    return {
        "room": as_uuid(row.room),
        "sequence": row.sequence,
        "revision": row.revision,
        "author": author,
        "client_id": as_uuid(row.client),
        "hue": author.int % 12,
        "initials": row.initials,
        "name": row.author_name,
        "moment": f"{created.isoformat(timespec='milliseconds')[:23]}Z",
        "time": f"{day_of(created, 'j M Y')}, {created:%H:%M} UTC",
        # Escaped and linked when it was written.
        "body": mark_safe(row.body_html),  # noqa: S308
    }


def _article_of(message: Message | MessageRow, language: str | None) -> SafeString:
    row = message if isinstance(message, MessageRow) else MessageRow.of(message)
    return _articles.get((row.room, row.sequence, language), row, _render)


def _render(row: MessageRow) -> SafeString:
    shape = {"edited": bool(row.edited), "deleted": bool(row.deleted), "held": bool(row.held)}
    html = _article.fill(article_values(row), **shape)
    return mark_safe(html.strip())  # noqa: S308
