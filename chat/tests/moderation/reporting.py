"""Reports as people make them, for tests of what moderators see."""

import re
from typing import Any

from django.test import Client

from accounts.models import User
from chat.actions.reports import about_message, report
from chat.models import Report, Room
from chat.tests.situations import client_of

QUEUE = "/admin/chat/report/"


def page_of(report: Report) -> str:
    return f"{QUEUE}{report.pk}/change/"


def reported(
    reporter: User,
    room: Room,
    sequence: int = 1,
    reason: str = "spam",
    context: str = "rude words",
    **told: Any,
) -> Report:
    """Let somebody report a message."""
    about = about_message(reporter, room.id, sequence)
    return report(reporter=reporter, about=about, reason=reason, context=context, **told)


def bare(subject: User, reporter: User | None, **fields: Any) -> Report:
    """A report about a person, without messages."""
    fields.setdefault("context", "rude words")
    return Report.objects.create(
        reporter=reporter, subject=subject, evidence={"name": subject.name}, **fields
    )


def listed(client: Client, query: str = "", path: str = QUEUE) -> list[str]:
    """The ids of the rows in a list, in their order."""
    page = client.get(path + query)
    assert page.status_code == 200, page
    return re.findall(rf'href="{path}([^/"]+)/change/', page.text)


def post(actor: User, path: str, do: str, **typed: Any) -> Any:
    return client_of(actor).post(path, {"do": do, **typed})
