"""Results with planted texts, and a console that offers the tools."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.mcp.planted import scan_planted


@pytest.fixture(scope="session")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results of a scan of logs that try to instruct an assistant; nobody may change them."""
    return scan_planted(tmp_path_factory)
