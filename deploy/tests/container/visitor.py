"""Somebody with a browser that runs no scripts: signs up, invites, writes, reads, over plain HTTP."""

import html
import re
import uuid
from typing import Self
from urllib.parse import urljoin, urlsplit

import requests

PASSWORD = "correct horse battery"


class Visitor:
    """One person's browser; `url` is where they think the server is."""

    def __init__(self, url: str, verify: str | bool = True) -> None:
        self.url = url
        self.web = requests.Session()
        # The machine's proxy and certificates are none of a test's business.
        self.web.trust_env = False
        self.web.verify = verify

    def get(self, path: str) -> requests.Response:
        answer = self.web.get(urljoin(self.url, path), timeout=30)
        assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text[:500]}"
        return answer

    def submit(self, path: str, **fields: str) -> requests.Response:
        """Open a page with a form, fill it in, send it, and follow where that leads."""
        page = self.get(path)
        fields["csrfmiddlewaretoken"] = hidden(page.text, "csrfmiddlewaretoken")
        answer = self.web.post(page.url, fields, headers={"Referer": page.url}, timeout=30)
        assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text[:2000]}"
        assert answer.url != page.url, f"{path}: {visible(answer.text)[:2000]}"
        return answer

    def sign_up(self, name: str, invitation: str = "") -> Self:
        """Make an account, after opening the link of an invitation if there is one."""
        if invitation:
            self.get(invitation)
        self.submit("/accounts/signup/", email=f"{name.lower()}@example.org", name=name, password1=PASSWORD)
        return self

    def sign_in(self, name: str) -> Self:
        self.submit("/accounts/login/", login=f"{name.lower()}@example.org", password=PASSWORD)
        return self

    def invite(self, name: str, greeting: str) -> str:
        """Add somebody who is not here yet, and return the path of the link for them."""
        page = self.submit(
            "/contacts/new/", name=name, email=f"{name.lower()}@example.org", greeting=greeting
        )
        link = re.search(r"https?://[^\s<\"]+/join/[\w-]+/", page.text)
        assert link, visible(page.text)[:2000]
        return urlsplit(link[0]).path

    def accept(self) -> None:
        """Accept the one who wants to be a contact."""
        page = self.get("/contacts/")
        action = re.search(r'action="(/contacts/[0-9a-f-]{36}/accept/)"', page.text)
        assert action, visible(page.text)[:2000]
        fields = {"csrfmiddlewaretoken": hidden(page.text, "csrfmiddlewaretoken")}
        address, headers = urljoin(self.url, action[1]), {"Referer": page.url}
        assert self.web.post(address, fields, headers=headers, timeout=30).status_code == 200

    def rooms(self) -> list[str]:
        """The paths of their conversations."""
        found = re.findall(r'href="(/rooms/[0-9a-f-]{36}/)', self.get("/rooms/").text)
        return list(dict.fromkeys(found))

    def post(self, room: str, body: str) -> requests.Response:
        page = self.get(room)
        fields = {
            "csrfmiddlewaretoken": hidden(page.text, "csrfmiddlewaretoken"),
            "client_id": str(uuid.uuid4()),
            "body": body,
        }
        headers = {"Referer": page.url, "Accept": "application/json"}
        return self.web.post(urljoin(self.url, f"{room}messages/"), fields, headers=headers, timeout=30)

    def cookies(self) -> str:
        """What they send with every request, for a socket of theirs."""
        return "; ".join(f"{cookie.name}={cookie.value}" for cookie in self.web.cookies)


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]+)"', page)
    assert found, f"no {name} in: {visible(page)[:1000]}"
    return html.unescape(found[1])


def visible(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())
