"""What a moderator may look at, and what waits for them."""

from django.db.models import Q, QuerySet

from accounts.models import Role, User
from chat.models import Appeal, Report, Sanction


def _others(moderator: User, person: str) -> Q:
    """Leave out what is about the moderator; what is about staff is for who runs the server."""
    seen = Q() if moderator.runs_server else Q((f"{person}__role", Role.MEMBER)) | Q((person, None))
    # Not `~Q(person=...)`: a report whose subject is gone is about nobody, and stays.
    return seen & (~Q((person, moderator.pk)) | Q((person, None)))


def reports_for(moderator: User) -> QuerySet[Report]:
    return Report.objects.filter(_others(moderator, "subject"))


def reports_waiting_for(moderator: User) -> QuerySet[Report]:
    """Those that nobody has decided and this moderator may: not what they reported themselves."""
    return reports_for(moderator).exclude(state=Report.State.CLOSED).exclude(reporter=moderator)


def sanctions_for(moderator: User) -> QuerySet[Sanction]:
    return Sanction.objects.filter(_others(moderator, "person"))


def appeals_for(moderator: User) -> QuerySet[Appeal]:
    return Appeal.objects.filter(_others(moderator, "sanction__person"))


def appeals_waiting_for(moderator: User) -> QuerySet[Appeal]:
    """Those that nobody has answered and this moderator may: not about what they imposed themselves."""
    return appeals_for(moderator).filter(state=Appeal.State.OPEN).exclude(sanction__moderator=moderator)


def waiting_for(moderator: User) -> int:
    """Say how many reports and appeals wait for somebody."""
    return reports_waiting_for(moderator).count() + appeals_waiting_for(moderator).count()
