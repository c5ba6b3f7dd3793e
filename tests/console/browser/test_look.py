"""A value of a record opens its page, a search for one does too; by keyboard, accessibly, wide and narrow."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.console.browser.conftest import Visiting
from tests.console.browser.doors.serving import axe_faults
from tests.console.browser.filled import HOSTILE_ID

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("width", [1440, 390])
def test_from_a_record_to_the_page_of_its_address(visit: Visiting, width: int) -> None:
    made = visit(f"/incidents/{HOSTILE_ID}", width=width)
    page = made.page
    page.locator(".record-open").first.click()
    drawer = page.get_by_role("dialog")
    link = drawer.locator("dd a[href^='/look?subject=agent']").first
    expect(link).to_contain_text("<script>window.__pwned=1</script>")
    link.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("agent:")
    expect(page.get_by_role("heading", name="By day, UTC")).to_be_visible()
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert page.evaluate("typeof window.__pwned") == "undefined"
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert axe_faults(page) == []


def test_a_search_for_an_address_opens_its_page(visit: Visiting) -> None:
    page = visit("/search?q=cidr:0.0.0.0/0").page
    expect(page.get_by_role("heading", level=1)).to_contain_text("cidr:0.0.0.0/0")
    expect(page.get_by_role("heading", name="Accounts")).to_be_visible()
    made = visit("/search?q=ip:nowhere", allow="422")
    expect(made.page.get_by_role("alert")).to_contain_text("is no address")
