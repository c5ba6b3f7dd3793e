"""The page of an assessed configuration in a real browser: silent, no requests, no sideways scrolling."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from seawall.cli.main import main
from tests.silent_pages import open_silent_page

from .test_samples import SAMPLES
from .test_verb import HOSTILE

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("width", [390, 1440])
def test_the_page_is_silent_and_fits(browser: Browser, tmp_path: Path, width: int) -> None:
    hostile = tmp_path / "bypass.json"
    hostile.write_text(
        json.dumps(
            [{"Name": f"{HOSTILE}{number}" + "x" * 300, "AuditBypassEnabled": True} for number in range(40)]
        )
    )
    folders = ["--configuration", str(SAMPLES / "bad"), "--configuration", str(hostile)]
    before, out = tmp_path / "before", tmp_path / "out"
    good = ["--configuration", str(SAMPLES / "good"), "--as-of", "2026-03-01"]
    assert main(["assurance", *good, "--out", str(before), "--quiet"]) == 0
    assert main(["assurance", *folders, "--since", str(before), "--out", str(out), "--quiet"]) == 0
    place = out / "assurance.html"
    page = open_silent_page(browser, place, width)
    assert page.get_by_text("Changed since 2026-03-01").is_visible()
