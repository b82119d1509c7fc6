"""How far it is: a bar on a terminal, lines elsewhere."""

import shutil
import threading
from typing import IO

from deploy.export.files import human

_WIDTH = 24
# Of all; lines in a log are for reading afterwards.
_EVERY = 0.1


class Progress:
    """Counts files and bytes that are done, from any thread."""

    def __init__(self, out: IO[str], verb: str, files: int, size: int = 0) -> None:
        self.out = out
        self.verb = verb
        self.files = files
        self.size = size
        self.done = 0
        self._bytes = 0
        self._told = 0.0
        self._lock = threading.Lock()
        self._bar = bool(getattr(out, "isatty", bool)())

    def step(self, name: str, size: int = 0) -> None:
        with self._lock:
            self.done += 1
            self._bytes += size
            if self._bar:
                self._draw(name)
            elif self.done == self.files or self.done / self.files >= self._told + _EVERY:
                self._told = self.done / self.files
                self.out.write(f"  {self._count()}\n")
                self.out.flush()

    def end(self) -> None:
        """Leave the line of the bar, whatever has happened."""
        if self._bar and self.done:
            self.out.write("\n")
            self.out.flush()

    def _count(self) -> str:
        sizes = f", {human(self._bytes)} of {human(self.size)}" if self.size else ""
        return f"{self.verb} {self.done} of {self.files}{sizes}"

    def _draw(self, name: str) -> None:
        full = _WIDTH * self.done // self.files
        text = f"[{'#' * full}{'.' * (_WIDTH - full)}] {self._count()}  {name}"
        width = shutil.get_terminal_size().columns - 1
        self.out.write(f"\r{text[:width]:<{width}}")
        self.out.flush()
