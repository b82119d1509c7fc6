"""The environment tests run in: nothing of the developer's, and no way out of this machine."""

import ipaddress
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

# What says how ChatScape runs. Tests say it themselves.
CONFIGURATION = (
    "ALLOWED_HOSTS",
    "CHATSCAPE_VAR",
    "CONFIRM_EMAIL",
    "CONNECTS_PER_SECOND",
    "DATABASE_URL",
    "DEBUG",
    "DRAIN_SECONDS",
    "FORWARDED_PROTO_HEADER",
    "HEARTBEAT_SECONDS",
    "HOST",
    "KEEP_ALIVE_SECONDS",
    "KEEP_AUDIT_DAYS",
    "KEEP_EVIDENCE_DAYS",
    "LIMITS",
    "LOCAL_ACCOUNTS",
    "LOG_FORMAT",
    "LOG_LEVEL",
    "LOG_REQUESTS",
    "PORT",
    "PUBLIC_URL",
    "REDIS_URL",
    "REQUIRE_MFA_FOR_STAFF",
    "RESTART_SPREAD",
    "SECRET_KEY",
    "SIGN_UP",
    "SOCKET_URL",
    "STATIC_ROOT",
    "STATIC_URL",
    "TRUSTED_PROXIES",
    "WEB_CONCURRENCY",
)
FAMILIES = (
    *(
        "AWS_",
        "BACKUP_",
        "CHATSCAPE_",
        "DATABASE_",
        "DJANGO_",
        "EMAIL_",
        "LIMIT_",
        "METRICS_",
        "OIDC_",
        "PARKED_",
    ),
    "VAPID_",
)
# Where the machine's programs are is no configuration of ChatScape's.
KEPT = ("CHATSCAPE_PARTS", "CHATSCAPE_PARTS_IGNORE_SYSTEM")


def is_configuration(name: str) -> bool:
    plain = name.removesuffix("_FILE")
    return name not in KEPT and (plain in CONFIGURATION or plain.startswith(FAMILIES))


def clean(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment without anything that configures ChatScape."""
    return {name: value for name, value in environ.items() if not is_configuration(name)}


def prepare(folder: Path) -> None:
    """Make this process one that keeps its state in `folder` and uses the given servers only.

    `DATABASE_URL` and `REDIS_URL` stay, but only when they name this machine: tests delete things.
    """
    servers = {name: os.environ[name] for name in ("DATABASE_URL", "REDIS_URL") if os.environ.get(name)}
    for name, value in servers.items():
        if not is_loopback(urlsplit(value).hostname or ""):
            raise RuntimeError(f"{name}: tests use servers on this machine only")
    for name in [name for name in os.environ if is_configuration(name)]:
        del os.environ[name]
    # One address is all of a test's people, and they are quick.
    os.environ.update(
        servers, CHATSCAPE_VAR=str(folder), LIMITS="off", DJANGO_SETTINGS_MODULE="chatscape.settings"
    )


def is_loopback(host: str) -> bool:
    """Say whether a host is this machine. A name is not looked up."""
    try:
        return ipaddress.ip_address(host.strip("[]").partition("%")[0]).is_loopback
    except ValueError:
        return host in ("", "localhost")


def own_cache(worker: str) -> None:
    """Give a process of tests a database of Redis of its own for its cache: the others empty theirs."""
    from django.conf import settings

    cache = settings.CACHES["default"]
    location = cache.get("LOCATION")
    if isinstance(location, str) and location.startswith("redis://"):
        own = f"/{int(worker.removeprefix('gw')) % 15 + 1}"
        cache["LOCATION"] = urlsplit(location)._replace(path=own).geturl()


def empty_what_only_grows() -> None:
    """Let tests with real transactions start from an empty audit log, which refuses to be emptied."""
    from django.core.management import sql
    from django.core.management.commands import flush

    from chat import append_only

    plain, table = sql.sql_flush, "chat_auditentry"

    def sql_flush(style: Any, connection: Any, *args: Any, **kwargs: Any) -> list[str]:
        emptying = plain(style, connection, *args, **kwargs)
        around = (
            append_only.undoing(connection.vendor, table),
            append_only.statements(connection.vendor, table),
        )
        return [*around[0], *emptying, *around[1]]

    setattr(flush, "sql_flush", sql_flush)  # noqa: B010 - a name it has imported


class NetworkForbidden(AssertionError):
    """A test tried to reach another machine."""


def forbid_network() -> None:
    """Refuse every connection and look-up that leaves this machine, for the rest of the process."""
    sys.addaudithook(_watch)


def _watch(event: str, arguments: tuple[object, ...]) -> None:
    if event in ("socket.connect", "socket.sendto"):
        address = arguments[1]
        host = address[0] if isinstance(address, tuple) else ""
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        host = arguments[0]
    else:
        return
    if isinstance(host, bytes):
        host = host.decode(errors="replace")
    # Binding to every address of this machine is asked of the resolver too.
    if host not in (None, "0.0.0.0", "::") and not is_loopback(str(host)):  # noqa: S104
        raise NetworkForbidden(f"Tests stay on this machine: {host}")
