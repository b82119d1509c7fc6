"""A message as HTML and as JSON: the same whoever looks."""

from collections.abc import Iterable
from typing import Any

from django.template.loader import get_template
from django.utils.html import format_html_join
from django.utils.safestring import SafeString, mark_safe

from accounts.models import User
from chat.models import Message


def message_html(message: Message) -> SafeString:
    """Render one message as the article that pages, answers and broadcasts all carry.

    Kept with the message until its next revision: who writes it sends it several ways.
    """
    if message.article is None or message.article[0] != message.revision:
        html = get_template("chat/_message.html").render({"message": message}).strip()
        message.article = message.revision, mark_safe(html)  # noqa: S308
    return message.article[1]


def messages_html(messages: Iterable[Message], viewer: User | None = None) -> SafeString:
    """Render a page of messages; those of `viewer` are marked as their own.

    The mark is put into the finished HTML, so that what is rendered does not depend on who looks.
    Quotes in a message's words are escaped: the words cannot carry the mark.
    """
    html = format_html_join("", "{}", ((message_html(message),) for message in messages))
    if viewer is None:
        return html
    author = f'data-author="{viewer.id}"'
    return mark_safe(html.replace(author, f"{author} data-own"))  # noqa: S308


def message_json(message: Message) -> dict[str, Any]:
    """Return one message as JSON clients get it; a deleted one has no words."""
    return {
        "room": str(message.room_id),
        "sequence": message.sequence,
        "revision": message.revision,
        "author": {"id": str(message.author_id), "name": message.author.name},
        "client_id": str(message.client_id),
        "body": message.body,
        "body_html": message.body_html,
        "created_at": message.created_at.isoformat(),
        "edited_at": message.edited_at and message.edited_at.isoformat(),
        "deleted_at": message.deleted_at and message.deleted_at.isoformat(),
        "html": message_html(message),
    }
