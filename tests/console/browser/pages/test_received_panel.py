"""Indicators of other organisations on their page: shown as text, with source and validity."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from seawall.storage.database.received_indicators import ReceivedIndicator
from seawall.storage.location import open_store
from tests.console.browser.conftest import Visiting, serving
from tests.console.browser.doors.serving import axe_faults
from tests.console.browser.markup import TAG

pytestmark = pytest.mark.browser

START = 1_760_000_000_000_000
HUB = "https://hub.example/customers/contoso/collections/1/"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory, pages_built: None) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("received") / "store"
    found = (
        ReceivedIndicator(
            HUB,
            "indicator--1",
            (("address", "203.0.113.9"),),
            START,
            2,
            1,
            confidence=80,
            tlp="amber",
            name=f"Bad {TAG}",
        ),
        ReceivedIndicator(
            HUB, "indicator--2", (("address", "a" * 64),), START, 1, 1, end=2 * START, is_hashed=True
        ),
    )
    with open_store(folder, make=True) as opened, opened.database.writing() as work:
        work.received_indicators.put(found)
    with serving(folder, "--no-watch") as served:
        yield served


def test_an_indicator_of_others_is_text_and_leads_to_what_records_show(visit: Visiting, address: str) -> None:
    page = visit("/indicators", address=address).page
    panel = page.locator(".look-indicators")
    expect(page.get_by_text("From other organisations")).to_be_visible()
    expect(panel.locator("li")).to_have_count(2)
    first = panel.locator("li").first
    expect(first).to_contain_text("hub.example")
    expect(first).to_contain_text("TLP:AMBER · confidence 80 · Bad")
    expect(first).to_contain_text(TAG)
    expect(panel).not_to_contain_text("contoso")
    expect(panel.locator("li").last).to_contain_text("a hash, matched with the group’s key")
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    assert axe_faults(page) == []
    first.get_by_role("link").click()
    expect(page).to_have_url(
        re.compile(r"/look\?subject=ip%3A203\.0\.113\.9|/look\?subject=ip:203\.0\.113\.9")
    )
    page.close()
