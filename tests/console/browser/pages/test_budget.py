"""The budget on the pages of a watch that was started with `--budget`: one span, one pair of figures."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import expect

from tests.console.browser.conftest import Visiting, serving
from tests.gate.gates import until
from tests.pipeline.live.running import quick, running

from .conftest import Living

pytestmark = pytest.mark.browser


def test_meter_counts_raised_and_allowed_over_the_same_days(visit: Visiting, living: Living) -> None:
    page = visit("/", address=living.address).page
    budget = httpx.get(f"{living.address}/api/summary", timeout=30).json()["budget"]
    assert budget["spent"] > 0
    words = page.locator(".budget-words").first
    expect(words).to_have_text(f"{budget['spent']} of {budget['allowed']} in {budget['span_days']} days")
    expect(page.locator(".budget").first).to_have_attribute(
        "title", re.compile(r"of log, of at most \d+\. Announced today: \d+\.$")
    )


def test_button_names_what_the_watch_was_started_with(
    visit: Visiting, pages_built: None, tmp_path: Path
) -> None:
    with running(quick(tmp_path / "store", budget=50.0)):
        pass
    with serving(tmp_path / "store", "--no-watch") as address:
        page = visit("/detector", address=address).page
        button = page.get_by_role("button", name="Back to 50 a day, as the watch was started")
        expect(button).to_be_disabled()
        page.get_by_label("Incidents a day for each organisation").and_(
            page.locator("input[inputmode]")
        ).fill("3")
        page.keyboard.press("Enter")
        expect(button).to_be_enabled()
        button.click()
        expect(button).to_be_disabled()
        # The button is off while its request is on the way, too.
        until(lambda: httpx.get(f"{address}/api/summary", timeout=30).json()["budget"]["chosen"] is None)
        # Nothing was read: there is no day that a budget could be spent on.
        expect(page.locator(".budget")).to_have_count(0)
        page.close()  # else it asks for news of a server that ends
