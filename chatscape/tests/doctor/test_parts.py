"""Doctor beside parts that are broken in earnest: each is told, in time, with how to mend it."""

import contextlib
import json
import os
import resource
import shutil
import socket
import sqlite3
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from threading import Thread

import pytest

from chatscape.doctor import (
    between,
    clocks,
    integrity,
    machine,
    mails,
    providers,
    public,
    statics,
    storage,
    wire,
)
from chatscape.doctor.examination import Options
from chatscape.doctor.findings import Finding

CLOSED = "127.0.0.1:1"
AS_ROOT = os.geteuid() == 0


def errors(found: Iterator[Finding]) -> list[str]:
    told = [each for each in found if each.level == "error"]
    assert all(each.mend for each in told)
    return [each.text for each in told]


# Redis


def test_redis_that_is_there_is_heard(redis_server, settings):
    settings.REDIS_URL = redis_server.url

    told = [each.text for each in between.look(Options())]

    assert errors(between.look(Options())) == []
    assert any("is heard after" in text for text in told)
    assert any("clock agrees" in text for text in told)


def test_redis_that_is_stopped(redis_server, settings):
    settings.REDIS_URL = redis_server.url
    redis_server.stop()

    [told] = errors(between.look(Options()))

    assert told.startswith("Redis cannot be used")


def test_redis_that_hangs(redis_server, settings):
    settings.REDIS_URL = redis_server.url
    redis_server.pause()
    try:
        began = time.monotonic()
        [told] = errors(between.look(Options()))
        assert time.monotonic() - began < 15
    finally:
        redis_server.resume()

    assert told.startswith("Redis cannot be used")


def test_redis_that_has_another_password(redis_server, settings):
    settings.REDIS_URL = redis_server.url.replace(redis_server.password, "hunter2")

    assert errors(between.look(Options())) == ["Redis wants another password."]


def test_redis_that_is_nearly_full(redis_server, settings):
    import redis

    settings.REDIS_URL = redis_server.url
    with redis.Redis.from_url(redis_server.url) as client:
        used = int(client.info()["used_memory"])
        client.config_set("maxmemory", int(used * 1.1))

    assert any(each.level == "warning" and "of its memory" in each.text for each in between.look(Options()))


def test_several_processes_need_redis(settings):
    settings.REDIS_URL, settings.WEB_CONCURRENCY = "", 4

    [told] = errors(between.look(Options()))

    assert told.startswith("4 processes without Redis")


# The database


def test_a_database_that_is_frozen_or_gone(postgres_server, doctor):
    env = {"DATABASE_URL": postgres_server.url}
    fresh = doctor("--only", "database", **env)
    assert "migrations wait" in fresh.one("error", "migrations wait")["text"]
    assert any(
        "max_connections" in each["text"] or "are to be had" in each["text"] for each in fresh.findings
    )

    postgres_server.pause()
    try:
        frozen = doctor("--only", "database", **env)
    finally:
        postgres_server.resume()
    assert "cannot be used" in frozen.of("database", "error")[0]["text"]

    few = doctor("--only", "database", **env, DATABASE_CONNECTIONS="100", WEB_CONCURRENCY="4")
    assert "DATABASE_CONNECTIONS=" in few.one("error", "500 connections from here")["mend"]

    postgres_server.stop()
    gone = doctor("--only", "database", **env)
    assert "127.0.0.1" in gone.one("error", "cannot be used")["mend"]
    assert postgres_server.password not in fresh.printed + frozen.printed + gone.printed


def test_a_file_that_is_no_database(doctor, var):
    (var / "chatscape.sqlite3").write_bytes(b"no database" * 1000)

    assert "cannot be used" in doctor("--only", "database").of("database", "error")[0]["text"]


def test_rows_that_do_not_fit_are_found(doctor, var):
    with sqlite3.connect(var / "chatscape.sqlite3") as connection:
        connection.execute("PRAGMA foreign_keys=OFF")
        connection.execute(
            "INSERT INTO chat_membership (room_id, user_id, role, involvement, read_sequence, created_at)"
            " VALUES ('a', 'b', 'member', 'all', 0, '2026-01-01')"
        )
    connection.close()

    assert doctor("--only", "database").status == 0
    said = doctor("--only", "database", "--deep")

    told = said.one("error", "that is gone")["text"]
    assert "1 rows of chat.Membership have a room that is gone" in told
    assert "1 rows of chat.Membership have a user that is gone" in told


@pytest.mark.django_db
def test_rooms_out_of_order_are_found(room, alice):
    from chat.models import Membership, Message, Room

    assert errors(integrity.look(deep=True)) == []
    Message.objects.create(room=room, author=alice, sequence=900, revision=900, body="a", body_html="a")
    Membership.objects.filter(room=room, user=alice).update(read_sequence=900)

    told = errors(integrity.look(deep=True))

    assert Room.objects.get(pk=room.pk).revision < 900
    assert "1 rooms have somebody who read more than there is." in told
    assert "1 rooms have messages beyond their revision." in told


def test_a_database_of_a_newer_version_is_told(doctor, var):
    with sqlite3.connect(var / "chatscape.sqlite3") as connection:
        connection.execute(
            "INSERT INTO django_migrations (app, name, applied) VALUES ('chat', '9999_later', '2030-01-01')"
        )
    connection.close()

    assert (
        "1 migrations are not known" in doctor("--only", "database").one("warning", "newer version")["text"]
    )


# Storage


@pytest.fixture
def small_disk(tmp_path) -> Iterator[Path]:
    """A file system of its own of two megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if (
        not AS_ROOT
        or subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=2m,mode=700", "tmpfs", folder],
            capture_output=True,
            check=False,
        ).returncode
    ):
        pytest.skip("Only root may mount a file system; the next tests simulate one.")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_disk_that_is_full_or_cannot_be_written(small_disk, doctor):
    (small_disk / "secret_key").write_text("k" * 64)
    (small_disk / "static").mkdir()
    # Unbuffered, so that nothing is left to be written when the file is closed.
    with (small_disk / "filler").open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(b"x" * 4096):
            pass

    full = doctor("--only", "storage", CHATSCAPE_VAR=str(small_disk))
    assert full.one("error", "is full.")
    assert full.one("error", "are free")

    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    read_only = doctor("--only", "storage", CHATSCAPE_VAR=str(small_disk))
    assert "Read-only file system" in read_only.one("error", "Nothing can be written")["text"]


def test_a_folder_that_cannot_be_written_at_the_first_start(small_disk, doctor):
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)

    said = doctor("--only", "storage", CHATSCAPE_VAR=str(small_disk))

    assert "Read-only file system" in said.one("error", "CHATSCAPE_VAR: ")["text"]


@pytest.mark.parametrize(("free", "level"), [(50, "error"), (500, "warning"), (5000, "ok")])
def test_little_room_is_told(free, level, tmp_path, monkeypatch):
    there = os.statvfs_result((4096, 4096, 10_000_000, free * 256, free * 256, 10**6, 10**6, 10**6, 0, 255))
    monkeypatch.setattr(os, "statvfs", lambda path: there)

    assert [each.level for each in storage._room(tmp_path)] == [level]


def test_what_others_can_read_is_told(doctor, var):
    (var / "secret_key").chmod(0o644)
    var.chmod(0o755)
    (var / "chatscape.sqlite3").chmod(0o644)

    said = doctor("--only", "storage")

    assert "chmod 600" in said.one("error", "secret_key can be read by others")["mend"]
    assert "chmod 600" in said.one("warning", "chatscape.sqlite3 can be read")["mend"]


def test_a_folder_of_the_network_is_known(tmp_path):
    mounts = tmp_path / "mounts"
    mounts.write_text("/dev/sda / ext4 rw 0 0\nserver:/x /srv/chat nfs4 rw 0 0\n")

    assert storage.file_system(Path("/srv/chat/var"), mounts) == "nfs4"
    assert storage.file_system(Path("/srv/chatter"), mounts) == "ext4"


# Static files


def test_static_files_that_are_not_collected_or_old(var, settings):
    settings.STATIC_ROOT = var / "static"

    assert [each.level for each in statics.look(Options())] == ["ok"]

    next((var / "static" / "css").glob("*.css")).write_text("old")
    [old] = statics.look(Options())
    assert "not those of this version, such as css/" in old.text

    shutil.rmtree(var / "static")
    [none] = statics.look(Options())
    assert (none.level, "collectstatic" in none.mend) == ("warning", True)


# Mail


class MailServer:
    """Speaks as much SMTP as a test needs; refuses what it is told to refuse."""

    def __init__(self, **answers: str) -> None:
        self.answers = {
            "EHLO": "250-here\r\n250 AUTH PLAIN LOGIN",
            "NOOP": "250 fine",
            "QUIT": "221 bye",
            **answers,
        }
        self.heard: list[str] = []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                peer, _address = self.socket.accept()
            except OSError:
                return
            with peer, peer.makefile("rwb", buffering=0) as lines:
                lines.write((self.answers.get("hello", "220 mail") + "\r\n").encode())
                in_data = False
                for line in lines:
                    words = line.decode().strip()
                    self.heard.append(words)
                    if in_data:
                        if words != ".":
                            continue
                        in_data, reply = False, "250 kept"
                    else:
                        verb = words.partition(" ")[0].upper()
                        reply = self.answers.get(verb, "250 fine")
                        in_data = verb == "DATA"
                        reply = "354 go on" if in_data else reply
                    lines.write((reply + "\r\n").encode())
                    if words.upper() == "QUIT":
                        break


@pytest.fixture
def mail(settings):
    """Use a mail server with these answers."""
    started = []

    def use(user: str = "", **answers: str) -> MailServer:
        server = MailServer(**answers)
        started.append(server)
        settings.EMAIL_URL = f"smtp://127.0.0.1:{server.port}"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = user, "hunter2" if user else ""
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        settings.DEFAULT_FROM_EMAIL = "ChatScape <chat@example.org>"
        return server

    yield use
    for server in started:
        server.socket.close()


def test_a_mail_server_that_lets_us_in_is_sent_nothing(mail):
    server = mail(user="chat", AUTH="235 welcome")

    assert errors(mails.look(Options())) == []
    assert not any(line.upper().startswith(("MAIL", "DATA")) for line in server.heard)


def test_one_mail_is_sent_when_asked_for(mail):
    server = mail()

    assert errors(mails.look(Options(mail_to="alice@example.org"))) == []
    assert any(line.upper() == "RCPT TO:<ALICE@EXAMPLE.ORG>" for line in server.heard)
    assert any("A test from ChatScape" in line for line in server.heard)


@pytest.mark.parametrize(
    ("user", "answers", "words"),
    [
        ("chat", {"AUTH": "535 no"}, "refuses user and password"),
        ("chat", {"EHLO": "250 here"}, "no login"),
        ("", {"hello": "554 go away"}, "answers 554"),
        ("", {"NOOP": "451 later"}, "answers 451"),
        ("", {"EHLO": "554 go away", "HELO": "554 go away"}, "answers 554"),
    ],
)
def test_a_mail_server_that_refuses(user, answers, words, mail):
    mail(user=user, **answers)

    [told] = errors(mails.look(Options()))

    assert words in told
    assert "hunter2" not in told


@pytest.mark.parametrize(
    ("verb", "words"),
    [("RCPT", "refuses to send to that address"), ("MAIL", "refuses mail from")],
)
def test_a_mail_that_is_refused(verb, words, mail):
    mail(**{verb: "550 no"})

    [told] = errors(mails.look(Options(mail_to="alice@example.org")))

    assert words in told


def test_a_mail_server_that_is_not_there(settings, mail):
    server = mail()
    server.socket.close()
    with socket.create_server(("127.0.0.1", 0)) as other:
        settings.EMAIL_PORT = other.getsockname()[1]

    [told] = errors(mails.look(Options()))

    assert "nothing listens there" in told


# Providers


@pytest.fixture
def provider(settings, answering):
    """Configure a provider that says this of itself."""
    from accounts.oidc.config import ProviderConfig

    def use(issuer: str = "", date: str = "", **changes: object) -> str:
        def answer(request):
            headers = {"Date": date} if date else {}
            if request.path == "/jwks":
                return 200, headers, b'{"keys": [{}]}'
            here = f"http://{request.headers['Host']}"
            found = {
                "issuer": issuer or here,
                **{f"{name}_endpoint": f"{here}/{name}" for name in ("authorization", "token")},
                "jwks_uri": f"{here}/jwks",
                **changes,
            }
            return 200, headers, json.dumps(found).encode()

        url = answering(answer)
        settings.OIDC_PROVIDERS = (ProviderConfig("sso", "Corp", url, "chat", "s"),)
        settings.PUBLIC_URL = "https://chat.example.org"
        return url

    return use


def test_a_provider_that_is_right(provider):
    provider()

    assert {each.level for each in providers.look(Options())} == {"ok"}


def test_a_provider_that_names_another_issuer(provider):
    provider(issuer="https://other.example.org")

    found = [each for each in providers.look(Options()) if each.level == "error"]

    assert "names another issuer" in found[0].text
    assert "OIDC_ISSUER must be" in found[0].mend


def test_a_provider_with_another_clock(provider):
    provider(date=format_datetime(datetime.now(UTC) - timedelta(minutes=5), usegmt=True))

    [told] = errors(providers.look(Options()))

    assert "seconds ahead of that of Corp" in told


def test_a_provider_that_is_not_there(settings, provider):
    from accounts.oidc.config import ProviderConfig

    provider()
    settings.OIDC_PROVIDERS = (ProviderConfig("corp", "Corp", f"http://{CLOSED}", "chat", "s"),)

    found = [each for each in providers.look(Options()) if each.level == "error"]

    assert "nothing listens there" in found[0].text
    assert "OIDC_CORP_ISSUER" in found[0].mend


# The clock


@pytest.mark.parametrize(
    ("off", "level"),
    [(0.0, "ok"), (1.0, "ok"), (5.0, "warning"), (-5.0, "warning"), (90.0, "error"), (-3600, "error")],
)
def test_a_clock_that_is_wrong(off, level):
    assert clocks.compared("it", 1000.0, 1000.0 + off, 1000.2 + off).level == level


def test_a_slow_answer_is_no_wrong_clock():
    assert clocks.compared("it", 1000.0, 990.0, 1010.0).level == "ok"


def test_a_clock_before_the_code_was_written(monkeypatch):
    monkeypatch.setattr(clocks, "now", lambda: 0.0)

    [told] = errors(clocks.look(Options()))

    assert "1970" in told


def test_a_wrong_clock_of_ours_is_told_by_redis(redis_server, settings, monkeypatch):
    settings.REDIS_URL = redis_server.url
    monkeypatch.setattr(clocks, "now", lambda: time.time() + 120)

    [told] = errors(between.look(Options()))

    assert "seconds ahead of that of Redis" in told


# The machine


def test_few_files_are_told(doctor):
    said = doctor("--only", "machine", before=("/bin/sh", "-c", 'ulimit -n 600 && exec "$0" "$@"'))

    assert "LimitNOFILE" in said.one("warning", "may open 600 files")["mend"]


def test_too_few_files_are_an_error(monkeypatch):
    monkeypatch.setattr(resource, "getrlimit", lambda which: (128, 128))

    assert any("may open 128 files" in told for told in errors(machine.look(Options())))


def test_old_versions_are_told(monkeypatch):
    monkeypatch.setattr(machine, "OLDEST", (3, 99))
    monkeypatch.setattr(machine, "NEWEST", (4, 0))
    monkeypatch.setattr(machine, "OLDEST_SQLITE", (99, 0, 0))

    told = errors(machine.look(Options()))

    assert any(f"Python {sys.version_info[0]}" in text for text in told)
    assert any("SQLite" in text and "too old" in text for text in told)


# The public address


def test_the_address_of_a_server_that_runs(serve, settings, monkeypatch):
    # This machine may have much to do.
    monkeypatch.setattr(wire, "SECONDS", 60.0)
    server = serve()
    settings.PUBLIC_URL = server.url

    found = list(public.look(Options()))

    # The server does not know that this is its address: its own host is.
    assert errors(iter(found)) == []
    assert any("WebSockets get through" in each.text for each in found)


def test_an_address_where_somebody_else_answers(answering, settings):
    settings.PUBLIC_URL = answering(lambda request: (200, {}, b"Welcome to nginx!"))

    [told] = errors(public.look(Options()))

    assert "Something else than ChatScape" in told


def test_an_address_where_nobody_answers(settings):
    settings.PUBLIC_URL = f"http://{CLOSED}"

    [told] = errors(public.look(Options()))

    assert "nothing listens there" in told


@pytest.mark.parametrize("status", [200, 400, 403, 404, 426])
def test_a_proxy_that_passes_no_upgrades(status, answering, settings):
    settings.PUBLIC_URL = answering(
        lambda request: (200, {}, b'{"status": "ok"}') if "health" in request.path else (status, {}, b"")
    )

    found = [each for each in public.look(Options()) if each.level == "error"]

    assert f"WebSockets do not get through (answered {status})" in found[0].text
    assert "proxy_set_header Upgrade" in found[0].mend


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((301, {"Location": "https://chat.example.org/"}, b""), "redirect to themselves"),
        ((400, {}, b""), "the name"),
    ],
)
def test_a_proxy_that_does_not_say_enough(answer, words, answering):
    [told] = errors(public._scheme(answering(lambda request: answer)))

    assert words in told


def test_a_cdn_counts_as_a_proxy(answering, settings):
    settings.PUBLIC_URL = answering(lambda request: (200, {"X-Amz-Cf-Id": "x"}, b'{"status": "ok"}'))
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1

    assert any(each.level == "warning" and "CloudFront" in each.text for each in public.look(Options()))


@pytest.mark.parametrize(("days", "level"), [(3, "error"), (14, "warning"), (60, "ok")])
def test_a_certificate_that_ends(days, level, tmp_path, monkeypatch):
    file = certificate(tmp_path, days)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    trusting = lambda: ssl.create_default_context(cafile=str(file))  # noqa: E731
    monkeypatch.setattr(ssl, "_create_default_https_context", trusting)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def greet() -> None:
            peer, _address = listener.accept()
            with context.wrap_socket(peer, server_side=True) as channel:
                channel.recv(1)

        Thread(target=greet, daemon=True).start()

        [found] = public._certificate(f"https://127.0.0.1:{listener.getsockname()[1]}")

    assert found.level == level
    assert f"{days} more days" in found.text or f"{days - 1} more days" in found.text


def test_a_certificate_nobody_trusts(tmp_path, settings):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate(tmp_path, 60))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        settings.PUBLIC_URL = f"https://127.0.0.1:{listener.getsockname()[1]}"

        def greet() -> None:
            peer, _address = listener.accept()
            with peer:
                try:
                    context.wrap_socket(peer, server_side=True)
                except OSError:
                    return

        Thread(target=greet, daemon=True).start()

        [told] = errors(public.look(Options()))

    assert "certificate is not good" in told


def certificate(folder: Path, days: int) -> Path:
    """Return a file with a key and its own certificate for this machine."""
    import ipaddress

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=days, hours=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = folder / "certificate.pem"
    file.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return file
