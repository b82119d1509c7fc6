"""What a server in use tells of itself: its numbers, its log, and its end (OP10, MO9)."""

import contextlib
import http.client
import json
import os
import re
import signal
import time
import uuid

import pytest
from prometheus_client.parser import text_string_to_metric_families
from websockets.exceptions import InvalidStatus

from chat.tests.realtime.clusters import ask, post, set_scene
from chat.tests.realtime.pages import Page, Wired, says
from chatscape.metrics.kinds import Family
from chatscape.testing.parts import start_redis
from chatscape.testing.processes import exists, family, wait_until
from chatscape.testing.server import Server

TOKEN = "a-token-for-this-test"
# Nothing of it may be in the log, nor in the numbers.
WORDS = ("Zanzibar at midnight", "pomegranate", "zebra-crossing-7", "Quetzalcoatl", "a greeting for you")
ROUTES = re.compile(r"[\w:.-]+")


def scraped(server):
    """Return all samples of a scrape."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    try:
        connection.request(
            "GET", "/metrics", headers={"Authorization": f"Bearer {TOKEN}", "Host": "10.1.2.3"}
        )
        text = connection.getresponse().read().decode()
    finally:
        connection.close()
    return [sample for family in text_string_to_metric_families(text) for sample in family.samples]


def total(samples, name, **labels):
    return sum(
        sample.value for sample in samples if sample.name == name and labels.items() <= sample.labels.items()
    )


def lines_of(server):
    return [json.loads(line) for line in server.log.read_text().split("\n")[:-1]]


async def refused(server, session):
    with pytest.raises(InvalidStatus):
        await Wired.open(server.port, session)


async def test_a_scene_is_counted_and_logged_without_a_word_of_it(tmp_path):
    env = {
        "METRICS_TOKEN": TOKEN,
        "LOG_FORMAT": "json",
        "LOG_LEVEL": "DEBUG",
        "METRICS_LOG_NAMESPACE": "Test",
        "METRICS_LOG_SECONDS": "1",
        "SIGN_UP": "open",
        "EMAIL_URL": "smtp://127.0.0.1:1",
        "CONFIRM_EMAIL": "off",
    }
    with Server(env) as server:
        server.prepare()
        scene = set_scene(server)
        server.start()
        alice = Page(await Wired.open(server.port, scene.alice))
        bob = Page(await Wired.open(server.port, scene.bob))
        await refused(server, "forged")
        for page in (alice, bob):
            await page.done("room.join", room=scene.room, since=0)
        what = {"room": scene.room, "client_id": str(uuid.uuid4()), "body": WORDS[0]}
        sent = await alice.done("message.post", **what)
        await bob.hears(says(WORDS[0]))
        await alice.done("message.edit", room=scene.room, sequence=sent["sequence"], body=WORDS[1])
        await bob.wire.send("{ not a frame")
        await bob.hears(says("bad_frame"))
        assert post(server, scene.bob, scene.room, WORDS[2])[0] == 200
        ask(server, "GET", f"/rooms/{scene.room}/messages/?since=0", scene.bob)
        ask(server, "GET", f"/search/?q={WORDS[3]}", scene.bob)
        ask(
            server,
            "POST",
            "/contacts/",
            scene.alice,
            name="Quetzalcoatl",
            email="q@example.com",
            greeting=WORDS[4],
        )
        ask(server, "POST", "/contacts/add/", scene.alice, name="Quetzalcoatl", email="q@example.com")
        ask(
            server,
            "POST",
            "/accounts/signup/",
            "",
            email="new@example.com",
            name="Quetzalcoatl",
            password1="zebra-crossing-7",
        )
        ask(server, "POST", "/accounts/login/", "", login="alice@example.com", password="zebra-crossing-7")
        ask(server, "POST", "/accounts/password/reset/", "", email="alice@example.com")
        ask(server, "GET", "/accounts/password/reset/key/1a-c7xyz-abcdef/", "")
        ask(server, "GET", "/join/zebra-crossing-7/", "")
        ask(server, "GET", "/accounts/2fa/webauthn/login/", "")
        status, told, _seconds = ask(server, "GET", f"/rooms/{scene.room}/", scene.alice, accept="text/html")
        assert (status, WORDS[2] in told) == (200, True)

        samples = scraped(server)
        assert total(samples, "chatscape_connections") == 2
        assert total(samples, "chatscape_handshakes_total", outcome="accepted") == 2
        assert total(samples, "chatscape_handshakes_total", outcome="session") == 1
        assert total(samples, "chatscape_frames_received_total", action="message.post", outcome="ok") == 1
        assert total(samples, "chatscape_frames_received_total", action="none", outcome="bad_frame") == 1
        assert total(samples, "chatscape_posts_total", door="socket") == 1
        assert total(samples, "chatscape_posts_total", door="form") == 1
        assert total(samples, "chatscape_deliveries_total") >= 6
        assert total(samples, "chatscape_fan_out_seconds_count") >= 3
        assert total(samples, "chatscape_catch_up_messages_count", door="socket") == 2
        assert total(samples, "chatscape_catch_up_messages_count", door="http") == 1
        assert total(samples, "chatscape_batch_size_count", kind="posts") == 1
        assert (
            total(samples, "chatscape_request_seconds_count", route="socket", method="GET", status="1xx") == 2
        )
        assert total(samples, "chatscape_process_resident_memory_bytes") > 10_000_000
        assert total(samples, "chatscape_process_open_fds") > 5
        for sample in samples:
            assert all(ROUTES.fullmatch(value) for name, value in sample.labels.items() if name != "le"), (
                sample
            )
        numbers = str(samples)

        await alice.close()
        await bob.close()
        wait_until(lambda: total(scraped(server), "chatscape_connections") == 0, why="the sockets' end")
        wait_until(lambda: any("_aws" in line for line in lines_of(server)), why="a line for CloudWatch")
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(15) == 0

        lines = lines_of(server)
        [handshake] = [line for line in lines if line.get("status") == 403 and line["route"] == "socket"]
        assert handshake["request_id"]
        assert {"room", "account_login", "join"} <= {line.get("route") for line in lines}
        embedded = [line for line in lines if "_aws" in line]
        assert {"Service", "Connections", "_aws"} == set(embedded[0])
        [metric] = embedded[0]["_aws"]["CloudWatchMetrics"]
        assert (metric["Namespace"], metric["Dimensions"]) == ("Test", [["Service"]])
        assert metric["Metrics"] == [{"Name": "Connections", "Unit": "Count"}]
        whole = server.log.read_text() + numbers
        secrets = [*WORDS, *scene, "@example", "Alice", "Mallory", "c7xyz", "127.0.0.1:1", "Bob"]
        # The room's id is no secret, and in no line all the same: paths are not logged.
        assert [secret for secret in secrets if secret in whole] == []


def test_workers_are_told_together_and_the_dead_are_not_forgotten(serve, redis_server):
    server = serve({"REDIS_URL": redis_server.url, "WEB_CONCURRENCY": "2", "METRICS_TOKEN": TOKEN})
    for _time in range(10):
        server.get("/")
    name = "chatscape_request_seconds_count"

    def workers(samples):
        found = [each for each in samples if each.name == "chatscape_process_start_time_seconds"]
        return {each.labels["worker"]: each.value for each in found}

    # A worker tells its numbers every two seconds.
    wait_until(lambda: total(scraped(server), name, route="home") == 10, why="all requests")
    wait_until(lambda: len(workers(scraped(server))) == 2, why="both workers")
    before = workers(scraped(server))
    dead, other = family(server.pid)[1:]
    os.kill(dead, signal.SIGKILL)
    wait_until(lambda: not exists(dead), why="the end of a worker")
    lowest = 10.0
    until = time.monotonic() + 90
    while time.monotonic() < until:
        samples = scraped(server)
        now = total(samples, name, route="home")
        assert now >= lowest
        lowest = now
        if len(workers(samples)) == 2 and workers(samples) != before:
            break
        time.sleep(0.05)
    assert len(workers(samples)) == 2
    assert set(workers(samples).values()) - set(before.values())

    # It asks neither Redis nor the database.
    redis_server.pause()
    try:
        assert total(scraped(server), name, route="home") >= lowest
        wait_until(
            lambda: json.loads(server.get("/health/ready", timeout=2.5)[1])["redis"] == "gone",
            why="the truth",
        )
        # Frozen or not: everybody is told at once, and nobody waits in a line.
        for _time in range(10):
            assert server.get("/health/ready", timeout=2.5)[0] == 200
    finally:
        redis_server.resume()
    assert exists(other)
    assert set(Family.all) >= {
        re.sub(r"_(bucket|sum|count)$", "", each.name) for each in samples if each.name not in Family.all
    }


def test_a_server_that_drains_is_not_ready_and_serves(serve):
    server = serve({"DRAIN_SECONDS": "3"})
    assert server.get("/health/ready")[0] == 200

    server.process.send_signal(signal.SIGTERM)

    wait_until(lambda: server.get("/health/ready")[0] == 503, timeout=2.5, why="the truth")
    status, body = server.get("/health/ready")
    assert (status, json.loads(body)) == (503, {"status": "stopping"})
    assert server.get("/health/live")[0] == 200
    assert server.get("/")[0] == 200
    assert server.process.wait(14) == 0
    with pytest.raises(OSError, match="refused"):
        server.get("/health/live")


@pytest.mark.parametrize("workers", [1, 2])
async def test_the_end_keeps_what_was_acknowledged(workers):
    with contextlib.ExitStack() as stack:
        env = {"WEB_CONCURRENCY": str(workers)}
        if workers > 1:
            env["REDIS_URL"] = stack.enter_context(start_redis()).url
        server = stack.enter_context(Server(env))
        server.prepare()
        scene = set_scene(server)
        server.start()
        page = Page(await Wired.open(server.port, scene.alice))
        acknowledged = []
        for number in range(20):
            what = {"room": scene.room, "client_id": str(uuid.uuid4()), "body": f"Number {number} of them"}
            acknowledged.append((await page.done("message.post", **what))["sequence"])
        started = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        assert await page.hears_close() == 1012
        assert page.wire.connection.close_reason.startswith("reconnect after ")
        server.process.wait(12)
        assert time.monotonic() - started < 10
        found = server.manage(
            "shell",
            "-v0",
            "-c",
            "from chat.models import Message as M; print(list(M.objects.values_list('sequence')))",
        )
        assert all(f"({sequence},)" in found for sequence in acknowledged)
