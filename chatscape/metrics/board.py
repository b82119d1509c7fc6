"""Where workers write their numbers, so that one scrape has those of all: memory that they share.

Each worker has a place; one more has what workers counted that are gone. Nothing waits for anything: a
place has two halves, and a number says which one is whole. A worker that is killed while it writes leaves
the other.
"""

import json
import mmap
import os
import struct
import tempfile
import time
import zlib
from typing import Any, Self

from chatscape.metrics.snapshots import Snapshot, added

# Of a place. Only what is written takes memory.
HALF = 1024 * 1024
_GENERATION = struct.Struct("=Q")
_WHOLE = struct.Struct("=I")
_HEAD = struct.Struct("=II")
_PAGE = 4096
_START, _PLACE = _PAGE, _PAGE + 2 * HALF
TRIES, PAUSE = 20, 0.001


def shared_memory(size: int) -> int:
    """Return a descriptor of memory that processes can share. Needs no folder that can be written to."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("chatscape")
    else:
        with tempfile.TemporaryFile() as file:
            descriptor = os.dup(file.fileno())
    os.ftruncate(descriptor, size)
    return descriptor


class Board:
    """The places of so many workers. A place has one writer; the supervisor clears those of the dead."""

    def __init__(self, descriptor: int, slots: int) -> None:
        self.descriptor, self.slots = descriptor, slots
        self._memory = mmap.mmap(descriptor, _size(slots))

    @classmethod
    def make(cls, slots: int) -> Self:
        return cls(shared_memory(_size(slots)), slots)

    def write(self, slot: int, snapshot: Snapshot) -> None:
        """Replace what a place says. Raises `ValueError` when it is too much."""
        data = json.dumps(snapshot, separators=(",", ":")).encode()
        if len(data) > HALF - _HEAD.size:
            raise ValueError("There are too many metrics.")
        place = _START + slot * _PLACE
        half = 1 - (_WHOLE.unpack_from(self._memory, place)[0] & 1)
        at = place + _PAGE + half * HALF
        _HEAD.pack_into(self._memory, at, len(data), zlib.crc32(data))
        self._memory[at + _HEAD.size : at + _HEAD.size + len(data)] = data
        _WHOLE.pack_into(self._memory, place, half)

    def bury(self, slot: int) -> None:
        """Keep what a worker has counted, and forget the rest: it is gone. For the supervisor."""
        left = self._read(slot)
        if left is None:
            return
        generation = self._generation()
        # Odd: who reads now waits a moment.
        _GENERATION.pack_into(self._memory, 0, generation + 1)
        try:
            self.write(self.slots, added([self._read(self.slots) or {}, left], gauges=False))
        finally:
            _HEAD.pack_into(self._memory, self._at(slot), 0, 0)
            _GENERATION.pack_into(self._memory, 0, generation + 2)

    def read(self) -> list[Snapshot]:
        """Return what all workers say, and what is left of those that are gone."""
        found: list[Snapshot] = []
        for _try in range(TRIES):
            generation = self._generation()
            found = [said for slot in range(self.slots + 1) if (said := self._read(slot)) is not None]
            if not generation % 2 and generation == self._generation():
                break
            time.sleep(PAUSE)
        return found

    def close(self) -> None:
        self._memory.close()
        os.close(self.descriptor)

    def _generation(self) -> int:
        return int(_GENERATION.unpack_from(self._memory, 0)[0])

    def _at(self, slot: int) -> int:
        place = _START + slot * _PLACE
        return place + _PAGE + (int(_WHOLE.unpack_from(self._memory, place)[0]) & 1) * HALF

    def _read(self, slot: int) -> Snapshot | None:
        for _try in range(TRIES):
            at = self._at(slot)
            length, checksum = _HEAD.unpack_from(self._memory, at)
            if not length:
                return None
            data = self._memory[at + _HEAD.size : at + _HEAD.size + length]
            # Whoever writes twice meanwhile writes over what is read.
            if zlib.crc32(data) == checksum:
                said: dict[str, Any] = json.loads(data)
                return said
        return None


def _size(slots: int) -> int:
    return _START + (slots + 1) * _PLACE
