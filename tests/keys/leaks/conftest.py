"""One compiled search for all tests of a process."""

from __future__ import annotations

import pytest

from seawall.keys.leaks.scanning.search import Searcher


@pytest.fixture(scope="session")
def searcher() -> Searcher:
    return Searcher()
