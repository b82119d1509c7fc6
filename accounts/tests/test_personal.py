"""No table with people's data is forgotten: not by the export, not by erasing."""

import io
import json
import zipfile
from datetime import timedelta
from importlib import import_module
from uuid import uuid4

import pytest
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.apps import apps
from django.conf import settings
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import FileField
from django.test import Client
from django.utils import timezone

from accounts.erasing import erase_person
from accounts.export import export_person
from accounts.models import Device, DeviceLink, Role, User
from accounts.oidc.models import BelievedAddress
from accounts.personal import IMPERSONAL, PERSONAL
from accounts.tests.people import make_user
from chat.actions.audit import record
from chat.actions.contacts import add_contact, block_person
from chat.actions.messages import delete_message, edit_message
from chat.errors import Closed, Conflict
from chat.models import (
    Appeal,
    AuditEntry,
    Block,
    Contact,
    Invitation,
    Membership,
    Message,
    Report,
    Sanction,
)
from chat.realtime import publisher
from chat.realtime.groups import user_group
from chat.tests.situations import befriend, client_of, contact_of, say

SECRETS = ("Xanthippe", "xan.thippe", "zebra-", "unquenchable")


def label_of(model):
    return model._meta.label


def test_every_table_is_named():
    known = {label_of(model) for model in apps.get_models(include_auto_created=True)}

    assert known == set(PERSONAL) | set(IMPERSONAL), "say whose data a new table holds"
    assert not set(PERSONAL) & set(IMPERSONAL)


@pytest.mark.parametrize("label", PERSONAL)
def test_every_column_is_exported_or_kept_back_on_purpose(label):
    model, personal = apps.get_model(label), PERSONAL[label]
    # Keys of rows are of no use elsewhere, and whose row it is goes without saying.
    named = {field.partition("__")[0].removesuffix("_id") for field in personal.fields + personal.kept_back}
    missing = [
        field.name
        for field in model._meta.concrete_fields
        if not field.primary_key and field.name not in named and field.related_model is not User
    ]

    assert [name for name in missing if name not in OTHERS.get(label, ())] == []


# Columns that lead to another table of the export, or to what is not the person's.
OTHERS = {
    "account.EmailConfirmation": ("email_address",),
    "chat.Room": ("last_message",),
    "chat.MessageEdit": ("message",),
    "chat.Report": ("room",),
    "chat.Message": ("client_id",),
}


def test_files_would_have_to_be_erased_too():
    holding = [
        model for model in apps.get_models() for field in model._meta.fields if isinstance(field, FileField)
    ]

    assert holding == [], "erase the files of an erased person, and put them into the export"


@pytest.fixture
def xanthippe(alice, mallory):
    """Somebody with a row in every table that holds people's data."""
    person = make_user("Xanthippe", email="xan.thippe@example.com", intro="zebra-intro")
    address = person.emailaddress_set.get()
    address.emailconfirmation_set.create(key="zebra-key")
    room = befriend(alice, person)
    say(person, room, "zebra-first")
    said = say(person, room, "zebra-second")
    edit_message(actor=person, room_id=room.id, sequence=said.sequence, body="zebra-third")
    gone = say(person, room, "zebra-gone")
    delete_message(actor=person, room_id=room.id, sequence=gone.sequence)
    say(alice, room, "words of alice")
    add_contact(owner=person, name="Zebra", email="zebra-contact@example.com", greeting="zebra-greeting")
    add_contact(owner=mallory, name="Xanthippe too", email="XAN.thippe@example.com", greeting="hello you")
    other = befriend(person, mallory)
    block_person(blocker=mallory, contact_id=contact_of(mallory, person).id)
    say(person, other, "zebra-withheld")
    block_person(blocker=person, contact_id=contact_of(person, mallory).id)
    evidence = {
        "name": mallory.name,
        "messages": [
            {"sequence": 1, "author": str(person.id), "author_name": person.name, "body": "zebra-evidence"},
            {"sequence": 2, "author": str(mallory.id), "author_name": mallory.name, "body": "rude words"},
        ],
    }
    Report.objects.create(reporter=person, subject=mallory, context="zebra-context", evidence=evidence)
    about = {"name": person.name, "intro": "zebra-intro"}
    report = Report.objects.create(reporter=alice, subject=person, context="unquenchable", evidence=about)
    sanction = Sanction.objects.create(person=person, kind="warning", reason="zebra-reason", report=report)
    Appeal.objects.create(sanction=sanction, words="zebra-appeal")
    record(actor=alice, action="person.warned", subject=person)
    kind = ContentType.objects.get_for_model(User)
    LogEntry.objects.create(
        user=alice, content_type=kind, object_id=str(person.pk), object_repr="Xanthippe", action_flag=CHANGE
    )
    Authenticator.objects.create(user=person, type="totp", data={"secret": "zebra-totp"})
    account = {"provider": "zebra-idp", "uid": "zebra-uid", "extra_data": {"email": person.email}}
    SocialAccount.objects.create(user=person, **account)
    BelievedAddress.objects.get_or_create(address=address)
    client_of(person).get("/")
    Device.objects.update(browser="Zebra-fox")
    DeviceLink.objects.create(
        device=Device.objects.get(person=person),
        digest="zebra-digest",
        password="zebra-mark",
        expires_at=timezone.now() + timedelta(hours=4),
    )
    return person


def everything() -> str:
    """All that all tables hold, as the database keeps it, and what sessions say."""
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
        found = []
        for table in tables:
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # noqa: S608
            found += [f"{table}: {row}" for row in cursor.fetchall()]
    found += [str(session.get_decoded()) for session in Session.objects.all()]
    return "\n".join(found)


def traces(*words: str) -> list[str]:
    return [line for line in everything().splitlines() if any(word.lower() in line.lower() for word in words)]


def test_somebody_in_the_tests_has_a_row_in_every_table(xanthippe):
    empty = [
        label
        for label, personal in PERSONAL.items()
        if not personal.rows(xanthippe, apps.get_model(label)).exists()
    ]

    assert empty == [], "put a row of Xanthippe's there: otherwise erasing it is tested by nothing"


def test_erasing_leaves_no_trace(xanthippe, alice, mallory):
    named = (str(xanthippe.pk), xanthippe.pk.hex, *SECRETS)
    assert traces(str(xanthippe.pk), xanthippe.pk.hex)
    assert all(traces(secret) for secret in SECRETS)

    erase_person(actor=xanthippe, person=xanthippe)

    assert traces(*named) == []
    # Others keep what is theirs.
    assert traces("words of alice")
    assert traces("rude words")


def test_where_somebody_spoke_stays_a_gap(xanthippe, alice):
    room = Membership.objects.get(user=alice, peer=xanthippe).room
    before = room.revision

    erase_person(actor=xanthippe, person=xanthippe)

    room.refresh_from_db()
    messages = list(room.messages.select_related("author").order_by("sequence"))
    assert [(message.author.name, message.body) for message in messages] == [
        *[("Deleted person", "")] * 3,
        ("alice", "words of alice"),
    ]
    changed = [message.revision for message in messages[:3]]
    assert changed == [before + 1, before + 2, before + 3]
    assert room.revision == before + 3
    nobody = messages[0].author
    assert (nobody.is_active, nobody.has_usable_password()) == (False, False)
    page = client_of(alice).get(f"/rooms/{room.id}/")
    assert (page.status_code, "<title>Deleted person" in page.text) == (200, True)
    assert "This person is not here any more." in page.text
    assert "Deleted person" in client_of(alice).get("/").text


def test_nobody_writes_to_somebody_who_is_not_there(xanthippe, alice):
    room = Membership.objects.get(user=alice, peer=xanthippe).room
    erase_person(actor=xanthippe, person=xanthippe)

    with pytest.raises(Closed, match="not here any more"):
        say(alice, room, "Are you there?")
    refused = client_of(alice).post(
        f"/rooms/{room.id}/messages/", {"body": "Are you there?", "client_id": str(uuid4())}
    )
    assert refused.status_code == 403
    assert "Are you there?" in refused.text


def test_pages_hear_of_it(xanthippe, alice, monkeypatch, django_capture_on_commit_callbacks):
    told = []
    monkeypatch.setattr(publisher, "publish", lambda group, event: told.append((group, event["name"])))

    with django_capture_on_commit_callbacks(execute=True):
        erase_person(actor=xanthippe, person=xanthippe)

    assert (user_group(xanthippe.id), "access.ended") in told
    assert (user_group(alice.id), "inbox.changed") in told
    assert "message.deleted" in [name for _group, name in told]


def test_the_audit_log_keeps_the_pseudonym_alone(xanthippe):
    pseudonym = xanthippe.pseudonym

    erase_person(actor=None, person=xanthippe)

    entries = AuditEntry.objects.filter(subject=pseudonym)
    assert {entry.action for entry in entries} == {"person.warned", "person.erased"}
    assert not User.objects.filter(pseudonym=pseudonym).exists()


def test_sessions_end(xanthippe):
    client = client_of(xanthippe)

    erase_person(actor=xanthippe, person=xanthippe)

    assert client.get("/profile/").status_code == 302
    engine = import_module(settings.SESSION_ENGINE)
    assert not engine.SessionStore(client.cookies[settings.SESSION_COOKIE_NAME].value).load()


def test_contacts_for_an_address_that_is_only_claimed_stay(alice, mallory):
    mallory.emailaddress_set.create(email="victim@example.com", verified=False)
    contact = add_contact(owner=alice, name="Victim", email="victim@example.com")

    erase_person(actor=mallory, person=mallory)

    assert Contact.objects.get() == contact
    assert Invitation.objects.filter(contact=contact).exists()


def test_the_owner_hands_the_server_over(alice, bob, mallory):
    with pytest.raises(Conflict, match="administrator first"):
        erase_person(actor=alice, person=alice)
    User.objects.filter(pk=bob.pk).update(role=Role.ADMIN)

    erase_person(actor=alice, person=alice)

    bob.refresh_from_db()
    assert bob.role == Role.OWNER
    assert set(User.objects.values_list("name", flat=True)) == {"bob", "mallory"}


def test_the_last_one_may_go(alice):
    erase_person(actor=alice, person=alice)

    assert not User.objects.exists()


def test_the_export_has_every_row_and_no_secret(xanthippe):
    with export_person(xanthippe) as file, zipfile.ZipFile(io.BytesIO(file.read())) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        files = {name: json.loads(archive.read(name)) for name in names if name.endswith(".json")}

    assert len(names) == len(set(names)) == len(PERSONAL) + 1
    assert [name for name, rows in files.items() if not rows] == []
    assert files["user.json"][0]["email"] == "xan.thippe@example.com"
    bodies = [message["body"] for message in files["message.json"]]
    assert {"zebra-first", "zebra-third", "words of alice", "zebra-withheld"} <= set(bodies)
    text = json.dumps(files)
    for secret in ("zebra-key", "zebra-totp", "zebra-digest", xanthippe.password, "unquenchable"):
        assert secret not in text


def test_the_export_has_nothing_of_others(xanthippe, alice, mallory):
    private = befriend(alice, mallory)
    Block.objects.filter(blocker=mallory).delete()
    say(alice, private, "between us")
    say(mallory, Membership.objects.get(user=mallory, peer=xanthippe).room, "blocked by xanthippe")

    with export_person(xanthippe) as file, zipfile.ZipFile(io.BytesIO(file.read())) as archive:
        text = "".join(archive.read(name).decode() for name in archive.namelist())

    assert "between us" not in text
    assert "blocked by xanthippe" not in text
    assert mallory.email not in text.replace(contact_of(xanthippe, mallory).email, "", 1)


def test_the_commands_do_the_same(xanthippe, tmp_path, capsys):
    target = tmp_path / "data.zip"

    call_command("export_person", "Xan.thippe@example.com", str(target))
    assert target.stat().st_mode & 0o777 == 0o600
    with zipfile.ZipFile(target) as archive:
        assert json.loads(archive.read("user.json"))[0]["name"] == "Xanthippe"
    with pytest.raises(CommandError, match="File exists"):
        call_command("export_person", "xan.thippe@example.com", str(target))
    call_command("erase_person", "xan.thippe@example.com", "--yes")

    assert not User.objects.filter(email="xan.thippe@example.com").exists()
    with pytest.raises(CommandError, match="Nobody"):
        call_command("erase_person", "xan.thippe@example.com", "--yes")


def test_the_command_asks(xanthippe, monkeypatch):
    monkeypatch.setattr("builtins.input", lambda question: "no")

    with pytest.raises(CommandError, match="Nothing was erased"):
        call_command("erase_person", "xan.thippe@example.com")

    assert User.objects.filter(email="xan.thippe@example.com").exists()


def test_ten_thousand_messages_go_with_few_queries(alice, bob, django_assert_max_num_queries):
    from chat.tests.situations import fill

    room = befriend(alice, bob)
    fill(room, [alice, bob], 2_000)

    with django_assert_max_num_queries(90):
        erase_person(actor=bob, person=bob)

    assert Message.objects.filter(room=room, body="").count() == 1_000
    room.refresh_from_db()
    assert room.revision == 3_000


PASSWORD_PAGE = "/accounts/reauthenticate/"


def sure(person) -> Client:
    """A browser in which somebody has just typed their password."""
    from accounts.tests.people import PASSWORD

    client = Client()
    client.post("/accounts/login/", {"login": person.email, "password": PASSWORD})
    client.post(PASSWORD_PAGE, {"password": PASSWORD})
    return client


def test_a_person_downloads_their_data(bob):
    response = sure(bob).post("/profile/export/")

    assert response.status_code == 200
    assert response["Content-Disposition"].startswith("attachment")
    with zipfile.ZipFile(io.BytesIO(b"".join(response.streaming_content))) as archive:
        assert json.loads(archive.read("user.json"))[0]["name"] == "bob"


@pytest.mark.parametrize("url", ["/profile/export/", "/profile/erase/"])
def test_a_session_left_open_is_not_enough(bob, url):
    response = client_of(bob).post(url, {"email": bob.email})

    assert response.status_code == 302
    assert response["Location"].startswith(PASSWORD_PAGE)
    assert User.objects.filter(pk=bob.pk).exists()


def test_a_person_erases_their_account(bob, alice):
    client = sure(bob)
    refused = client.post("/profile/erase/", {"email": "somebody@example.com"})
    assert (refused.status_code, User.objects.filter(pk=bob.pk).exists()) == (422, True)

    response = client.post("/profile/erase/", {"email": "BOB@example.com"})

    assert (response.status_code, response["Location"]) == (302, "/")
    assert not User.objects.filter(pk=bob.pk).exists()
    assert "was erased" in client.get("/").text


def test_the_owner_is_told_what_to_do_first(alice, bob):
    response = sure(alice).post("/profile/erase/", {"email": alice.email})

    assert response.status_code == 422
    assert "administrator first" in response.text
