"""A value of a record opens its page, a search for one does too; by keyboard, accessibly, wide and narrow, light and dark."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.console.browser.conftest import Scheme, Visiting
from tests.console.browser.doors.serving import axe_faults
from tests.console.browser.filled import HOSTILE_ID

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (390, "dark")])
def test_from_a_record_to_the_page_of_its_address(visit: Visiting, width: int, scheme: Scheme) -> None:
    made = visit(f"/incidents/{HOSTILE_ID}", width=width, scheme=scheme)
    page = made.page
    page.locator(".record-open").first.click()
    drawer = page.get_by_role("dialog")
    link = drawer.locator("dd a[href^='/look?subject=agent']").first
    expect(link).to_contain_text("<script>window.__pwned=1</script>")
    link.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("User agent agent<script>")
    expect(page.get_by_role("heading", name="By day, UTC")).to_be_visible()
    expect(page.get_by_text("First seen")).to_be_visible()
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert page.evaluate("typeof window.__pwned") == "undefined"
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert axe_faults(page) == []


def test_every_value_of_the_normalised_record_that_has_a_page_is_a_link(visit: Visiting) -> None:
    page = visit(f"/incidents/{HOSTILE_ID}").page
    page.locator(".record-open").first.click()
    text = page.get_by_label("Normalised record")
    expect(text.get_by_role("link", name="203.0.113.7", exact=False).first).to_be_visible()
    whole = text.inner_text()
    assert '"src_ip": "203.0.113.7",' in whole
    assert "<script>window.__pwned=1</script>" in whole
    pages = text.get_by_role("link").evaluate_all("links => links.map(link => link.getAttribute('href'))")
    kinds = {one.removeprefix("/look?subject=").split("%3A")[0] for one in pages}
    assert {"operation", "account", "mailbox", "app", "client", "agent", "ip", "network", "session"} <= kinds
    text.get_by_role("link", name='"203.0.113.7"').click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Address 203.0.113.7")
    incidents = page.get_by_role("list", name="Incidents that list its records")
    expect(incidents.get_by_role("link").first).to_have_attribute("href", f"/incidents/{HOSTILE_ID}")


def test_a_search_for_an_address_opens_its_page(visit: Visiting) -> None:
    page = visit("/search?q=cidr:0.0.0.0/0").page
    expect(page.get_by_role("heading", level=1)).to_contain_text("Addresses 0.0.0.0/0")
    expect(page.get_by_role("heading", name="Accounts")).to_be_visible()
    page.go_back()
    assert not page.url.endswith("q=cidr:0.0.0.0/0")


def test_the_search_says_what_it_did_not_understand_and_shows_the_rest(visit: Visiting) -> None:
    page = visit("/search?q=ip:nowhere%20severity:critical%20foo:bar").page
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("2 parts were not understood")
    expect(alert).to_contain_text("'nowhere' is no address")
    expect(alert).to_contain_text("there is no field 'foo'")
    expect(page.get_by_role("list", name="Incidents found")).to_be_visible()
    assert axe_faults(page) == []


@pytest.mark.parametrize("width", [1440, 390])
def test_fields_of_incidents_choose_among_the_incidents_of_records(visit: Visiting, width: int) -> None:
    page = visit("/search?q=cidr:0.0.0.0/0%20severity:critical", width=width).page
    expect(page.get_by_role("heading", name="Records of Addresses 0.0.0.0/0")).to_be_visible()
    listed = page.get_by_role("list", name="Incidents that list its records").get_by_role("link")
    expect(listed.first).to_be_visible()
    assert listed.count() == page.get_by_role("img", name="critical").count() > 0
    expect(page.get_by_role("grid", name="Records of")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.get_by_role("link", name="Open as a page").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Addresses 0.0.0.0/0")


def test_an_application_is_found_among_incidents_and_records(visit: Visiting) -> None:
    page = visit("/search?q=app:outlook").page
    expect(page.get_by_role("list", name="Incidents found")).to_be_visible()
    expect(page.get_by_role("heading", name="Records of Application outlook")).to_be_visible()
    applications = page.locator(".panel", has=page.get_by_role("heading", name="Applications"))
    expect(applications.get_by_role("link").first).to_contain_text("Outlook")


def test_a_value_that_nothing_shows_says_so(visit: Visiting) -> None:
    page = visit("/look?subject=ip:192.0.2.250").page
    expect(page.get_by_text("No stored record shows it")).to_be_visible()
    assert axe_faults(page) == []
    page = visit("/look").page
    expect(page.get_by_role("heading", level=1)).to_have_text("Look into a value")


def test_a_value_is_saved_as_an_indicator_and_the_scope_searched_from_it(
    visit: Visiting, served_alone: str
) -> None:
    made = visit(f"/incidents/{HOSTILE_ID}", address=served_alone)
    page = made.go("/indicators")
    expect(page.get_by_text("No indicator is saved")).to_be_visible()
    assert axe_faults(page) == []
    page = made.go("/look?subject=ip:203.0.113.7")
    page.get_by_label("Note").fill("<b>seen</b> in the ticket")
    page.get_by_label("Note").press("Enter")
    expect(page.get_by_role("heading", name="Saved as an indicator")).to_be_visible()
    expect(page.get_by_text("<b>seen</b> in the ticket")).to_be_visible()
    page.get_by_role("button", name="Search from this value").click()
    counts = page.get_by_role("region", name="Verdicts")
    expect(counts.get_by_role("rowheader", name="Accounts")).to_be_visible()
    assert axe_faults(page) == []
    page.set_viewport_size({"width": 390, "height": 900})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page = made.go("/indicators")
    expect(page.get_by_role("link", name="203.0.113.7")).to_be_visible()
    expect(page.get_by_role("button", name="Search again")).to_be_visible()
    assert axe_faults(page) == []
    page.get_by_role("button", name="Remove the indicator ip:203.0.113.7").click()
    expect(page.get_by_text("No indicator is saved")).to_be_visible()


def test_an_account_opens_its_values_and_its_related_accounts(visit: Visiting) -> None:
    page = visit("/search?q=country:NL").page
    page.locator(".look-seen").get_by_role("link", name="@kestrel-group").first.click()
    expect(page.get_by_text("First seen")).to_be_visible()
    page.get_by_role("button", name="Look for related accounts").click()
    for name in ("Others who used its mailbox", "Other mailboxes that it used"):
        expect(page.get_by_role("region", name=name)).to_be_visible()
    expect(page.get_by_role("status", name="Loading")).to_have_count(0)
    assert axe_faults(page) == []
    page.locator(".habit-list").first.get_by_role("link").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Network")
