"""Fetch the pinned scripts again. Run it after changing a version below: `make vendor`."""

import hashlib
import io
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
CHECKSUMS = HERE / "CHECKSUMS"
PACKAGE = "htmx.org@4.0.1"
# Where each file of ours lies in the package.
FILES = {
    "htmx-4.0.1.min.js": "package/dist/htmx.min.js",
    "htmx-LICENSE.txt": "package/LICENSE",
}


def fetch() -> dict[str, bytes]:
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            ["npm", "pack", "--silent", "--pack-destination", folder, PACKAGE],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        archive = next(Path(folder).glob("*.tgz")).read_bytes()
    with tarfile.open(fileobj=io.BytesIO(archive)) as package:
        members = {name: package.extractfile(path) for name, path in FILES.items()}
        return {name: member.read() for name, member in members.items() if member}


def main() -> None:
    if not shutil.which("npm"):
        sys.exit("This needs npm.")
    known = dict(reversed(line.split()) for line in CHECKSUMS.read_text().splitlines())
    files = fetch()
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    # A published version never changes: other content under a known name is not ours.
    for name, checksum in sums.items():
        if known.get(name, checksum) != checksum:
            sys.exit(f"{name} is not what it was. Nothing was changed.")
    for name, content in files.items():
        (HERE / name).write_bytes(content)
    CHECKSUMS.write_text("".join(f"{checksum}  {name}\n" for name, checksum in sorted(sums.items())))
    for name in known.keys() - sums.keys():
        (HERE / name).unlink(missing_ok=True)


if __name__ == "__main__":
    main()
