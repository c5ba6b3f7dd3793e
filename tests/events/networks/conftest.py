from __future__ import annotations

import pytest

from seawall.events.networks import Networks
from seawall.events.networks.builtin_table import NetworkTable, load_table


@pytest.fixture(scope="session")
def table() -> NetworkTable:
    return load_table()


@pytest.fixture(scope="session")
def networks() -> Networks:
    return Networks.load()
