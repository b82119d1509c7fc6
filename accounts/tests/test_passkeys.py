"""Passkeys: adding, naming, removing, and signing in with one and nothing else."""

import json
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client, RequestFactory
from pytest_django.fixtures import Settings

from accounts.models import User
from accounts.passkeys import Passkeys, passkeys_at
from accounts.tests.keys import (
    ADD,
    LOGIN,
    STEP,
    Passkey,
    add_passkey,
    asked_at_the_door,
    held,
    is_in,
    recent,
    sign_in,
    visitor,
)

pytestmark = pytest.mark.django_db

AGAIN = "/accounts/2fa/webauthn/reauthenticate/"


def knock(client: Client, passkey: Passkey, **fields: str) -> Any:
    return client.post(LOGIN, {"credential": passkey.answer(asked_at_the_door(client)), **fields})


def test_a_passkey_is_added_and_opens_the_door_alone(bob: User) -> None:
    passkey = add_passkey(recent(bob))
    assert held(bob) == ["recovery_codes", "webauthn"]
    client = visitor()
    answer = knock(client, passkey, next="/profile/")
    assert (answer.status_code, answer["Location"]) == (302, "/profile/")
    assert client.session["_auth_user_id"] == str(bob.pk)
    assert client.get("/profile/").status_code == 200


def test_the_device_is_asked_who_is_there_and_to_find_the_key_by_itself(bob: User) -> None:
    client = recent(bob)
    asked = json.loads(client.get(ADD).context["question"])["publicKey"]
    chosen = asked["authenticatorSelection"]
    assert (chosen["residentKey"], chosen["userVerification"]) == ("required", "required")
    assert (asked["rp"]["id"], asked["user"]["name"]) == ("localhost", bob.email)
    at_the_door = asked_at_the_door(visitor())["publicKey"]
    assert (at_the_door["userVerification"], at_the_door["rpId"]) == ("required", "localhost")
    assert not at_the_door.get("allowCredentials"), "nobody learns who has keys"


def test_next_of_a_passkey_never_leads_elsewhere(bob: User) -> None:
    passkey = add_passkey(recent(bob))
    assert knock(visitor(), passkey, next="https://evil.example/")["Location"] == "/"


def test_nothing_has_failed_before_a_key_was_asked(bob: User) -> None:
    client = recent(bob)
    pages = [client.get(ADD), visitor().get(LOGIN)]
    add_passkey(client)
    pages += [client.get(AGAIN), sign_in(bob).get(STEP)]
    for page in pages:
        assert page.status_code == 200
        assert 'role="alert" hidden></p>' in page.text


def test_a_password_is_not_enough_any_more(bob: User) -> None:
    passkey = add_passkey(recent(bob))
    client = sign_in(bob)
    assert not is_in(client)
    page = client.get(STEP)
    assert page.status_code == 200
    credential = passkey.answer(json.loads(page.context["question"]))
    assert client.post(STEP, {"credential": credential})["Location"] == "/"
    assert is_in(client)


def test_another_persons_passkey_is_no_second_step(bob: User, mallory: User) -> None:
    add_passkey(recent(bob))
    hers = add_passkey(recent(mallory))
    client = sign_in(bob)
    asked = json.loads(client.get(STEP).context["question"])
    assert client.post(STEP, {"credential": hers.answer(asked)}).status_code == 422
    assert not is_in(client)


@pytest.mark.parametrize(
    "change",
    [
        {"origin": "https://evil.example"},
        {"origin": "http://localhost.evil.example"},
        {"origin": "http://evil.localhost"},
        {"origin": "http://localhost:8001"},
        {"domain": "evil.example"},
        {"verifies": False},
    ],
)
def test_an_answer_from_elsewhere_or_from_nobody_is_refused(bob: User, change: dict[str, Any]) -> None:
    passkey = add_passkey(recent(bob))
    vars(passkey).update(change)
    client = visitor()
    assert knock(client, passkey).status_code == 422
    assert not is_in(client)


@pytest.mark.parametrize(
    "change",
    [
        {"origin": "https://evil.example"},
        {"origin": "http://evil.localhost"},
        {"domain": "evil.example"},
        {"verifies": False},
    ],
)
def test_a_key_made_elsewhere_or_by_nobody_is_not_added(bob: User, change: dict[str, Any]) -> None:
    client = recent(bob)
    asked = json.loads(client.get(ADD).context["question"])
    answer = client.post(ADD, {"name": "x", "credential": Passkey(**change).make(asked)})
    assert answer.status_code == 422
    assert held(bob) == []


def test_an_answer_works_once(bob: User) -> None:
    passkey = add_passkey(recent(bob))
    client = visitor()
    credential = passkey.answer(asked_at_the_door(client))
    assert client.post(LOGIN, {"credential": credential}).status_code == 302
    other = visitor()
    asked_at_the_door(other)
    assert other.post(LOGIN, {"credential": credential}).status_code == 422
    assert visitor().post(LOGIN, {"credential": credential}).status_code == 422


def test_a_signature_of_another_key_is_refused(bob: User) -> None:
    passkey = add_passkey(recent(bob))
    forged = Passkey(id=passkey.id, owner=passkey.owner)
    client = visitor()
    assert knock(client, forged).status_code == 422
    assert not is_in(client)


@pytest.mark.parametrize(
    "credential",
    [
        "",
        "x",
        "null",
        "1",
        "[]",
        "{}",
        '""',
        '{"response": 1}',
        '{"response": {}}',
        '{"response": {"userHandle": 1}}',
    ],
)
@pytest.mark.parametrize("path", [LOGIN, ADD, STEP, AGAIN])
def test_nonsense_is_a_mistake_and_nothing_worse(bob: User, path: str, credential: str) -> None:
    client = recent(bob)
    add_passkey(client)
    client = {LOGIN: visitor, STEP: lambda: sign_in(bob)}.get(path, lambda: client)()
    asked_at_the_door(client) if path == LOGIN else client.get(path)
    assert client.post(path, {"credential": credential}).status_code == 422
    asked = json.loads(Passkey().make({"publicKey": {"user": {"id": "YQ"}, "challenge": "YQ"}}))
    for part in asked["response"]:
        broken = {**asked, "response": {**asked["response"], part: "////"}}
        assert client.post(path, {"credential": json.dumps(broken)}).status_code == 422


def test_a_closed_account_has_no_door(bob: User) -> None:
    passkey = add_passkey(recent(bob))
    User.objects.filter(pk=bob.pk).update(is_active=False)
    client = visitor()
    knock(client, passkey)
    assert not is_in(client)


def test_knocking_without_end_is_told_to_wait(bob: User) -> None:
    client = visitor()
    answers = [client.post(LOGIN, {"credential": "{}"}) for _ in range(12)]
    assert answers[0].status_code == 422
    assert answers[-1].status_code == 429
    assert int(answers[-1]["Retry-After"]) > 0


def test_a_passkey_has_a_name_that_can_be_changed(bob: User) -> None:
    client = recent(bob)
    add_passkey(client, name="Old <phone>")
    key = Authenticator.objects.get(user=bob, type="webauthn")
    assert "Old &lt;phone&gt;" in client.get("/accounts/2fa/").content.decode()
    path = f"/accounts/2fa/webauthn/keys/{key.pk}/edit/"
    assert client.post(path, {"name": ""}).status_code == 422
    assert client.post(path, {"name": "x" * 51}).status_code == 422
    assert client.post(path, {"name": "New phone"})["Location"] == "/accounts/2fa/"
    assert "New phone" in client.get("/accounts/2fa/").content.decode()
    add_passkey(client, name="")
    assert "Passkey 2" in client.get("/accounts/2fa/").content.decode()


def test_a_removed_passkey_opens_nothing(bob: User) -> None:
    client = recent(bob)
    passkey = add_passkey(client)
    key = Authenticator.objects.get(user=bob, type="webauthn")
    path = f"/accounts/2fa/webauthn/keys/{key.pk}/remove/"
    assert client.get(path).status_code == 200
    assert client.post(path)["Location"] == "/accounts/2fa/"
    assert held(bob) == [], "recovery codes have nothing to recover"
    assert knock(visitor(), passkey).status_code == 422
    assert is_in(sign_in(bob)), "the password alone is enough again"


@pytest.mark.parametrize("what", ["edit", "remove"])
def test_nobody_touches_the_passkeys_of_others(bob: User, mallory: User, what: str) -> None:
    add_passkey(recent(bob))
    key = Authenticator.objects.get(user=bob, type="webauthn")
    path = f"/accounts/2fa/webauthn/keys/{key.pk}/{what}/"
    assert recent(mallory).post(path, {"name": "Mine"}).status_code == 404
    key.refresh_from_db()
    assert key.wrap().name == "My phone"


def test_a_passkey_confirms_who_is_there(bob: User) -> None:
    passkey = add_passkey(recent(bob))
    client = visitor()
    client.force_login(bob)
    assert client.get(ADD)["Location"].startswith("/accounts/reauthenticate/")
    page = client.get(AGAIN, {"next": ADD})
    credential = passkey.answer(json.loads(page.context["question"]))
    assert client.post(AGAIN, {"credential": credential, "next": ADD})["Location"] == ADD
    assert client.get(ADD).status_code == 200


def test_at_an_address_of_numbers_the_page_says_where_passkeys_work(bob: User) -> None:
    client = Client(headers={"host": "127.0.0.1:8000"})
    assert "mfa_login_webauthn" not in client.get("/accounts/login/").content.decode()
    assert "Sign in with a passkey" not in client.get("/accounts/login/").content.decode()
    page = client.get(LOGIN).content.decode()
    assert f"http://localhost:8000{LOGIN}" in page
    assert "<passkey-form" not in page


@pytest.mark.parametrize(
    ("public", "host", "secure", "expected"),
    [
        ("", "localhost:8000", False, Passkeys("localhost", work=True)),
        ("", "127.0.0.1:8000", False, Passkeys("127.0.0.1", False, "http://localhost:8000/x/")),
        ("", "[::1]:8000", False, Passkeys("::1", False, "http://localhost:8000/x/")),
        ("", "192.168.0.7:8000", False, Passkeys("192.168.0.7", False)),
        ("", "chat.example.org", False, Passkeys("chat.example.org", False)),
        ("", "chat.example.org", True, Passkeys("chat.example.org", work=True)),
        ("https://chat.example.org", "chat.example.org", True, Passkeys("chat.example.org", work=True)),
        (
            "https://chat.example.org",
            "www.example.org",
            True,
            Passkeys("chat.example.org", False, "https://chat.example.org/x/"),
        ),
        ("http://chat.example.org", "chat.example.org", False, Passkeys("chat.example.org", False)),
    ],
)
def test_where_passkeys_work(
    settings: Settings, public: str, host: str, secure: bool, expected: Passkeys
) -> None:
    settings.PUBLIC_URL, settings.ALLOWED_HOSTS = public, ["*"]
    request = RequestFactory().get("/x/", headers={"host": host}, secure=secure)
    assert passkeys_at(request) == expected


def test_trying_keys_without_end_when_asked_again_is_told_to_wait(bob: User) -> None:
    client = recent(bob)
    add_passkey(client)
    client.get(AGAIN)
    answers = [
        client.post(AGAIN, {"credential": Passkey(owner="eA").answer(question(client))}) for _ in range(7)
    ]
    assert answers[0].status_code == 422
    assert answers[-1].status_code == 429
    assert int(answers[-1]["Retry-After"]) > 0


def question(client: Client) -> dict[str, Any]:
    asked: dict[str, Any] = json.loads(client.get(AGAIN).context["question"])
    return asked
