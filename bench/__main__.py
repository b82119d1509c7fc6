"""Measure ChatScape beside the least a server can do, and write docs/benchmarks.md: `make bench`."""

import argparse
import signal
import sys
from pathlib import Path

from bench import headline, machine, pages, report, sockets

REPORT = Path(__file__).resolve().parent.parent / "docs" / "benchmarks.md"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "--only",
        choices=("sockets", "pages", "headline"),
        help="measure this part: sockets and pages are printed only, the headline is written too",
    )
    parser.add_argument("--sockets", type=int, default=8_000, help="of the headline, in all")
    parser.add_argument("--processes", type=int, default=4, help="of the headline: how many serve")
    chosen = parser.parse_args()
    machine.open_all_files()
    # Ended politely, it leaves no server behind.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(1))
    old, _heading, kept = REPORT.read_text().partition(headline.HEADING)
    if chosen.only == "headline":
        text = headline.measure(chosen.sockets, chosen.processes).text
        write(old, text)
    else:
        text = report.written(
            sockets.measure() if chosen.only != "pages" else sockets.Sockets(),
            pages.measure() if chosen.only != "sockets" else pages.Pages(),
        )
        if chosen.only is None:
            write(text, headline.HEADING + kept if kept else "")
    sys.stdout.write(f"\n{text}")


def write(figures: str, headline: str) -> None:
    """Write the report; its last part, the headline, has a run of its own."""
    REPORT.write_text("\n\n".join(part.rstrip() for part in (figures, headline) if part) + "\n")


if __name__ == "__main__":
    main()
