"""The pytest plugin: `pytest --seawall-verifier module:name` adds one test for each case. Without the option, nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

# pytest imports this file in every run of every project that has Seawall installed: nothing heavy may come with it.


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options."""
    group = parser.getgroup("seawall", "hostile tokens for your verifier")
    group.addoption(
        "--seawall-verifier",
        metavar="MODULE:NAME",
        help="throw Seawall's hostile tokens at this verifier, one test each",
    )
    group.addoption("--seawall-only", metavar="NAMES", help="families or cases to run, separated by commas")
    group.addoption("--seawall-except", metavar="NAMES", help="families or cases to leave out")


def pytest_configure(config: pytest.Config) -> None:
    """Load the cases, if a verifier was named."""
    if config.getoption("seawall_verifier"):
        from seawall_tokens.conformance.items import Battery

        config.pluginmanager.register(Battery(config), "seawall-conformance")
