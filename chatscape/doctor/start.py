"""Get Django going, whatever is wrong with the configuration."""

import atexit
import os
import re
import secrets
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import django
from django.core.exceptions import ImproperlyConfigured

from chatscape.doctor.findings import Finding, Veil, error, secrets_here

# More of them are not looked for in one go.
MOST = 30
_NAMED = re.compile(r"([A-Z][A-Z0-9_]+): ")


@dataclass
class Start:
    """How far one got."""

    findings: list[Finding] = field(default_factory=list)
    # Variables with a bad value: what depends on them is not looked at.
    broken: set[str] = field(default_factory=set)
    # Whether there are settings at all.
    ready: bool = True
    veil: Veil = field(default_factory=lambda: Veil(()))


def start(setup: Callable[[], None] = django.setup) -> Start:
    """Set Django up, without the variables that keep it from that. Each of them is a finding."""
    found = Start()
    # Noted before anything is taken away. What is read first is known last.
    hidden: set[str] = set()
    for _try in range(MOST):
        try:
            setup()
        except ImproperlyConfigured as problem:
            hidden.update(secrets_here())
            if not _without(str(problem), found):
                found.findings.append(error(str(problem), "Mend this first; see docs/configuration.md."))
                found.ready = False
                break
        except Exception as problem:
            found.findings.append(
                error(
                    f"ChatScape cannot start: {type(problem).__name__}: {problem}",
                    "Install what requirements.txt names (make install), in a whole copy of the code.",
                )
            )
            found.ready = False
            break
        else:
            break
    hidden.update(secrets_here(_kept_key() if found.ready else ()))
    found.veil = Veil(hidden)
    return found


def _kept_key() -> list[Path]:
    from django.conf import settings

    return [settings.VAR_DIR / "secret_key"]


def _without(problem: str, found: Start) -> bool:
    """Note a variable's problem and take the variable away; False when there is none to take."""
    named = _NAMED.match(problem)
    if named is None or (name := named[1]) in found.broken:
        return False
    given = [each for each in (name, f"{name}_FILE") if os.environ.pop(each, None)]
    if name.startswith("OIDC_"):
        # A provider makes no sense in parts, and without one its people need another way in.
        for each in [each for each in os.environ if each.startswith(("OIDC_", "LOCAL_ACCOUNTS"))]:
            del os.environ[each]
    found.broken.add(name)
    mend = f"Give {given[0]} another value, or none" if given else f"Set {name}"
    found.findings.append(error(problem, f"{mend}; see docs/configuration.md."))
    # Without these two files would be made where none are wanted.
    if name == "CHATSCAPE_VAR":
        os.environ["CHATSCAPE_VAR"] = folder = tempfile.mkdtemp(prefix="chatscape-doctor-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
    elif name == "SECRET_KEY":
        os.environ["SECRET_KEY"] = secrets.token_urlsafe(64)
    return True
