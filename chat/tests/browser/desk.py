"""A desk beside a server: makes situations quickly, and tells what the database has."""

import json
import subprocess
import sys
from dataclasses import dataclass
from typing import Any, Self

from chatscape.testing.machine import ROOT
from chatscape.testing.server import Server


@dataclass(frozen=True)
class Person:
    """Somebody with an account and a session."""

    id: str
    name: str
    email: str
    session: str


class Desk:
    """Calls the functions of `chat.tests.browser.inside` in a process of their own.

    What happens there does not reach the server's sockets by itself: as if another process of the
    same server had died between its commit and its publishing.
    """

    def __init__(self, server: Server) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "chat.tests.browser.inside"],
            cwd=ROOT,
            env=dict(server.environment()),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def people(self, *names: str, owner: bool = False, password: bool = False) -> list[Person]:
        return [Person(**fields) for fields in self("people", names=names, owner=owner, password=password)]

    def pair(self) -> tuple[Person, Person, str]:
        """Return alice, bob, and their room."""
        alice, bob = self.people("Alice", "Bob")
        return alice, bob, self("befriend", one=alice.id, other=bob.id)

    def __call__(self, name: str, /, **arguments: Any) -> Any:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps([name, arguments]) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, "the desk is gone"
        answer = json.loads(line)
        assert "error" not in answer, answer["error"]
        return answer["answer"]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        self.process.communicate()
