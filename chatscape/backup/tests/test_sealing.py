"""What is encrypted opens with its passphrase or key, with the ordinary `age` too, and with nothing else."""

import io
import os
import shutil
import subprocess
from pathlib import Path

import pyrage
import pytest
from django.core.management import CommandError
from hypothesis import given, settings
from hypothesis import strategies as st

from chatscape.backup import BackupError, age, keys
from chatscape.backup.sealing import Key, Lock, lock_and_key, opened, sealing
from chatscape.backup.tests.forging import FIRST
from chatscape.backup.tests.world import call, hashes_in

PASSPHRASE = "correct horse bättery"
SIZES = [0, 1, age.CHUNK - 1, age.CHUNK, age.CHUNK + 1, 3 * age.CHUNK]


@pytest.fixture
def identity(tmp_path) -> tuple[str, str]:
    """A public key, and the file with its private one."""
    made = pyrage.x25519.Identity.generate()
    (tmp_path / "key.txt").write_text(f"# created: today\n# public key: {made.to_public()}\n{made}\n")
    return str(made.to_public()), str(tmp_path / "key.txt")


@pytest.fixture
def quick(monkeypatch) -> None:
    """Spend no second on each passphrase."""
    monkeypatch.setattr(age.encrypt_io, "__kwdefaults__", {"work": 8})


@pytest.mark.parametrize("size", SIZES)
def test_a_library_reads_what_is_written_and_the_other_way_round(size):
    data = os.urandom(size)
    out, back = io.BytesIO(), io.BytesIO()
    age.encrypt_io(io.BytesIO(data), out, PASSPHRASE, work=8)

    assert pyrage.passphrase.decrypt(out.getvalue(), PASSPHRASE) == data
    age.decrypt_io(io.BytesIO(out.getvalue()), back, PASSPHRASE)
    assert back.getvalue() == data


@settings(max_examples=150)
@given(data=st.data())
def test_no_byte_can_be_changed_and_none_left_out(data):
    plain = os.urandom(data.draw(st.sampled_from([0, 10, age.CHUNK, age.CHUNK + 5])))
    out = io.BytesIO()
    age.encrypt_io(io.BytesIO(plain), out, PASSPHRASE, work=2)
    sealed = bytearray(out.getvalue())
    place = data.draw(st.integers(0, len(sealed) - 1))
    if data.draw(st.booleans()):
        del sealed[place:]
    else:
        sealed[place] ^= 1 << data.draw(st.integers(0, 7))
    back = io.BytesIO()

    with pytest.raises(BackupError):
        age.decrypt_io(io.BytesIO(bytes(sealed)), back, PASSPHRASE)
    assert plain.startswith(back.getvalue())


def _sealed(lock: Lock, data: bytes, path: Path) -> None:
    with path.open("wb") as file, sealing(file, lock) as out:
        out.write(data)


def _opened(path: Path, key: Key) -> bytes:
    with path.open("rb") as file, opened(file, key) as source:
        return b"".join(iter(lambda: source.read(50_000), b""))


def test_each_way_opens_with_its_own_and_with_nothing_else(tmp_path, identity, quick):
    data = os.urandom(1_000_000)
    public, private = identity
    ours = Key(identities=keys.identities_in([private]))
    other = Key(identities=[pyrage.x25519.Identity.generate()])
    _sealed(Lock(), data, tmp_path / "plain")
    _sealed(Lock(PASSPHRASE), data, tmp_path / "passphrase")
    lock, at_once = lock_and_key(Lock(recipients=keys.recipients_of([public])))
    _sealed(lock, data, tmp_path / "recipient")

    assert _opened(tmp_path / "plain", Key()) == data
    assert _opened(tmp_path / "passphrase", Key(PASSPHRASE)) == data
    assert _opened(tmp_path / "passphrase", Key(ask=lambda: PASSPHRASE)) == data
    assert _opened(tmp_path / "recipient", ours) == data
    assert _opened(tmp_path / "recipient", at_once) == data
    for name, key, said in (
        ("passphrase", Key("another passphrase"), "not the one of this backup"),
        ("passphrase", ours, "give its passphrase"),
        ("recipient", other, "for another key"),
        ("recipient", Key(PASSPHRASE), "give the file with it"),
    ):
        with pytest.raises(BackupError, match=said):
            _opened(tmp_path / name, key)
    for name, key in (("passphrase", Key(PASSPHRASE)), ("recipient", ours)):
        whole = (tmp_path / name).read_bytes()
        for broken in (whole[:-1000], whole[:-1], whole[:-70_000], whole[:300_000] + b"\0" + whole[300_001:]):
            (tmp_path / "broken").write_bytes(broken)
            with pytest.raises(BackupError, match="damaged"):
                _opened(tmp_path / "broken", key)


def test_reading_can_end_before_the_end(tmp_path, identity, quick):
    """Whoever finds damage stops reading; the thread that decrypts ends as well."""
    public, private = identity
    _sealed(Lock(recipients=keys.recipients_of([public])), os.urandom(3_000_000), tmp_path / "file")

    key = Key(identities=keys.identities_in([private]))
    with (tmp_path / "file").open("rb") as file, opened(file, key) as source:
        assert len(source.read(10)) == 10


def test_the_ordinary_age_opens_it(tmp_path, identity, quick):
    if not shutil.which("age"):
        pytest.skip("age is not installed: apt-get install age")
    public, private = identity
    data = os.urandom(300_000)
    _sealed(Lock(recipients=keys.recipients_of([public])), data, tmp_path / "file.age")

    decrypted = subprocess.run(
        ["age", "-d", "-i", private, tmp_path / "file.age"], capture_output=True, check=True
    )
    subprocess.run(["age", "-r", public, "-o", tmp_path / "theirs.age", FIRST], check=True)

    import gzip

    assert gzip.decompress(decrypted.stdout) == data
    assert _opened(tmp_path / "theirs.age", Key(identities=keys.identities_in([private])))


@pytest.mark.django_db(transaction=True)
def test_backups_are_encrypted_by_the_settings_or_the_words(var, identity, settings, quick):
    public, private = identity
    (var / "passphrase").write_text(f"{PASSPHRASE}\n")
    plain, by_words, by_settings, by_phrase = (var / f"{number}.tar.gz" for number in range(4))
    call("backup", output=str(plain), plain=True)
    call("backup", output=str(by_words), recipient=[public])
    call("backup", output=str(by_phrase), passphrase_file=str(var / "passphrase"))
    settings.BACKUP_RECIPIENTS = [public]
    call("backup", output=str(by_settings))

    for file in (by_words, by_settings):
        said = call("restore", str(file), verify_only=True, identity=[private])
        assert "Whole and undamaged" in said
    assert "Whole" in call(
        "restore", str(by_phrase), verify_only=True, passphrase_file=str(var / "passphrase")
    )
    assert hashes_in(plain)
    with pytest.raises(CommandError, match="encrypted for a key"):
        call("restore", str(by_words), verify_only=True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"recipient": ["age1nonsense"]}, "is no public key"),
        ({"passphrase_file": "/nowhere"}, "cannot be read"),
        ({"plain": True, "recipient": ["age1"]}, "--plain goes with neither"),
        ({"encrypt": True, "recipient": ["age1"]}, "not both"),
        ({"keep": 0}, "--keep needs"),
        ({"keep": 2, "output": "-"}, "--keep needs"),
        ({"output": "s3://"}, "must be like s3://"),
        ({"output": "/nowhere/file.tar.gz"}, "There is no folder"),
    ],
)
def test_what_cannot_be_meant_is_one_line(var, words, said):
    with pytest.raises(CommandError, match=said) as caught:
        call("backup", **words)
    assert "\n" not in str(caught.value)


def test_a_short_passphrase_or_two_different_ones_are_refused():
    with pytest.raises(BackupError, match="at least 12"):
        keys.new_passphrase("short")
    answers = iter(["correct horse battery", "correct horse buttery"])
    with pytest.raises(BackupError, match="two different"):
        keys.new_passphrase("", lambda _prompt: next(answers))
    assert keys.new_passphrase("", lambda _prompt: PASSPHRASE) == PASSPHRASE
