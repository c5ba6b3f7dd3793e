"""The tests hold on other days than today: those that read the clock run once more under Debian's libfaketime."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import pytest

from tests.shifted_clock import LIBRARY, environment_at

ROOT = Path(__file__).parents[1]
MOMENTS: Final = [
    datetime(2026, 11, 28, 10, tzinfo=UTC),
    datetime(2027, 12, 31, 23, 59, 30, tzinfo=UTC),
    datetime(2028, 2, 29, 12, tzinfo=UTC),
    *(
        datetime(2026, 12, 3, 0, 0, 5, tzinfo=UTC) + number * timedelta(days=17, hours=7)
        for number in range(40)
    ),
]
"""Every weekday and month, a leap day, the last seconds of a year; the first three also in `make test`."""

COMMANDS: Final = ("tests/cli/test_token_revoke.py", "tests/docs/test_tokens_page.py")
QUICK: Final = ("tests/console/browser/pages/test_search_page.py", *COMMANDS)
"""A watch, a server and a browser too: most of the time."""

READ_THE_CLOCK: Final = (
    *QUICK,
    "tests/cli/test_respond.py",
    "tests/cli/test_store.py",
    "tests/cli/test_token_check.py",
    "tests/cli/test_user.py",
    "tests/collection/test_command.py",
    "tests/console/browser/doors",
    "tests/console/browser/pages",
    "tests/console/browser/test_queue.py",
    "tests/tokens/jose",
    "tests/console/test_serving.py",
    "tests/gate/step_up",
    "tests/gate/test_gate.py",
    "tests/gate/test_revoking.py",
    "tests/gate/test_sender_at_the_gate.py",
)

pytestmark = pytest.mark.skipif(LIBRARY is None, reason="no libfaketime here: no other day was tried")


def environment(moment: datetime) -> dict[str, str]:
    """A shifted clock, and nothing that says to a test that it is one of several processes."""
    shifted = environment_at(moment)
    return {name: value for name, value in shifted.items() if not name.startswith("PYTEST_")}


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a short name: some tests put sockets into it, whose paths have 108 bytes at most."""
    with TemporaryDirectory(prefix="day-", ignore_cleanup_errors=True) as name:
        yield Path(name) / "t"


def pass_at(moment: datetime, tests: tuple[str, ...], folder: Path) -> None:
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--basetemp", str(folder)]
    process = subprocess.Popen(
        [*command, "--timeout", "0", *tests],
        cwd=ROOT,
        env=environment(moment),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        said, _ = process.communicate()
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # whoever is left of those that the tests started
    assert process.returncode == 0, f"{moment:%A %d %B %Y %H:%M}\n{said[-6000:]}"


@pytest.mark.parametrize(
    "moment", [*MOMENTS[:3], *(pytest.param(one, marks=pytest.mark.soak) for one in MOMENTS[3:])], ids=str
)
def test_a_program_and_what_it_starts_live_on_the_other_day(moment: datetime) -> None:
    now = "import datetime; print(datetime.datetime.now(datetime.UTC).isoformat())"
    inner = f"import subprocess, sys; subprocess.run([sys.executable, '-c', '''{now}'''])"
    done = subprocess.run(
        [sys.executable, "-c", inner], env=environment(moment), capture_output=True, text=True, check=True
    )
    assert timedelta(seconds=-2) < datetime.fromisoformat(done.stdout.strip()) - moment < timedelta(minutes=5)


@pytest.mark.slow
@pytest.mark.parametrize("moment", MOMENTS[:3], ids=str)
def test_commands_pass_on_three_other_days(moment: datetime, folder: Path) -> None:
    """`make soak` opens the pages of the console on these days too."""
    pass_at(moment, COMMANDS, folder)


@pytest.mark.soak
@pytest.mark.parametrize("moment", MOMENTS[:3], ids=str)
def test_pages_pass_on_three_other_days(moment: datetime, folder: Path) -> None:
    pass_at(moment, QUICK, folder)


@pytest.mark.soak
@pytest.mark.parametrize("moment", MOMENTS[3:], ids=str)
def test_what_once_failed_passes_on_forty_other_days(moment: datetime, folder: Path) -> None:
    """Half a minute each: the tests that failed on the day after they were written, and their like."""
    pass_at(moment, QUICK, folder)


@pytest.mark.soak
@pytest.mark.parametrize("moment", [*MOMENTS[:3], *MOMENTS[3::8]], ids=str)
def test_what_reads_the_clock_passes_on_some_other_days(moment: datetime, folder: Path) -> None:
    """Four minutes each, browsers and servers included."""
    pass_at(moment, READ_THE_CLOCK, folder)
