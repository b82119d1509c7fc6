"""Who is too fast over HTTP is asked to wait, and loses nothing (MO5)."""

import uuid

import pytest
from django.core.cache import cache
from django.urls import reverse

from chat.models import Appeal, Contact, Invitation, Message, Report, Sanction
from chat.tests.situations import HTMX, JSON, client_of, contact_of, say, typed_in
from chatscape import rates
from chatscape.rates import Limit, Rate

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def fresh():
    cache.clear()
    rates._buckets.clear()
    yield
    cache.clear()
    rates._buckets.clear()


@pytest.fixture
def limit(settings):
    """Let one person do something only so often in an hour, and an address twice as often."""

    def set_limit(name, amount):
        settings.LIMITS = {name: Limit(Rate(amount, 3600), Rate(2 * amount, 3600))}

    return set_limit


def asks_to_wait(answer) -> bool:
    return answer.status_code == 429 and 0 < int(answer["Retry-After"]) <= 3600


def page(answer):
    answer.text = answer.content.decode()
    return answer


def test_the_page_of_a_room_keeps_what_was_typed(alice, room, limit):
    limit("send", 1)
    client, url = client_of(alice), f"/rooms/{room.id}/messages/"
    assert client.post(url, {"body": "One"}).status_code == 303
    answer = page(client.post(url, {"body": "Two & more", "client_id": (key := str(uuid.uuid4()))}))
    assert asks_to_wait(answer)
    assert "Two &amp; more</textarea>" in answer.text
    assert "A little slower, please." in answer.text
    assert typed_in(answer, "client_id") == key
    assert Message.objects.count() == 1


@pytest.mark.parametrize("kind", [JSON, HTMX])
def test_scripts_are_told_how_long(alice, room, limit, kind):
    limit("send", 1)
    client, url = client_of(alice), f"/rooms/{room.id}/messages/"
    client.post(url, {"body": "One"}, **kind)
    answer = client.post(url, {"body": "Two"}, **kind)
    assert asks_to_wait(answer)
    if kind is JSON:
        error = answer.json()["error"]
        assert error["code"] == "rate_limited"
        assert error["retry_after"] == int(answer["Retry-After"])
    else:
        assert "A little slower, please." in answer.content.decode()


def test_an_edit_keeps_what_was_typed(alice, room, limit):
    message = say(alice, room, "As it was")
    limit("send", 1)
    client, url = client_of(alice), f"/rooms/{room.id}/messages/{message.sequence}/edit/"
    assert client.post(url, {"body": "As it is"}).status_code == 303
    answer = page(client.post(url, {"body": "As it should be"}))
    assert asks_to_wait(answer)
    assert "As it should be</textarea>" in answer.text
    message.refresh_from_db()
    assert message.body == "As it is"


@pytest.mark.parametrize("name", ["contact", "invite"])
def test_adding_contacts_keeps_what_was_typed(alice, limit, name, mailoutbox):
    limit(name, 1)
    client = client_of(alice)
    assert client.post("/contacts/new/", {"name": "One", "email": "one@example.com"}).status_code == 303
    again = {"name": "Two", "email": "two@example.com", "greeting": "Hello there"}
    answer = page(client.post("/contacts/new/", again))
    assert asks_to_wait(answer)
    for words in (
        'value="Two"',
        'value="two@example.com"',
        "Hello there</textarea>",
        "A little slower, please.",
    ):
        assert words in answer.text
    assert Contact.objects.count() == 1


def test_a_form_with_mistakes_does_not_count(alice, limit):
    limit("contact", 1)
    client = client_of(alice)
    for _time in range(3):
        assert client.post("/contacts/new/", {"name": "", "email": "x"}).status_code == 422
    assert client.post("/contacts/new/", {"name": "One", "email": "one@example.com"}).status_code == 303


def test_invitation_links_are_not_made_by_the_hundred(alice, limit):
    alice.role = "owner"
    alice.save()
    limit("invite", 2)
    client = client_of(alice)
    statuses = [client.post("/invitations/").status_code for _time in range(3)]
    assert statuses == [302, 302, 429]
    assert Invitation.objects.count() == 2


@pytest.mark.parametrize("url", ["/", "/rooms/", "/contacts/"])
def test_searching_is_limited_and_looking_is_not(alice, limit, url):
    limit("search", 2)
    client = client_of(alice)
    assert [client.get(url).status_code for _time in range(5)] == [200] * 5
    assert [client.get(url, {"q": "bo"}).status_code for _time in range(3)] == [200, 200, 429]
    assert client.get(url).status_code == 200
    assert asks_to_wait(client.get(url, {"q": "bo"}, **JSON))


@pytest.mark.parametrize(("url", "target"), [("/rooms/", "room-list"), ("/contacts/", "contact-list")])
def test_a_search_goes_on_by_itself(alice, limit, url, target):
    limit("search", 1)
    client = client_of(alice)
    client.get(url, {"q": "b"}, **HTMX)
    answer = page(client.get(url, {"q": "b&o"}, **HTMX))
    assert asks_to_wait(answer)
    assert f'hx-get="{url}?q=b%26o"' in answer.text
    assert f'hx-trigger="load delay:{answer["Retry-After"]}s" hx-target="#{target}"' in answer.text


def test_an_address_is_limited_whoever_it_is(alice, bob, mallory, limit):
    limit("search", 1)
    statuses = [client_of(person).get("/rooms/?q=x").status_code for person in (alice, bob, mallory)]
    assert statuses == [200, 200, 429]
    assert client_of(mallory, REMOTE_ADDR="192.0.2.7").get("/rooms/?q=x").status_code == 200


def test_nobody_gets_another_allowance_by_claiming_to_be_elsewhere(alice, bob, mallory, limit, settings):
    limit("search", 1)
    statuses = [
        client_of(person, HTTP_X_FORWARDED_FOR=f"192.0.2.{number}").get("/rooms/?q=x").status_code
        for number, person in enumerate((alice, bob, mallory))
    ]
    assert statuses == [200, 200, 429]


def test_an_error_page_for_those_who_only_look(alice, limit):
    limit("search", 1)
    client = client_of(alice)
    client.get("/?q=x")
    answer = page(client.get("/?q=x"))
    assert "<h1>A little slower, please</h1>" in answer.text
    assert "Try again in" in answer.text


def test_reports_keep_what_was_typed(alice, bob, room, limit):
    limit("report", 1)
    client, url = client_of(alice), f"/contacts/{contact_of(alice, bob).id}/reports/"
    assert client.post(url, {"reason": "spam", "context": "Once"}).status_code == 200
    answer = page(client.post(url, {"reason": "hate", "context": "And once more"}))
    assert asks_to_wait(answer)
    assert "And once more</textarea>" in answer.text
    assert Report.objects.count() == 1


def test_objections_keep_what_was_typed(alice, limit):
    limit("appeal", 1)
    client = client_of(alice)
    sanctions = [
        Sanction.objects.create(person=alice, kind="warning", reason="Because") for _time in range(2)
    ]
    urls = [reverse("standing-appeal", args=[sanction.id]) for sanction in sanctions]
    assert client.post(urls[0], {"words": "It was not me"}).status_code == 303
    answer = page(client.post(urls[1], {"words": "Not this time either"}))
    assert asks_to_wait(answer)
    assert "Not this time either</textarea>" in answer.text
    assert Appeal.objects.count() == 1
