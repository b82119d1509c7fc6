"""Doctor beside a provider of sign-in that is not as configured."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from chatscape.doctor import providers
from chatscape.doctor.examination import Options
from chatscape.tests.doctor.conftest import CLOSED, errors


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
