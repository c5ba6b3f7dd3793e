"""Another day on the clock: what it takes to run a program there (Debian's libfaketime), and to open a page there."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext

LIBRARY: Final = next(iter(sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))), None)
"""None where Debian's package `libfaketime` is not installed."""

_VARIABLES: Final = frozenset(
    {"LD_PRELOAD", "FAKETIME", "FAKETIME_DONT_FAKE_MONOTONIC", "FAKETIME_FORCE_MONOTONIC_FIX"}
)
_SHIFTED_PAGE: Final = """(() => {
  const Real = Date;
  const shift = SHIFT;
  globalThis.Date = class Date extends Real {
    constructor(...parts) { parts.length ? super(...parts) : super(Real.now() + shift); }
    static now() { return Real.now() + shift; }
  };
})();"""


def environment_at(moment: datetime) -> dict[str, str]:
    """Return the environment in which a program, and whatever it starts, believes that it is `moment` now.

    Time goes on from there at its own speed; clocks that measure durations stay as they are.
    """
    shift = round((moment - datetime.now(UTC)).total_seconds())
    return {
        **os.environ,
        "LD_PRELOAD": str(LIBRARY),
        "FAKETIME": f"{shift:+d}",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "FAKETIME_FORCE_MONOTONIC_FIX": "0",  # else waits on that clock end at once, and threads spin for the interpreter
    }


def environment_of_browser() -> dict[str, str | float | bool]:
    """Return the environment without the shift: Chromium stands still under libfaketime."""
    return {name: value for name, value in os.environ.items() if name not in _VARIABLES}


def shift_seconds(environment: Mapping[str, str] = os.environ) -> int:
    """Return by how many seconds the clock of this process is ahead; 0 where it is right."""
    shift = re.fullmatch(r"([+-]\d+)", environment.get("FAKETIME", ""))
    return int(shift[1]) if shift else 0


def shift_pages(context: BrowserContext) -> None:
    """Give the pages of a browser the clock of this process."""
    if shift := shift_seconds():
        context.add_init_script(_SHIFTED_PAGE.replace("SHIFT", str(shift * 1000)))
