"""The tables of docs/configuration.md, made from what the code reads."""

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from importlib import import_module
from importlib.util import find_spec

from chatscape.variables import KNOWN, Variable

# What reads variables: to know them all it has to be imported.
MODULES = ("chatscape.settings", "deploy.settings")
# A name that ends in an underscore stands for all that begin with it. The first group that fits is the one.
GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "Where people reach it",
        ("PUBLIC_URL", "HOST", "PORT", "ALLOWED_HOSTS", "TRUSTED_PROXIES", "FORWARDED_", "SOCKET_URL"),
    ),
    ("Data", ("CHATSCAPE_VAR", "SECRET_KEY", "DATABASE_", "REDIS_URL", "BACKUP_")),
    ("Keeping and removing", ("KEEP_EVIDENCE_DAYS", "KEEP_AUDIT_DAYS")),
    ("Signing in", ("SIGN_UP", "LOCAL_ACCOUNTS", "CONFIRM_EMAIL", "REQUIRE_MFA_FOR_STAFF", "OIDC_")),
    ("Mail", ("EMAIL_",)),
    ("Static files and AWS", ("STATIC_", "AWS_")),
    (
        "Processes",
        (
            *("WEB_CONCURRENCY", "CONNECTS_PER_SECOND", "RESTART_SPREAD", "DRAIN_SECONDS"),
            *("KEEP_ALIVE_SECONDS", "HEARTBEAT_SECONDS", "PARKED_SOCKETS"),
        ),
    ),
    ("Limits", ("LIMITS",)),
    ("Monitoring and logs", ("METRICS_", "LOG_", "DEBUG")),
)
OTHER = "Other"
# Nobody else's variables begin like this. A stranger among them is an old or a misspelt one.
FAMILIES = ("CHATSCAPE_", "DATABASE_", "EMAIL_", "KEEP_", "LIMIT_", "METRICS_", "OIDC_", "REDIS_")
# Where the tests find their programs, and what a rehearsal tells itself.
NOT_OURS = ("CHATSCAPE_PARTS", "CHATSCAPE_PARTS_IGNORE_SYSTEM", "CHATSCAPE_REHEARSAL")
# What Kubernetes tells of services called `redis` or `database`.
_OF_A_SERVICE = re.compile(r"[A-Z0-9_]+_(SERVICE_(HOST|PORT)(_[A-Z0-9_]+)?|PORT(_[0-9]+_[A-Z_]+)?)")
# Shorter names resemble too much.
SHORTEST_TYPO = 6


def variables() -> list[Variable]:
    """Return every variable that is read, but for those with names an operator has chosen."""
    for module in MODULES:
        if find_spec(module):
            import_module(module)
    return [variable for variable in KNOWN.values() if not variable.named]


def tables(known: Iterable[Variable]) -> str:
    """Return Markdown: one table a group, without the limits of single things."""
    known = list(known)
    parts = []
    for title in [*(title for title, _names in GROUPS), OTHER]:
        rows = [each for each in known if group_of(each.name) == title and not _is_limit(each.name)]
        if rows:
            head = ["| variable | default | values | meaning |", "|---|---|---|---|"]
            parts.append("\n".join([f"### {title}", *head, *map(_row, _in_order(title, rows))]))
    return "\n\n".join(parts)


def limits(known: Iterable[Variable]) -> str:
    """Return Markdown: the limits, a person's beside an address's."""
    by_name = {each.name: each for each in known if _is_limit(each.name)}
    bases = list(dict.fromkeys(name.removesuffix("_ADDRESS") for name in by_name))
    rows = ["| person | default | address | default | what is counted |", "|---|---|---|---|---|"]
    for base in bases:
        both = by_name.get(base), by_name.get(f"{base}_ADDRESS")
        cells = [text for each in both for text in _named(each)]
        about = next(each.about for each in both if each)
        rows.append(_line(*cells, about))
    return "\n".join(rows)


BLOCKS = {"variables": tables, "limits": limits}


def page(text: str, known: Iterable[Variable]) -> str:
    """Return the page with its marked parts made anew."""
    known = list(known)
    for name, block in BLOCKS.items():
        begin, end = (
            f"<!-- {name}: made by manage.py configuration --write -->\n",
            f"\n<!-- end of {name} -->",
        )
        before, found, rest = text.partition(begin)
        _old, closed, after = rest.partition(end)
        if not (found and closed):
            raise ValueError(f"The page has no part for {name}.")
        text = f"{before}{begin}{block(known)}{end}{after}"
    return text


def group_of(name: str) -> str:
    for title, names in GROUPS:
        if any(name == each or (each.endswith("_") and name.startswith(each)) for each in names):
            return title
    return OTHER if not _is_limit(name) else "Limits"


def strangers(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that look like ours and are none, each with the one it may be meant to be."""
    plain = {name for name, variable in KNOWN.items() if variable.kind != "library"}
    found = {}
    for name in sorted(environ):
        base = name.removesuffix("_FILE")
        if name in KNOWN or base in plain or name in NOT_OURS or _OF_A_SERVICE.fullmatch(name):
            continue
        close = get_close_matches(base, plain, 1, 0.82) if len(base) >= SHORTEST_TYPO else []
        if close or name.startswith(FAMILIES):
            found[name] = close[0] if close else ""
    return found


def _is_limit(name: str) -> bool:
    return name.startswith("LIMIT_")


def _in_order(title: str, rows: list[Variable]) -> list[Variable]:
    names = dict(GROUPS).get(title, ())
    place = {name: number for number, name in enumerate(names)}

    def key(variable: Variable) -> int:
        family = next((each for each in names if each.endswith("_") and variable.name.startswith(each)), "")
        return place.get(variable.name, place.get(family, len(names)))

    return sorted(rows, key=key)


def _row(variable: Variable) -> str:
    default = variable.default
    # Words of several are no value, but for an address with its name.
    if default and variable.kind != "yes or no" and (" " not in default or variable.kind == "address"):
        default = f"`{default.strip('`')}`"
    bounds = variable.bounds or {"library": "read by boto3"}.get(variable.kind, "")
    values = ", ".join(filter(None, (bounds, "secret" if variable.secret else "")))
    return _line(f"`{variable.name}`", default or "none", values, variable.about)


def _line(*cells: str) -> str:
    return re.sub(r"\|  (?=\|)", "| ", f"| {' | '.join(cells)} |")


def _named(variable: Variable | None) -> tuple[str, str]:
    return (f"`{variable.name}`", f"`{variable.default}`") if variable else ("", "")
