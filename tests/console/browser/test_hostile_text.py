"""An intruder writes every field of the logs: what they write stays text, and never leaves its place."""

from __future__ import annotations

import re
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page, expect

from tests.console.browser.conftest import Visiting
from tests.console.browser.doors.serving import axe_faults
from tests.console.browser.filled import HOSTILE_ACCOUNT, HOSTILE_ID
from tests.report.samples import HOSTILE

pytestmark = pytest.mark.browser

ACCOUNT = urlencode({"tenant": "contoso.example", "account": HOSTILE_ACCOUNT})


def check(page: Page, width: int) -> None:
    """Nothing ran, nothing became an element, nothing is wider than the window."""
    page.wait_for_timeout(150)
    assert page.evaluate("typeof window.__pwned") == "undefined"
    assert page.locator("#root script, #root iframe, #root img, #root b:has(script)").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", [1440, 390])
def test_queue_incident_and_records(visit: Visiting, width: int) -> None:
    made = visit("/?queue=all&q=account:eve", width=width)
    page = made.page
    expect(page.locator(".row").first).to_contain_text("<img src=x")
    check(page, width)
    made.go(f"/incidents/{HOSTILE_ID}")
    expect(page.locator(".incident-verdict")).to_contain_text(HOSTILE[0])
    expect(page.locator(".coverage")).to_contain_text(f"coverage{HOSTILE[0]}")
    expect(page.locator(".sigma")).to_contain_text(f"title{HOSTILE[0]}")
    expect(page.locator(".plan", has_text="<img src=x").first).to_be_visible()
    for fold in page.locator(".plan summary").all():
        fold.click()
    page.locator(".record-open").first.click()
    drawer = page.get_by_role("dialog")
    expect(drawer).to_contain_text(f"agent{HOSTILE[0]}")
    expect(drawer.locator("pre")).to_contain_text("<img src=x")
    check(page, width)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Answer").first.click()
    page.get_by_role("radio").nth(2).check()
    expect(page.get_by_role("dialog")).to_contain_text(HOSTILE[7])
    check(page, width)


@pytest.mark.parametrize("width", [1440, 390])
def test_a_record_as_it_came(visit: Visiting, width: int) -> None:
    page = visit(f"/incidents/{HOSTILE_ID}", width=width).page
    page.locator(".record-open").first.click()
    drawer = page.get_by_role("dialog")
    button = drawer.get_by_role("button", name="Show as it came")
    button.focus()
    page.keyboard.press("Enter")
    text = drawer.get_by_label("Record as it came")
    expect(text).to_contain_text("<script>window.__pwned=1</script>")
    expect(text).to_contain_text('"password": "[masked]"')
    expect(drawer).to_contain_text(f"logs/{HOSTILE[1]}, record 7")
    expect(button).to_have_count(0)
    check(page, width)
    assert axe_faults(page) == []
    drawer.get_by_role("button", name="After").click()
    drawer.get_by_role("button", name="Show as it came").click()
    expect(drawer.get_by_role("status")).to_contain_text("No copy was kept.")
    check(page, width)


@pytest.mark.parametrize("width", [1440, 390])
def test_the_scope(visit: Visiting, width: int) -> None:
    page = visit(f"/incidents/{HOSTILE_ID}", width=width).page
    panel = page.locator(".panel").filter(has=page.get_by_role("heading", name="Who else was touched"))
    panel.get_by_role("button", name=re.compile("^Search")).click()
    expect(panel).to_contain_text(re.compile("Searching since"))
    expect(panel).not_to_contain_text(re.compile("Searching since"), timeout=120_000)
    expect(panel.locator(".scope-list").first).to_contain_text("<img src=x")
    for fold in panel.locator("summary").all():
        fold.click()
    expect(panel).to_contain_text(f"network{HOSTILE[0]}")
    check(page, width)


@pytest.mark.parametrize(
    "path", ["/accounts?q=eve", f"/account?{ACCOUNT}", "/search?q=eve", "/health", "/exceptions", "/audit"]
)
def test_other_pages(visit: Visiting, path: str) -> None:
    page = visit(path).page
    page.locator("main h1, main h2").first.wait_for()
    page.wait_for_timeout(400)
    check(page, 1440)


def test_addresses_lead_nowhere_else(visit: Visiting) -> None:
    page = visit("/sign-in?next=//evil.example/x").page
    page.locator(".row").first.wait_for()
    assert page.url.startswith("http://127.0.0.1")
