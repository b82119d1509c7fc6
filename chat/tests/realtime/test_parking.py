"""Taking a connection from Daphne leaves nothing behind."""

import json
import subprocess
import sys

from chatscape.testing.machine import ROOT


def test_daphne_lets_go_of_a_connection_without_a_trace():
    """Tells when Daphne, Autobahn or Twisted have changed what `chatscape.parking` reaches into."""
    done = subprocess.run(
        [sys.executable, "-m", "chat.tests.realtime.handing_over"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == {
        "received": "early",
        "alive": [],
        "connections": 0,
        "readers": 0,
        "count": 0,
        "heard": "parked",
        "stays open": True,
        "fallback": "unparked",
    }
