"""The units, as `deploy/systemd/install` puts them: well-formed, and with few rights."""

import os
import re
import shutil
import subprocess

import pytest

from chatscape.testing.machine import ROOT

UNITS = sorted(
    path.name for pattern in ("*.service", "*.timer") for path in ROOT.glob(f"deploy/systemd/{pattern}")
)
SERVICES = [name for name in UNITS if name.endswith(".service")]
# Of 100, in the words of systemd-analyze: up to 20 is "OK", a service that says nothing has 96.
EXPOSURE_MOST = 15
analysed = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd-analyze")


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A folder with everything installed, and one secret."""
    if os.geteuid() != 0:
        pytest.skip("deploy/systemd/install needs to be root")
    root = tmp_path_factory.mktemp("root")
    secrets = root / "etc/chatscape/secrets"
    secrets.mkdir(parents=True)
    (secrets / "database_url").write_text("postgres://chatscape:secret@localhost/chatscape")
    env = {"PATH": os.environ["PATH"], "ROOT": str(root)}
    subprocess.run([ROOT / "deploy/systemd/install"], env=env, check=True, capture_output=True)
    return root


def analyse(root, *words):
    env = {**os.environ, "SYSTEMD_UNIT_PATH": f"{root}/etc/systemd/system:", "SYSTEMD_COLORS": "0"}
    return subprocess.run(["systemd-analyze", *words], env=env, capture_output=True, text=True, check=False)


@analysed
@pytest.mark.parametrize("unit", UNITS)
def test_a_unit_is_understood(installed, unit):
    done = analyse(installed, "verify", "--man=no", unit)
    ours = [line for line in done.stderr.splitlines() if "chatscape" in line]
    assert ours == []
    assert done.returncode == 0


@analysed
@pytest.mark.parametrize("unit", SERVICES)
def test_a_service_has_few_rights(installed, unit):
    done = analyse(installed, "security", "--offline=yes", "--no-pager", f"--threshold={EXPOSURE_MOST}", unit)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr


def test_a_secret_reaches_services_as_a_file_of_theirs(installed):
    for folder in ("chatscape.service.d", "chatscape-.service.d"):
        text = (installed / "etc/systemd/system" / folder / "secrets.conf").read_text()
        assert "LoadCredential=database_url:/etc/chatscape/secrets/database_url\n" in text
        assert "Environment=DATABASE_URL_FILE=%d/database_url\n" in text
        assert "secret@" not in text
    assert (installed / "etc/chatscape/secrets").stat().st_mode & 0o777 == 0o700
    assert (installed / "etc/chatscape/chatscape.env").stat().st_mode & 0o777 == 0o600


def test_what_somebody_has_configured_stays(installed):
    file = installed / "etc/chatscape/chatscape.env"
    file.write_text("PUBLIC_URL=https://chat.example.org\n")
    env = {"PATH": os.environ["PATH"], "ROOT": str(installed)}
    subprocess.run([ROOT / "deploy/systemd/install"], env=env, check=True, capture_output=True)
    assert file.read_text() == "PUBLIC_URL=https://chat.example.org\n"


@pytest.mark.parametrize("unit", SERVICES)
def test_a_service_calls_commands_that_are_there(unit):
    from django.core.management import get_commands

    called = re.findall(r"manage\.py (\w+)", (ROOT / "deploy/systemd" / unit).read_text())
    assert called
    assert set(called) <= set(get_commands())
