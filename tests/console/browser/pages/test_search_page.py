"""Searching: completion by keyboard, faults where they are, views kept and removed."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.console.browser.conftest import Visit

from .conftest import Living

pytestmark = pytest.mark.browser
Look = Callable[..., Visit]


def test_field_and_value_are_completed_by_keyboard(look: Look) -> None:
    visit = look("/search")
    page = visit.page
    box = page.get_by_role("combobox", name="Search incidents, records and accounts")
    box.click()
    box.press_sequentially("sev")
    expect(page.get_by_role("option")).to_have_text(["severity:how bad"])
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(box).to_have_value("severity:")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(box).to_have_value("severity:critical ")
    page.keyboard.press("Enter")
    expect(page.get_by_role("list", name="Incidents found")).to_be_visible()
    assert visit.path() == "/search?q=severity%3Acritical"


def test_fault_is_shown_at_the_box(look: Look) -> None:
    page = look("/search?q=colour:red").page
    expect(page.get_by_role("alert")).to_contain_text("there is no field")
    expect(page.get_by_role("heading", name="Nothing is left to search for")).to_be_visible()
    box = page.get_by_role("combobox")
    expect(box).to_have_attribute("aria-invalid", "true")
    box.fill("severity:critical")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_count(0)


def test_view_is_kept_opened_and_removed(look: Look) -> None:
    visit = look("/search?q=is%3Araised")
    page = visit.page
    page.get_by_role("button", name="Save as a view").click()
    page.get_by_label("Its name").fill("raised <b>now</b>")
    page.keyboard.press("Enter")
    link = page.get_by_role("link", name="raised <b>now</b>")
    expect(link).to_be_visible()
    page.goto(f"{visit.address}/search")
    link.click()
    expect(page.get_by_role("combobox")).to_have_value("is:raised")
    page.get_by_role("button", name="Remove the view raised <b>now</b>").click()
    expect(link).to_have_count(0)


def test_example_is_taken_and_leads_to_an_incident(look: Look, living: Living) -> None:
    visit = look("/search")
    page = visit.page
    page.get_by_role("button", name="severity:critical").click()
    page.get_by_role("combobox").fill("account:eve")
    page.get_by_role("button", name="Search", exact=True).click()
    found = page.get_by_role("list", name="Incidents found").get_by_role("link")
    expect(found.first).to_contain_text(living.intruder)
    found.first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("eve<img")
