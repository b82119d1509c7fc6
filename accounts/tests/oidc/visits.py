"""What a browser does on the way to a provider and back."""

from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

import requests
from django.test import Client

from accounts.oidc.config import ProviderConfig
from chatscape.testing.openid import CLIENT_ID, CLIENT_SECRET, ProviderServer

HERE = "http://testserver"


def callback_of(id: str, at: str = HERE) -> str:
    return f"{at}/accounts/oidc/{id}/login/callback/"


def config_of(server: ProviderServer, id: str = "sso", **more: Any) -> ProviderConfig:
    """Return the configuration that three variables would give."""
    known = {
        "name": "Example",
        "issuer": server.issuer,
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
    }
    return ProviderConfig(id=id, **{**known, **more})


class Visitor:
    """Somebody with a browser: one that ChatScape knows, and the same one at providers."""

    def __init__(self, **options: Any) -> None:
        self.client = Client(**options)
        self.there = requests.Session()
        self.redirects = 0

    def leave(self, id: str = "sso", **typed: str) -> str:
        """Click on the button, and return where it leads."""
        answer = self.client.post(f"/accounts/oidc/{id}/login/", typed)
        assert answer.status_code == 302, answer
        return str(answer["Location"])

    def at_provider(self, url: str, who: str = "alice", **typed: str) -> str:
        """Sign in at the provider, if it asks, and return where it leads back to."""
        for _step in range(12):
            answer = self.there.get(url, allow_redirects=False, timeout=10)
            if answer.status_code == 200:
                answer = self.there.post(url, {"login": who, **typed}, allow_redirects=False, timeout=10)
            assert answer.is_redirect, answer.text
            url = urljoin(url, answer.headers["Location"])
            if url.startswith(HERE):
                return url
        raise AssertionError("the provider leads nowhere")

    def come_back(self, url: str) -> Any:
        """Open the provider's answer, and follow where we lead."""
        self.redirects = 0
        answer = self.client.get(url.removeprefix(HERE))
        while answer.status_code in (301, 302, 303):
            self.redirects += 1
            assert self.redirects <= 2, "a loop"
            answer = self.client.get(answer["Location"])
        self.path = answer.request["PATH_INFO"]
        assert "code" not in answer.request.get("QUERY_STRING", "")
        return answer

    def sign_in(self, who: str = "alice", id: str = "sso", **typed: str) -> Any:
        return self.come_back(self.at_provider(self.leave(id, **typed), who))

    @property
    def person(self) -> str:
        """The id of who is signed in, or nothing."""
        return str(self.client.session.get("_auth_user_id", ""))


def query_of(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(url).query))
