"""Whether rows agree with each other, where no constraint of the database can say so."""

from django.db import connection
from django.db.models import Count, F, Max, Q
from django.db.models.functions import Coalesce


def problems() -> list[str]:
    """Return what does not agree, in a line each; nothing when all is well."""
    from accounts.models import Role, User
    from chat.models import Membership, Message, Room

    newest = Coalesce(Max("messages__revision"), 0)
    last = Max("messages__sequence")
    doubtful = {
        "rooms have another revision than their newest message": Room.objects.annotate(newest=newest).exclude(
            revision=F("newest")
        ),
        "rooms name another last message than their last": Room.objects.annotate(last=last).filter(
            Q(last__isnull=False) & ~Q(last_message__sequence=F("last"))
            | Q(last=None, last_message__isnull=False)
        ),
        "messages answer one of another room": Message.objects.filter(reply_to__isnull=False).exclude(
            reply_to__room=F("room")
        ),
        "people have read more than was said": Membership.objects.filter(
            read_sequence__gt=F("room__revision")
        ),
        "people have no address, or several main ones": User.objects.annotate(
            main=Count("emailaddress", filter=Q(emailaddress__primary=True))
        ).exclude(Q(main=1) | Q(is_active=False)),
    }
    found = [f"{rows.count()} {what}" for what, rows in doubtful.items() if rows.exists()]
    owners = User.objects.filter(role=Role.OWNER).count()
    if owners > 1 or (not owners and User.objects.filter(is_active=True).exists()):
        found.append(f"{owners} owners")
    return found + guards_missing()


def guards_missing() -> list[str]:
    """Say whether the audit log can be changed here."""
    wanted = {"chat_auditentry_no_update", "chat_auditentry_no_delete"}
    where = "pg_trigger WHERE NOT tgisinternal" if connection.vendor == "postgresql" else None
    with connection.cursor() as cursor:
        if where:
            cursor.execute(f"SELECT lower(tgname) FROM {where}")  # noqa: S608
        else:
            cursor.execute("SELECT lower(name) FROM sqlite_master WHERE type = 'trigger'")
        there = {name for (name,) in cursor.fetchall()}
    return [f"the trigger {name} is missing" for name in sorted(wanted - there)]
