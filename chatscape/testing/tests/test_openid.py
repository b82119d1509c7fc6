"""The provider for tests is locked, says when it is missing, and has two shapes."""

import json
import urllib.request

import pytest

from chatscape.testing import newer_postgres, npm, openid
from chatscape.testing.machine import Missing


@pytest.mark.parametrize("sources", [openid.SOURCES, newer_postgres.SOURCES])
def test_what_npm_fetches_is_known_to_the_byte_and_from_nowhere_in_particular(sources):
    lock = json.loads((sources / npm.LOCK).read_text())
    packages = [package for name, package in lock["packages"].items() if name]

    assert packages
    assert all(package["integrity"].startswith("sha512-") for package in packages)
    assert "://" not in json.dumps(lock)


def test_a_provider_that_is_not_there_says_how_to_get_it(monkeypatch, tmp_path):
    monkeypatch.setenv("CHATSCAPE_PARTS", str(tmp_path))

    assert not openid.is_installed()
    with pytest.raises(Missing, match="make parts"):
        openid.ProviderServer(callbacks=[])


@pytest.mark.parametrize(("shape", "ends"), [("standard", True), ("cognito", False)])
def test_a_provider_in_each_shape(shape, ends):
    with openid.ProviderServer(shape, callbacks=["http://127.0.0.1:1/callback"]).start() as server:
        address = f"{server.issuer}/.well-known/openid-configuration"
        with urllib.request.urlopen(address, timeout=5) as answer:  # noqa: S310
            found = json.load(answer)

        assert found["issuer"] == server.issuer
        assert ("end_session_endpoint" in found) is ends
        server.twist(discovery={"set": {"issuer": "https://evil.example"}})
        with urllib.request.urlopen(address, timeout=5) as answer:  # noqa: S310
            assert json.load(answer)["issuer"] == "https://evil.example"
