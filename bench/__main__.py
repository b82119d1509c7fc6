"""Measure pages and posts of the real server beside the least it can do, and write the table.

The server runs on one processor and the load on another, where there are two. The yardstick is
`/config.json`: the same port, threads and middleware, but no person, database or template.
"""

import json
import os
import platform
import sys
import uuid
from pathlib import Path
from urllib.parse import urlencode

from bench.load import Ask, Client, Figures, measure
from bench.seed import seed
from chatscape.testing.server import Server

REPORT = Path(__file__).resolve().parent.parent / "docs" / "benchmarks.md"
CSRF = "b" * 32
REPORT_TEXT = """# Benchmarks

`make bench` prints and writes this page. The server has one processor, the load another; {people} people
ask at once, each for a room of their own, over a kept connection. Compare the ratios: times depend on
the machine.

Python {python}, {machine}, SQLite, no Redis.

{table}

Every answer was checked for its content; all {posts} acknowledged posts were found again, each once.
"""

posted: dict[str, list[str]] = {}


def config(client: Client) -> bytes:
    return _ok(client, "/config.json", b"ChatScape")


def room_page(client: Client) -> bytes:
    return _ok(client, f"/rooms/{client.viewer.room}/", b'role="log"')


def older_page(client: Client) -> bytes:
    return _ok(client, f"/rooms/{client.viewer.room}/messages/?before=40", b"Message 1:")


def inbox(client: Client) -> bytes:
    return _ok(client, "/", client.viewer.room.encode())


def search(client: Client) -> bytes:
    return _ok(client, "/?q=bob", client.viewer.room.encode())


def post_form(client: Client) -> bytes:
    client_id = str(uuid.uuid4())
    body = urlencode({"client_id": client_id, "body": f"Measured {client_id}", "csrfmiddlewaretoken": CSRF})
    headers = {
        "Accept": "application/json",
        "Content-Type": "application/x-www-form-urlencoded",
        "Cookie": f"chatscape_session={client.viewer.session}; csrftoken={CSRF}",
    }
    status, answer = client.ask("POST", f"/rooms/{client.viewer.room}/messages/", body, headers)
    assert status == 200, answer
    assert json.loads(answer)["message"]["body"] == f"Measured {client_id}", answer
    posted.setdefault(client.viewer.room, []).append(client_id)
    return answer


MEASURED: list[tuple[str, Ask]] = [
    ("`/config.json` (the yardstick)", config),
    ("room page, 50 messages", room_page),
    ("older page of a room", older_page),
    ("inbox", inbox),
    ("search in the list", search),
    ("post by form", post_form),
]


def _ok(client: Client, path: str, content: bytes) -> bytes:
    status, body = client.ask("GET", path)
    assert status == 200, (path, status)
    assert content in body, path
    return body


def check_posts(server: Server) -> int:
    """Look every acknowledged post up again; each is there once. Returns how many there were."""
    code = (
        "import json, sys; from chat.models import Message; "
        "print('FOUND' + json.dumps([[str(m.room_id), str(m.client_id)] for m in "
        "Message.objects.filter(body__startswith='Measured ')]))"
    )
    printed = server.manage("shell", "-c", code)
    line = next(line for line in printed.splitlines() if line.startswith("FOUND"))
    found = [tuple(pair) for pair in json.loads(line.removeprefix("FOUND"))]
    wanted = [(room, client_id) for room, ids in posted.items() for client_id in ids]
    assert sorted(found) == sorted(wanted), "acknowledged posts are missing or doubled"
    return len(wanted)


def table(results: list[tuple[str, Figures]]) -> str:
    least = results[0][1].rate
    rows = [
        f"| {name} | {figures.rate:.0f} | {figures.rate / least:.2f} | {figures.percentile(0.5):.1f} "
        f"| {figures.percentile(0.99):.1f} | {figures.size} |"
        for name, figures in results
    ]
    head = ["| what | answers/s | of the yardstick | p50 ms | p99 ms | bytes |", "|---|---|---|---|---|---|"]
    return "\n".join([*head, *rows])


def main() -> None:
    cores = sorted(os.sched_getaffinity(0))
    with Server({"LOG_LEVEL": "ERROR"}) as server:
        server.prepare()
        viewers = seed(server)
        os.sched_setaffinity(0, {cores[0]})
        server.start()
        os.sched_setaffinity(0, {cores[-1]})
        results = []
        for name, ask in MEASURED:
            measure(server.port, viewers, ask, seconds=0.5)
            figures = measure(server.port, viewers, ask)
            results.append((name, figures))
            sys.stdout.write(f"{name}: {figures.rate:.0f}/s\n")
        posts = check_posts(server)
    text = REPORT_TEXT.format(
        people=len(viewers),
        python=platform.python_version(),
        machine=platform.machine(),
        table=table(results),
        posts=posts,
    )
    REPORT.write_text(text)
    sys.stdout.write(f"\n{text}")


main()
