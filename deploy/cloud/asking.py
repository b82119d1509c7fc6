"""Ask a person before something is done."""

import sys

from deploy.cloud.problems import Problem


def confirmed(question: str, word: str) -> bool:
    """Return whether the person types the word; without a person it is a `Problem`."""
    if not sys.stdin.isatty():
        raise Problem("Nobody is there to confirm it: run it in a terminal, or add YES=1.")
    return input(f"{question} Type {word!r} to go on: ").strip() == word
