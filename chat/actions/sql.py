"""The statements of posting and reading, written out.

Building them with the ORM costs several times what the database takes for them, and while they run others
wait for their locks. Each is about any number of people. Everything else is written with QuerySets.
"""
# Made of names and placeholders alone: whatever people send is a parameter.
# ruff: noqa: S608

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, IntegrityError, connection, connections

from accounts.models import User
from chat.models import Message, Room
from chat.rows import as_time

Pair = tuple[UUID, UUID]
_COLUMNS = [field for field in Message._meta.local_concrete_fields if not field.primary_key]


class Place(NamedTuple):
    """An active person's membership of a room that is locked.

    `blocks`: they block the other person of a direct room; `blocked`: that person blocks them.
    `muted`: until when they may say nothing, also when that is over. `alone`: that person is erased.
    """

    membership_id: int
    room: Room
    author: User
    blocks: bool
    blocked: bool
    muted: datetime | None
    alone: bool


def locked_places(pairs: Collection[Pair]) -> dict[Pair, Place]:
    """Lock rooms until the transaction ends, and return the places of people in them.

    `pairs` are rooms and people; those who are no members, or not active, are left out. Rooms are locked
    in the order of their ids, so that two batches never wait for each other. SQLite has no row locks:
    its transactions take the write lock when they begin.
    """
    rooms: dict[UUID, Room] = {}
    authors: dict[UUID, User] = {}
    places = {}
    lock = " FOR UPDATE OF room" if connection.features.has_select_for_update_of else ""
    for row in _fetched(_places_sql(len(pairs)) + lock, _keys(id for pair in pairs for id in pair)):
        room_id, author_id, name, membership_id, revision, blocks, blocked, muted, alone = row
        room_id, author_id = _uuid(room_id), _uuid(author_id)
        if room_id not in rooms:
            rooms[room_id] = Room.from_db(DEFAULT_DB_ALIAS, ["id", "revision"], [room_id, revision])
        if author_id not in authors:
            authors[author_id] = User.from_db(DEFAULT_DB_ALIAS, ["id", "name"], [author_id, name])
        until = None if muted is None else as_time(muted)
        places[room_id, author_id] = Place(
            membership_id, rooms[room_id], authors[author_id], bool(blocks), bool(blocked), until, bool(alone)
        )
    return places


def messages_named(
    posted: Collection[tuple[UUID, UUID]], answered: Collection[tuple[UUID, int]]
) -> list[Message]:
    """Return messages by author and `client_id`, and others by room and sequence."""
    queries, values = [], []
    if posted:
        queries.append(_ids_sql("author_id", "client_id", len(posted)))
        values += _keys(id for pair in posted for id in pair)
    if answered:
        queries.append(_ids_sql("room_id", "sequence", len(answered)))
        values += _keys(value for pair in answered for value in pair)
    ids = [row[0] for row in _fetched(" UNION ".join(queries), values)]
    return list(Message.objects.select_related("author").filter(pk__in=ids)) if ids else []


def insert_messages(messages: Iterable[Message]) -> None:
    """Insert new messages and give them their keys.

    Raises `IntegrityError` when the `client_id` of one was used meanwhile. No statement fails for it: a
    database that logs failed statements would log the words. All batches insert in the same order, so
    that two of them never wait for each other's.
    """
    ordered = sorted(messages, key=lambda message: (message.author_id, message.client_id))
    # The thread's own: looking for it each time costs more than the rest.
    database = connections[DEFAULT_DB_ALIAS]
    values = [
        field.get_db_prep_save(getattr(message, field.attname), database)
        for message in ordered
        for field in _COLUMNS
    ]
    rows = _fetched(_insert_sql(len(ordered)), values)
    if len(rows) < len(ordered):
        raise IntegrityError("a client_id was used meanwhile")
    for message, (key,) in zip(ordered, rows, strict=True):
        message.pk = key
        message._state.adding, message._state.db = False, DEFAULT_DB_ALIAS


def advance_rooms(messages: Iterable[Message]) -> None:
    """Save the revisions of the rooms of new messages, and which message is their last."""
    rooms = {message.room_id: message.room for message in messages}
    last = {message.room_id: message for message in messages if not message.withheld}
    database = connections[DEFAULT_DB_ALIAS]
    moved, unmoved = [], []
    for room_id, room in rooms.items():
        if message := last.get(room_id):
            active_at = database.ops.adapt_datetimefield_value(message.created_at)
            moved.append((room.revision, message.pk, active_at, *_keys([room_id])))
        else:
            unmoved.append((room.revision, *_keys([room_id])))
    with database.cursor() as cursor:
        if moved:
            statement = (
                "UPDATE chat_room SET revision = %s, last_message_id = %s, active_at = %s WHERE id = %s"
            )
            cursor.executemany(statement, moved)
        if unmoved:
            cursor.executemany("UPDATE chat_room SET revision = %s WHERE id = %s", unmoved)


def note_withheld(messages: Iterable[tuple[int, Message]]) -> None:
    """Remember, by membership, the last message that was withheld from the other person."""
    with connection.cursor() as cursor:
        cursor.executemany(
            "UPDATE chat_membership SET withheld_id = %s WHERE id = %s",
            [(message.pk, membership_id) for membership_id, message in messages],
        )


def advance_reads(marks: Mapping[Pair, int]) -> list[tuple[UUID, UUID, int]]:
    """Save how far people have read, by room and person, where that is further than before.

    Nobody reads beyond a room's end. Returns room, person and sequence of what has changed; who is no member
    is left out.
    """
    values = _keys(value for place, sequence in marks.items() for value in (*place, sequence))
    rows = _fetched(_reads_sql(len(marks)), values)
    return [(_uuid(room), _uuid(user), sequence) for room, user, sequence in rows]


@cache
def _places_sql(count: int) -> str:
    # A block made while this waits for a lock was made at the same moment as the post.
    blocks = "EXISTS (SELECT 1 FROM chat_block WHERE blocker_id = {} AND blocked_id = {})"
    return (
        f"WITH asked (room_id, user_id) AS (VALUES {_rows(2, count)})"
        " SELECT room.id, author.id, author.name, membership.id, room.revision,"
        f" {blocks.format('membership.user_id', 'membership.peer_id')},"
        f" {blocks.format('membership.peer_id', 'membership.user_id')}, author.muted_until,"
        " room.kind = 'direct' AND membership.peer_id IS NULL"
        " FROM asked"
        " JOIN chat_membership membership"
        " ON membership.room_id = asked.room_id AND membership.user_id = asked.user_id"
        " JOIN chat_room room ON room.id = membership.room_id"
        " JOIN accounts_user author ON author.id = membership.user_id AND author.is_active"
        " ORDER BY room.id"
    )


@cache
def _ids_sql(one: str, other: str, count: int) -> str:
    return (
        f"SELECT message.id FROM (VALUES {_rows(2, count)}) AS asked JOIN chat_message message"
        f" ON message.{one} = asked.column1 AND message.{other} = asked.column2"
    )


@cache
def _insert_sql(count: int) -> str:
    columns = ", ".join(f'"{field.column}"' for field in _COLUMNS)
    return (
        f"INSERT INTO chat_message ({columns}) VALUES {_rows(len(_COLUMNS), count)}"
        " ON CONFLICT (author_id, client_id) DO NOTHING RETURNING id"
    )


@cache
def _reads_sql(count: int) -> str:
    reached = "CASE WHEN mark.sequence < room.revision THEN mark.sequence ELSE room.revision END"
    return (
        f"WITH mark (room_id, user_id, sequence) AS (VALUES {_rows(3, count)})"
        f" UPDATE chat_membership SET read_sequence = {reached}"
        " FROM mark JOIN chat_room room ON room.id = mark.room_id"
        " WHERE chat_membership.room_id = mark.room_id AND chat_membership.user_id = mark.user_id"
        f" AND chat_membership.read_sequence < {reached}"
        " RETURNING chat_membership.room_id, chat_membership.user_id, chat_membership.read_sequence"
    )


def _rows(width: int, count: int) -> str:
    return ", ".join([f"({', '.join(['%s'] * width)})"] * count)


def _fetched(sql: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def _keys(values: Iterable[Any]) -> list[Any]:
    """Return values as this database keeps them: SQLite has no type for UUIDs."""
    if connection.features.has_native_uuid_field:
        return list(values)
    return [value.hex if isinstance(value, UUID) else value for value in values]


def _uuid(value: Any) -> UUID:
    return value if isinstance(value, UUID) else UUID(value)
