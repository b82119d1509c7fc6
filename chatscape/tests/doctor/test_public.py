"""Doctor at the public address: who answers there, what proxies in front leave out, certificates."""

import socket
import ssl
from contextlib import suppress
from threading import Thread

import pytest

from chatscape.doctor import public, wire
from chatscape.doctor.examination import Options
from chatscape.testing.certificates import self_signed
from chatscape.tests.doctor.conftest import CLOSED, errors


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
    file = self_signed(tmp_path, days=days)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    trusting = lambda: ssl.create_default_context(cafile=str(file))  # noqa: E731
    monkeypatch.setattr(ssl, "_create_default_https_context", trusting)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def greet() -> None:
            peer, _address = listener.accept()
            # Whoever has seen the certificate leaves as they like.
            with suppress(OSError), context.wrap_socket(peer, server_side=True) as channel:
                channel.recv(1)

        Thread(target=greet, daemon=True).start()

        [found] = public._certificate(f"https://127.0.0.1:{listener.getsockname()[1]}")

    assert found.level == level
    assert f"{days} more days" in found.text or f"{days - 1} more days" in found.text


def test_a_certificate_nobody_trusts(tmp_path, settings):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(self_signed(tmp_path, days=60))
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
