"""Whatever an intruder writes into the logs stays text: every page, seen with markup in every field."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page, expect

from tests.console.browser.conftest import Visit
from tests.console.browser.markup import MARK, TAG

from .conftest import Living

pytestmark = pytest.mark.browser
Look = Callable[..., Visit]

INJECTED: Final = """() => [
  typeof window.__pwned,
  document.querySelectorAll('img[src=x], [onerror], [onload], [onclick], iframe, object, embed').length,
  document.querySelectorAll('script:not([src]), body script').length,
]"""


def unharmed(page: Page) -> None:
    """Nothing ran, and nothing that was written became an element."""
    assert page.evaluate(INJECTED) == ["undefined", 0, 0]


def account_page(living: Living, **more: str) -> str:
    """The address of the intruder's account."""
    return "/account?" + urlencode({"tenant": living.tenant, "account": living.intruder, **more})


def incident_of(living: Living) -> str:
    """The id of an incident of the intruder's account."""
    rows = living.get("/api/incidents", queue="all", q="account:eve")["items"]
    assert isinstance(rows, list)
    assert rows
    return str(rows[0]["id"])


@pytest.mark.parametrize(
    ("path", "seen"),
    [
        ("/", MARK),
        ("/?queue=all", MARK),
        ("/accounts?q=eve", MARK),
        ("/search?q=account%3Aeve", MARK),
        (f"/search?{urlencode({'q': MARK})}", ""),
        ("/health", TAG),
        ("/health?code=not-json", MARK),
        ("/detector?budget=50", ""),
        ("/audit", ""),
        ("/settings?part=console", ""),
    ],
    ids=[
        "queue",
        "all",
        "accounts",
        "search",
        "asked",
        "health",
        "problems",
        "detector",
        "audit",
        "settings",
    ],
)
@pytest.mark.parametrize("width", [1440, 390])
def test_markup_is_text_on_the_page(look: Look, path: str, seen: str, width: int) -> None:
    page = look(path, width=width, allow="422").page
    expect(page.get_by_role("heading", level=1).first).to_be_attached()
    if seen:
        expect(page.get_by_text(seen).first).to_be_visible()
    page.wait_for_load_state("networkidle") if path == "/settings?part=console" else page.wait_for_timeout(
        150
    )
    unharmed(page)


def test_markup_is_text_on_the_account(look: Look, living: Living) -> None:
    page = look(account_page(living)).page
    expect(page.get_by_role("heading", level=1)).to_have_text(living.intruder)
    records = page.get_by_role("grid", name=f"Records of {living.intruder}")
    expect(records.get_by_text(MARK).first).to_be_visible()
    records.get_by_role("row").nth(1).click()
    raw = page.get_by_role("dialog").locator("pre")
    expect(raw).to_contain_text(MARK)
    unharmed(page)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="As a table").click()
    unharmed(page)


def test_markup_is_text_on_the_incident(look: Look, living: Living) -> None:
    page = look(f"/incidents/{incident_of(living)}").page
    expect(page.get_by_text(living.intruder).first).to_be_visible()
    page.wait_for_timeout(400)
    unharmed(page)
