"""Ask a server for something again and again, and check every answer."""

import http.client
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from bench.seed import Viewer

SECONDS = 4.0


@dataclass
class Figures:
    """What a measurement found. `latencies` are in seconds, `size` in bytes of the last body."""

    latencies: list[float] = field(default_factory=list)
    seconds: float = 0.0
    size: int = 0

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.latencies) / self.seconds

    def percentile(self, share: float) -> float:
        """Milliseconds within which this share of the answers came."""
        return sorted(self.latencies)[int(len(self.latencies) * share)] * 1000


class Client:
    """One kept connection of one signed-in person."""

    def __init__(self, port: int, viewer: Viewer) -> None:
        self.viewer = viewer
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self._headers = {"Cookie": f"chatscape_session={viewer.session}"}

    def ask(
        self, method: str, path: str, body: str | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, bytes]:
        """Return the status and the body of an answer."""
        self._connection.request(method, path, body, {**self._headers, **(headers or {})})
        response = self._connection.getresponse()
        return response.status, response.read()

    def close(self) -> None:
        self._connection.close()


Ask = Callable[[Client], bytes]


def measure(port: int, viewers: list[Viewer], ask: Ask, seconds: float = SECONDS) -> Figures:
    """Let every viewer ask at once, for some seconds, over a connection each.

    `ask` checks the answer and raises `AssertionError` for a wrong one, which ends the measurement.
    """
    figures = Figures()
    errors: list[BaseException] = []
    until = time.perf_counter() + seconds

    def keep_asking(viewer: Viewer) -> None:
        client = Client(port, viewer)
        try:
            while time.perf_counter() < until and not errors:
                began = time.perf_counter()
                figures.size = len(ask(client))
                figures.latencies.append(time.perf_counter() - began)
        except BaseException as error:
            errors.append(error)
        finally:
            client.close()

    threads = [threading.Thread(target=keep_asking, args=(viewer,)) for viewer in viewers]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    figures.seconds = time.perf_counter() - began
    return figures
