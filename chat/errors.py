"""What can go wrong with a request, each with a code, a status and words for people."""

from datetime import UTC, datetime
from typing import ClassVar

from django.utils.formats import date_format
from django.utils.translation import gettext as _


class ChatError(Exception):
    """A refusal that forms, sockets and commands all tell the person in the same words.

    `code` is for programs, `message` for people, `field` names the input that was wrong.
    """

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 400

    def __init__(self, message: str, *, field: str = "", retry_after: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.retry_after = retry_after

    def as_dict(self) -> dict[str, object]:
        """Return the error as frames and JSON answers carry it."""
        answer: dict[str, object] = {"code": self.code, "message": self.message}
        if self.field:
            answer["field"] = self.field
        if self.retry_after is not None:
            answer["retry_after"] = self.retry_after
        return answer


class Invalid(ChatError):
    """The input cannot be used; `field` says which part."""

    code = "invalid"
    status = 422


class BadFrame(ChatError):
    code = "bad_frame"


class UnknownAction(ChatError):
    code = "unknown_action"


class TooLarge(ChatError):
    code = "too_large"
    status = 413


class NotFound(ChatError):
    """What one may not see and what does not exist are the same."""

    code = "not_found"
    status = 404


class Forbidden(ChatError):
    code = "forbidden"
    status = 403


class Conflict(ChatError):
    code = "conflict"
    status = 409


class Closed(ChatError):
    """The room takes no messages from this person."""

    code = "closed"
    status = 403


class Muted(ChatError):
    """Moderators keep this person from saying anything for a time."""

    code = "muted"
    status = 403


class RateLimited(ChatError):
    """Too often; right again after `retry_after` seconds."""

    code = "rate_limited"
    status = 429


class Filtered(ChatError):
    """A filter of the server does not let these words or links pass."""

    code = "filtered"
    status = 422


class Unavailable(ChatError):
    """Something the server needs is gone; trying again later is right."""

    code = "unavailable"
    status = 503


def muted(until: datetime, *, field: str = "body") -> Muted:
    text = _("A moderator muted you until %(when)s. Your profile leads to the reason.")
    return Muted(text % {"when": in_words(until)}, field=field)


def in_words(moment: datetime) -> str:
    """Write a moment for somebody whose clock is not known here."""
    return f"{date_format(moment.astimezone(UTC), 'DATETIME_FORMAT')} UTC"


def unavailable() -> Unavailable:
    return Unavailable(_("The server cannot save anything right now. Try again in a moment."), retry_after=5)


def room_not_found() -> NotFound:
    return NotFound(_("conversation not found"))


def message_not_found() -> NotFound:
    return NotFound(_("message not found"))


def contact_not_found() -> NotFound:
    return NotFound(_("contact not found"))
