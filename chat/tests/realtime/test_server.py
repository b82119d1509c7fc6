"""The real process: statuses, limits, one address, an orderly start and end (RT2, RT9)."""

import asyncio
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import time
import uuid
from pathlib import Path

import pytest

from chat.tests.realtime.clusters import ask, post, set_scene
from chat.tests.realtime.pages import Page, Wired, says
from chatscape.testing.server import Server


@pytest.fixture(scope="module")
def stage():
    """A state folder in which alice and bob already talk, and the scene."""
    with Server() as server:
        server.prepare()
        yield server.var, set_scene(server)


def on_stage(stage, **env):
    server = Server(env)
    server.prepare()
    shutil.copytree(stage[0], server.var, dirs_exist_ok=True)
    return server


@pytest.fixture(scope="module")
def running(stage):
    with on_stage(stage, HEARTBEAT_SECONDS="1") as server:
        yield server.start()


@pytest.fixture(scope="module")
def scene(stage):
    return stage[1]


@pytest.fixture
async def connect(running):
    pages = []

    async def connect(session, **options):
        pages.append(Page(await Wired.open(running.port, session, **options)))
        return pages[-1]

    yield connect
    for page in pages:
        await page.close()


def status(port, path="/ws/", **headers):
    """Shake hands with exactly these headers and return the status."""
    sent = {
        "Host": f"127.0.0.1:{port}",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version": "13",
        **{name.replace("_", "-"): value for name, value in headers.items() if value is not None},
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in sent.items())
    with socket.create_connection(("127.0.0.1", port), timeout=20) as client:
        client.sendall(f"GET {path} HTTP/1.1\r\n{lines}\r\n".encode("latin1"))
        return int(client.makefile("rb").readline().split()[1])


def test_a_handshake_is_refused_with_403_or_accepted(running, scene):
    own = {"Origin": running.url, "Cookie": f"chatscape_session={scene.alice}"}
    outside = {**own, "Cookie": f"chatscape_session={scene.mallory}"}
    assert status(running.port, **own) == 101
    assert status(running.port, f"/ws/?room={scene.room}", **own) == 101
    assert status(running.port, f"/ws/?room={scene.room}", **outside) == 403
    assert status(running.port, **{**own, "Origin": None}) == 403
    assert status(running.port, **{**own, "Origin": "https://evil.example"}) == 403
    assert status(running.port, **{**own, "Host": "evil.example", "Origin": "http://evil.example"}) == 403
    assert status(running.port, **{**own, "Cookie": None}) == 403
    assert status(running.port, **{**own, "Cookie": "chatscape_session=forged"}) == 403
    assert status(running.port, "/elsewhere/", **own) == 403


async def test_a_message_reaches_the_other_page(scene, connect, running):
    alice, bob = await connect(scene.alice), await connect(scene.bob)
    await alice.done("room.join", room=scene.room)
    await bob.done("inbox.watch")
    sent = await alice.done("message.post", room=scene.room, client_id=str(uuid.uuid4()), body="Hello <Bob>")
    assert await bob.hears(says("Hello &lt;Bob&gt;")) == sent["html"]
    code, answer, _seconds = post(running, scene.bob, scene.room, "Hello Alice")
    assert code == 200
    assert await alice.hears(says("Hello Alice")) == answer["message"]["html"]
    await bob.hears(lambda frame: frame.startswith('{"heartbeat"'))


async def test_bad_frames_leave_the_socket_open(connect, scene):
    page = await connect(scene.alice)
    for bad, code in (
        (b"\x00\xff", "bad_frame"),
        ("{", "bad_frame"),
        ("[" * 30_000, "bad_frame"),
        ("x" * 40_000, "too_large"),
    ):
        await page.wire.connection.send(bad)
        await page.hears(says(f'"code":"{code}"'))
        page.heard.clear()
    await page.done("ping")


async def test_a_frame_beyond_all_measure_closes_the_socket(connect, scene):
    page = await connect(scene.alice)
    await page.wire.connection.send("x" * 300_000)
    assert await page.hears_close() == 1009


async def test_a_flood_is_answered_frame_by_frame(connect, scene):
    page = await connect(scene.alice)
    writing = asyncio.create_task(send_many(page, 3_000))
    for number in range(3_000):
        assert (await page.next_reply()).startswith(f'{{"ref":{number},"status":"ok"')
    await writing


async def send_many(page, count):
    for number in range(count):
        await page.wire.send(f'{{"action":"ping","ref":{number}}}')


async def test_a_client_that_is_killed_is_no_harm(connect, scene):
    vanishing, page = await connect(scene.bob), await connect(scene.alice)
    await vanishing.done("inbox.watch")
    await page.done("inbox.watch")
    vanishing.wire.connection.transport.abort()
    await page.done("message.post", room=scene.room, client_id=str(uuid.uuid4()), body="Anybody?")
    await page.hears(says("Anybody?"))


async def test_signing_out_ends_the_socket(running, scene, connect):
    page, other = await connect(scene.mallory), await connect(scene.alice)
    await page.done("ping")
    assert ask(running, "POST", "/accounts/logout/", scene.mallory)[0] == 302
    assert await page.hears_close() == 4001
    await other.done("ping")
    own = {"Origin": running.url, "Cookie": f"chatscape_session={scene.mallory}"}
    assert status(running.port, **own) == 403


def test_nobody_names_the_path_it_is_mounted_at(running):
    with socket.create_connection(("127.0.0.1", running.port), timeout=20) as client:
        client.sendall(
            f"GET /rooms/ HTTP/1.1\r\nHost: 127.0.0.1:{running.port}\r\n".encode()
            + b"Daphne-Root-Path: /evil\r\nConnection: close\r\n\r\n"
        )
        answer = client.makefile("rb").read()
    assert b"/evil" not in answer
    assert answer.startswith(b"HTTP/1.1 302")


def serve(var, **env):
    """Run `manage.py serve` to its end."""
    server = Server(env)
    server.var = var
    return subprocess.run(
        [*server.command()],
        cwd=server.working_folder(),
        env=server.environment(),
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_a_port_in_use_is_told_in_one_line(running):
    done = serve(running.var, PORT=str(running.port))
    assert done.returncode == 1
    assert (
        done.stderr.strip()
        .splitlines()[-1]
        .startswith(f"CommandError: Couldn't listen on 127.0.0.1:{running.port}")
    )
    assert "Traceback" not in done.stderr
    assert "ChatScape is at" not in done.stdout


def test_several_workers_without_redis_are_refused_in_one_line(running):
    done = serve(running.var, WEB_CONCURRENCY="2")
    assert done.returncode == 1
    assert done.stderr.strip() == (
        "CommandError: Several workers need Redis to reach each other: set REDIS_URL."
    )


def test_it_is_said_how_many_connections_there_may_be(running):
    assert re.search(r"^Up to [\d,]+ connections a process\.", running.log.read_text(), re.MULTILINE)


def test_waiting_migrations_are_told_in_one_line(tmp_path):
    done = serve(tmp_path)
    assert done.returncode == 1
    assert "Run: python manage.py migrate" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_missing_database_is_told_in_one_line(tmp_path):
    done = serve(tmp_path, DATABASE_URL="postgres://nobody:secret@127.0.0.1:1/none")
    assert done.returncode == 1
    assert (
        done.stderr.strip().splitlines()[-1]
        == "CommandError: The database cannot be reached. Check DATABASE_URL."
    )
    assert "secret" not in done.stderr


@pytest.mark.parametrize("answered", [True, False])
async def test_the_end_is_orderly(running_alone, answered):
    """Sockets are told to come back, a request in flight is answered if it can be, and nothing lasts."""
    server, scene = running_alone
    page = Page(await Wired.open(server.port, scene.alice))
    lock = sqlite3.connect(server.var / "chatscape.sqlite3", isolation_level=None, check_same_thread=False)
    lock.execute("BEGIN IMMEDIATE")
    waiting = asyncio.create_task(asyncio.to_thread(post, server, scene.bob, scene.room, "In flight"))
    # The request waits for the database, and so does the socket.
    await until_connected(server, 2)
    await page.done("ping")
    posted = {
        "action": "message.post",
        "room": scene.room,
        "client_id": str(uuid.uuid4()),
        "body": "Too late",
    }
    await page.wire.send(json.dumps(posted))
    started = time.monotonic()
    os.kill(server.pid, signal.SIGTERM)
    assert await page.hears_close() == 1012
    # Few people come back soon; see static/js/backoff.js.
    assert page.wire.connection.close_reason == "reconnect after 1-3 s"
    if answered:
        lock.execute("ROLLBACK")
        assert (await waiting)[0] == 200
    assert await asyncio.to_thread(server.process.wait, 12) == 0
    assert time.monotonic() - started < 10
    lock.close()
    if not answered:
        with pytest.raises(ConnectionError):
            await waiting
    assert "Traceback" not in server.last_words()
    assert "destroyed" not in server.last_words()


async def until_connected(server, clients):
    """Wait until the server has read all that so many clients sent: nothing of it is in the kernel."""
    async with asyncio.timeout(20):
        while (queues := received(server)).count("00000000") < clients or set(queues) != {"00000000"}:
            await asyncio.sleep(0.01)


def received(server):
    """How much each connection of the server has received and not read."""
    rows = [line.split() for line in Path(f"/proc/{server.pid}/net/tcp").read_text().splitlines()[1:]]
    return [row[4][-8:] for row in rows if row[1].endswith(f":{server.port:04X}") and row[3] == "01"]


@pytest.fixture
def running_alone(stage):
    with on_stage(stage) as server:
        yield server.start(), stage[1]
