"""What a moderator may look at, and what waits for them."""

from django.db.models import Exists, Q, QuerySet

from accounts.models import Role, User
from chat.models import Appeal, Report, Sanction


def _others(moderator: User, person: str) -> Q:
    """Leave out what is about the moderator; what is about staff is for who runs the server."""
    seen = Q() if moderator.runs_server else Q((f"{person}__role", Role.MEMBER)) | Q((person, None))
    # Not `~Q(person=...)`: a report whose subject is gone is about nobody, and stays.
    return seen & (~Q((person, moderator.pk)) | Q((person, None)))


def _alone(moderator: User) -> Q:
    """Whether nobody else could decide."""
    return Q(~Exists(User.objects.filter(is_active=True).exclude(role=Role.MEMBER).exclude(pk=moderator.pk)))


def reports_for(moderator: User) -> QuerySet[Report]:
    return Report.objects.filter(_others(moderator, "subject"))


def reports_waiting_for(moderator: User) -> QuerySet[Report]:
    """Those that nobody has decided and this moderator may: not what they reported, unless they are alone."""
    waiting = reports_for(moderator).exclude(state=Report.State.CLOSED)
    return waiting.filter(~Q(reporter=moderator) | _alone(moderator))


def sanctions_for(moderator: User) -> QuerySet[Sanction]:
    return Sanction.objects.filter(_others(moderator, "person"))


def appeals_for(moderator: User) -> QuerySet[Appeal]:
    return Appeal.objects.filter(_others(moderator, "sanction__person"))


def appeals_waiting_for(moderator: User) -> QuerySet[Appeal]:
    """Those that nobody has answered and this moderator may: not if they had a part in it, unless alone."""
    waiting = appeals_for(moderator).filter(state=Appeal.State.OPEN)
    uninvolved = ~Q(sanction__moderator=moderator) & ~Q(sanction__report__reporter=moderator)
    return waiting.filter(uninvolved | _alone(moderator))


def waiting_for(moderator: User) -> int:
    """Say how many reports and appeals wait for somebody."""
    return reports_waiting_for(moderator).count() + appeals_waiting_for(moderator).count()
