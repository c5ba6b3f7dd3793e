"""The page of tables: chosen, filtered, sorted, only what is new, as CSV; by keyboard, narrow and dark."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.console.browser.conftest import Visit, Visiting, serving
from tests.console.browser.doors.serving import axe_faults, axe_faults_of_themes
from tests.console.browser.pages.conftest import Living
from tests.console.browser.pages.test_accessible import TOO_WIDE, settled

pytestmark = pytest.mark.browser
Look = Callable[..., Visit]
NAMES = ("rule-hits", "sign-ins", "consents", "mail-rules", "applications", "networks", "accounts")


@pytest.mark.parametrize("width", [1440, 390])
def test_every_table_is_accessible_and_fits(look: Look, width: int) -> None:
    page = look("/tables", width=width).page
    for name in NAMES:
        page.goto(page.url.partition("/tables")[0] + f"/tables?table={name}")
        settled(page)
        assert (name, axe_faults_of_themes(page, "light", "dark")) == (name, [])
        assert page.evaluate(TOO_WIDE) <= 0


def test_rows_are_filtered_sorted_and_taken_along(look: Look, living: Living) -> None:
    page = look("/tables").page
    settled(page)
    page.get_by_role("link", name="Sign-ins", exact=True).press("Enter")
    expect(page).to_have_url(re.compile("table=sign-ins"))
    rows = page.locator(".tables-rows tbody tr")
    expect(rows.first).to_be_visible()
    before = rows.count()
    page.get_by_label("Filter rows").fill(living.victim)
    expect(rows).not_to_have_count(before)
    assert all(living.victim in text for text in rows.all_inner_texts())
    heading = page.get_by_role("columnheader", name=re.compile("^ok"))
    heading.get_by_role("button").press("Enter")
    expect(heading).to_have_attribute("aria-sort", "descending")
    counts = page.locator(".tables-rows td[data-name=ok]").all_inner_texts()
    assert [int(one.replace(",", "")) for one in counts] == sorted(
        (int(one.replace(",", "")) for one in counts), reverse=True
    )
    with page.expect_download() as taken:
        page.get_by_role("button", name="CSV").click()
    lines = list(csv.reader(io.StringIO(Path(taken.value.path()).read_text("utf-8-sig"))))
    assert len(lines) == 1 + len(counts)
    page.get_by_label("Seen first").select_option("1")
    expect(page.get_by_text(re.compile("seen first after|Nothing new"))).to_be_visible()
    page.get_by_label("Seen first").select_option("")
    page.get_by_role("link", name=living.victim).first.click()
    expect(page).to_have_url(re.compile("/account[?]"))


def test_tables_of_an_empty_store_say_what_to_do(visit: Visiting, pages_built: None, tmp_path: Path) -> None:
    with serving(tmp_path / "store") as address:
        page = visit("/tables?table=sign-ins", address=address).page
        expect(page.get_by_role("heading", name="The logs hold nothing for this table")).to_be_visible()
        assert axe_faults(page) == []
        page.close()
