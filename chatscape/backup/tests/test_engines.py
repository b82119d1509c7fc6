"""A backup of any database can be taken in by any other: the hashes are the same everywhere."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from chatscape.backup.tests.world import hashes_in, manage
from chatscape.testing.machine import Missing
from chatscape.testing.newer_postgres import NewerPostgresServer
from chatscape.testing.parts import PostgresServer, start_postgres

FILL = "from chatscape.backup.tests.world import fill; fill()"


@pytest.fixture(scope="module")
def older() -> Iterator[PostgresServer]:
    with start_postgres() as server:
        yield server


@pytest.fixture(scope="module")
def newer() -> Iterator[PostgresServer]:
    try:
        server = NewerPostgresServer()
    except Missing as missing:
        pytest.skip(str(missing))
    with server:
        yield server.start()


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup of a world in SQLite."""
    folder = tmp_path_factory.mktemp("origin")
    manage(folder / "var", "migrate", "-v0")
    manage(folder / "var", "shell", "-v0", "-c", FILL)
    (folder / "var" / "media").mkdir()
    (folder / "var" / "media" / "photo").write_bytes(b"light")
    file = folder / "origin.tar.gz"
    manage(folder / "var", "backup", "--output", str(file))
    return file


def _move(file: Path, var: Path, to: str, url: str = "") -> Path:
    """Restore into an empty database, save that again, and return the new backup."""
    env = {"DATABASE_URL": url} if url else {}
    said = manage(var, "restore", str(file), env=env)
    assert "the hashes of all tables are those of the backup" in said
    manage(var, "backup", "--output", str(var / to), env=env)
    return var / to


def test_round_all_of_them_with_equal_hashes(origin, older, newer, tmp_path):
    """SQLite, PostgreSQL of one version, of another, and back to SQLite."""
    want = hashes_in(origin)
    versions = {_version(older), _version(newer)}

    on_older = _move(origin, tmp_path / "1", "older.tar.gz", older.url)
    on_newer = _move(on_older, tmp_path / "2", "newer.tar.gz", newer.url)
    on_older_again = _move(on_newer, tmp_path / "3", "again.tar.gz", older.create_database("again"))
    on_sqlite = _move(on_older_again, tmp_path / "4", "sqlite.tar.gz")

    assert len(versions) == 2
    assert {name for name, (count, _hash) in want.items() if not count} == set()
    for file in (on_older, on_newer, on_older_again, on_sqlite):
        assert hashes_in(file) == want
    for number in range(1, 5):
        assert (tmp_path / str(number) / "media" / "photo").read_bytes() == b"light"


def _version(server: PostgresServer) -> str:
    import psycopg

    with psycopg.connect(server.url) as connection:
        return str(connection.info.server_version // 10000)


def test_text_that_one_database_cannot_keep_is_named(origin, older, tmp_path):
    """SQLite keeps a NUL; PostgreSQL does not. Nothing is there after the refusal."""
    var = tmp_path / "var"
    manage(var, "restore", str(origin))
    nul = "from chat.models import Filter; Filter.objects.create(pattern='a\\0b')"
    manage(var, "shell", "-v0", "-c", nul)
    manage(var, "backup", "--output", str(tmp_path / "nul.tar.gz"))
    url = older.create_database("refusing")

    said = manage(
        tmp_path / "other", "restore", str(tmp_path / "nul.tar.gz"), env={"DATABASE_URL": url}, ok=False
    )

    assert "cannot keep a row of chat_filter" in said
    assert "Traceback" not in said
    _move(origin, tmp_path / "other", "after.tar.gz", url)
    assert "rows" in manage(tmp_path / "again", "restore", str(tmp_path / "nul.tar.gz"))


def test_an_upgrade_is_rehearsed_beside_the_database(origin, older, tmp_path):
    """On the same server, in a database that is gone afterwards; what is there stays as it is."""
    import psycopg

    url = older.create_database("rehearsed")
    env = {"DATABASE_URL": url}
    manage(tmp_path / "var", "migrate", "-v0", env=env)

    said = manage(tmp_path / "var", "rehearse", str(origin), env=env)

    assert "The rehearsal went well" in said
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT COUNT(*) FROM chat_message").fetchone() == (0,)
        names = [name for (name,) in connection.execute("SELECT datname FROM pg_database").fetchall()]
    assert "rehearsed" in names
    assert not any("rehearsal" in name for name in names)


def test_the_language_of_a_database_changes_nothing(origin, older, tmp_path):
    """Rows are in the order of their keys' bytes, whatever order words have there."""
    import psycopg

    with psycopg.connect(older.url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE swedish TEMPLATE template0 ICU_LOCALE 'sv' LOCALE_PROVIDER icu")

    file = _move(origin, tmp_path / "var", "swedish.tar.gz", older.url.rpartition("/")[0] + "/swedish")

    assert hashes_in(file) == hashes_in(origin)
