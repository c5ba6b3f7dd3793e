"""The console by keyboard alone."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.console.browser.conftest import Visiting

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def served(served_alone: str) -> str:
    return served_alone


def test_from_the_queue_to_an_answer_without_a_mouse(visit: Visiting) -> None:
    page = visit("/?queue=all").page
    page.locator(".row").first.wait_for()
    chosen = page.locator(".row.is-chosen .row-account")
    first = chosen.inner_text()
    page.keyboard.press("j")
    expect(chosen).not_to_have_text(first)
    page.keyboard.press("k")
    expect(chosen).to_have_text(first)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/incidents/"))
    page.locator(".incident-verdict").wait_for()
    page.keyboard.press("e")
    dialog = page.get_by_role("dialog")
    dialog.wait_for()
    page.keyboard.press("ArrowDown")
    expect(dialog.get_by_role("radio").nth(1)).to_be_checked()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    page.keyboard.press("Escape")
    expect(page).to_have_url(re.compile(r"/\?incident="))


def test_search_palette_and_places(visit: Visiting) -> None:
    page = visit("/").page
    page.locator(".row").first.wait_for()
    page.keyboard.press("/")
    expect(page.get_by_label("Search incidents")).to_be_focused()
    page.keyboard.type("j?")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("h")
    expect(page).to_have_url(re.compile("/health$"))
    page.keyboard.press("Control+k")
    page.keyboard.type("detect")
    expect(page.get_by_role("option", selected=True)).to_contain_text("detector")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/detector$"))
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_contain_text("Go to")


def test_single_keys_can_be_switched_off(visit: Visiting) -> None:
    page = visit("/").page
    page.locator(".row").first.wait_for()
    page.keyboard.press("?")
    page.get_by_role("checkbox").uncheck()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("?")
    page.wait_for_timeout(150)
    assert page.get_by_role("dialog").count() == 0
    page.keyboard.press("Control+k")
    expect(page.get_by_role("dialog")).to_have_count(1)


def test_the_first_stop_leads_past_the_navigation(visit: Visiting) -> None:
    page = visit("/").page
    page.locator(".row").first.wait_for()
    page.evaluate("document.activeElement?.blur()")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the page")).to_be_focused()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement?.id") == "page"


def test_focus_comes_back_and_is_visible(visit: Visiting) -> None:
    page = visit("/").page
    page.locator(".row").first.wait_for()
    button = page.locator(".incident-actions").get_by_role("button", name="Answer")
    button.focus()
    page.keyboard.press("Enter")
    page.get_by_role("dialog").wait_for()
    page.keyboard.press("Escape")
    expect(button).to_be_focused()
    assert button.evaluate("(element) => getComputedStyle(element).outlineStyle") != "none"
