"""Caddy in front, as deploy/compose/Caddyfile says: TLS, sockets, whose request it is, and restarts."""

import json
import os
import shutil
import ssl
import tempfile
import threading
from http.client import HTTPSConnection
from pathlib import Path

import pytest
import requests
from websockets.sync.client import connect
from websockets.typing import Origin, Subprotocol

from chatscape.testing.machine import ROOT
from chatscape.testing.processes import Process, free_port, wait_until
from deploy.tests.container.visitor import Visitor

CADDYFILE = ROOT / "deploy/compose/Caddyfile"
pytestmark = [
    pytest.mark.skipif(not shutil.which("caddy"), reason="needs caddy (apt-get install caddy)"),
    pytest.mark.skipif("REDIS_URL" in os.environ, reason="the same on every database: once is enough"),
]


class Caddy(Process):
    """Caddy with that file, on ports of its own and certificates of its own making."""

    name = "caddy"

    def __init__(self, upstream: int) -> None:
        super().__init__(Path(tempfile.mkdtemp(prefix="chatscape-")))
        self.port, self.plain, self.upstream = free_port(), free_port(), upstream
        self.url = f"https://localhost:{self.port}"

    @property
    def root(self) -> Path:
        """The certificate that its others hang on."""
        return self.folder / "data/pki/authorities/local/root.crt"

    def command(self):
        words = (
            f"admin off\nskip_install_trust\nhttp_port {self.plain}\nstorage file_system {self.folder}/data"
        )
        (self.folder / "Caddyfile").write_text(f"{{\n{words}\n}}\n{CADDYFILE.read_text()}")
        return ["caddy", "run", "--adapter", "caddyfile", "--config", self.folder / "Caddyfile"]

    def environment(self):
        own = {"DOMAIN": self.url, "UPSTREAM": f"127.0.0.1:{self.upstream}", "HOME": str(self.folder)}
        return {**os.environ, **own}

    def ready(self):
        try:
            return self.root.exists() and self.get("/health/live").status_code == 200
        except OSError:
            return False

    def get(self, path, **headers):
        with requests.Session() as web:
            web.trust_env = False
            return web.get(self.url + path, headers=headers, verify=str(self.root), timeout=30)

    def context(self):
        return ssl.create_default_context(cafile=str(self.root))

    def refusal(self, visitor, **headers):
        """Ask for a socket that is refused; return the status."""
        told = {
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
            "Sec-WebSocket-Protocol": "chatscape.json",
            "Origin": self.url,
            "Cookie": visitor.cookies(),
        }
        asking = HTTPSConnection("localhost", self.port, context=self.context(), timeout=30)
        try:
            asking.request("GET", "/ws/", headers={**told, **headers})
            return asking.getresponse().status
        finally:
            asking.close()

    def socket(self, visitor, *, source="127.0.0.1", **headers):
        """Open a socket as this person from an address of this machine."""
        return connect(
            f"wss://localhost:{self.port}/ws/",
            ssl=self.context(),
            origin=Origin(self.url),
            subprotocols=[Subprotocol("chatscape.json")],
            additional_headers={"Cookie": visitor.cookies(), **headers},
            source_address=(source, 0),
            proxy=None,
        )


@pytest.fixture
def caddy():
    with Caddy(free_port()) as caddy:
        yield caddy


@pytest.fixture
def start(serve, caddy):
    """Start ChatScape behind it, with these variables, and Caddy when it is there."""

    def start(**env):
        server = serve({"PUBLIC_URL": caddy.url, **env}, port=caddy.upstream)
        caddy.start()
        return server

    return start


def test_pages_and_sockets_come_through(start, caddy):
    start()
    alice = Visitor(caddy.url, str(caddy.root)).sign_up("Alice")
    assert all(cookie.secure for cookie in alice.web.cookies)
    page = alice.get("/")
    assert page.headers["Alt-Svc"].startswith('h3=":')
    assert "max-age" in page.headers["Strict-Transport-Security"]
    assert "Server" not in page.headers
    assert "Content-Security-Policy" in page.headers
    with caddy.socket(alice) as socket:
        socket.send(json.dumps({"action": "ping", "ref": 7}))
        while (answer := json.loads(socket.recv(10))).get("ref") != 7:
            pass
        assert answer["status"] == "ok"
    address, headers = f"http://127.0.0.1:{caddy.plain}/", {"Host": "localhost"}
    plain = requests.get(address, headers=headers, allow_redirects=False, timeout=30)
    assert plain.status_code == 308
    assert plain.headers["Location"].startswith("https://localhost")


def test_nobody_chooses_the_id_of_their_request(start, caddy):
    start()
    told = caddy.get("/accounts/login/", **{"X-Request-ID": "chosen-by-a-client"}).headers["X-Request-ID"]
    assert len(told) == 36
    assert told != caddy.get("/accounts/login/").headers["X-Request-ID"]


def test_an_address_is_whose_it_is_and_not_what_somebody_says(start, caddy):
    start(LIMITS="on", LIMIT_CONNECT_ADDRESS="3/1h")
    alice = Visitor(caddy.url, str(caddy.root)).sign_up("Alice")
    for number in range(3):
        with caddy.socket(alice, **{"X-Forwarded-For": f"192.0.2.{number}"}):
            pass
    assert caddy.refusal(alice, **{"X-Forwarded-For": "192.0.2.99"}) == 429
    with caddy.socket(alice, source="127.0.0.2"):
        pass


def test_nobody_is_turned_away_while_chatscape_is_restarted(start, caddy):
    server = start()
    answers, done = [], threading.Event()

    def ask():
        while not done.is_set():
            connection = HTTPSConnection("localhost", caddy.port, timeout=30, context=caddy.context())
            connection.request("GET", "/accounts/login/")
            answers.append(connection.getresponse().status)
            connection.close()

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        wait_until(lambda: answers, why="an answer")
        server.restart()
        before = len(answers)
        wait_until(lambda: len(answers) > before + 3, timeout=30, why="answers of the new one")
    finally:
        done.set()
        asking.join()
    assert set(answers) == {200}


def test_without_chatscape_it_says_when_to_ask_again(start, caddy, monkeypatch):
    server = start()
    server.stop()
    caddy.stop()
    text = CADDYFILE.read_text().replace("lb_try_duration 20s", "lb_try_duration 0s")
    shorter = caddy.folder / "shorter"
    shorter.write_text(text)
    monkeypatch.setattr("deploy.tests.container.test_caddy.CADDYFILE", shorter)
    monkeypatch.setattr(caddy, "ready", lambda: answers(caddy) == 503)
    caddy.start()
    answer = caddy.get("/")
    assert answer.headers["Retry-After"] == "5"
    assert "try again" in answer.text.lower()


def answers(caddy):
    try:
        return caddy.get("/").status_code
    except OSError:
        return None
