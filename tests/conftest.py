"""What every test may rely on, alone or in one of several processes."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

pytest_plugins = ["tests.browsing"]

settings.register_profile("project", deadline=None)  # machines are busy at times
settings.load_profile("project")

# Whoever runs tests in several processes sets it; tables are wide off a terminal.
os.environ.pop("COLUMNS", None)


@pytest.fixture(autouse=True)
def _loggers_speak() -> Iterator[None]:
    """What one test (or a tool that it ran) made of logging is undone before the next."""
    yield
    logging.disable(logging.NOTSET)
    for name, logger in logging.root.manager.loggerDict.items():
        if isinstance(logger, logging.Logger) and name.startswith("seawall"):
            logger.disabled, logger.propagate = False, True
            logger.setLevel(logging.NOTSET)
