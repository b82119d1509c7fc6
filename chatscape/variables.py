"""What the environment may hold: each variable that `chatscape.env` reads is noted here by reading it."""

from dataclasses import dataclass, replace
from typing import Literal

Kind = Literal[
    "text", "yes or no", "number", "choice", "words", "hosts", "address", "site", "URL", "format", "library"
]


@dataclass(frozen=True)
class Variable:
    """One variable: what it may hold, what it is without it, and what it is for."""

    name: str
    kind: Kind
    # As an operator would write it, or in words where it depends on something.
    default: str = ""
    # What is allowed, in words; empty where anything is.
    bounds: str = ""
    about: str = ""
    secret: bool = False
    # Of several things of a kind that have names, such as providers: it has the name in its own.
    named: bool = False
    least: int | None = None
    most: int | None = None
    choices: tuple[str, ...] = ()

    @property
    def strict(self) -> bool:
        """Whether there are values that stop the start."""
        return self.kind not in ("text", "words", "library")


# By name, in the order in which they are read.
KNOWN: dict[str, Variable] = {}


def note(variable: Variable) -> None:
    """Remember a variable. Of several places that read it the first says what it holds."""
    first = KNOWN.setdefault(variable.name, variable)
    if variable.about and not first.about:
        KNOWN[variable.name] = replace(first, about=variable.about)
