"""Pseudonyms in the browser: turned on by an admin, a person revealed and hidden again by keyboard, without axe's findings."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.console.browser.conftest import Visiting
from tests.console.browser.test_accessibility import faults

pytestmark = pytest.mark.browser
PART = "/settings?part=privacy"


@pytest.fixture(scope="module")
def served(served_alone: str) -> str:
    return served_alone


def hide_names(page: Page) -> None:
    """Let admins see pseudonyms, and reveal persons, by keyboard."""
    for legend in ("These roles see pseudonyms", "Of these, these may reveal a person"):
        box = page.get_by_role("group", name=legend).get_by_role("checkbox", name="admin")
        if not box.is_checked():
            box.focus()
            page.keyboard.press("Space")
        expect(box).to_be_checked()
    page.get_by_role("button", name="Save").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Pseudonym", exact=True)).to_be_visible()


@pytest.mark.parametrize("width", [1440, 390])
def test_a_person_is_revealed_and_hidden_again_by_keyboard(visit: Visiting, width: int) -> None:
    opened = visit(PART, width=width)
    page = opened.page
    page.get_by_role("heading", name="Who sees pseudonyms").wait_for()
    assert faults(page) == []
    hide_names(page)
    assert faults(page) == []

    opened.go("/?queue=all")
    person = page.locator(".row .row-account").first
    expect(person).to_have_text(re.compile(r"^person [0-9A-Z]{4}-[0-9A-Z]{4}"))
    assert "@" not in page.locator("main").inner_text()
    pseudonym = person.inner_text().splitlines()[0].strip()

    opened.go(PART)
    page.get_by_label("Pseudonym", exact=True).focus()
    page.keyboard.type(pseudonym)
    page.keyboard.press("Tab")
    page.keyboard.type("incident 42, call the owner")
    page.keyboard.press("Enter")
    line = page.locator(".settings-line", has_text=pseudonym)
    expect(line).to_contain_text("@")
    name = line.locator("b").inner_text()
    assert faults(page) == []
    opened.go("/?queue=all")
    expect(page.locator(".row .row-account", has_text=name).first).to_be_visible()

    opened.go(PART)
    page.get_by_role("button", name=f"Hide again: {pseudonym}").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".settings-line", has_text=pseudonym)).to_have_count(0)
    opened.go("/?queue=all")
    expect(page.locator(".row .row-account").first).to_be_visible()
    expect(page.locator(".row .row-account", has_text=name)).to_have_count(0)


def test_a_reveal_that_is_refused_says_why(visit: Visiting) -> None:
    page = visit(PART, allow="404").page
    page.get_by_role("heading", name="Who sees pseudonyms").wait_for()
    hide_names(page)
    page.get_by_label("Pseudonym", exact=True).fill("person 0000-0000")
    page.get_by_label("Reason, for the audit trail").fill("nothing in particular")
    page.get_by_role("button", name="Reveal this person").click()
    expect(page.get_by_role("alert").first).to_contain_text("no person with this pseudonym")
    assert faults(page) == []
