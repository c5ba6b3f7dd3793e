from __future__ import annotations

import pytest

from seawall.enrich import Networks
from seawall.enrich.table import NetworkTable, load_table


@pytest.fixture(scope="session")
def table() -> NetworkTable:
    return load_table()


@pytest.fixture(scope="session")
def networks() -> Networks:
    return Networks.load()
