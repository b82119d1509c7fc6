"""The address people use: leads here, through a proxy that passes on what we need."""

import base64
import json
import secrets
import ssl
import time
from collections.abc import Iterator
from http import HTTPStatus
from http.client import HTTPException, HTTPSConnection
from urllib.parse import urlsplit

from allauth import app_settings
from django.conf import settings

from chatscape.doctor.examination import Options
from chatscape.doctor.findings import Finding, Findings, error, ok, warning
from chatscape.doctor.wire import SECONDS, Answer, ask, why

SOON, LATER = 7, 21
REDIRECTS = (301, 302, 303, 307, 308)


def look(options: Options) -> Findings:
    site = settings.PUBLIC_URL
    if not site:
        yield ok("PUBLIC_URL is not set: nothing to look at.")
        return
    try:
        alive = ask(f"{site}/health/live")
    except (OSError, HTTPException) as problem:
        yield error(
            f"{site} cannot be reached from here: {why(problem)}.",
            "See that the server and its proxy run, that DNS leads here, and that the certificate is good.",
        )
        return
    if not _is_ours(alive):
        yield error(
            f"Something else than ChatScape answers at {site} ({alive.status}).",
            "Let the proxy pass everything on to HOST and PORT of the server, and start it.",
        )
        return
    yield ok(f"ChatScape answers at {site}.")
    if finding := alive.clock("the proxy"):
        yield finding
    if site.startswith("https:"):
        yield from _certificate(site)
        yield from _scheme(site)
    yield from _socket(site)
    yield from _proxies(alive)


def _is_ours(answer: Answer) -> bool:
    try:
        return answer.status == HTTPStatus.OK and json.loads(answer.body).get("status") == "ok"
    except (ValueError, AttributeError):
        return False


def _certificate(site: str) -> Findings:
    parts = urlsplit(site)
    connection = HTTPSConnection(parts.hostname or "", parts.port, timeout=SECONDS)
    try:
        connection.connect()
        known = connection.sock.getpeercert() or {}
        ends = ssl.cert_time_to_seconds(str(known["notAfter"]))
    except (OSError, KeyError, ValueError):
        return
    finally:
        connection.close()
    days = int((ends - time.time()) // 86_400)
    text = f"The certificate is good for {days} more days."
    mend = "Renew it: see the proxy's log (Caddy and certbot do it by themselves)."
    if days < SOON:
        yield error(text, mend)
    elif days < LATER:
        yield warning(text, mend)
    else:
        yield ok(text)


def _scheme(site: str) -> Iterator[Finding]:
    """Whether the proxy says that people came by https: else pages redirect to themselves."""
    answer = ask(f"{site}/config.json")
    here = answer.headers.get("Location", "")
    if answer.status in REDIRECTS and here.startswith("https:"):
        yield error(
            "Pages redirect to themselves: the proxy does not say that people came by https.",
            "Let it set X-Forwarded-Proto: https (nginx: proxy_set_header X-Forwarded-Proto $scheme;),"
            " or name its own header in FORWARDED_PROTO_HEADER.",
        )
    elif answer.status == HTTPStatus.BAD_REQUEST:
        yield error(
            "The server does not know the name it is asked for (400).",
            "Let the proxy pass on Host (nginx: proxy_set_header Host $host;), or add it to ALLOWED_HOSTS.",
        )
    else:
        yield ok("The proxy says that people come by https.")


def _socket(site: str) -> Findings:
    """Whether a WebSocket gets through to us: nobody is signed in, so we refuse it ourselves."""
    key = base64.b64encode(secrets.token_bytes(16)).decode()
    headers = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": key,
        "Sec-WebSocket-Protocol": "chatscape.json",
        "Origin": site,
    }
    try:
        answer = ask(f"{site}/ws/", headers=headers)
    except (OSError, HTTPException) as problem:
        yield error(f"WebSockets do not get through: {why(problem)}.", _UPGRADE)
        return
    # Our own refusals carry this header.
    refused = answer.status in (HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS)
    ours = refused and "Content-Security-Policy" in answer.headers
    if ours or answer.status == HTTPStatus.SWITCHING_PROTOCOLS:
        yield ok("WebSockets get through.")
    elif answer.status == HTTPStatus.SERVICE_UNAVAILABLE:
        yield warning(
            "The server has no room for more sockets, or no database, at the moment.", "See its log."
        )
    else:
        yield error(f"WebSockets do not get through (answered {answer.status}).", _UPGRADE)


_UPGRADE = (
    "Let the proxy pass upgrades of /ws/ on (nginx: proxy_http_version 1.1;"
    ' proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection "upgrade";).'
    " Meanwhile pages ask every few seconds."
)


def _proxies(answer: Answer) -> Findings:
    """A CDN in front is one proxy more."""
    signs = {"X-Amz-Cf-Id": "CloudFront", "CF-RAY": "Cloudflare", "X-Served-By": "Fastly"}
    seen = next((name for header, name in signs.items() if answer.headers.get(header)), "")
    hops = app_settings.TRUSTED_PROXY_COUNT
    if seen and hops < 2:
        yield warning(
            f"{seen} is in front, and TRUSTED_PROXIES is {hops}: limits count its addresses, not people's.",
            "Set TRUSTED_PROXIES to the number of proxies, the CDN among them: usually 2.",
        )
    else:
        yield ok(f"{hops} proxies are trusted to say who asks (TRUSTED_PROXIES).")
