"""Editing and deleting over HTTP: as pages with plain forms, by htmx and as JSON."""

import pytest

from chat.actions.messages import delete_message
from chat.tests.situations import HTMX, JSON, client_of, say


@pytest.fixture
def message(room, alice):
    return say(alice, room, "helo <i>")


@pytest.fixture
def url(message):
    return message.get_absolute_url()


@pytest.fixture
def client(alice):
    return client_of(alice)


def test_the_edit_page_holds_the_words_as_they_were_typed(client, url):
    response = client.get(f"{url}edit/")

    assert response.status_code == 200
    assert "helo &lt;i&gt;</textarea>" in response.text


def test_a_saved_edit_leads_back_to_the_message(client, url, room, message):
    response = client.post(f"{url}edit/", {"body": "hello"})

    assert (response.status_code, response["Location"]) == (303, f"/rooms/{room.id}/#m-1")
    message.refresh_from_db()
    assert message.body == "hello"


def test_htmx_gets_the_edited_article(client, url):
    response = client.post(f"{url}edit/", {"body": "hello"}, **HTMX)

    assert response.status_code == 200
    assert response.text.startswith("<article")
    assert "data-edited" in response.text
    assert "data-own" in response.text
    assert 'data-revision="2"' in response.text


def test_json_gets_the_edited_message(client, url):
    message = client.post(f"{url}edit/", {"body": "hello"}, **JSON).json()["message"]

    assert (message["sequence"], message["revision"], message["body"]) == (1, 2, "hello")
    assert message["edited_at"]


@pytest.mark.parametrize("typed", [{}, {"body": "  "}, {"body": "x" * 4_001}])
def test_an_edit_that_cannot_be_keeps_what_was_typed(client, url, message, typed):
    page = client.post(f"{url}edit/", typed)
    answer = client.post(f"{url}edit/", typed, **JSON)

    assert (page.status_code, answer.status_code) == (422, 422)
    assert page.context["form"].errors["body"] == [answer.json()["error"]["message"]]
    assert page.context["form"]["body"].value() == typed.get("body")
    message.refresh_from_db()
    assert message.body == "helo <i>"


def test_deleting_asks_first(client, url, message):
    response = client.get(f"{url}delete/")

    assert response.status_code == 200
    assert "helo &lt;i&gt;" in response.text
    message.refresh_from_db()
    assert message.deleted_at is None


def test_deleting_leads_back_and_twice_is_harmless(client, url, room, message):
    responses = [client.post(f"{url}delete/") for _time in range(2)]

    assert [response.status_code for response in responses] == [303, 303]
    message.refresh_from_db()
    assert (message.body, message.revision) == ("", 2)


def test_htmx_gets_the_tombstone_without_words(client, url):
    response = client.post(f"{url}delete/", **HTMX)

    assert "data-deleted" in response.text
    assert "Message deleted" in response.text
    assert "helo" not in response.text
    assert "message-more" not in response.text


def test_json_gets_the_tombstone_without_words(client, url):
    message = client.post(f"{url}delete/", **JSON).json()["message"]

    assert message["deleted_at"]
    assert (message["body"], message["body_html"]) == ("", "")


def test_a_deleted_message_has_no_edit_page(client, url, room, alice):
    delete_message(actor=alice, room_id=room.id, sequence=1)

    assert client.get(f"{url}edit/").status_code == 404
    assert client.get(f"{url}delete/").status_code == 404
    assert client.post(f"{url}edit/", {"body": "back"}, **JSON).status_code == 404


def test_the_other_member_may_read_but_not_change(url, bob, message):
    client = client_of(bob)

    assert client.get(url).status_code == 200
    assert client.get(f"{url}edit/").status_code == 404
    assert client.post(f"{url}edit/", {"body": "mine now"}).status_code == 404
    assert client.post(f"{url}delete/").status_code == 403
    message.refresh_from_db()
    assert message.body == "helo <i>"


def test_a_number_too_large_for_any_database_is_just_not_there(client, room):
    for number in (2**63, 10**30, "9" * 5_000):
        assert client.get(f"/rooms/{room.id}/messages/{number}/").status_code == 404
        assert client.post(f"/rooms/{room.id}/messages/{number}/delete/").status_code == 404
