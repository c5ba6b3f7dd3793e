"""The detector's page: what another budget would raise, the budget itself, figures that can be read without the drawings."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.console.browser.conftest import Visit

from .conftest import Living

pytestmark = pytest.mark.browser
Look = Callable[..., Visit]


def test_slider_shows_what_more_would_be_raised(look: Look, living: Living) -> None:
    visit = look("/detector")
    page = visit.page
    slider = page.get_by_role("slider", name="Incidents a day for each organisation")
    expect(slider).to_be_visible()
    slider.focus()
    page.keyboard.press("End")
    expect(page).to_have_url(re.compile(r"budget=100$"))
    told = living.get("/api/detector/what-if", budget="100")
    more = told["more"]
    assert isinstance(more, list)
    assert more
    expect(page.get_by_role("heading", name=f"{len(more)} more would be raised")).to_be_visible()
    expect(page.get_by_text(f"{told['raised']} incidents", exact=True)).to_be_visible()
    page.get_by_role("list", name=f"{len(more)} more would be raised").get_by_role("link").first.click()
    assert visit.path().startswith("/incidents/")


def test_budget_is_set_and_given_back(look: Look, living: Living) -> None:
    page = look("/detector").page
    field = page.get_by_label("Incidents a day for each organisation").and_(page.locator("input[inputmode]"))
    field.fill("many")
    page.get_by_role("button", name="Set", exact=True).first.click()
    expect(page.get_by_role("alert")).to_contain_text("A number above 0")
    field.fill("3")
    page.keyboard.press("Enter")
    expect(page.get_by_text("3 incidents a day", exact=True)).to_be_visible()
    assert page.get_by_role("alert").count() == 0
    page.get_by_role("button", name="Back to 2 a day for every 1,000 accounts, at least 1 a week").click()
    expect(page.get_by_text("3 incidents a day", exact=True)).to_have_count(0)
    entries = living.get("/api/audit")["items"]
    assert isinstance(entries, list)
    assert [entry["action"] for entry in entries[:2]] == ["budget-changed", "budget-changed"]


def test_drawings_have_their_figures(look: Look) -> None:
    page = look("/detector").page
    expect(page.get_by_role("img", name="Calibration:")).to_be_visible()
    page.get_by_text("As a table").first.click()
    expect(page.get_by_role("columnheader", name="Observed")).to_be_visible()


def test_every_line_says_whose_incident_it_is(look: Look, living: Living) -> None:
    """Entra writes an application that acts as itself as a bare id; some logs leave the name of an account empty."""
    application = "3b245ca3-dcce-4a54-a070-49ad8de02963"
    told = living.get("/api/detector/what-if", budget="100")
    rows = told["more"]
    assert isinstance(rows, list)
    assert len(rows) >= 2
    rows[0] |= {"account": application, "summary": f"Application {application} acts from a new network."}
    rows[1] |= {"account": "", "summary": " was signed in to from a new network."}
    page = look("/detector").page
    page.route("**/api/detector/what-if*", lambda route: route.fulfill(json=told))
    page.goto(f"{living.address}/detector?budget=100")
    lines = page.locator(".incident-line-title")
    expect(lines.nth(0)).to_have_text(f"Application {application}")
    expect(lines.nth(1)).to_have_text("Account without a name")
