"""An interrupt reaches what the tests start, also where the tests run in the background."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
STARTED = """
import subprocess, sys
sys.path.insert(0, sys.argv[1])
{first}
child = subprocess.Popen(
    [sys.executable, "-c", "import os, signal; os.kill(os.getpid(), signal.SIGINT)"], stderr=subprocess.DEVNULL
)
sys.exit(child.wait() != 0)
"""


@pytest.mark.parametrize(
    ("first", "is_heard"),
    [("", False), ("from tests.interrupts import hear_interrupts; hear_interrupts()", True)],
)
def test_a_background_shell_does_not_make_programs_deaf(first: str, is_heard: bool) -> None:
    command = [sys.executable, "-c", STARTED.format(first=first), str(ROOT)]
    ignoring = lambda: signal.signal(signal.SIGINT, signal.SIG_IGN)  # noqa: E731
    done = subprocess.run(command, preexec_fn=ignoring, check=False, timeout=60)
    assert done.returncode == int(is_heard)


def test_tests_hear_interrupts() -> None:
    assert signal.getsignal(signal.SIGINT) is not signal.SIG_IGN
