"""Consoles for tests: one beyond loopback, where everybody signs in, and one at this machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from seawall.console.context import ConsoleSettings
from tests.console.consoles import Console, console


@pytest.fixture
def team(tmp_path: Path) -> Iterator[Console]:
    """A console that a team reaches by name, with TLS."""
    with console(tmp_path) as made:
        yield made


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Console]:
    """A console on loopback, for whoever sits at this machine."""
    with console(tmp_path, ConsoleSettings()) as made:
        yield made
