"""What is expensive and only read is made once in a test run, whatever number of processes the run has."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def alone(place: Path) -> Iterator[None]:
    """One process at a time."""
    with place.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def make_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """Return a folder that `make` has filled; the first process to come calls it, the others wait for that one.

    Nobody may change what is in it: whoever wants to takes a copy.
    """
    base = factory.getbasetemp()
    is_split = os.environ.get("PYTEST_XDIST_WORKER") is not None
    place = (base.parent if is_split else base) / f"once-{name}"
    done = place.with_suffix(".done")
    with alone(place):
        if not done.exists():
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir()
            make(place)
            done.touch()
    return place
