"""An upgrade is tried on a copy; the server's own database, files and key are not touched."""

import re
import sqlite3

from chatscape.backup.tests.forging import FIRST, rewrite
from chatscape.backup.tests.world import manage


def test_what_is_here_is_not_touched(tmp_path):
    var = tmp_path / "var"
    manage(var, "migrate", "-v0")
    before = (var / "chatscape.sqlite3").read_bytes(), (var / "secret_key").read_bytes()

    said = manage(var, "rehearse", str(FIRST))

    assert "rows: agree with each other" in said
    assert "tables:" in said
    assert re.search(r"pages: [678] answer", said)
    assert "The rehearsal went well" in said
    assert ((var / "chatscape.sqlite3").read_bytes(), (var / "secret_key").read_bytes()) == before
    assert not (var / "media").exists()


def test_rows_that_do_not_agree_stop_an_upgrade(tmp_path):
    """Nothing in the tables is against it, but a room does not know of its newest message."""

    def behind(members):
        for name, data in members:
            if name.startswith("tables/chat_message/"):
                data = _raised(data)
            yield name, data

    rewrite(FIRST, tmp_path / "behind.tar.gz", behind)

    said = manage(tmp_path / "var", "rehearse", str(tmp_path / "behind.tar.gz"), ok=False)

    assert "1 rooms have another revision than their newest message" in said
    assert "do not upgrade yet" in said
    assert "Traceback" not in said
    var = tmp_path / "var" / "chatscape.sqlite3"
    assert not var.exists() or not sqlite3.connect(var).execute("SELECT * FROM sqlite_master").fetchall()


def _raised(data: bytes) -> bytes:
    import json
    import tarfile

    with tarfile.open(FIRST) as archive:
        columns = json.loads(archive.extractfile("about.json").read())["columns"]["chat_message"]
    place = columns.index("revision")
    first, *rest = data.splitlines(keepends=True)
    row = json.loads(first)
    row[place] += 1000
    return json.dumps(row, separators=(",", ":")).encode() + b"\n" + b"".join(rest)
