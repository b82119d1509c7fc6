"""Whatever is wrong with a backup is found, in one line, before anything is changed."""

import gzip
import io
import random
import re
import tarfile

import pytest
from django.core.management import CommandError

from chatscape.backup.archive import Writer
from chatscape.backup.tests.forging import FIRST, rewrite
from chatscape.backup.tests.world import call, manage


@pytest.fixture(autouse=True)
def _no_secrets_of_the_environment(settings):
    settings.BACKUP_PASSPHRASE = ""


def test_a_backup_of_a_newer_format_is_refused(tmp_path):
    def newer(members):
        for name, data in members:
            yield name, data.replace(b'"format": 1', b'"format": 2')

    rewrite(FIRST, tmp_path / "newer.tar.gz", newer)

    with pytest.raises(CommandError, match="has format 2"):
        call("restore", str(tmp_path / "newer.tar.gz"), verify_only=True)


def test_damage_anywhere_is_found_before_anything_is_changed(tmp_path):
    whole = FIRST.read_bytes()
    chance = random.Random(7)
    broken = tmp_path / "broken.tar.gz"
    for number in range(60):
        place = chance.randrange(10, len(whole))
        if number % 2:
            data = whole[:place]
        else:
            data = bytearray(whole)
            data[place] ^= 1 << chance.randrange(8)
        broken.write_bytes(data)
        with pytest.raises(CommandError, match=r"damaged|no backup|not ours") as caught:
            call("restore", str(broken), verify_only=True)
        assert "\n" not in str(caught.value)


def _counting(members, count):
    """Say another number of the first table's rows or bytes."""
    return [(name, re.sub(rb'"count": \d+', b'"count": ' + count, data, count=1)) for name, data in members]


@pytest.mark.parametrize(
    ("what", "said"),
    [
        (lambda m: [x for x in m if not x[0].startswith("tables/chat_room/")], "chat_room is not what"),
        (
            lambda m: [(n, d + d if n.startswith("tables/chat_room/") else d) for n, d in m],
            "chat_room is not",
        ),
        (
            lambda m: [(n, d.replace(b"other words", b"other w0rds")) for n, d in m],
            "chat_message is not what",
        ),
        (lambda m: [x for x in m if not x[0].endswith("photo")], "photo is missing"),
        (lambda m: [x for x in m if x[0] != "manifest.json"], "ends too early"),
        (lambda m: [x for x in m if x[0] != "secret_key"], "does not have the key"),
        (lambda m: [*m, ("files/late", b"")], "something follows its end"),
        (lambda m: [m[0], ("files/../../evil", b"x"), *m[1:]], "is called '../../evil'"),
        (lambda m: [m[0], ("files//etc/evil", b"x"), *m[1:]], "is called '/etc/evil'"),
        (lambda m: [m[0], ("evil", b"x"), *m[1:]], "it holds 'evil'"),
        (lambda m: [m[0], ("tables/chat_evil/000000.jsonl", b"[]\n"), *m[1:]], "it holds 'tables/chat_evil"),
        (lambda m: [m[0], ("files/evil", b"x"), *m[1:]], "evil should not be there"),
        (lambda m: _counting(m, b'"many"'), "what it says of itself"),
        (lambda m: _counting(m, b"Infinity"), "what it says of itself"),
        (lambda m: m[1:], "no backup of ChatScape"),
        (lambda m: [], "no backup of ChatScape"),
    ],
)
def test_what_should_not_be_is_found(tmp_path, what, said):
    rewrite(FIRST, tmp_path / "other.tar.gz", what, say_so=False)

    with pytest.raises(CommandError) as caught:
        call("restore", str(tmp_path / "other.tar.gz"), verify_only=True)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.DIRTYPE])
def test_links_and_the_like_are_refused(tmp_path, kind):
    with tarfile.open(FIRST) as archive:
        about = archive.extractfile("about.json").read()
    with tarfile.open(tmp_path / "link.tar.gz", "w:gz", format=tarfile.USTAR_FORMAT) as archive:
        info = tarfile.TarInfo("about.json")
        info.size = len(about)
        archive.addfile(info, io.BytesIO(about))
        info = tarfile.TarInfo("files/link")
        info.type, info.linkname = kind, "/etc/passwd"
        archive.addfile(info)

    with pytest.raises(CommandError, match="is no plain file"):
        call("restore", str(tmp_path / "link.tar.gz"), verify_only=True)


def test_a_bomb_is_not_unpacked(tmp_path, monkeypatch):
    """What grows without end is refused; what says that it is huge is not read into memory."""
    from chatscape.backup import sealing

    monkeypatch.setattr(sealing, "EXPANSION_FREE", 10_000_000)
    with tarfile.open(FIRST) as archive:
        about = archive.extractfile("about.json").read()
    out = io.BytesIO()
    writer = Writer(out, 0)
    writer.add("about.json", about)
    writer.add("files/zeros", bytes(50_000_000))
    (tmp_path / "bomb.tar.gz").write_bytes(gzip.compress(out.getvalue()))
    with pytest.raises(CommandError, match="far more than any has"):
        call("restore", str(tmp_path / "bomb.tar.gz"), verify_only=True)

    info = tarfile.TarInfo("about.json")
    info.size = 8 * 1024**3 - 1
    (tmp_path / "huge.tar.gz").write_bytes(gzip.compress(info.tobuf(tarfile.USTAR_FORMAT) + bytes(5000)))
    with pytest.raises(CommandError, match="has 8589934591 bytes"):
        call("restore", str(tmp_path / "huge.tar.gz"), verify_only=True)


@pytest.mark.parametrize("content", [b"", b"hello", b"\x1f\x8b", b"\x1f\x8bhello hello hello", bytes(5000)])
def test_what_is_no_backup_is_said_to_be_none(tmp_path, content):
    (tmp_path / "file").write_bytes(content)

    with pytest.raises(CommandError, match=r"no backup|damaged"):
        call("restore", str(tmp_path / "file"), verify_only=True)


def test_checking_a_file_needs_no_database(tmp_path):
    env = {"DATABASE_URL": "postgres://nobody@127.0.0.1:9/none"}

    said = manage(tmp_path / "elsewhere", "restore", "--verify-only", str(FIRST), env=env)

    assert "Whole and undamaged" in said


def test_a_file_that_is_not_there_is_one_line(tmp_path):
    with pytest.raises(CommandError, match="There is no file"):
        call("restore", str(tmp_path / "nothing.tar.gz"))
