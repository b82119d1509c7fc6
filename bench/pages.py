"""Pages and posts: many different people ask at once, and every answer is checked."""

import contextlib
import json
import math
import statistics
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial, reduce
from urllib.parse import urlencode

from bench import servers
from bench.attempts import attempt, time_left
from bench.browsers import Answer, Figures, Visit, browse, request
from bench.crowd import Crowd, Member, Reply
from bench.machine import meter, note
from bench.sockets import running
from chatscape.testing.server import Server

READERS = 16
POSTERS = 64
SHARED = 1_000
PAGE = 50
# Everything is asked for in turns, its yardstick right before it, so that a slower moment of the machine
# strikes all alike.
ROUNDS, SECONDS, YARDSTICK_SECONDS = 3, 1.0, 0.6
# How long one of them may take, answers that are late included, and all together.
MOST_SECONDS, ALL_SECONDS = 20, 270
# How long it may take to look up what was posted.
LOOK_UP_SECONDS = 30
# A writer posts so often.
PAUSE = 0.1
CSRF = "b" * 32

TRIVIAL, DJANGO, RESPONDER = "trivial page", "trivial page, Django's ASGI handler", "bare responder"
ROOM, SHARED_ROOM = "room page", "room page, everybody in one room"
REVALIDATED, SHARED_REVALIDATED = "room page, revalidated", "room page, everybody in one room, revalidated"
WRITER, WRITER_REVALIDATED = "room page with a writer in it", "room page with a writer in it, revalidated"
OLDER, INBOX, SEARCH = "older page", "inbox", "search in the list"
FORM, FORMS = "post by form", "post by form, 64 posters"
SOCKET, SOCKETS = "post by socket", "post by socket, 64 posters"
HEARD = "post by socket, heard by its author"
FORM_SHARED = "post by form, everybody in one room"
SOCKET_SHARED = "post by socket, everybody in one room, heard by all"


@dataclass
class Viewer:
    """Somebody signed in, with a room of their own and one they share."""

    name: str
    cookie: str
    room: str = ""
    group: str = ""
    peer: str = ""


@dataclass
class Room:
    """What is known of a room that somebody writes in: the newest message that was acknowledged."""

    newest: int = 0


@dataclass
class Turn:
    """What was found in one turn, and of the yardstick right before."""

    figures: Figures
    yardstick: Figures | None = None


@dataclass
class Pages:
    """All that was found; `missing` has what was not, and why."""

    turns: dict[str, list[Turn]] = field(default_factory=dict)
    posted: int = 0
    missing: dict[str, str] = field(default_factory=dict)

    def of(self, name: str) -> Figures | None:
        """Return what was found in all turns together."""
        turns = self.turns.get(name)
        return reduce(Figures.__add__, (turn.figures for turn in turns)) if turns else None

    def compare(self, name: str, value: Callable[[Figures], float]) -> float | None:
        """Return the median of the ratios to the yardstick, or None when it was not measured."""
        ratios = [
            value(turn.figures) / value(turn.yardstick)
            for turn in self.turns.get(name, ())
            if turn.yardstick and value(turn.yardstick)
        ]
        return statistics.median(ratios) if ratios else None

    def least(self, name: str) -> float:
        """Return how fast something was, of the trivial page in all turns."""
        one, trivial = self.of(name), self.of(TRIVIAL)
        return one.rate / trivial.rate if one and trivial else math.nan


class Product:
    """ChatScape, as its people use it."""

    def __init__(self, server: Server) -> None:
        self.server, self.port = server, server.port
        seeded = servers.seed(server, f"viewers({POSTERS}, {READERS}, {SHARED})")
        self.viewers = [Viewer(**viewer) for viewer in seeded]
        for viewer in self.viewers:
            # A browser has it from the first page on, and sends it with every request.
            viewer.cookie += f"; csrftoken={CSRF}"
        self.readers = self.viewers[:READERS]
        self.posted: list[list[str]] = []

    def reading(
        self, seconds: float, path: Callable[[Viewer], str], content: Callable[[Viewer], list[str]]
    ) -> Figures:
        """Read something that nobody changes. It must hold all of `content`."""

        def visit(viewer: Viewer) -> Visit:
            wanted = [text.encode() for text in content(viewer)]
            while True:
                answer = yield request(path(viewer), self.port, viewer.cookie)
                assert answer.status == 200, (answer.status, answer.body)
                assert all(text in answer.body for text in wanted), path(viewer)

        return browse(self.port, self.server.pid, [visit(viewer) for viewer in self.readers], seconds)

    def room(
        self, seconds: float, *, shared: bool = False, revalidated: bool = False, written: bool = False
    ) -> Figures:
        """Read the newest messages of a room, as a browser that has or has not been there before."""
        room = Room()

        def visit(viewer: Viewer) -> Visit:
            room_id = viewer.group if shared else viewer.room
            path, known, seen = f"/rooms/{room_id}/", "", b""
            while True:
                validator = [f"If-None-Match: {known}"] if known and revalidated else []
                newest = room.newest
                answer = yield request(path, self.port, viewer.cookie, *validator)
                if answer.status == 304:
                    assert validator, "unchanged, to somebody who has nothing"
                else:
                    assert answer.status == 200, (answer.status, answer.body)
                    seen, known = answer.body, answer.headers.get("etag", "")
                    assert seen.count(b'<article class="message') == PAGE, path
                    assert viewer.name.encode() in seen, path
                # What was acknowledged before the page was asked for is in it.
                assert f'data-sequence="{newest}"'.encode() in seen or not newest, (path, newest)

        visits = [visit(viewer) for viewer in self.readers]
        writer = [(self.post(self.readers[0], self.readers[0].group, room), PAUSE)] if written else []
        return browse(self.port, self.server.pid, visits, seconds, writer)

    def post(self, viewer: Viewer, room_id: str, room: Room) -> Visit:
        """Post again and again by form, and keep what was acknowledged."""
        while True:
            client_id = str(uuid.uuid4())
            body = f"Measured {client_id}"
            form = urlencode({"client_id": client_id, "body": body, "csrfmiddlewaretoken": CSRF})
            answer = yield request(
                f"/rooms/{room_id}/messages/", self.port, viewer.cookie, "Accept: application/json", form=form
            )
            assert answer.status == 200, (answer.status, answer.body)
            message = json.loads(answer.body)["message"]
            assert (message["body"], message["room"]) == (body, room_id), message
            room.newest = message["sequence"]
            self.posted.append([room_id, body])

    def posting(self, seconds: float, posters: int = READERS, *, shared: bool = False) -> Figures:
        """Let people post by form, each in a room of their own or all in one."""
        people = self.viewers[:posters]
        visits = [self.post(viewer, viewer.group if shared else viewer.room, Room()) for viewer in people]
        return browse(self.port, self.server.pid, visits, seconds)

    def posting_by_socket(
        self, seconds: float, posters: int = READERS, *, shared: bool = False, heard: bool = False
    ) -> Figures:
        """Let people post over a socket each, the next when one is answered.

        The reply has the message, as the answer to a form has. When it is `heard`, the sockets have
        joined the room, and get the message once more.
        """
        with contextlib.closing(Crowd(self.port)) as crowd:
            people = self.viewers[:posters]
            rooms = [viewer.group if shared else viewer.room for viewer in people]
            crowd.connect([viewer.cookie for viewer in people])
            for room, member in zip(rooms, crowd.members, strict=True):
                if heard:
                    crowd.join(room, [member])
            return self._post_by_socket(crowd, rooms, seconds)

    def _post_by_socket(self, crowd: Crowd, rooms: list[str], seconds: float) -> Figures:
        figures = Figures()
        asked: dict[int, tuple[str, float]] = {}
        spent, until = meter(self.server.pid), time.perf_counter() + seconds

        def post(member: Member) -> None:
            client_id = str(uuid.uuid4())
            body = f"Measured {client_id}"
            frame = {"action": "message.post", "ref": client_id, "room": rooms[member.number]}
            asked[member.number] = (client_id, time.perf_counter())
            crowd.send(member, json.dumps({**frame, "client_id": client_id, "body": body}).encode())

        def replied(member: Member, reply: Reply) -> None:
            client_id, began = asked.pop(member.number)
            now = time.perf_counter()
            assert (reply["status"], reply["ref"]) == ("ok", client_id), reply
            assert client_id in reply["html"], reply
            figures.latencies.append(now - began)
            figures.received += len(reply["html"])
            self.posted.append([rooms[member.number], f"Measured {client_id}"])
            if now < until:
                post(member)

        crowd.on_reply = replied
        for member in crowd.members:
            post(member)
        crowd.run(lambda: not asked)
        figures.effort = spent()
        figures.latencies.sort()
        return figures

    def look_up(self) -> int:
        """Look up every acknowledged post: each is there once, in its room. Returns how many there were."""
        found = sorted(servers.seed(self.server, "posted()"))
        assert found == sorted(self.posted), "acknowledged posts are missing or doubled"
        return len(found)


Ask = Callable[[float], Figures]


def asks(product: Product, least: Ask) -> dict[str, tuple[Ask, str]]:
    """Return all there is to ask for, for some seconds, each with the name of its yardstick."""

    def older(viewer: Viewer) -> str:
        return f"/rooms/{viewer.group}/messages/?before=500"

    def own(viewer: Viewer) -> list[str]:
        return [viewer.room]

    room, reading = product.room, product.reading
    form, socket = product.posting, product.posting_by_socket
    return {
        TRIVIAL: (least, ""),
        ROOM: (room, TRIVIAL),
        REVALIDATED: (partial(room, revalidated=True), TRIVIAL),
        SHARED_ROOM: (partial(room, shared=True), TRIVIAL),
        SHARED_REVALIDATED: (partial(room, shared=True, revalidated=True), TRIVIAL),
        WRITER: (partial(room, shared=True, written=True), TRIVIAL),
        WRITER_REVALIDATED: (partial(room, shared=True, revalidated=True, written=True), TRIVIAL),
        OLDER: (partial(reading, path=older, content=lambda viewer: ["Message 450:"]), TRIVIAL),
        INBOX: (partial(reading, path=lambda viewer: "/", content=own), TRIVIAL),
        SEARCH: (partial(reading, path=lambda viewer: "/?q=bob", content=own), TRIVIAL),
        FORM: (form, TRIVIAL),
        FORMS: (partial(form, posters=POSTERS), TRIVIAL),
        FORM_SHARED: (partial(form, shared=True), TRIVIAL),
        SOCKET: (socket, FORM),
        SOCKETS: (partial(socket, posters=POSTERS), FORMS),
        HEARD: (partial(socket, heard=True), FORM),
        SOCKET_SHARED: (partial(socket, shared=True, heard=True), FORM_SHARED),
    }


def measure() -> Pages:
    """Measure pages and posts beside the trivial page, in turns."""
    found = Pages()
    with attempt(found.missing, "pages", ALL_SECONDS):
        product, trivial, responder = Product(servers.product()), servers.Trivial(), servers.bare_pages()
        people = [Viewer(**person) for person in servers.seed(trivial, f"trivial({READERS})")]
        django = servers.DjangoHandler(trivial)

        def least(server: Server | servers.Program) -> Ask:
            return lambda seconds: browse(
                server.port, server.pid, [_trivial(server.port, viewer) for viewer in people], seconds
            )

        def bare(seconds: float) -> Figures:
            visits = [_anything(responder.port) for _ in people]
            return browse(responder.port, responder.pid, visits, seconds)

        note("pages: people and rooms are there")
        with running(product.server), running(trivial), running(django), running(responder):
            measured = asks(product, least(trivial))
            in_turns(found, {**measured, DJANGO: (least(django), TRIVIAL), RESPONDER: (bare, TRIVIAL)})
            found.posted = product.look_up()
    return found


def in_turns(found: Pages, measured: dict[str, tuple[Ask, str]]) -> None:
    """Ask for everything, again and again; what fails is left out from then on."""
    took, until = 0.0, time.perf_counter() + min(ALL_SECONDS, time_left()) - LOOK_UP_SECONDS
    for turn in range(-1, ROUNDS):
        began = time.perf_counter()
        if turn > 0 and began + took > until:
            note("pages: no time for another turn")
            break
        # The first turn warms up.
        seconds = SECONDS if turn >= 0 else SECONDS / 4
        for name, (ask, yardstick) in measured.items():
            if name in found.missing or yardstick in found.missing:
                continue
            with attempt(found.missing, name, MOST_SECONDS):
                beside = measured[yardstick][0](YARDSTICK_SECONDS) if yardstick and turn >= 0 else None
                figures = ask(seconds)
                if turn >= 0:
                    found.turns.setdefault(name, []).append(Turn(figures, beside))
        took = time.perf_counter() - began
        note(f"pages: turn {turn + 1} of {ROUNDS}")
    for name in found.turns:
        if whole := found.of(name):
            note(f"{name}: {whole.rate:,.0f}/s")


def _trivial(port: int, viewer: Viewer) -> Visit:
    wanted = f"Signed in as {viewer.name}<".encode()
    while True:
        answer: Answer = yield request("/", port, viewer.cookie)
        assert answer.status == 200, answer
        assert wanted in answer.body
        assert answer.body.count(b"<li>") == PAGE


def _anything(port: int) -> Visit:
    while True:
        answer: Answer = yield request("/", port, "")
        assert answer.status == 200, answer
