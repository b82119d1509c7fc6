"""Who may say nothing for a time."""

from datetime import datetime
from typing import TypeGuard
from uuid import UUID

from django.utils import timezone

from accounts.models import User
from chat.errors import muted


def is_muted(until: datetime | None) -> TypeGuard[datetime]:
    """Say whether whoever is muted until then is muted now."""
    return until is not None and until > timezone.now()


def check_not_muted(person_id: UUID, *, field: str = "body") -> None:
    """Raise `Muted` when somebody may say nothing now; `field` is where they wanted to."""
    until = User.objects.filter(pk=person_id).values_list("muted_until", flat=True).first()
    if is_muted(until):
        raise muted(until, field=field)
