"""The pytest plugin: `pytest --seawall-verifier module:name` adds one test for each case. Without the option it is inert."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

# pytest imports this file in every project that has Seawall installed, so it must import nothing heavy.


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the command line options."""
    group = parser.getgroup("seawall", "hostile tokens for your verifier")
    group.addoption(
        "--seawall-verifier",
        metavar="MODULE:NAME",
        help="throw Seawall's hostile tokens at this verifier, one test each",
    )
    group.addoption("--seawall-only", metavar="NAMES", help="families or cases to run, separated by commas")
    group.addoption("--seawall-except", metavar="NAMES", help="families or cases to leave out")


def pytest_configure(config: pytest.Config) -> None:
    """Register the battery if a verifier is named."""
    if config.getoption("seawall_verifier"):
        from seawall_tokens.conformance.items import Battery

        config.pluginmanager.register(Battery(config), "seawall-conformance")
