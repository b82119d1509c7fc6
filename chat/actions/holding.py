"""Messages that a filter holds: moderators get each of them to look at."""

from collections.abc import Iterable

from chat.filters import Rule
from chat.models import Message, Report


def report_held(held: Iterable[tuple[Message, Rule]]) -> None:
    """Report held messages, in the transaction that posts them: the message alone, nothing around it."""
    Report.objects.bulk_create([_report(message, rule) for message, rule in held])


def _report(message: Message, rule: Rule) -> Report:
    copied = {
        "sequence": message.sequence,
        "author": str(message.author_id),
        "author_name": message.author.name,
        "body": message.body,
        "created_at": message.created_at.isoformat(),
        "edited_at": None,
        "deleted": False,
        "picked": True,
        "before": [],
    }
    return Report(
        kind=Report.Kind.FILTER,
        subject=message.author,
        room=message.room,
        # Somebody waits for it.
        urgency=1,
        evidence={
            "name": message.author.name,
            "intro": message.author.intro,
            "greeting": "",
            "messages": [copied],
            "filter": {"pattern": rule.pattern, "action": rule.action},
        },
    )
