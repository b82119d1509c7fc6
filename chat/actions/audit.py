"""Writing down what people with power do."""

from typing import Any

from django.db import transaction

from accounts.models import User
from chat.models import AuditEntry

# Who acts when nobody does: a sign-in with a provider, a command.
SYSTEM = "system"


def record(
    *,
    actor: User | None,
    action: str,
    subject: User | None = None,
    target: str = "",
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> AuditEntry:
    """Write a deed to the audit log, in the transaction of the deed: both are kept, or none.

    `before` and `after` hold states, roles, ids and flags; never a name, an address or somebody's words.
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("an audit entry belongs into the transaction of the deed")
    return AuditEntry.objects.create(
        actor=actor.pseudonym if actor else None,
        actor_role=actor.role if actor else SYSTEM,
        action=action,
        subject=subject.pseudonym if subject else None,
        target=target,
        before=before or {},
        after=after or {},
    )
