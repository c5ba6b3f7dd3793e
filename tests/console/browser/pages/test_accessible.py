"""axe-core finds nothing serious on a page with something on it, light and dark, wide and narrow; nothing is too wide."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page, expect

from tests.console.browser.conftest import Visit
from tests.console.browser.doors.serving import axe_faults_of_themes

from .conftest import Living

pytestmark = pytest.mark.browser
Look = Callable[..., Visit]
PAGES: Final = ["accounts", "account", "found", "problems", "detector", "audit"]
TOO_WIDE: Final = """() => {
  const page = document.getElementById('page');
  return Math.max(document.documentElement.scrollWidth - window.innerWidth, page.scrollWidth - page.clientWidth);
}"""


def address(name: str, living: Living) -> str:
    """Where a page is, with something on it."""
    return {
        "account": "/account?" + urlencode({"tenant": living.tenant, "account": living.victim}),
        "found": "/search?q=account%3Aa",
        "problems": "/health?code=not-json",
    }.get(name, f"/{name}")


def settled(page: Page) -> None:
    """The page has what it shows."""
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.get_by_role("status", name="Loading")).to_have_count(0)


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("name", PAGES)
def test_page_is_accessible_and_fits(look: Look, living: Living, name: str, width: int) -> None:
    page = look(address(name, living), width=width).page
    settled(page)
    assert axe_faults_of_themes(page, "light", "dark") == []
    assert page.evaluate(TOO_WIDE) <= 0


def test_every_page_is_reached_by_keyboard(look: Look) -> None:
    page = look("/health").page
    settled(page)
    places = {
        "a": "/accounts",
        "d": "/detector",
        "e": "/exceptions",
        "r": "/read",
        "s": "/search",
        "b": "/tables",
        "u": "/audit",
        "t": "/settings",
    }
    for key, path in places.items():
        page.keyboard.press("g")
        page.keyboard.press(key)
        expect(page).to_have_url(re.compile(f"{path}$"))
        settled(page)
