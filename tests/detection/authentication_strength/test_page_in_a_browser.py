"""The page of an assessment in a real browser: silent, no requests, nothing executed, no sideways scrolling."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from seawall.pipeline.assess import assessment
from tests.silent_pages import open_silent_page

from .test_verb import HOSTILE, graph_sign_in

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("width", [390, 1440])
def test_hostile_page_is_silent_and_fits(browser: Browser, tmp_path: Path, width: int) -> None:
    logs = tmp_path / "logs.json"
    rows = [graph_sign_in(str(n), f"{HOSTILE}{n}@x.example", resourceDisplayName=HOSTILE) for n in range(30)]
    logs.write_text(json.dumps(rows))
    assessment([logs], out=tmp_path / "out")
    place = tmp_path / "out" / "assurance.html"
    page = open_silent_page(browser, place, width)
    assert page.get_by_text("Who could be taken over by a stolen password today").is_visible()
