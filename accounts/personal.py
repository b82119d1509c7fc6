"""What the server keeps about people: every table is named here, and a test walks the schema.

Whoever adds a table says whose it is and what of it a person gets when they ask for their data; erasing
is in `accounts.erasing`, and a test looks for traces in every column of every table.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from django.apps import apps
from django.db.models import Model, Q, QuerySet

from accounts.models import User

Rows = Callable[[User, type[Model]], QuerySet[Any]]


class Personal(NamedTuple):
    """One table with people's data: which rows are a person's, and what they get of them.

    `fields` are in the export, `kept_back` are not: secrets, and what only the machine can use. What is
    neither belongs to somebody else.
    """

    rows: Rows
    fields: tuple[str, ...]
    kept_back: tuple[str, ...] = ()


def _by(path: str) -> Rows:
    return lambda person, model: model._default_manager.filter(**{path: person})


def _visible(person: User, model: type[Model]) -> QuerySet[Any]:
    """Messages of their rooms, those that they can read."""
    messages = model._default_manager.filter(room__memberships__user=person)
    return messages.filter(Q(withheld=False) | Q(author=person)).order_by("room", "sequence")


PERSONAL: dict[str, Personal] = {
    "accounts.User": Personal(
        lambda person, model: model._default_manager.filter(pk=person.pk),
        (
            *("id", "email", "name", "intro", "role", "is_active", "shows_presence", "shows_receipts"),
            *("date_joined", "last_login", "muted_until"),
        ),
        ("password", "pseudonym", "is_superuser", "has_notice"),
    ),
    "accounts.Device": Personal(
        _by("person"),
        ("id", "browser", "system", "kind", "by_link", "signed_in_at", "seen_at"),
        ("session_id",),
    ),
    "accounts.DeviceLink": Personal(
        _by("device__person"),
        ("device_id", "created_at", "expires_at", "used_at", "used_by_id"),
        ("digest", "password"),
    ),
    "mfa.Authenticator": Personal(_by("user"), ("type", "created_at", "last_used_at"), ("data",)),
    "socialaccount.SocialAccount": Personal(
        _by("user"), ("provider", "uid", "extra_data", "date_joined", "last_login")
    ),
    "oidc.BelievedAddress": Personal(_by("address__user"), ("address__email",)),
    "account.EmailAddress": Personal(_by("user"), ("email", "verified", "primary")),
    "account.EmailConfirmation": Personal(_by("email_address__user"), ("created", "sent"), ("key",)),
    "chat.Contact": Personal(
        _by("owner"), ("id", "person_id", "email", "name", "greeting", "created_at", "accepted_at")
    ),
    "chat.Invitation": Personal(
        _by("inviter"), ("code", "contact_id", "created_at", "expires_at"), ("joined_id",)
    ),
    "chat.Block": Personal(_by("blocker"), ("blocked_id", "blocked__name", "created_at")),
    "chat.Room": Personal(
        _by("memberships__user"), ("id", "kind", "name", "created_at", "active_at"), ("pair_key", "revision")
    ),
    "chat.Membership": Personal(
        _by("user"),
        ("room_id", "peer_id", "peer__name", "role", "involvement", "read_sequence", "created_at"),
        ("withheld_id",),
    ),
    "chat.Message": Personal(
        _visible,
        (
            *("room_id", "sequence", "author_id", "author__name", "body", "reply_to__sequence"),
            *("created_at", "edited_at", "deleted_at"),
        ),
        ("client_id", "body_html", "revision", "withheld", "held", "thread_root_id"),
    ),
    "chat.MessageEdit": Personal(
        _by("message__author"), ("message__room_id", "message__sequence", "body", "created_at"), ("revision",)
    ),
    "chat.Report": Personal(
        _by("reporter"),
        ("id", "kind", "reason", "context", "evidence", "state", "outcome", "decided_at", "created_at"),
        ("seen_at", "urgency", "taken_by_id", "taken_at", "decided_by_id", "decision_reason"),
    ),
    "chat.Sanction": Personal(
        _by("person"),
        ("id", "kind", "reason", "created_at", "ends_at", "lifted_at", "lift_reason", "seen_at"),
        ("report_id", "moderator_id", "lifted_by_id"),
    ),
    "chat.Appeal": Personal(
        _by("sanction__person"),
        ("sanction_id", "words", "state", "answer", "decided_at", "created_at"),
        ("decided_by_id",),
    ),
}

# Tables with nothing of a person that a person could ask for.
IMPERSONAL: dict[str, str] = {
    "accounts.User_groups": "nobody is in groups: roles say what people may do",
    "accounts.User_user_permissions": "nobody has permissions of their own",
    "admin.LogEntry": "erased with the person; the audit log tells what was done",
    "auth.Group": "nobody is in groups",
    "auth.Group_permissions": "nobody is in groups",
    "auth.Permission": "names of tables",
    "chat.AuditEntry": "names people by a pseudonym that nothing leads to once they are erased",
    "chat.Filter": "words and sites",
    "contenttypes.ContentType": "names of tables",
    "socialaccount.SocialApp": "providers, whose settings come from the environment",
    "socialaccount.SocialToken": "providers' tokens are not kept",
    "sessions.Session": "erased with the person; nothing in it but who is signed in",
}


def rows_of(person: User, label: str) -> QuerySet[Any, dict[str, Any]]:
    """Return a person's rows of one table, as they are exported."""
    personal = PERSONAL[label]
    return personal.rows(person, apps.get_model(label)).values(*personal.fields)
