"""Pages that behave oddly, behind the connections and threads of the real ones.

Run as `python -m chatscape.tests.odd_server PORT`.
"""

import json
import os
import sys
import threading
import time
from typing import Any

from daphne import server as daphne

from chatscape import connection, pages

TEXT = [("Content-Type", "text/plain")]
gate = threading.Event()
made = 0


def answer(environ: dict[str, Any], start_response: Any) -> Any:
    global made
    path = environ["PATH_INFO"]
    if path == "/broken":
        raise RuntimeError("a bug")
    if path == "/inject":
        start_response("200 OK", [("X-Name", "a\r\nSet-Cookie: b=c")])
        return [b""]
    if path == "/wait":
        gate.wait(20)
    elif path == "/open":
        gate.set()
    elif path == "/slow":
        time.sleep(float(environ["QUERY_STRING"]))
    elif path == "/big":
        start_response("200 OK", TEXT)
        return [b"x" * 20_000_000]
    elif path in ("/endless", "/pieces", "/sized"):
        sized = [("Content-Length", "30")] if path == "/sized" else []
        start_response("200 OK", TEXT + sized)
        return endless() if path == "/endless" else iter([b"a" * 10, b"", b"b" * 20])
    elif path == "/made":
        start_response("200 OK", TEXT)
        return [str(made).encode()]
    elif path == "/empty":
        start_response("204 No Content", [("Content-Length", "0")])
        return [b""]
    start_response("200 OK", [("Content-Type", "application/json")])
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)).decode("latin1")
    seen = {name: value for name, value in environ.items() if isinstance(value, str)}
    return [json.dumps({**seen, "body": body}).encode()]


def endless() -> Any:
    global made
    while True:
        made += 1
        yield b"x" * 100_000


class Application:
    pages = pages.Pages(answer, threads=4, quick=lambda path: path == "/quick")


def main() -> None:
    pages.STALLED = 2.0
    connection.IDLE, connection.SWEEP = 2.0, 0.2
    connection.Connection.abortTimeout = 1
    connection.BODY_MOST = 100_000
    daphne.HTTPFactory = connection.Factory
    endpoint = f"tcp:port={sys.argv[1]}:interface=127.0.0.1"
    daphne.Server(Application(), endpoints=[endpoint]).run()
    # Threads may be busy.
    os._exit(0)


if __name__ == "__main__":
    main()
