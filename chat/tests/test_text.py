"""What a message may say, and that no words ever become anything but words and links."""

import html
import re
import time
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.errors import Invalid
from chat.text import BODY_MOST, CONTEXT_MOST, clean_body, clean_context, tidy, to_html

ATTACKS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:msgbox(1)",
    'http://example.org/"onmouseover="alert(1)',
    "http://example.org/'onmouseover='alert(1)",
    "http://example.org/<script>alert(1)</script>",
    'https://"><img src=x onerror=alert(1)>.org',
    "https://example.org/?a=&quot;onclick=alert(1)",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "www.example.org/\"style='x'",
    '"onclick="x"@example.org',
    "mailto:a@example.org?body=<script>",
    'a@example.org"><script>alert(1)</script>',
    "http://javascript:alert(1)@example.org/",
    "https://example.org/\u202egnp.exe",
    "</article><article data-own>",
    'data-author="00000000-0000-0000-0000-000000000000"',
    "{{ settings.SECRET_KEY }}{% debug %}",
    "<a href='javascript:alert(1)'>click</a>",
    "http://[::1",
    "http://[evil]/<b>",
    "(http://example.org/a_(b))",
    "http://例え.jp/<i>",
]
FRAGMENTS = st.sampled_from(
    [
        *"<>\"'&()[]?=;!: \né🙂",
        *("&lt;", "&quot;", "%22", "http://", "https://", "www.", "javascript:", "a@b.org", ".com"),
        *("onclick=", "<a href=", "</a>"),
    ]
)
WORDS = st.text(max_size=300) | st.lists(FRAGMENTS | st.text(max_size=5), max_size=40).map("".join)


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data

    def handle_comment(self, data):
        raise AssertionError(f"a comment: {data}")


def read(markup: str) -> _Tags:
    tags = _Tags()
    tags.feed(markup)
    tags.close()
    return tags


def assert_harmless(body: str) -> None:
    for tag, attributes in read(to_html(body)).found:
        assert tag == "a"
        assert set(attributes) == {"href", "target", "rel"}
        assert re.match("https?://|mailto:", attributes["href"], re.IGNORECASE)
        assert attributes["rel"] == "nofollow noopener noreferrer"


@pytest.mark.parametrize("body", ATTACKS)
def test_attacks_stay_words(body):
    assert_harmless(body)


@given(WORDS)
def test_no_words_become_a_tag_but_a_link(body):
    assert_harmless(tidy(body))


@given(WORDS)
def test_what_is_read_is_what_was_written(body):
    said = tidy(body)

    assert html.unescape(re.sub(r"</?a\b[^>]*>", "", to_html(said))) == said


@given(st.text(alphabet=st.characters(), max_size=300) | WORDS)
def test_tidying_twice_changes_nothing_more(body):
    assert tidy(tidy(body)) == tidy(body)


@given(st.text(alphabet=st.characters(), max_size=300))
def test_tidy_text_can_be_stored_anywhere(body):
    said = tidy(body)

    assert "\0" not in said
    assert "\r" not in said
    said.encode()


@pytest.mark.parametrize("value", [None, 7, b"bytes", ["list"], {"a": 1}, True])
def test_what_is_no_text_is_empty(value):
    assert tidy(value) == ""
    with pytest.raises(Invalid, match="message is empty"):
        clean_body(value)


def test_newlines_inside_stay_and_are_of_one_kind():
    assert tidy("\r\none\r\n\r\ntwo\rthree\n ") == "one\n\ntwo\nthree"


def test_control_characters_and_lone_surrogates_vanish():
    assert tidy("a\x00b\x1b[0m\ud800c\x7f\x85\tÿ") == "ab[0mc\tÿ"


def test_emoji_and_joiners_stay_whole():
    family = "👩\u200d👩\u200d👧"

    assert tidy(f" {family} ") == family


def test_a_message_has_at_most_4000_characters():
    assert len(clean_body("x" * BODY_MOST)) == BODY_MOST == 4_000
    with pytest.raises(Invalid, match="4001 of at most 4000") as refusal:
        clean_body("x" * 4_001)
    assert refusal.value.field == "body"


def test_characters_are_counted_not_bytes_or_line_ends():
    assert clean_body("🙂" * BODY_MOST)
    assert clean_body("a\r\n" * 1_999 + "bc")


def test_a_report_has_words_and_at_most_2000_characters():
    assert clean_context("x" * CONTEXT_MOST)
    for context, message in [(" \u200b", "report is empty"), ("x" * 2_001, "too long")]:
        with pytest.raises(Invalid, match=message) as refusal:
            clean_context(context)
        assert refusal.value.field == "context"


@pytest.mark.parametrize(
    ("body", "href"),
    [
        ("see https://example.org/a?b=c&d=e.", "https://example.org/a?b=c&d=e"),
        ("http://localhost:8000/x", "http://localhost:8000/x"),
        ("(www.example.org)", "https://www.example.org"),
        ("write to zoe@example.org", "mailto:zoe@example.org"),
        ("see example.com/a-b.", "https://example.com/a-b"),
        ("https://example.org/?a=1&section=2&copy=3", "https://example.org/?a=1&section=2&copy=3"),
        ("(https://example.org/a_(b)):", "https://example.org/a_(b)"),
        ('"https://example.org"', "https://example.org"),
        ("HTTPS://EXAMPLE.ORG/?!", "HTTPS://EXAMPLE.ORG/"),
    ],
)
def test_addresses_become_links(body, href):
    [(_tag, attributes)] = read(to_html(body)).found

    assert attributes["href"] == href


@pytest.mark.parametrize(
    "body", ["no.address", "1.5", "a@b", "e.g.", "http://", "x.community", "//example", "@all"]
)
def test_other_words_are_no_links(body):
    assert to_html(body) == body


@pytest.mark.parametrize(
    "piece",
    [
        "a.",
        "(",
        "a",
        "-",
        "&amp;",
        "http://a.b/(",
        "a@",
        "www.",
        "<",
        ".com",
        "!",
        "http://",
        "a@b.c;",
        ":/",
        "1.a@",
    ],
)
def test_a_hostile_message_costs_little_time(piece):
    body = (piece * BODY_MOST)[:BODY_MOST]

    began = time.process_time()
    to_html(body)

    assert time.process_time() - began < 0.5
