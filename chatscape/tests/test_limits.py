"""How many connections a process may hold is said, and is as many as the machine allows."""

import subprocess
import sys

import pytest

from chatscape.limits import Capacity
from chatscape.testing.machine import ROOT

RAISE = """
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, ({soft}, {hard}))
from chatscape.limits import raise_file_limit
capacity = raise_file_limit()
print(capacity.connections, capacity.low, *resource.getrlimit(resource.RLIMIT_NOFILE))
"""


@pytest.mark.parametrize(
    ("hard", "connections", "low"), [(2000, 1900, False), (1000, 900, True), (60, 30, True)]
)
def test_as_many_files_as_the_machine_allows(hard, connections, low):
    done = subprocess.run(
        [sys.executable, "-c", RAISE.format(soft=50, hard=hard)], cwd=ROOT, capture_output=True, text=True
    )
    assert done.stdout.split() == [str(connections), str(low), str(hard), str(hard)], done.stderr


def test_it_is_said_in_one_line_how_to_have_more():
    assert str(Capacity(19900)) == (
        "Up to 19,900 connections a process. For more raise the limit of open files "
        "(ulimit -Hn, LimitNOFILE=) or add workers."
    )
