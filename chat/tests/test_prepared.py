"""Prepared templates give exactly what Django's engine gives, whatever people are called and write."""

import re
import uuid
from dataclasses import dataclass
from datetime import UTC
from uuid import UUID

import pytest
from django.template.loader import get_template
from django.test import RequestFactory
from django.utils import translation
from django.utils.safestring import SafeString
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts.models import User
from chat.prepared import Memo, Prepared
from chat.render import _article, article_values
from chat.rows import MessageRow, RoomRow
from chat.sidebar import _row, row_shape, row_values
from chat.text import to_html
from chat.views import rooms

WORDS = st.text(max_size=80) | st.sampled_from(
    ["<script>alert(1)</script>", "\" onload='x'", "&amp;", "%s %(name)s %%", "{{ user }}{% now %}", "\x00"]
)
TIMES = st.datetimes(timezones=st.just(UTC))
MAYBE = st.none() | TIMES
NUMBERS = st.integers(1, 2**63 - 1)


@settings(deadline=None)
@given(
    st.builds(
        MessageRow,
        room=st.uuids(),
        sequence=NUMBERS,
        revision=NUMBERS,
        author=st.uuids(),
        author_name=WORDS,
        client=st.uuids(),
        body=WORDS,
        body_html=WORDS.map(to_html),
        created=TIMES,
        edited=MAYBE,
        deleted=MAYBE,
    )
)
def test_a_message_comes_out_as_the_engine_would_write_it(row):
    shape = {"edited": bool(row.edited), "deleted": bool(row.deleted)}
    values = article_values(row)

    assert _article.fill(values, **shape) == get_template("chat/_message.html").render({**values, **shape})


@settings(deadline=None)
@given(
    st.builds(
        RoomRow,
        user=st.uuids(),
        room=st.uuids(),
        kind=st.sampled_from(["direct", "group"]),
        revision=NUMBERS,
        active=TIMES,
        peer=st.none() | st.uuids(),
        peer_name=WORDS,
        title=WORDS,
        contact=st.none() | st.uuids(),
        i_block=st.booleans(),
        read_sequence=NUMBERS,
        unread=st.integers(0, 100),
        last_sequence=st.none() | NUMBERS,
        last_author=st.uuids(),
        last_author_name=WORDS,
        last_said=WORDS,
        last_created=MAYBE,
        last_deleted=MAYBE,
        withheld_sequence=st.just(None),
        withheld_said=st.just(None),
        withheld_created=st.just(None),
        withheld_deleted=st.just(None),
        request_count=st.integers(0, 100),
    ),
    st.booleans(),
)
def test_a_row_of_the_list_comes_out_as_the_engine_would_write_it(row, current):
    values, shape = row_values(row), row_shape(row, current)

    assert _row.fill(values, **shape) == get_template("chat/_room_row.html").render({**values, **shape})


def test_safe_strings_stay_and_others_are_escaped():
    avatar = Prepared("_avatar.html", {"hue": int, "initials": str})

    assert "&lt;b&gt;" in avatar.fill({"hue": 1, "initials": "<b>"})
    assert "<b>" in avatar.fill({"hue": 1, "initials": SafeString("<b>")})


def test_shapes_and_languages_have_forms_of_their_own():
    article = Prepared(
        "chat/_message.html", dict.fromkeys(("room", "author", "client_id"), UUID) | {"sequence": int}
    )
    values = {name: uuid.uuid4() for name in ("room", "author", "client_id")} | {"sequence": 7}

    assert "data-edited" in article.fill(values, edited=True, deleted=False)
    assert "data-edited" not in article.fill(values, edited=False, deleted=False)
    assert "data-edited" in article.fill(values, deleted=False, edited=True)
    with translation.override("de"):
        assert "data-edited" in article.fill(values, edited=True, deleted=False)
    assert "messages/7/" in article.fill(values, edited=False, deleted=False)


@dataclass(frozen=True)
class Thing:
    key: int
    words: str


def test_a_memo_answers_for_exactly_what_was_asked():
    made = []

    def make(thing):
        made.append(thing)
        return SafeString(thing.words)

    memo = Memo(1_000)
    for words in ("one", "one", "two", "one"):
        assert memo.get(1, Thing(1, words), make) == words
    assert [thing.words for thing in made] == ["one", "two", "one"]


def test_a_memo_keeps_no_more_than_it_may():
    memo = Memo(1_000)
    for number in range(500):
        memo.get(number, Thing(number, "x" * (number % 50)), lambda thing: SafeString(thing.words))
        assert memo.size <= 1_000
    assert memo.size == sum(2 * len(html) for _seen, html in memo._kept.values())


def test_a_memo_forgets_what_is_larger_than_itself():
    memo = Memo(10)

    assert memo.get(1, Thing(1, "x" * 50), lambda thing: SafeString(thing.words)) == "x" * 50
    assert memo.size == 0


@pytest.mark.parametrize("name", ["Zoë", "<i>"])
def test_the_form_of_a_template_knows_nobody(name):
    avatar = Prepared("_avatar.html", {"hue": int, "initials": str})
    avatar.fill({"hue": 1, "initials": name})

    assert all(name not in form for form in avatar._forms.values())


# What a page of the shell can be: all of it by the engine, with a request, and prepared.
SHAPES = {
    "has_contact": [True, False],
    "unread": [True, False],
    "has_older": [True, False],
    "is_around": [True, False],
    "is_mine": [True, False],
    "is_theirs": [True, False],
    "may_post": [True, False],
    "refused": [True, False],
}


@pytest.mark.parametrize("htmx", [True, False])
@settings(deadline=None, max_examples=40)
@given(
    words=st.fixed_dictionaries(dict.fromkeys(("title", "body", "error", "query", "name"), WORDS)),
    chosen=st.fixed_dictionaries({name: st.sampled_from(values) for name, values in SHAPES.items()}),
)
def test_a_room_comes_out_as_the_engine_would_write_it(htmx, words, chosen):
    request = RequestFactory().get("/", **({"HTTP_HX_REQUEST": "true"} if htmx else {}))
    request.user = User(name=words.pop("name") or "?", email="a@example.org")
    request.csp_nonce = "nonce"
    request.META["CSRF_COOKIE"] = "s" * 32
    values = {
        "room": uuid.UUID(int=5),
        "kind": "direct",
        "revision": 7,
        "contact": uuid.UUID(int=6),
        "hue": 3,
        "initials": "A",
        "read_sequence": 0,
        "around": 4,
        "first_sequence": 2,
        "messages_html": SafeString("<article></article>"),
        "client_id": uuid.UUID(int=7),
        **words,
    }
    shape = {**chosen, "has_newer": not chosen["is_around"], "is_empty": False}
    room_list, query = SafeString("<ul></ul>"), values.pop("query")

    page = rooms._room.answer(request, values, room_list=room_list, query=query, **shape).text

    context = {**values, **shape, "room_list": room_list, "query": query}
    assert unmasked(page) == unmasked(get_template("chat/room.html").render(context, request))


def unmasked(page: str) -> str:
    """The page without the mask of its forms' secret, which is another one each time."""
    return re.sub(r'(name="csrfmiddlewaretoken" value=)"\w{64}"', r"\1", page)
