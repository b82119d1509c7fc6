"""Posting over HTTP: by plain form, by htmx and as JSON, with the same rules for all three."""

import uuid

import pytest
from django.db import OperationalError
from django.test import Client
from django.utils.html import escape

from chat.actions.contacts import block_person
from chat.errors import ChatError, Invalid
from chat.models import Message
from chat.tests.situations import HTMX, JSON, befriend, client_of, contact_of, say, typed_in
from chat.text import clean_body

REFUSED = {
    "nothing": "",
    "spaces": "   \n\t ",
    "zero width": "\u200b\u200d\u2060\ufeff",
    "control characters": "\x00\x01\x1b\x7f",
    "4001 characters": "x" * 4_001,
}
ACCEPTED = {
    "one letter": ("x", "x"),
    "4000 characters": ("x" * 4_000, "x" * 4_000),
    "4000 and blank ends": (f"  {'x' * 4_000}\n", "x" * 4_000),
    "nul inside": ("a\x00b", "ab"),
    "newlines of a form": ("a\r\nb", "a\nb"),
    "emoji": ("👍🏽", "👍🏽"),
}


@pytest.fixture
def url(room):
    return f"/rooms/{room.id}/messages/"


@pytest.fixture
def client(alice):
    return client_of(alice)


def why(body: str) -> str:
    """What the action itself says: forms, JSON and sockets must say the same."""
    with pytest.raises(Invalid) as refusal:
        clean_body(body)
    return refusal.value.message


@pytest.mark.parametrize("body", REFUSED.values(), ids=REFUSED)
def test_the_page_says_what_is_wrong_beside_the_words_and_keeps_them(client, url, room, body):
    client_id = str(uuid.uuid4())

    response = client.post(url, {"client_id": client_id, "body": body})

    assert response.status_code == 422
    assert f'id="body-error">{why(body)}</p>' in response.text
    assert f">{escape(body)}</textarea>" in response.text
    assert typed_in(response, "client_id") == client_id
    assert not room.messages.exists()


def test_the_refused_words_are_in_the_text_field_again(client, url):
    body = "<b>long & winding</b> " * 200

    response = client.post(url, {"client_id": uuid.uuid4(), "body": body})

    assert "&lt;b&gt;long &amp; winding&lt;/b&gt; " * 200 + "</textarea>" in response.text


@pytest.mark.parametrize("body", REFUSED.values(), ids=REFUSED)
def test_json_says_what_is_wrong_in_the_same_words(client, url, room, body):
    response = client.post(url, {"client_id": uuid.uuid4(), "body": body}, **JSON)

    assert response.status_code == 422
    assert response.json() == {"error": {"code": "invalid", "message": why(body), "field": "body"}}
    assert not room.messages.exists()


@pytest.mark.parametrize("body", REFUSED.values(), ids=REFUSED)
def test_htmx_gets_422_too(client, url, room, body):
    assert client.post(url, {"client_id": uuid.uuid4(), "body": body}, **HTMX).status_code == 422
    assert not room.messages.exists()


@pytest.mark.parametrize(("body", "kept"), ACCEPTED.values(), ids=ACCEPTED)
@pytest.mark.parametrize("headers", [{}, HTMX, JSON], ids=["form", "htmx", "json"])
def test_words_are_accepted_the_same_way_everywhere(client, url, room, body, kept, headers):
    response = client.post(url, {"client_id": uuid.uuid4(), "body": body}, **headers)

    assert response.status_code == (200 if headers else 303)
    assert room.messages.get().body == kept


def test_a_missing_body_is_an_empty_one(client, url):
    response = client.post(url, {"client_id": uuid.uuid4()}, **JSON)

    assert response.json()["error"]["message"] == "message is empty"


def test_the_plain_form_leads_back_to_the_message(client, url, room):
    response = client.post(url, {"client_id": uuid.uuid4(), "body": "hello"})

    assert (response.status_code, response["Location"]) == (303, f"/rooms/{room.id}/#m-1")


def test_htmx_gets_the_article_marked_as_own(client, url, alice):
    response = client.post(url, {"client_id": uuid.uuid4(), "body": "hello"}, **HTMX)

    assert response.text.startswith('<article class="message" id="m-1"')
    assert f'data-author="{alice.id}" data-own' in response.text


def test_json_gets_the_message(client, url, room, alice):
    client_id = str(uuid.uuid4())

    message = client.post(url, {"client_id": client_id, "body": "hello"}, **JSON).json()["message"]

    assert (message["room"], message["sequence"], message["revision"]) == (str(room.id), 1, 1)
    assert (message["client_id"], message["body"]) == (client_id, "hello")
    assert message["author"] == {"id": str(alice.id), "name": "Alice"}
    assert message["html"].startswith("<article")
    assert "data-own" not in message["html"]


def test_sending_the_plain_form_twice_posts_once(client, url, room):
    page = client.get(f"/rooms/{room.id}/")
    form = {"client_id": typed_in(page, "client_id"), "body": "hello"}

    assert client.post(url, form)["Location"] == client.post(url, form)["Location"]
    assert room.messages.count() == 1


def test_a_form_that_the_browser_kept_takes_new_words_too(client, url, room):
    client_id = uuid.uuid4()

    for body in ("one", "two", "two", "one"):
        assert client.post(url, {"client_id": client_id, "body": body}).status_code == 303

    assert [message.body for message in room.messages.order_by("sequence")] == ["one", "two"]


def test_each_page_carries_another_client_id(client, room):
    ids = {typed_in(client.get(f"/rooms/{room.id}/"), "client_id") for _time in range(3)}

    assert len(ids) == 3


@pytest.mark.parametrize("client_id", ["nonsense", "1", "\x00", "x" * 500])
def test_a_client_id_that_is_none_is_refused_and_the_words_can_be_sent_again(client, url, room, client_id):
    refused = client.post(url, {"client_id": client_id, "body": "hello"}, **JSON)
    assert (refused.status_code, refused.json()["error"]["field"]) == (422, "client_id")

    page = client.post(url, {"client_id": client_id, "body": "hello"})
    assert page.status_code == 422
    assert 'id="body-error">client_id must be a UUID</p>' in page.text
    assert client.post(url, {"client_id": typed_in(page, "client_id"), "body": "hello"}).status_code == 303
    assert room.messages.get().body == "hello"


def test_a_client_id_of_another_room_is_a_conflict(client, url, room, alice, mallory):
    client_id = uuid.uuid4()
    say(alice, befriend(alice, mallory), client_id=client_id)

    response = client.post(url, {"client_id": client_id, "body": "hello"}, **JSON)
    page = client.post(url, {"client_id": client_id, "body": "hello"})

    assert (response.status_code, response.json()["error"]["code"]) == (409, "conflict")
    assert page.status_code == 409
    assert typed_in(page, "client_id") != str(client_id)
    assert not room.messages.exists()


def test_who_blocks_is_told_to_unblock_first(client, url, room, alice, bob):
    block_person(blocker=alice, contact_id=contact_of(alice, bob).id)
    form = {"client_id": uuid.uuid4(), "body": "hello"}

    response = client.post(url, form, **JSON)
    page = client.post(url, form)

    assert (response.status_code, response.json()["error"]["code"]) == (403, "closed")
    assert (page.status_code, "<textarea" in page.text) == (403, False)
    assert "Unblock" in response.json()["error"]["message"]
    assert not room.messages.exists()


def test_identity_comes_from_the_session_alone(client, url, room, alice, bob):
    forged = {"client_id": uuid.uuid4(), "body": "hi", "author": bob.id, "author_id": bob.id, "name": "Bob"}

    client.post(f"{url}?author={bob.id}", forged, HTTP_X_USER=str(bob.id))

    assert room.messages.get().author == alice


def test_a_form_from_elsewhere_is_refused(url, alice, room):
    client = client_of(alice, enforce_csrf_checks=True)
    form = {"client_id": uuid.uuid4(), "body": "hello"}

    page, answer = client.post(url, form), client.post(url, form, **JSON)

    assert (page.status_code, answer.status_code) == (403, 403)
    assert answer.json()["error"]["code"] == "forbidden"
    assert "open for too long" in page.text
    assert not room.messages.exists()


def test_the_token_of_the_page_lets_the_form_through(url, alice, room):
    client = client_of(alice, enforce_csrf_checks=True)
    token = typed_in(client.get(f"/rooms/{room.id}/"), "csrfmiddlewaretoken")
    form = {"client_id": uuid.uuid4(), "body": "hello"}

    assert client.post(url, {**form, "csrfmiddlewaretoken": token}).status_code == 303


def test_a_huge_request_is_refused(client, url, room):
    response = client.post(url, {"client_id": uuid.uuid4(), "body": "x" * 300_000}, **JSON)

    assert response.status_code in (400, 413)
    assert not room.messages.exists()


def test_without_the_database_the_answer_is_to_try_again(client, url, monkeypatch):
    def gone(**_what: object) -> None:
        raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr("chat.views.messages.post_message", gone)

    response = client.post(url, {"client_id": uuid.uuid4(), "body": "hello"}, **JSON)

    assert (response.status_code, response.json()["error"]["code"]) == (503, "unavailable")
    assert response["Retry-After"] == "5"
    assert client.post(url, {"client_id": uuid.uuid4(), "body": "hello"}).status_code == 503


def test_who_is_not_signed_in_is_asked_to_in_the_form_they_understand(url, room):
    visitor = Client()

    page, htmx, answer = (visitor.post(url, {"body": "hi"}, **headers) for headers in ({}, HTMX, JSON))

    assert (page.status_code, page["Location"]) == (302, "/accounts/login/?next=/")
    assert (htmx.status_code, htmx["HX-Redirect"]) == (204, "/accounts/login/?next=/")
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "sign_in")
    assert not Message.objects.exists()


@pytest.mark.parametrize("headers", [{}, HTMX, JSON], ids=["form", "htmx", "json"])
def test_the_answer_depends_on_what_was_asked_for_and_says_so(client, url, headers):
    vary = client.post(url, {"client_id": uuid.uuid4(), "body": "hello"}, **headers)["Vary"]

    assert {"Accept", "HX-Request", "Cookie"} <= {word.strip() for word in vary.split(",")}


def test_errors_have_codes_for_programs_and_words_for_people():
    assert ChatError("no", field="x", retry_after=3).as_dict() == {
        "code": "error",
        "message": "no",
        "field": "x",
        "retry_after": 3,
    }
