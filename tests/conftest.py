"""What every test may rely on, alone or in one of several processes."""

from __future__ import annotations

import functools
import gc
import logging
import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from seawall.events.failures import LOGGER, forget_places
from seawall.events.networks import networks
from seawall.events.networks.builtin_table import load_table
from tests.compiling import compiling_in_turn
from tests.interrupts import hear_interrupts
from tests.migrating import migrations_said_again
from tests.once import make_once
from tests.temporary import room_in_memory
from tests.thoroughness import ORDINARY, register_profiles

pytest_plugins = ["tests.browsing", "tests.demo"]

room_in_memory()
hear_interrupts()

register_profiles()
settings.load_profile(ORDINARY)

# Python looks for garbage every 700 objects; among a million that modules and tests keep, that takes a sixth of the time.
gc.set_threshold(50_000, 20, 20)

# Threads of LightGBM that wait for each other spin, and take the processor from the other processes of the run.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

# Whoever runs tests in several processes sets it; tables are wide off a terminal.
os.environ.pop("COLUMNS", None)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int | None:
    """One process more than there are processors: now and then one waits, for a broker, a browser or a program that starts."""
    if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ:
        return None
    ours = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return (ours or 1) + 1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests come first: a long one that comes last leaves the other processes without work."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(scope="session", autouse=True)
def _what_tests_start_writes_no_bytecode() -> Iterator[None]:
    """Some may write a few kilobytes and no more: Python does not notice bytecode that is cut, and believes it ever after."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONDONTWRITEBYTECODE", "1")
        yield


@pytest.fixture(scope="session", autouse=True)
def _network_table_is_read_once() -> Iterator[None]:
    """Share the built-in table: each scan would unpack it anew, which takes 30 ms; nothing changes it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(networks, "load_table", functools.cache(load_table))
        yield


@pytest.fixture(scope="session", autouse=True)
def _functions_are_compiled_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """All processes of a run share a folder of locks; numba keeps what it compiles beside the sources."""
    with compiling_in_turn(make_once(tmp_path_factory, "compiling", lambda _: None)):
        yield


@pytest.fixture(scope="session", autouse=True)
def _empty_databases_are_migrated_quickly() -> Iterator[None]:
    """Alembic runs once per process and kind of database, and where tests unwrap `command.upgrade`."""
    with migrations_said_again():
        yield


@pytest.fixture(autouse=True)
def _reading_does_not_fail(request: pytest.FixtureRequest) -> Iterator[None]:
    """The net around reading hides no fault from tests: whatever it caught fails the test, unless it is marked."""
    caught: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: caught.append(record.getMessage())  # type: ignore[method-assign]
    forget_places()
    LOGGER.addHandler(handler)
    yield
    LOGGER.removeHandler(handler)
    if request.node.get_closest_marker("reader_fails") is None:
        assert not caught


@pytest.fixture(autouse=True)
def _loggers_speak() -> Iterator[None]:
    """What one test (or a tool that it ran) made of logging is undone before the next."""
    yield
    logging.disable(logging.NOTSET)
    for name, logger in logging.root.manager.loggerDict.items():
        if isinstance(logger, logging.Logger) and name.startswith("seawall"):
            logger.disabled, logger.propagate = False, True
            logger.setLevel(logging.NOTSET)
