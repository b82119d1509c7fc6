"""Compare a database with what people were told, row by row."""

import sqlite3
from collections import Counter, defaultdict
from contextlib import closing
from datetime import UTC, datetime
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from uuid import UUID

import psycopg

from chat.models.membership import UNREAD_MOST
from chat.tests.soak.ledger import Ledger
from chat.tests.soak.posters import Shown

MESSAGES = """
SELECT message.room_id, message.sequence, message.revision, message.author_id, message.client_id,
    message.body, message.edited_at, message.deleted_at, message.created_at, original.room_id,
    original.sequence, message.thread_root_id, message.body_html
FROM chat_message message LEFT JOIN chat_message original ON original.id = message.reply_to_id
"""
EDITS = """
SELECT message.room_id, message.sequence, edit.revision, edit.body
FROM chat_messageedit edit JOIN chat_message message ON message.id = edit.message_id ORDER BY edit.revision
"""
ROOMS = """
SELECT room.id, room.revision, message.sequence, message.room_id
FROM chat_room room LEFT JOIN chat_message message ON message.id = room.last_message_id
"""
PLACES = "SELECT room_id, user_id, read_sequence FROM chat_membership"


class Row(NamedTuple):
    room: str
    sequence: int
    revision: int
    author: str
    client_id: str
    body: str
    edited: bool
    deleted: bool
    created_at: float
    answers_in: str | None
    answers: int | None
    html: str


class Database:
    """Reads what a server keeps, without it."""

    def __init__(self, url: str) -> None:
        self.url = url

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        if self.url.startswith("postgres"):
            with psycopg.connect(self.url, connect_timeout=10) as server:
                return server.execute(query).fetchall()
        with closing(
            sqlite3.connect(f"file:{urlsplit(self.url).path}?mode=ro", uri=True, timeout=20)
        ) as file:
            return file.execute(query).fetchall()

    def messages(self) -> list[Row]:
        return [
            Row(
                _id(row[0]), row[1], row[2], _id(row[3]), _id(row[4]), row[5], bool(row[6]), bool(row[7]),
                _moment(row[8]), row[9] and _id(row[9]), row[10], row[12],
            )
            for row in self.rows(MESSAGES)
        ]  # fmt: skip


class Outcome(NamedTuple):
    messages: int
    lost: int
    twice: int
    # Saved before what was killed, and answered after: the retry found it.
    rescued: int


def audit(database: Database, ledger: Ledger) -> Outcome:
    """Check everything. Raises `AssertionError`."""
    rows = database.messages()
    lost, twice = _check_messages(rows, ledger)
    _check_changes(rows, database, ledger)
    rooms = {_id(room): (revision, last, where) for room, revision, last, where in database.rows(ROOMS)}
    for room, (revision, last, where) in rooms.items():
        here = [row for row in rows if row.room == room]
        # Each deed happened exactly once, and the room's revision is the newest stamp.
        assert revision == ledger.changes[room], (room, revision, ledger.changes[room])
        assert max((row.revision for row in here), default=0) == revision
        assert max((row.sequence for row in here), default=None) == last
        assert last is None or _id(where) == room
    for room, person, read in database.rows(PLACES):
        assert read <= rooms[_id(room)][0], (room, person, read)
    rescued = sum(ledger.saved_unanswered(row.client_id, row.created_at) for row in rows)
    return Outcome(len(rows), lost, twice, rescued)


def _check_messages(rows: list[Row], ledger: Ledger) -> tuple[int, int]:
    by_id = Counter(row.client_id for row in rows)
    lost = [client_id for client_id in ledger.said if client_id not in by_id]
    words = Counter(row.body for row in rows if not row.deleted)
    twice = [body for body, count in (*by_id.items(), *words.items()) if count > 1]
    assert (lost, twice) == ([], []), f"{len(lost)} lost, {len(twice)} twice"
    assert not by_id.keys() - ledger.said.keys(), "messages that nobody sent"
    for row in rows:
        said = ledger.said[row.client_id]
        if said.sequence is None:
            said.sequence = row.sequence
        told = (
            said.room,
            said.sequence,
            said.author,
            said.deleted,
            "" if said.deleted else said.wordings[-1],
        )
        assert (row.room, row.sequence, row.author, row.deleted, row.body) == told
        assert bool(row.html) != row.deleted
        assert row.edited == (len(said.wordings) > 1), told
        # What it answers is in the same room, was there before, and is what was meant.
        assert row.answers == said.reply_to
        assert row.answers is None or (row.answers_in == row.room and row.answers < row.sequence)
    return len(lost), len(twice)


def _check_changes(rows: list[Row], database: Database, ledger: Ledger) -> None:
    """Every edit has its history, and each revision is the stamp of one change."""
    before: dict[tuple[str, int], list[tuple[int, str]]] = defaultdict(list)
    for room, sequence, revision, body in database.rows(EDITS):
        before[_id(room), sequence].append((revision, body))
    stamps: dict[str, list[int]] = defaultdict(list)
    for row in rows:
        history = before.pop((row.room, row.sequence), [])
        wordings = [] if row.deleted else ledger.said[row.client_id].wordings[:-1]
        assert [body for _revision, body in history] == wordings
        own = [revision for revision, _body in history] + [row.revision]
        assert own == sorted(own)
        assert row.deleted or own[0] == row.sequence
        stamps[row.room] += own
    assert not before, "a history without its message"
    for room, given in stamps.items():
        assert len(set(given)) == len(given), room
        # Deleted messages keep the first and the last of theirs only.
        gone = {row.sequence: ledger.said[row.client_id] for row in rows if row.room == room and row.deleted}
        missing = sum(len(said.wordings) for said in gone.values())
        assert ledger.changes[room] - len(given) == missing, room


def unread(database: Database, room: str, person: str) -> int:
    """How many messages of others somebody has not read, counted one by one."""
    (read,) = [at for where, who, at in database.rows(PLACES) if (_id(where), _id(who)) == (room, person)]
    waiting = [
        row
        for row in database.messages()
        if row.room == room and row.sequence > read and row.author != person and not row.deleted
    ]
    return min(len(waiting), UNREAD_MOST)


def truth(rows: list[Row], room: str, since: int = 0) -> dict[int, Shown]:
    """What every page of a room must show of what changed after a revision."""
    return {
        row.sequence: Shown(row.revision, row.client_id, None if row.deleted else row.body)
        for row in rows
        if row.room == room and row.revision > since
    }


def _id(value: Any) -> str:
    return str(value if isinstance(value, UUID) else UUID(value))


def _moment(value: Any) -> float:
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
