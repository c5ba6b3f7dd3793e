"""A real browser for tests of pages; where there is none, they skip and say so."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.shifted_clock import environment_of_browser

if TYPE_CHECKING:
    from playwright.sync_api import Browser

_NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, _NAMES)), None)
"""The shell is the same engine without the windows around it, which take more than half of the processor time."""

PATIENCE_MILLISECONDS = 60_000
"""How long a page may take; machines are busy at times."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser for the tests of one file: as long as it is there, nothing else can have an event loop in this thread."""
    playwright_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("no Chromium on PATH: the page was not opened in a browser")
    playwright_api.expect.set_options(timeout=PATIENCE_MILLISECONDS)
    with playwright_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-quic"],
            env=environment_of_browser(),
        )
        yield opened
        opened.close()
