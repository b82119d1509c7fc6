"""Pages and posts: many different people ask at once, and every answer is checked."""

import json
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlencode

from bench import servers
from bench.browsers import Answer, Figures, Visit, browse, request
from bench.crowd import Crowd, Member, Reply
from bench.machine import meter, note
from bench.sockets import running
from chatscape.testing.server import Server

READERS = 16
POSTERS = 64
SHARED = 1_000
PAGE = 50
# Everything is asked for in turns, so that a slower moment of the machine strikes all alike.
ROUNDS, SECONDS = 3, 1.3
# A writer posts so often.
PAUSE = 0.1
CSRF = "b" * 32

TRIVIAL, DJANGO, RESPONDER = "trivial page", "trivial page, Django's ASGI handler", "bare responder"
ROOM, SHARED_ROOM = "room page", "room page, everybody in one room"
REVALIDATED, SHARED_REVALIDATED = "room page, revalidated", "room page, everybody in one room, revalidated"
WRITER, WRITER_REVALIDATED = "room page with a writer in it", "room page with a writer in it, revalidated"
FORM, SOCKET, SOCKETS = "post by form", "post by socket", "post by socket, 64 posters"


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
class Pages:
    """All that was found."""

    figures: dict[str, Figures] = field(default_factory=dict)
    posted: int = 0

    def add(self, name: str, figures: Figures) -> None:
        self.figures[name] = self.figures.get(name, Figures()) + figures


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

    def measured(self, visit: Callable[[Viewer], Visit]) -> Figures:
        return browse(self.port, self.server.pid, [visit(viewer) for viewer in self.readers], SECONDS)

    def reading(self, path: Callable[[Viewer], str], content: Callable[[Viewer], list[str]]) -> Figures:
        """Read something that nobody changes. It must hold all of `content`."""

        def visit(viewer: Viewer) -> Visit:
            wanted = [text.encode() for text in content(viewer)]
            while True:
                answer = yield request(path(viewer), self.port, viewer.cookie)
                assert answer.status == 200, (answer.status, answer.body)
                assert all(text in answer.body for text in wanted), path(viewer)

        return self.measured(visit)

    def room(self, shared: bool, revalidated: bool, written: bool = False) -> Figures:
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
        return browse(self.port, self.server.pid, visits, SECONDS, writer)

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

    def posting(self) -> Figures:
        return self.measured(lambda viewer: self.post(viewer, viewer.room, Room()))

    def posting_by_socket(self, posters: int) -> Figures:
        """Let people post over a socket each, in the room that it hears: the next when one is answered."""
        figures = Figures()
        crowd = Crowd(self.port)
        people = self.viewers[:posters]
        crowd.connect([viewer.cookie for viewer in people])
        for viewer, member in zip(people, crowd.members, strict=True):
            crowd.join(viewer.room, [member])
        asked: dict[int, tuple[str, float]] = {}
        spent, until = meter(self.server.pid), time.perf_counter() + SECONDS

        def post(member: Member) -> None:
            client_id = str(uuid.uuid4())
            body = f"Measured {client_id}"
            room = people[member.number].room
            frame = {"action": "message.post", "ref": client_id, "room": room}
            asked[member.number] = (client_id, time.perf_counter())
            crowd.send(member, json.dumps({**frame, "client_id": client_id, "body": body}).encode())

        def replied(member: Member, reply: Reply) -> None:
            client_id, began = asked.pop(member.number)
            now = time.perf_counter()
            assert (reply["status"], reply["ref"]) == ("ok", client_id), reply
            assert client_id in reply["html"], reply
            figures.latencies.append(now - began)
            figures.received += len(reply["html"])
            self.posted.append([people[member.number].room, f"Measured {client_id}"])
            if now < until:
                post(member)

        crowd.on_reply = replied
        for member in crowd.members:
            post(member)
        crowd.run(lambda: not asked)
        figures.effort = spent()
        crowd.close()
        return figures

    def look_up(self) -> int:
        """Look up every acknowledged post: each is there once, in its room. Returns how many there were."""
        found = sorted(servers.seed(self.server, "posted()"))
        assert found == sorted(self.posted), "acknowledged posts are missing or doubled"
        return len(found)


def measure() -> Pages:
    """Measure pages and posts beside the trivial page, in turns."""
    found = Pages()
    product, trivial, responder = Product(servers.product()), servers.Trivial(), servers.bare_pages()
    people = [Viewer(**person) for person in servers.seed(trivial, f"trivial({READERS})")]
    django = servers.DjangoHandler(trivial)

    def least(server: Server | servers.Program) -> Figures:
        visits = [_trivial(server.port, viewer) for viewer in people]
        return browse(server.port, server.pid, visits, SECONDS)

    own = lambda viewer: [viewer.room]  # noqa: E731
    measured: dict[str, Callable[[], Figures]] = {
        TRIVIAL: lambda: least(trivial),
        DJANGO: lambda: least(django),
        RESPONDER: lambda: browse(
            responder.port, responder.pid, [_anything(responder.port) for _ in people], SECONDS
        ),
        ROOM: lambda: product.room(shared=False, revalidated=False),
        REVALIDATED: lambda: product.room(shared=False, revalidated=True),
        SHARED_ROOM: lambda: product.room(shared=True, revalidated=False),
        SHARED_REVALIDATED: lambda: product.room(shared=True, revalidated=True),
        WRITER: lambda: product.room(shared=True, revalidated=False, written=True),
        WRITER_REVALIDATED: lambda: product.room(shared=True, revalidated=True, written=True),
        "older page": lambda: product.reading(
            lambda viewer: f"/rooms/{viewer.group}/messages/?before=500", lambda viewer: ["Message 450:"]
        ),
        "inbox": lambda: product.reading(lambda viewer: "/", own),
        "search in the list": lambda: product.reading(lambda viewer: "/?q=bob", own),
        FORM: product.posting,
        SOCKET: lambda: product.posting_by_socket(READERS),
        SOCKETS: lambda: product.posting_by_socket(POSTERS),
    }
    note("pages: people and rooms are there")
    with running(product.server), running(trivial), running(django), running(responder):
        for turn in range(-1, ROUNDS):
            for name, ask in measured.items():
                figures = ask()
                # The first turn warms up.
                if turn >= 0:
                    found.add(name, figures)
            note(f"pages: turn {turn + 1} of {ROUNDS}")
        found.posted = product.look_up()
    for name, figures in found.figures.items():
        note(f"{name}: {figures.rate:,.0f}/s")
    return found


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
