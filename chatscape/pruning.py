"""Remove what nobody needs any more, a little at a time: it may run beside the server, and beside itself.

Messages, contacts, people and decisions are never touched. What is over is over for everybody already: a
session that has ended opens nothing, whether or not its row is still there.
"""

import json
import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from allauth.account import app_settings as account_settings
from allauth.account.models import EmailConfirmation
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from accounts.models import Device, DeviceLink
from chat import append_only
from chat.actions.audit import record
from chat.models import Appeal, AuditEntry, Invitation, Report

# Rows of one transaction: others wait for it no longer than for a page.
BATCH = 500
# A link that has just ended says so; one that ended long ago is as good as none.
LINKS_KEPT, INVITATIONS_KEPT = timedelta(days=1), timedelta(days=30)
# These entries stay: a restored backup must not bring back who was erased, and a gap is to be explained.
ALWAYS_KEPT = ("person.erased", "audit.pruned")
AUDIT_LOG = "chat_auditentry"
_HASHED = re.compile(r"(.+)\.[0-9a-f]{12}(\.[^./]+)?")

Rows = QuerySet[Any]


@dataclass(frozen=True)
class Leftover:
    """One kind of rows that nobody needs: which, and how they go."""

    name: str
    find: Callable[[datetime], Rows]
    remove: Callable[[Rows], int]
    # Rows are taken in this order. It has an index.
    order: str = "pk"


def delete(rows: Rows) -> int:
    """Delete rows with what belongs to them, and count them alone."""
    return rows.delete()[1].get(rows.model._meta.label, 0)


def forget_evidence(rows: Rows) -> int:
    """Leave of reports who, which message, when and why, and what was decided: not what anybody wrote."""
    for report in rows:
        kept = ("sequence", "author", "created_at")
        messages = [
            {key: each[key] for key in kept if key in each} for each in report.evidence.get("messages", ())
        ]
        report.evidence = {"name": report.evidence.get("name", ""), "messages": messages, "forgotten": True}
        report.context = ""
        report.save(update_fields=["evidence", "context"])
    return len(rows)


def take_from_audit_log(rows: Rows) -> int:
    """Delete entries of the log that refuses it, and write down that this was done.

    All in one transaction: nobody sees the log unprotected.
    """
    names = [f"{AUDIT_LOG}_no_DELETE"]
    undo = [sql for sql in append_only.undoing(connection.vendor, AUDIT_LOG) if names[0] in sql]
    again = [sql for sql in append_only.statements(connection.vendor, AUDIT_LOG) if names[0] in sql]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # Whoever writes waits behind this; it must not wait long itself.
            cursor.execute("SET LOCAL lock_timeout = '2s'")
        for sql in undo:
            cursor.execute(sql)
        number = delete(rows)
        for sql in again:
            cursor.execute(sql)
    record(actor=None, action="audit.pruned", after={"entries": number, "days": settings.KEEP_AUDIT_DAYS})
    return number


def _sessions(now: datetime) -> Rows:
    return Session.objects.filter(expire_date__lte=now)


def _devices(now: datetime) -> Rows:
    # One that signs in just now has its session first.
    return Device.objects.filter(~Exists(Session.objects.filter(pk=OuterRef("session_id"))))


def _links(now: datetime) -> Rows:
    return DeviceLink.objects.filter(expires_at__lt=now - LINKS_KEPT)


def _invitations(now: datetime) -> Rows:
    over = Invitation.objects.filter(expires_at__lt=now - INVITATIONS_KEPT)
    # Somebody who has joined with it, and has not answered yet, sees the request by it.
    return over.exclude(Q(joined__isnull=False) & Q(contact__isnull=False, contact__accepted_at=None))


def _confirmations(now: datetime) -> Rows:
    days = timedelta(days=account_settings.EMAIL_CONFIRMATION_EXPIRE_DAYS)
    rows: Rows = EmailConfirmation.objects.filter(sent__lt=now - days)
    return rows


def _evidence(now: datetime) -> Rows:
    if not settings.KEEP_EVIDENCE_DAYS:
        return Report.objects.none()
    decided = now - timedelta(days=settings.KEEP_EVIDENCE_DAYS)
    closed = Report.objects.filter(state=Report.State.CLOSED, decided_at__lt=decided)
    appealed = Appeal.objects.filter(sanction__report=OuterRef("pk"), state="open")
    return closed.filter(~Exists(appealed)).filter(evidence__forgotten__isnull=True)


def _audit(now: datetime) -> Rows:
    if not settings.KEEP_AUDIT_DAYS:
        return AuditEntry.objects.none()
    before = now - timedelta(days=settings.KEEP_AUDIT_DAYS)
    return AuditEntry.objects.filter(at__lt=before).exclude(action__in=ALWAYS_KEPT)


LEFTOVERS = (
    Leftover("Sessions that are over, with their devices", _sessions, delete, "expire_date"),
    Leftover("Devices whose session is gone", _devices, delete),
    Leftover("Links for another device that have ended", _links, delete),
    Leftover("Invitations that ended more than 30 days ago", _invitations, delete),
    Leftover("Confirmations of addresses that have ended", _confirmations, delete),
    Leftover("Evidence of reports closed long ago (KEEP_EVIDENCE_DAYS)", _evidence, forget_evidence),
    Leftover("Old entries of the audit log (KEEP_AUDIT_DAYS)", _audit, take_from_audit_log, "at"),
)


def prune(leftover: Leftover, *, pause: Callable[[float], None] = time.sleep) -> int:
    """Remove all rows of a kind, and count them. Others get a turn between two batches."""
    now, last, removed = timezone.now(), None, 0
    while True:
        began = time.monotonic()
        with transaction.atomic():
            rows = leftover.find(now).order_by(leftover.order)
            if last is not None and leftover.order == "pk":
                # What was looked at is not looked through again.
                rows = rows.filter(pk__gt=last)
            # What somebody else removes at the moment is theirs.
            keys = list(_locked(rows).values_list("pk", flat=True)[:BATCH])
            if not keys:
                return removed
            removed += leftover.remove(leftover.find(now).filter(pk__in=keys).order_by())
        last = keys[-1]
        pause(min(time.monotonic() - began, 1.0))


def _locked(rows: Rows) -> Rows:
    return rows.select_for_update(skip_locked=True, of=("self",))


def stale_files(root: Path, age: timedelta, now: float | None = None) -> Iterator[Path]:
    """Return collected files of versions before this one, once this one is as old as `age`.

    Pages that were opened before may still ask for them. A file that was not hashed stays.
    """
    manifest = root / "staticfiles.json"
    try:
        named = set(json.loads(manifest.read_text())["paths"].values())
        if (time.time() if now is None else now) - manifest.stat().st_mtime < age.total_seconds():
            return
    except (OSError, ValueError, KeyError, TypeError):
        # Without it nobody knows what is in use.
        return
    for file in sorted(path for path in root.rglob("*") if path.is_file() and not path.is_symlink()):
        name = file.relative_to(root).as_posix().removesuffix(".gz").removesuffix(".br")
        if name not in named and _HASHED.fullmatch(name):
            yield file


def remove_files(files: Sequence[Path]) -> int:
    """Delete files, those somebody else has deleted meanwhile excepted."""
    for file in files:
        file.unlink(missing_ok=True)
    return len(files)
