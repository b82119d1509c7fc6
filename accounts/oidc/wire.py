"""Ask a provider something: it has a few seconds and may answer so much, and no more."""

import json
import socket
import threading
import time
from collections import defaultdict
from collections.abc import Mapping
from concurrent.futures import Future
from contextlib import suppress
from http import HTTPStatus
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError

from accounts.oidc.problems import Kind, Problem

SECONDS = 5.0
MOST = 256 * 1024
# Requests to one provider at a time. A slow one must not take all threads that answer pages.
_PLACES = 4
_places: dict[str, threading.BoundedSemaphore] = defaultdict(lambda: threading.BoundedSemaphore(_PLACES))


class Answer(NamedTuple):
    """What came back, whatever the status."""

    status: int
    body: bytes
    # What it is, without parameters: `application/json`.
    kind: str

    def json(self) -> dict[str, Any]:
        """Return the object in the body. Raises `Problem` for anything else."""
        try:
            found = json.loads(self.body)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise Problem(Kind.BROKEN, f"answered {self.status} with something that is no JSON object")
        return found


def ask(
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    form: Mapping[str, str] | None = None,
    seconds: float | None = None,
) -> Answer:
    """GET an address, or POST a form to it. Redirections are not followed.

    Raises `Problem` when the provider cannot be reached, fails, is slow, or talks too much.
    """
    seconds = SECONDS if seconds is None else seconds
    places = _places[urlsplit(url).netloc]
    if not places.acquire(timeout=1):
        raise Problem(Kind.GONE, "too many requests to it wait for an answer")
    found: Future[Answer] = Future()
    adapter = _Adapter()

    def work() -> None:
        try:
            found.set_result(_exchange(adapter, url, headers or {}, form, time.monotonic() + seconds))
        except BaseException as error:
            found.set_exception(error)
        finally:
            places.release()

    # A thread, because neither looking up a name nor single bytes that drip in respect a timeout.
    threading.Thread(target=work, name="oidc", daemon=True).start()
    try:
        answer = found.result(timeout=seconds + 0.2)
    except (TimeoutError, OSError, ValueError, HTTPError) as error:
        # The libraries' errors are of these kinds; their texts may hold what is not logged.
        raise Problem(Kind.GONE, type(error).__name__) from None
    finally:
        adapter.cut()
    if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR and answer.status != HTTPStatus.NOT_IMPLEMENTED:
        raise Problem(Kind.GONE, f"answered {answer.status}")
    return answer


class _Adapter(HTTPAdapter):
    """Knows its connections, so that somebody else can end them."""

    def __init__(self) -> None:
        self._made = list[Any]()
        super().__init__()

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        pool: Any = super().get_connection_with_tls_context(*args, **kwargs)
        make = pool.ConnectionCls

        def noted(**options: Any) -> Any:
            connection = make(**options)
            self._made.append(connection)
            return connection

        pool.ConnectionCls = noted
        return pool

    def cut(self) -> None:
        """End what is still open: headers that never end would keep the thread that reads them for ever."""
        for sock in [connection.sock for connection in self._made]:
            if sock is not None:
                with suppress(OSError):
                    # Not what TLS makes of it, which the other thread is using.
                    socket.socket.shutdown(sock, socket.SHUT_RDWR)


def _exchange(
    adapter: HTTPAdapter,
    url: str,
    headers: Mapping[str, str],
    form: Mapping[str, str] | None,
    until: float,
) -> Answer:
    with requests.Session() as session:
        session.mount("https://", adapter)
        session.mount("http://", adapter)
        with session.request(
            "GET" if form is None else "POST",
            url,
            data=form,
            # What is not compressed cannot become large.
            headers={"Accept": "application/json", "Accept-Encoding": "identity", **headers},
            # Else requests looks for another one in a file of the operator's.
            auth=lambda request: request,
            timeout=max(0.1, until - time.monotonic()),
            allow_redirects=False,
            stream=True,
        ) as response:
            body = bytearray()
            while piece := response.raw.read1(16 * 1024):
                body += piece
                if len(body) > MOST:
                    raise Problem(Kind.BROKEN, f"answered with more than {MOST} bytes")
                if time.monotonic() > until:
                    raise TimeoutError
            kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
            return Answer(response.status_code, bytes(body), kind)
