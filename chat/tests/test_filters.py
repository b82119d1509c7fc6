"""Filters block, hold or replace what people write (MO6)."""

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat import filters
from chat.actions.contacts import accept_contact, add_contact
from chat.actions.messages import Posting, post_messages
from chat.errors import Filtered
from chat.filters import Filters, Rule
from chat.models import Contact, Filter, Message, MessageEdit
from chat.tests.situations import HTMX, JSON, client_of, say, typed_in
from chat.text import BODY_MOST


@pytest.fixture(autouse=True)
def looking():
    """Look for filters each time; afterwards there are none."""
    before, filters.EVERY = filters.EVERY, -1.0
    filters.known.due = 0.0
    yield
    filters.EVERY = before
    filters.known.due = float("inf")
    filters.known.filters = None


def add_filter(pattern, action="block", kind="word", **fields):
    return Filter.objects.create(pattern=pattern, action=action, kind=kind, **fields)


def replaced(text, *rows):
    return Filters([("word", pattern, "replace", words) for pattern, words in rows]).passed(text).text


def test_words_are_replaced_where_they_stand():
    assert replaced("What a BAD, bad day", ("bad", "")) == "What a •••, ••• day"
    assert replaced("darn and heck", ("darn", "gosh"), ("heck", "")) == "gosh and •••"
    # What overlaps is one place.
    assert replaced("one two three", ("one two", "A"), ("two three", "B"), ("two", "C")) == "A"
    assert replaced("b\u200ba\u200bd\u200b!", ("bad", "x")) == "x!"


def test_a_text_does_not_outgrow_what_can_be_saved_again():
    text = ("ab " * (BODY_MOST // 3)).strip()
    assert replaced(text, ("ab", "x" * 50)) == ("• " * (BODY_MOST // 3)).strip()


@given(st.text("ab \u200b•", max_size=40), st.text("ab", max_size=4))
def test_what_was_replaced_is_gone(text, words):
    after = replaced(text, ("a", words), ("ba", ""), ("a b", ""))
    for found in Filters([("word", "a", "replace", "")]).find(text):
        assert found.end <= len(text)
    if "a" not in words:
        assert not Filters([("word", "a", "replace", "")]).find(after)


def test_blocking_goes_before_holding_and_holding_before_replacing():
    rows = [("word", "one", "replace", "1"), ("word", "two", "hold", ""), ("word", "three", "block", "")]
    known = Filters(rows)
    assert known.passed("one") == ("1", None)
    assert known.passed("one two") == ("1 two", Rule("two", "hold", ""))
    with pytest.raises(Filtered):
        known.passed("one two three")


pytest_db = pytest.mark.django_db


@pytest_db
def test_a_blocked_word_is_refused_everywhere_and_the_text_is_kept(alice, room):
    add_filter("darn")
    client, url = client_of(alice), f"/rooms/{room.id}/messages/"
    page = client.post(url, {"body": "Darn it", "client_id": (key := str(uuid.uuid4()))})
    page.text = page.content.decode()
    assert page.status_code == 422
    assert "Darn it</textarea>" in page.text
    assert "Please say it otherwise." in page.text
    assert typed_in(page, "client_id") == key
    answer = client.post(url, {"body": "Darn it"}, **JSON)
    assert answer.status_code == 422
    error = answer.json()["error"]
    assert (error["code"], error["field"]) == ("filtered", "body")
    assert client.post(url, {"body": "Darn it"}, **HTMX).status_code == 422
    assert not Message.objects.exists()


@pytest_db
def test_a_blocked_link_is_refused(alice, room):
    add_filter("evil.example", kind="link")
    for body in ("see https://evil.example/x", "www.evil.example", "a@evil.example"):
        with pytest.raises(Filtered):
            say(alice, room, body)
    say(alice, room, "notevil.example")


@pytest_db
def test_replaced_words_are_never_kept(alice, room):
    add_filter("darn", "replace", replacement="gosh")
    message = say(alice, room, "<b>Darn</b> it, see example.com")
    assert message.body == "<b>gosh</b> it, see example.com"
    assert message.body_html.startswith("&lt;b&gt;gosh&lt;/b&gt; it")
    assert 'href="https://example.com"' in message.body_html


@pytest_db
def test_a_replacement_is_no_markup(alice, room):
    add_filter("darn", "replace", replacement="<img src=x>")
    assert "<img" not in say(alice, room, "darn").body_html


@pytest_db
def test_edits_are_filtered_too(alice, room):
    add_filter("darn")
    add_filter("heck", "hold")
    add_filter("gosh", "replace")
    message = say(alice, room, "Hello")
    client, url = client_of(alice), f"/rooms/{room.id}/messages/{message.sequence}/edit/"
    for body in ("Darn", "Heck"):
        page = client.post(url, {"body": body})
        assert page.status_code == 422
        assert f"{body}</textarea>" in page.content.decode()
    assert not MessageEdit.objects.exists()
    client.post(url, {"body": "Gosh!"})
    message.refresh_from_db()
    assert (message.body, message.withheld) == ("•••!", False)


@pytest_db
def test_greetings_are_filtered_before_anybody_reads_them(alice, bob):
    add_filter("darn")
    add_filter("heck", "hold")
    add_filter("gosh", "replace")
    client = client_of(alice)
    for greeting in ("Darn you", "What the heck"):
        page = client.post("/contacts/new/", {"name": "Bob", "email": bob.email, "greeting": greeting})
        assert page.status_code == 422
        assert f"{greeting}</textarea>" in page.content.decode()
    assert not Contact.objects.exists()
    assert add_contact(owner=alice, name="Bob", email=bob.email, greeting="Gosh, Bob").greeting == "•••, Bob"


@pytest_db
def test_a_greeting_that_was_filtered_later_does_not_keep_people_apart(alice, bob):
    contact = add_contact(owner=alice, name="Bob", email=bob.email, greeting="Darn it, Bob")
    add_filter("darn")
    assert accept_contact(actor=bob, contact_id=contact.id).person == alice
    assert not Message.objects.exists()


@pytest_db
def test_of_many_messages_each_is_judged_by_itself(alice, bob, room):
    add_filter("darn")
    add_filter("heck", "hold")
    say_all = [
        Posting(person.id, room.id, uuid.uuid4(), body)
        for person in (alice, bob)
        for body in ("Hi", "darn", "heck")
    ]
    outcomes = post_messages(say_all)
    kinds = ["filtered" if isinstance(one, Filtered) else "held" if one.held else "sent" for one in outcomes]
    assert kinds == ["sent", "filtered", "held"] * 2


@pytest_db
def test_a_filter_holds_as_long_as_it_is_active(alice, room):
    found = add_filter("darn")
    with pytest.raises(Filtered):
        say(alice, room, "darn")
    Filter.objects.update(is_active=False)
    say(alice, room, "darn")
    found.is_active, found.pattern = True, "heck"
    found.save()
    say(alice, room, "darn")
    with pytest.raises(Filtered):
        say(alice, room, "heck")
    found.delete()
    say(alice, room, "heck")


@pytest_db
def test_filters_are_looked_for_seldom_and_soon_enough(alice, room, monkeypatch, django_assert_num_queries):
    now = [1000.0]
    monkeypatch.setattr(filters, "EVERY", 3.0)
    monkeypatch.setattr(filters.time, "monotonic", lambda: now[0])
    filters.known.due = 0.0
    with django_assert_num_queries(1):
        assert filters.current() is None
    add_filter("darn")
    with django_assert_num_queries(0):
        for _post in range(100):
            assert filters.current() is None
    now[0] += 3
    with django_assert_num_queries(1):
        known = filters.current()
        assert known is filters.current() is not None
    now[0] += 3
    # Nothing has changed: nothing is compiled.
    assert filters.current() is known


@pytest_db
def test_profiles_are_filtered_too(alice):
    add_filter("darn")
    add_filter("heck", "replace")
    client = client_of(alice)
    for name, intro in (("Darn Alice", "Hello"), ("Heck", "Hello"), ("Alice", "Darn")):
        page = client.post("/profile/", {"name": name, "intro": intro})
        assert page.status_code == 422
        assert "Please say it otherwise." in page.content.decode()
        assert f'value="{name}"' in page.content.decode()
    assert client.post("/profile/", {"name": "Alice", "intro": "What the heck"}).status_code == 302
    alice.refresh_from_db()
    assert (alice.name, alice.intro) == ("Alice", "What the •••")


@pytest_db
def test_nobody_signs_up_with_a_name_that_does_not_pass(client, settings):
    settings.SIGN_UP = "open"
    add_filter("darn")
    typed = {"email": "new@example.com", "name": "Darn You", "password1": "correct horse battery"}
    page = client.post("/accounts/signup/", typed)
    assert page.status_code == 422
    assert "Please say it otherwise." in page.content.decode()
