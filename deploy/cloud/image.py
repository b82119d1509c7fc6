"""The image: named after what is in it, built once, pushed to the environment's registry."""

import base64
import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from deploy.cloud.programs import run

DOCKERFILE = Path("deploy/container/Dockerfile")
IGNORED = Path("deploy/container/Dockerfile.dockerignore")
_BUILDERS = ("buildah", "podman")


def tag(root: Path) -> str:
    """Return a name for what would be built: the same files give the same, whoever asks.

    So an image that is there needs no second build, a change of the documentation alone replaces nothing,
    and checking out an older commit finds the older image.
    """
    total = hashlib.sha256()
    for file in files(root):
        content = file.read_bytes()
        total.update(f"{file.relative_to(root).as_posix()}\0{len(content)}\0".encode())
        total.update(content)
    return total.hexdigest()[:20]


def builder() -> str | None:
    """Return the program that can build here: docker when its daemon and buildx answer, buildah or podman."""
    if shutil.which("docker") and all(
        _works("docker", *words) for words in (("buildx", "version"), ("info",))
    ):
        return "docker"
    return next((name for name in _BUILDERS if shutil.which(name)), None)


def is_pushed(ecr: Any, repository: str, image_tag: str) -> bool:
    try:
        ecr.describe_images(repositoryName=_name(repository), imageIds=[{"imageTag": image_tag}])
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") == "ImageNotFoundException":
            return False
        raise
    return True


def build_and_push(
    ecr: Any, repository: str, image_tag: str, *, program: str, platform: str, root: Path
) -> None:
    """Build for the platform the service runs on and push; the registry's password goes by a pipe."""
    token = ecr.get_authorization_token()["authorizationData"][0]["authorizationToken"]
    user, _, password = base64.b64decode(token).decode().partition(":")
    registry = repository.partition("/")[0]
    _run(root, program, "login", "--username", user, "--password-stdin", registry, text=password)
    target = f"{repository}:{image_tag}"
    common = ["--platform", platform, "--file", str(DOCKERFILE), "--build-arg", f"REVISION={image_tag}"]
    if program == "docker":
        # One manifest a tag: what ECS pulls and what the registry scans.
        _run(root, "docker", "buildx", "build", *common, "--provenance=false", "--tag", target, "--push", ".")
    else:
        _run(
            root,
            program,
            "build",
            *common,
            "--ignorefile",
            str(IGNORED),
            "--format",
            "docker",
            "--tag",
            target,
            ".",
        )
        _run(root, program, "push", target)


def _name(repository: str) -> str:
    return repository.partition("/")[2]


def files(root: Path) -> Iterator[Path]:
    """Yield what the builder is given, in order: the Dockerfile, and all that its ignore file lets in."""
    yield from (root / DOCKERFILE, root / IGNORED)
    rules = [_rule(line) for line in (root / IGNORED).read_text().splitlines() if line[:1] not in ("", "#")]
    # A folder that is left out may hold something that is not.
    inside = {text for text, kept, _pattern in rules if kept}

    def is_kept(path: str) -> bool:
        return next((kept for _text, kept, pattern in reversed(rules) if pattern.fullmatch(path)), True)

    for folder, folders, names in os.walk(root):
        here = Path(folder).relative_to(root)
        folders[:] = sorted(
            name
            for name in folders
            if is_kept(path := (here / name).as_posix())
            or any(text.startswith(f"{path}/") for text in inside)
        )
        yield from (root / here / name for name in sorted(names) if is_kept((here / name).as_posix()))


def _rule(line: str) -> tuple[str, bool, re.Pattern[str]]:
    """Read a line of an ignore file: the path it names, whether that stays, and what it matches."""
    kept, text = line.startswith("!"), line.lstrip("!").strip("/")
    wild = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    pattern = "".join(wild.get(part, re.escape(part)) for part in re.split(r"(\*\*/|\*\*|\*|\?)", text))
    return text, kept, re.compile(f"{pattern}(?:/.*)?")


def _works(*command: str) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _run(root: Path, *command: str, text: str | None = None) -> None:
    run(command, folder=root, environ=os.environ, text=text)
