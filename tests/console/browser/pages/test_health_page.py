"""Health: a silent source is an alarm, figures add up, problems open to their records."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.console.browser.conftest import Visit
from tests.console.browser.markup import MARK, TAG

pytestmark = pytest.mark.browser
Look = Callable[..., Visit]


def test_silent_source_is_an_alarm(look: Look) -> None:
    page = look("/health").page
    alarm = page.get_by_role("alert")
    expect(alarm).to_contain_text("A source has fallen silent")
    expect(alarm).to_contain_text(f"collector {TAG}")
    expect(page.get_by_role("row", name="Silent")).to_have_count(1)
    navigation = page.get_by_role("navigation", name="Main")
    expect(navigation.get_by_role("img", name="needs attention")).to_be_visible()


def test_records_are_events_duplicates_and_problems(look: Look) -> None:
    page = look("/health").page
    reading = page.locator(".panel").filter(has=page.get_by_role("heading", name="Reading"))
    expect(reading).to_contain_text("Records")
    figures = {
        name: int(reading.locator(f"dt:text-is('{name}') + dd").inner_text().replace(",", ""))
        for name in ("Records", "Events", "Duplicates", "Problems")
    }
    assert figures["Records"] == figures["Events"] + figures["Duplicates"] + figures["Problems"] > 1_000


def test_problem_opens_to_its_records(look: Look) -> None:
    visit = look("/health")
    page = visit.page
    page.get_by_role("button", name="not-json").click()
    expect(page.locator(".problem-rows pre").filter(has_text=MARK).first).to_be_visible()
    assert visit.path() == "/health?code=not-json"
    page.reload()
    expect(page.get_by_role("button", name="not-json")).to_have_attribute("aria-expanded", "true")
