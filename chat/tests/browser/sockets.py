"""Ways to get between a page and its socket."""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Self

from playwright.sync_api import Page, WebSocketRoute

# A network where sockets never open: `attempts` tells when each was tried, `refuse = false` lifts it.
REFUSE = """
  const Real = WebSocket
  window.refuse = true
  window.attempts = []
  class Refused extends EventTarget {
    readyState = 0
    constructor(url) {
      super()
      this.url = url
      queueMicrotask(() => { this.dispatchEvent(new Event("error")); this.close() })
    }
    send() { throw new DOMException("not open", "InvalidStateError") }
    close() {
      if (this.readyState === 3) return
      this.readyState = 3
      this.dispatchEvent(new CloseEvent("close", {code: 1006}))
    }
  }
  window.WebSocket = new Proxy(Real, {
    construct(_, given) {
      attempts.push(Date.now())
      return window.refuse ? new Refused(...given) : new Real(...given)
    }
  })
"""


def refuse_sockets(page: Page) -> None:
    page.add_init_script(REFUSE)


class Between:
    """Stands between a page and the server: can hold what the page says, and say things itself."""

    def __init__(self, page: Page) -> None:
        self.holding = False
        self.held: list[Callable[[], None]] = []
        self.sent: list[str] = []
        self.socket: WebSocketRoute | None = None
        page.route_web_socket("**/ws/", self._routed)

    def _routed(self, socket: WebSocketRoute) -> None:
        self.socket = socket
        server = socket.connect_to_server()

        def from_page(frame: Any) -> None:
            self.sent.append(str(frame))
            if self.holding:
                self.held.append(lambda: server.send(frame))
            else:
                server.send(frame)

        socket.on_message(from_page)

    def release(self) -> None:
        """Let everything through that was held, and what comes."""
        self.holding = False
        while self.held:
            self.held.pop(0)()

    def say(self, frame: str | bytes) -> None:
        """Send the page a frame as if the server had."""
        assert self.socket
        self.socket.send(frame)


class Proxy:
    """A proxy in front of a server that lets everything through but sockets, which it answers with 403."""

    def __init__(self, port: int) -> None:
        self.upstream = port
        self.refusing = True
        self.refused = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        # The thread that waits for the next connection must be woken to see the end.
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            head = connection.recv(65536)
            if self.refusing and b"upgrade: websocket" in head.lower():
                self.refused += 1
                connection.sendall(
                    b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                )
                return
            with socket.create_connection(("127.0.0.1", self.upstream)) as server:
                server.sendall(head)
                back = threading.Thread(target=_pump, args=(server, connection), daemon=True)
                back.start()
                _pump(connection, server)
                back.join()


def _pump(source: socket.socket, target: socket.socket) -> None:
    """Copy until one side ends; then the other ends as well."""
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    for end in (source, target):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
