"""axe-core finds nothing serious, on every page, light and dark, and in the dialogs."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.console.browser.conftest import Visiting
from tests.console.browser.doors.serving import axe_faults_of_themes

pytestmark = pytest.mark.browser


def faults(page: Page) -> list[str]:
    """What axe-core says of the page as it is; in both themes where it is wide, since a narrow page has the same colours."""
    if page.viewport_size is not None and page.viewport_size["width"] > 1000:
        return axe_faults_of_themes(page, "light", "dark")
    return axe_faults_of_themes(page, "dark")


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/accounts",
        "/search?q=kind:mail-forwarding",
        "/health",
        "/detector",
        "/exceptions",
        "/audit",
        "/settings",
    ],
)
def test_pages(visit: Visiting, path: str) -> None:
    page = visit(path).page
    page.locator("main h1, main h2").first.wait_for()
    page.wait_for_load_state("networkidle") if path == "/settings" else page.wait_for_timeout(400)
    assert faults(page) == []


@pytest.mark.parametrize("width", [1440, 390])
def test_incident_with_its_dialogs(visit: Visiting, width: int) -> None:
    page = visit("/?queue=all&q=kind:mail-forwarding", width=width).page
    page.locator(".row").first.wait_for()
    identity = (page.locator(".row").first.get_attribute("id") or "").removeprefix("row-")
    page.goto(f"{page.url.split('/?')[0]}/incidents/{identity}")
    page.locator(".record-open").first.wait_for()
    assert faults(page) == []
    page.locator(".record-open").first.click()
    page.get_by_role("dialog").wait_for()
    assert faults(page) == []
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.get_by_role("button", name="Answer").first.click()
    page.get_by_role("radio", name=re.compile("Safe")).check()
    expect(page.get_by_role("dialog").get_by_role("heading", level=3)).to_contain_text("would have hidden")
    assert faults(page) == []


def test_keys_and_palette(visit: Visiting) -> None:
    page = visit("/").page
    page.locator(".row").first.wait_for()
    page.keyboard.press("?")
    page.get_by_role("dialog").wait_for()
    assert faults(page) == []
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    page.get_by_role("combobox", name="Command or account").wait_for()
    assert faults(page) == []
