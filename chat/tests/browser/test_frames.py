"""Whatever a socket says, the page lives on; and other tabs of the same person keep up."""

import pytest
from playwright.sync_api import expect

from chat.tests.browser.people import articles, connected, expect_messages, room_row, send
from chat.tests.browser.sockets import Between

pytestmark = pytest.mark.browser

ARTICLE = (
    '<article class="message" id="m-{sequence}" data-room="{room}" data-sequence="{sequence}" '
    'data-revision="{revision}" data-author="{author}" '
    'data-client-id="00000000-0000-4000-8000-00000000000{digit}">'
    '<div class="message-content"><p class="message-meta"><span class="message-author">Eve</span> '
    '<time datetime="2026-03-02T12:00:00.000Z"></time></p>'
    '<div class="message-body">{body}</div></div></article>'
)
POLICY = "policy|Content Security Policy"
NONSENSE: list[str | bytes] = [
    "",
    "{",
    "nonsense",
    "[]",
    "[1, 2]",
    "null",
    "42",
    '"text"',
    "{}",
    '{"heartbeat": null}',
    '{"heartbeat": "soon"}',
    '{"heartbeat": {"%ROOM%": "many"}}',
    '{"heartbeat": {"%ROOM%": -1}}',
    '{"heartbeat": {"%ROOM%": null}}',
    '{"notice": 7}',
    '{"notice": {"a": 1}}',
    '{"notice": "read"}',
    '{"notice": "read", "room": "\\"]", "sequence": "x"}',
    '{"ref": {"a": 1}, "status": "ok"}',
    '{"ref": 999999, "status": "error", "code": 1}',
    "<",
    "<article>",
    "<p>Not a message</p>",
    "<article class='message'>no sequence</article>",
    '<article class="message" id="m-x" data-room="%ROOM%" data-sequence="x" data-revision="y">no</article>',
    '<article class="message" id="m-5" data-room="%ROOM%" data-sequence="5" data-revision="5">no</article>',
    (
        '<article class="message" id="m-5" data-room="%ROOM%" data-sequence="5" data-revision="5">'
        '<div class="message-body">No time</div></article>'
    ),
    '<article class="message" id="m-1e3" data-room="../" data-sequence="-1" data-revision="1">far</article>',
    "<script>window.hacked = 1</script>",
    "<img src=x onerror='window.hacked = 1'>",
    "<svg onload='window.hacked = 1'></svg>",
    "<iframe srcdoc='<script>parent.hacked = 1</script>'></iframe>",
    b"\x00\xff\xfe",
    "<" * 10_000,
]


def test_frames_that_make_no_sense_are_skipped_and_nothing_in_them_runs(desk, enter, problems):
    alice, bob, room = desk.pair()
    desk("say", author=bob.id, room=room, body="Before")
    between = []
    page = connected(enter(alice, f"/rooms/{room}/", prepare=lambda page: between.append(Between(page))))
    expect_messages(page, ["Before"])
    for frame in NONSENSE:
        between[0].say(frame.replace("%ROOM%", room) if isinstance(frame, str) else frame)
    his = connected(enter(bob, f"/rooms/{room}/"))
    send(his, "After")
    expect_messages(page, ["Before", "After"])
    send(page, "Still here")
    for reader in (page, his):
        expect_messages(reader, ["Before", "After", "Still here"])
    assert page.evaluate("window.hacked") is None
    # Browsers tell already when such a text is read.
    problems.forgive(POLICY)


def test_scripts_inside_a_message_that_is_shown_do_not_run(desk, enter, problems):
    alice, bob, room = desk.pair()
    between = []
    page = connected(enter(alice, f"/rooms/{room}/", prepare=lambda page: between.append(Between(page))))
    body = (
        "<script>window.hacked = 1</script><img src='data:,' onerror='window.hacked = 1'>"
        "<a href='javascript:window.hacked = 1'>link</a>"
    )
    between[0].say(ARTICLE.format(sequence=1, revision=1, room=room, author=bob.id, digit=1, body=body))
    expect(articles(page)).to_have_count(1)
    expect(articles(page).locator("script, [onerror]")).to_have_count(0)
    articles(page).get_by_role("link", name="link").click()
    assert page.evaluate("window.hacked") is None
    # The policy refused what the server never writes.
    assert problems
    problems.forgive(POLICY)


def test_messages_of_other_rooms_stay_out_of_the_one_that_is_open(desk, enter):
    alice, _bob, room = desk.pair()
    (carol,) = desk.people("Carol")
    other = desk("befriend", one=alice.id, other=carol.id)
    page, hers = connected(enter(alice, f"/rooms/{room}/")), connected(enter(carol, f"/rooms/{other}/"))
    send(hers, "For the other room")
    expect(room_row(page, "Carol")).to_contain_text("For the other room")
    expect(articles(page)).to_have_count(0)


def test_a_frame_that_repeats_or_looks_back_changes_nothing(desk, enter):
    alice, bob, room = desk.pair()
    sequence = desk("say", author=bob.id, room=room, body="Old")
    desk("edit", author=bob.id, room=room, sequence=sequence, body="New")
    between = []
    page = connected(enter(alice, f"/rooms/{room}/", prepare=lambda page: between.append(Between(page))))
    expect_messages(page, ["New"])
    for _ in range(2):
        between[0].say(ARTICLE.format(sequence=1, revision=1, room=room, author=bob.id, digit=1, body="Old"))
    between[0].say(ARTICLE.format(sequence=1, revision=3, room=room, author=bob.id, digit=1, body="Newest"))
    expect_messages(page, ["Newest"])


def test_the_other_tabs_of_the_sender_get_a_message_and_each_shows_it_once(desk, enter):
    alice, _bob, room = desk.pair()
    one = connected(enter(alice, f"/rooms/{room}/"))
    two = one.context.new_page()
    two.goto(f"/rooms/{room}/")
    connected(two)
    texts = []
    for number, page in enumerate((one, two, one, two)):
        texts.append(f"From tab {number % 2 + 1}, number {number}")
        send(page, texts[-1])
        for tab in (one, two):
            expect_messages(tab, texts)
    for tab in (one, two):
        expect(articles(tab).and_(tab.locator("[data-own]"))).to_have_count(4)
    assert desk("bodies", room=room) == texts


def test_what_is_read_in_one_tab_is_read_in_the_other(desk, enter):
    alice, bob, room = desk.pair()
    inbox = connected(enter(alice))
    his = connected(enter(bob, f"/rooms/{room}/"))
    send(his, "Read me")
    expect(room_row(inbox, "Bob").locator(".unread")).to_be_visible()
    tab = inbox.context.new_page()
    tab.goto(f"/rooms/{room}/")
    connected(tab)
    expect(room_row(inbox, "Bob").locator(".unread")).to_have_count(0)
