"""Whether people can use it: asked from here, by its public address."""

import base64
import json
import os
import time
from collections.abc import Callable, Mapping
from http.client import HTTPConnection, HTTPException, HTTPMessage, HTTPSConnection
from urllib.parse import urlsplit

from deploy.cloud.problems import Problem

# A new name and a new distribution are not known everywhere at once.
PATIENCE = 600.0
_LOOK_SECONDS = 5.0
_MOST = 256 * 1024

Answer = tuple[int, HTTPMessage | Mapping[str, str], bytes]
Ask = Callable[[str, Mapping[str, str]], Answer]


def smoke_test(url: str, *, patience: float = PATIENCE, look: float = _LOOK_SECONDS) -> None:
    """Ask for health, a page, the configuration and a socket until all are right.

    A `Problem` names what is still wrong after `patience` seconds.
    """
    url = url.rstrip("/")
    end = time.monotonic() + patience
    while wrong := next((said for check in CHECKS if (said := check(url, ask))), None):
        if time.monotonic() >= end:
            raise Problem(f"The smoke test of {url} failed: {wrong}.")
        time.sleep(look)
    print(f"{url} answers: health, page, configuration and socket")


def health(url: str, ask: Ask) -> str:
    status, _, body = ask(f"{url}/health/ready", {})
    return "" if status == 200 else f"/health/ready answered {status}: {body[:200]!r}"


def page(url: str, ask: Ask) -> str:
    status, headers, body = ask(f"{url}/", {"Accept": "text/html"})
    fine = status == 200 and headers.get("Content-Type", "").startswith("text/html") and b"ChatScape" in body
    return "" if fine else f"the first page answered {status}"


def configuration(url: str, ask: Ask) -> str:
    """The page reads at its start where the socket is: it must be here."""
    status, _, body = ask(f"{url}/config.json", {})
    try:
        socket = json.loads(body)["socket"]
    except (ValueError, KeyError, TypeError):
        return f"/config.json answered {status} and names no socket"
    there = urlsplit(socket)
    fine = status == 200 and there.path == "/ws/" and there.netloc in ("", urlsplit(url).netloc)
    return "" if fine else f"/config.json answered {status} and sends sockets to {socket}"


def socket(url: str, ask: Ask) -> str:
    """Open a socket as nobody: the app itself must refuse it, without a word.

    Where something before the app swallows the upgrade, that answers 400, 404 or a page of its own.
    """
    status, _, body = ask(
        f"{url}/ws/",
        {
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            "Origin": url,
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
        },
    )
    return (
        ""
        if (status, body) == (403, b"")
        else f"a socket was answered {status} instead of being refused by the app"
    )


CHECKS = (health, page, configuration, socket)


def ask(url: str, headers: Mapping[str, str]) -> Answer:
    """Ask once, as asked for: no redirect is followed. Status 0 when nothing answers."""
    parts = urlsplit(url)
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = kind(parts.netloc, timeout=10)
    try:
        connection.request(
            "GET", parts.path or "/", headers={"User-Agent": "chatscape-smoke-test", **headers}
        )
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read(_MOST)
    except (OSError, HTTPException) as error:
        return 0, {}, str(error).encode()
    finally:
        connection.close()
