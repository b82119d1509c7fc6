"""What a report has frozen, ready to be shown as it looked."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from accounts.models import User
from accounts.names import initials
from chat.models import Report


def messages_of(report: Report) -> list[dict[str, Any]]:
    """Return the frozen messages in their order, each with what its row shows.

    Names are as they were; the report may outlive the people.
    """
    shown = []
    for message in report.evidence.get("messages", ()):
        author = _uuid(message.get("author"))
        name = str(message.get("author_name", ""))
        shown.append(
            {
                **message,
                "number": str(message.get("sequence", "")),
                "name": name,
                "initials": initials(name),
                "hue": author.int % 12 if author else 0,
                "about": author is not None and author == report.subject_id,
                "at": _moment(message.get("created_at")),
                "edited": _moment(message.get("edited_at")),
            }
        )
    return shown


def removable(report: Report) -> list[tuple[str, str]]:
    """Return the messages of the person that may be removed, number and words; what is held is no choice."""
    if report.kind == Report.Kind.FILTER:
        return []
    return [
        (str(message["sequence"]), str(message.get("body", "")))
        for message in report.evidence.get("messages", ())
        if message.get("author") == str(report.subject_id) and not message.get("deleted")
    ]


def picked(report: Report) -> Sequence[str]:
    """Return the numbers of the person's messages that the reporter pointed at."""
    mine = {number for number, _words in removable(report)}
    messages = report.evidence.get("messages", ())
    return [str(it["sequence"]) for it in messages if it.get("picked") and str(it["sequence"]) in mine]


def profile_of(report: Report) -> dict[str, Any]:
    """Return the reported profile as it was, with what an avatar needs."""
    frozen = report.evidence
    subject: User | None = report.subject
    name = str(frozen.get("name") or (subject.name if subject else ""))
    return {
        "name": name,
        "intro": frozen.get("intro", ""),
        "greeting": frozen.get("greeting", ""),
        "initials": initials(name),
        "hue": subject.hue if subject else 0,
    }


def _moment(text: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if text else None
    except (TypeError, ValueError):
        return None


def _uuid(text: Any) -> UUID | None:
    try:
        return UUID(str(text))
    except ValueError:
        return None
