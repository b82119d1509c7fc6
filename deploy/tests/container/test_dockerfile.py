"""The Dockerfile's steps, followed for real where there is no container engine (OP9)."""

import os
import re
import subprocess

import pytest

from chatscape.testing.machine import ROOT
from chatscape.testing.processes import free_port
from deploy.cloud.image import files
from deploy.tests.container.plain import DOCKERFILE, Contained, Layout, stages
from deploy.tests.container.visitor import Visitor

INSIDE = sorted(str(file.relative_to(ROOT)) for file in files(ROOT))


def works():
    """Whether this machine lets us: root, and an overlay of it."""
    probe = "t=$(mktemp -d); mount -t tmpfs none $t; mkdir $t/up $t/work $t/root; mount -t overlay -o"
    probe += " lowerdir=/,upperdir=$t/up,workdir=$t/work none $t/root"
    command = ["unshare", "--mount", "--propagation", "private", "sh", "-ec", probe]
    return os.geteuid() == 0 and subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.mark.skipif("REDIS_URL" in os.environ, reason="the same on every database: once is enough")
@pytest.mark.skipif(
    not works(), reason="needs to be root and to mount overlays; `make soak` builds the image"
)
def test_following_it_makes_something_that_serves(tmp_path):
    layout = Layout(tmp_path)
    try:
        layout.build()
        layout.seal(tmp_path / "state")
        manage = layout.said("ENTRYPOINT")
        subprocess.run(layout.command(*manage, "migrate", "--verbosity=0"), check=True)
        (tmp_path / "server").mkdir()
        with Contained(tmp_path / "server", layout, free_port()) as server:
            server.start()
            alice = Visitor(f"http://127.0.0.1:{server.port}").sign_up("Alice")
            page = alice.get("/").text
            style = re.search(r'href="(/static/css/[^"]+\.[0-9a-f]{12}\.css)"', page)
            assert style, page
            assert "immutable" in alice.get(style[1]).headers["Cache-Control"]
            assert alice.get("/sw.js").text
            server.stop()
            assert "Traceback" not in server.last_words()
        for place in ("/srv/app", "/srv/static", "/srv/venv", "/etc"):
            assert subprocess.run(layout.command("touch", f"{place}/x"), capture_output=True).returncode, (
                place
            )
        assert {path.name for path in (tmp_path / "state").iterdir()} >= {"chatscape.sqlite3", "secret_key"}
    finally:
        layout.close()


def test_only_what_runs_comes_in():
    assert "manage.py" in INSIDE
    assert "requirements.txt" in INSIDE
    assert "chatscape/settings.py" in INSIDE
    assert "deploy/alive.py" in INSIDE
    outside = r"(^|/)(tests|testing|\.[^/]+|__pycache__|var|bench|docs|terraform|compose|systemd)(/|$)"
    assert [name for name in INSIDE if re.search(outside, name)] == []


def test_what_is_installed_has_a_hash_and_needs_no_compiler():
    (line,) = re.findall(r"RUN .*\n(?:.*\\\n)*.*pip --python.*\n.*", DOCKERFILE.read_text())
    assert "--require-hashes" in line
    assert "--only-binary=:all:" in line
    assert "apt-get" not in DOCKERFILE.read_text()


def test_the_last_stage_is_nobodys():
    *_, last = stages(DOCKERFILE.read_text())
    assert dict(last.steps)["USER"] == "10001:10001"
    assert dict(last.steps)["STOPSIGNAL"] == "SIGTERM"
    assert "HEALTHCHECK" in dict(last.steps)


def test_the_version_is_the_projects():
    version = re.search(r'^version = "(.+)"', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert f"ARG VERSION={version[1]}\n" in DOCKERFILE.read_text()
