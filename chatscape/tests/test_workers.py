"""The supervisor of several workers, with workers that only pretend to serve (OP12)."""

import os
import re
import signal
import socket
import sys
import tempfile
import time
from pathlib import Path

import pytest

from chatscape.leash import Leash, Post, Tally
from chatscape.testing.machine import ROOT
from chatscape.testing.processes import Process, exists, family, wait_until

SUPERVISOR = """
import ctypes, os, subprocess, sys
from chatscape import workers
from chatscape.listening import listen
short = os.path.exists(sys.argv[2] + "/stubborn")
workers.END_PATIENCE = workers.LEAVE_PATIENCE = 1 if short else 8
workers.START_PATIENCE = 20
workers.PAUSE_FIRST, workers.PAUSE_MOST = 0.01, 0.05
workers.LOOK, workers.SILENT, workers.LAST_WORDS = 0.5, 6, 1
command = [sys.executable, *sys.argv[1:]]
if os.path.exists(sys.argv[2] + "/orphan"):
    # A subreaper inherits orphans as process 1 does.
    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
    subprocess.run(["sh", "-c", "sleep 1 & echo orphan $!"])
try:
    workers.Supervisor(
        listen("127.0.0.1", 0), 2, command, spread=0, serving=lambda: os.write(1, b"serving\\n")
    ).run()
except workers.GaveUp as problem:
    sys.exit(str(problem))
"""
WORKER = """
import asyncio, os, signal, sys, time
from pathlib import Path
from chatscape import leash as leashes
from chatscape.leash import Leash, Post
folder = Path(sys.argv[1])
leashes.BEAT = 1000 if (folder / "mute").exists() else 0.1
if (folder / "mute").exists():
    leashes.ALIVE = b"?"

def say(word):
    # A line at once: both workers write to one file, and `print` may write a line in pieces.
    os.write(1, f"{word} {os.getpid()}\\n".encode())

def hang():
    time.sleep(1000)

def work():
    for number in range(20):
        asyncio.get_running_loop().call_later(number / 10, time.sleep, 0.2)
    asyncio.get_running_loop().call_later(5, lambda: say("worked"))

async def main():
    leash, gone = Leash(Post.parse(sys.argv[2])), asyncio.Event()
    def leave():
        say("leaves")
        leash.leaving()
        gone.set()
    def end():
        say("ends")
        if not (folder / "stubborn").exists():
            gone.set()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, leave)
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR2, hang)
    asyncio.get_running_loop().add_signal_handler(signal.SIGALRM, work)
    say("up")
    leash.hold(leave, end)
    await gone.wait()

if (folder / "broken").exists():
    sys.exit(3)
asyncio.run(main())
"""


class Crew(Process):
    """A supervisor with two such workers."""

    name = "crew"

    def command(self):
        (self.folder / "worker.py").write_text(WORKER)
        return [sys.executable, "-c", SUPERVISOR, self.folder / "worker.py", self.folder]

    def environment(self):
        return {**os.environ, "PYTHONPATH": str(ROOT)}

    def ready(self):
        return "serving" in self.last_words()

    def said(self, what):
        return [int(pid) for pid in re.findall(rf"^{what} (\d+)$", self.last_words(100_000), re.MULTILINE)]

    def workers(self):
        return set(family(self.pid)[1:])


@pytest.fixture
def crew():
    with Crew(Path(tempfile.mkdtemp(prefix="chatscape-"))) as crew:
        yield crew


def test_all_serve_before_it_is_said(crew):
    crew.start()
    assert set(crew.said("up")) == crew.workers()
    assert len(crew.workers()) == 2


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_all_end_together(crew, number):
    crew.start()
    workers = crew.workers()
    crew.process.send_signal(number)
    assert crew.process.wait(10) == 0
    assert set(crew.said("ends")) == workers
    assert not any(map(exists, workers))


def test_a_worker_that_does_not_end_is_killed(crew):
    (crew.folder / "stubborn").touch()
    workers = crew.start().workers()
    crew.process.terminate()
    assert crew.process.wait(10) == 0
    assert not any(map(exists, workers))


def test_a_worker_that_dies_is_replaced(crew):
    dead, other = crew.start().workers()
    os.kill(dead, signal.SIGKILL)
    wait_until(lambda: len(crew.said("up")) == 3, why="another worker")
    assert crew.workers() == set(crew.said("up")) - {dead}
    assert other in crew.workers()
    assert f"Worker {dead} ended by SIGKILL" in crew.last_words()


def test_a_worker_that_hangs_says_where_and_is_replaced(crew):
    hung, other = crew.start().workers()
    os.kill(hung, signal.SIGUSR2)
    wait_until(lambda: len(crew.said("up")) == 3, timeout=30, why="another worker")
    assert crew.workers() == set(crew.said("up")) - {hung}
    assert other in crew.workers()
    assert f"Worker {hung} hangs; it says where, and is killed" in crew.last_words()
    assert " in hang" in crew.last_words()
    assert f"Worker {hung} ended by SIGKILL" in crew.last_words()


def test_a_worker_that_is_stopped_is_replaced(crew):
    hung, other = crew.start().workers()
    os.kill(hung, signal.SIGSTOP)
    wait_until(lambda: len(crew.said("up")) == 3, timeout=30, why="another worker")
    assert crew.workers() == set(crew.said("up")) - {hung}
    assert other in crew.workers()


def test_a_worker_that_is_busy_is_left_alone(crew):
    workers = crew.start().workers()
    for pid in workers:
        os.kill(pid, signal.SIGALRM)
    wait_until(lambda: set(crew.said("worked")) == workers, timeout=60, why="work")
    assert crew.workers() == workers


def test_whoever_was_frozen_with_the_supervisor_is_left_alone(crew):
    workers = crew.start().workers()
    crew.pause()
    frozen = time.monotonic()
    wait_until(lambda: time.monotonic() - frozen > 4, why="longer than a worker may be silent")
    crew.resume()
    for pid in workers:
        os.kill(pid, signal.SIGALRM)
    wait_until(lambda: set(crew.said("worked")) == workers, timeout=60, why="work")
    assert crew.workers() == workers


def test_workers_of_a_version_without_beats_are_left_alone(crew):
    (crew.folder / "mute").touch()
    workers = crew.start().workers()
    for pid in workers:
        os.kill(pid, signal.SIGALRM)
    wait_until(lambda: set(crew.said("worked")) == workers, timeout=60, why="work")
    assert crew.workers() == workers


def test_workers_that_do_not_start_are_told_in_one_line(crew):
    (crew.folder / "broken").touch()
    with pytest.raises(RuntimeError, match="The workers do not start; what they said is above"):
        crew.start()


def test_it_does_not_give_up_while_somebody_serves(crew):
    dead, _other = crew.start().workers()
    (crew.folder / "broken").touch()
    os.kill(dead, signal.SIGKILL)
    wait_until(lambda: crew.last_words().count("did not start: it ended with status 3") > 5, why="attempts")
    (crew.folder / "broken").unlink()
    wait_until(lambda: len(crew.said("up")) == 3, why="another worker")


def test_it_gives_up_when_nobody_serves_any_more(crew):
    workers = crew.start().workers()
    (crew.folder / "broken").touch()
    for pid in workers:
        os.kill(pid, signal.SIGKILL)
    assert crew.process.wait(20) == 1
    assert "workers in a row did not start" in crew.last_words()


def test_sighup_replaces_one_after_the_other(crew):
    old = crew.start().workers()
    crew.process.send_signal(signal.SIGHUP)
    wait_until(lambda: len(crew.said("up")) == 4 and not any(map(exists, old)), why="new workers")
    assert set(crew.said("leaves")) == old
    words = crew.last_words().split("serving")[1]
    # Somebody new is up before anybody leaves.
    assert [line.split()[0] for line in words.split("\n") if line] == ["up", "leaves", "up", "leaves"]


def test_when_new_workers_do_not_start_the_old_ones_stay(crew):
    old = crew.start().workers()
    (crew.folder / "broken").touch()
    crew.process.send_signal(signal.SIGHUP)
    wait_until(lambda: "the old ones stay" in crew.last_words(), why="the answer")
    assert crew.workers() == old


def test_a_worker_that_leaves_by_itself_is_replaced(crew):
    leaving, other = crew.start().workers()
    os.kill(leaving, signal.SIGTERM)
    wait_until(lambda: len(crew.said("up")) == 3 and not exists(leaving), why="another worker")
    assert crew.workers() == {other, crew.said("up")[-1]}


def test_workers_do_not_outlive_the_supervisor(crew):
    workers = crew.start().workers()
    os.kill(crew.pid, signal.SIGKILL)
    wait_until(lambda: not any(map(exists, workers)), why="the end of the workers")
    assert set(crew.said("ends")) == workers


def test_children_of_others_are_buried(crew):
    """As process 1 of a container it inherits them."""
    (crew.folder / "orphan").touch()
    crew.start()
    (orphan,) = crew.said("orphan")
    wait_until(lambda: not Path(f"/proc/{orphan}").exists(), why="the burial")


def test_the_one_with_more_sockets_lets_others_take_the_next():
    tally = Tally.make(4)
    listener = socket.create_server(("127.0.0.1", 0))
    ends = [socket.socketpair() for _ in range(2)]
    one, two = (
        Leash(Post(os.dup(listener.fileno()), far.detach(), tally.descriptor, tally.slots, slot))
        for slot, (_near, far) in enumerate(ends)
    )
    assert not one.count(1000)
    assert not two.count(999)
    assert one.sockets == 1999
    assert not one.count(1100)
    assert one.count(1200)
    assert not two.count(999)
    two.leaving()
    assert ends[1][0].recv(10) == b"l"
    assert not one.count(1200)
    for near, _far in ends:
        near.close()
    listener.close()
    one.close()
    two.close()
