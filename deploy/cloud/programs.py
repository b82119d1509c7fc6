"""Call other programs: what they say is seen, what they miss is told."""

import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.cloud.problems import Problem


@dataclass(frozen=True)
class Result:
    """How a program ended; `output` only when it was asked for."""

    code: int
    output: str
    errors: str


def run(
    command: Sequence[str | Path],
    *,
    folder: Path,
    environ: Mapping[str, str],
    text: str | None = None,
    captured: bool = False,
    accepted: Sequence[int] = (0,),
) -> Result:
    """Run to the end; raise `Problem` unless it ends with one of the accepted codes.

    The standard output goes to the terminal, or is returned when `captured`. Errors are shown as they come
    and returned too. `text` is typed into it, so that secrets are in no list of processes. When a person
    presses Ctrl-C the program gets it as well and may tidy up.
    """
    words = [str(word) for word in command]
    sys.stdout.flush()
    try:
        process = subprocess.Popen(
            words,
            cwd=folder,
            env=dict(environ),
            stdin=subprocess.DEVNULL if text is None else subprocess.PIPE,
            stdout=subprocess.PIPE if captured else None,
            stderr=subprocess.PIPE,
            text=True,
        )
    except OSError as error:
        raise Problem(f"{words[0]} cannot be started: {error.strerror}.") from error
    # Leaving waits for its end, after Ctrl-C too.
    with process:
        output, errors = _listen(process, text, captured)
    if process.returncode not in accepted:
        raise Failed(words, process.returncode, errors)
    return Result(process.returncode, output, errors)


class Failed(Problem):
    """A program ended badly. `errors` is what it said."""

    def __init__(self, words: Sequence[str], code: int, errors: str) -> None:
        super().__init__(f"`{shlex.join(words[:2])}` failed with exit code {code}; what it said is above.")
        self.errors = errors


def _listen(process: subprocess.Popen[str], text: str | None, captured: bool) -> tuple[str, str]:
    """Return what it wrote. Output that is read is short enough for a pipe to be read after the errors."""
    if captured or text is not None:
        output, errors = process.communicate(text)
        sys.stderr.write(errors)
        return output or "", errors
    lines = []
    for line in process.stderr or ():
        sys.stderr.write(line)
        lines.append(line)
    return "", "".join(lines)
