"""Measure ChatScape beside the least a server can do, and write docs/benchmarks.md: `make bench`."""

import argparse
import sys
from pathlib import Path

from bench import machine, pages, report, sockets

REPORT = Path(__file__).resolve().parent.parent / "docs" / "benchmarks.md"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--only", choices=("sockets", "pages"), help="print this part, and write nothing")
    chosen = parser.parse_args().only
    machine.open_all_files()
    sockets_found = sockets.measure() if chosen != "pages" else sockets.Sockets()
    pages_found = pages.measure() if chosen != "sockets" else pages.Pages()
    text = report.written(sockets_found, pages_found)
    sys.stdout.write(f"\n{text}")
    if chosen is None:
        REPORT.write_text(text)


if __name__ == "__main__":
    main()
