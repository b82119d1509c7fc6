"""Doctor beside mail servers that refuse something, or are not there."""

import socket
from threading import Thread

import pytest

from chatscape.doctor import mails
from chatscape.doctor.examination import Options
from chatscape.tests.doctor.conftest import errors


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
