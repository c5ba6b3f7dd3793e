"""The queue in a real browser: find the worst, step through it, filter it, keep views, see what is new."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import expect

from seawall.detection.incident import SEVERITIES
from seawall.storage.location import open_store
from tests.console.browser import filled
from tests.console.browser.conftest import Visiting, serving
from tests.report.samples import incident

pytestmark = pytest.mark.browser


def test_the_worst_is_first_and_beside_the_list(visit: Visiting) -> None:
    page = visit("/").page
    rows = page.locator(".row")
    rows.first.wait_for()
    leads = page.locator(".row:not(.is-candidate):not(.is-member) .mark")
    classes = leads.evaluate_all("all => all.map(one => one.getAttribute('class'))")
    severities = [SEVERITIES.index(one.partition("severity-")[2]) for one in classes]
    assert severities
    assert severities == sorted(severities, reverse=True)
    expect(page.locator(".incident-account")).to_contain_text(rows.first.locator(".row-account").inner_text())
    assert "incident=" in page.url


def test_the_budget_line_parts_raised_from_candidates(visit: Visiting) -> None:
    page = visit("/").page
    line = page.locator(".budget-line")
    line.wait_for()
    above = page.locator(".row:not(.is-candidate)")
    expect(line).to_contain_text(f"{above.count()} incident")
    line_at = line.bounding_box()
    assert line_at is not None
    for row in page.locator(".row").all():
        at = row.bounding_box()
        assert at is not None
        is_candidate = "is-candidate" in (row.get_attribute("class") or "")
        assert (at["y"] > line_at["y"]) == is_candidate


def test_rows_say_what_happened_in_words_and_counts(visit: Visiting) -> None:
    page = visit("/").page
    first = page.locator(".row").filter(has_text="Password spray").first
    expect(first.get_by_role("img")).to_have_attribute("aria-label", re.compile("Critical|High|Medium|Low"))
    expect(first.locator(".row-verdict")).to_contain_text(
        re.compile(r"[Ss]igned in|[Rr]ead \d+|[Ff]ailed to sign in")
    )
    expect(first.locator(".row-verdict")).not_to_contain_text("@")
    expect(first.locator(".chips")).to_have_count(0)  # the acts say more than the evidence in short


def test_a_row_has_reasons_where_the_story_leaves_room(visit: Visiting) -> None:
    page = visit("/").page
    page.locator(".row").first.wait_for()
    shown = set()
    for row in page.locator(".row").all():
        told = row.locator(".row-verdict.is-told")
        if told.count() and not 50 < (length := len(told.inner_text())) <= 60:
            assert row.locator(".chips").count() == (length <= 50), told.inner_text()
            shown.add(length <= 50)
    assert shown == {True, False}


def test_filters_live_in_the_address(visit: Visiting) -> None:
    made = visit("/")
    page = made.page
    page.locator(".row").first.wait_for()
    page.get_by_label("Filter the queue").fill("kind:password-spray")
    expect(page).to_have_url(re.compile("q=kind%3Apassword-spray"))
    expect(page.locator(".row").first).to_contain_text("Password spray")
    page.get_by_role("button", name=re.compile("^Critical")).click()
    expect(page).to_have_url(re.compile("severity=critical"))
    again = visit(made.path()).page
    expect(again.get_by_label("Filter the queue")).to_have_value("kind:password-spray")
    expect(again.get_by_role("button", name=re.compile("^Critical"))).to_have_attribute(
        "aria-pressed", "true"
    )
    page.get_by_label("Clear the filters").click()
    expect(page).not_to_have_url(re.compile("severity|kind"))


def test_a_filter_that_cannot_be_read_is_said_at_the_field(visit: Visiting) -> None:
    page = visit("/?q=colour:red", allow="422").page
    expect(page.get_by_role("alert")).to_contain_text("colour")
    expect(page.get_by_label("Filter the queue")).to_have_attribute("aria-invalid", "true")


def test_nothing_matches(visit: Visiting) -> None:
    page = visit("/?q=nowheretobefound").page
    expect(page.get_by_role("heading", name="Nothing matches")).to_be_visible()
    page.get_by_role("button", name="Clear the filters").first.click()
    expect(page.locator(".row").first).to_be_visible()


def test_views_are_kept_and_removed(visit: Visiting) -> None:
    page = visit("/?severity=critical").page
    page.get_by_role("button", name="Saved views").click()
    page.get_by_role("menuitem", name=re.compile("^Save")).click()
    page.get_by_label("Name").fill("The worst")
    page.get_by_role("dialog").get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.goto(page.url.split("/?")[0] + "/?queue=all")
    page.get_by_role("button", name="Saved views").click()
    page.get_by_role("menuitem", name="The worst").click()
    expect(page).to_have_url(re.compile("severity=critical"))
    page.get_by_role("button", name="Saved views").click()
    page.get_by_role("menuitem", name=re.compile("^Save")).click()
    page.get_by_label("Remove The worst").click()
    expect(page.get_by_label("Remove The worst")).to_have_count(0)


def test_the_list_is_exported_as_it_is_filtered(visit: Visiting) -> None:
    page = visit("/?queue=all&q=kind:mail-forwarding").page
    page.locator(".row").first.wait_for()
    page.get_by_role("button", name="Saved views").click()
    with page.expect_download() as waiting:
        page.get_by_role("menuitem", name=re.compile("CSV")).click()
    lines = Path(waiting.value.path()).read_text(encoding="utf-8-sig").splitlines()
    assert len(lines) == 1 + page.locator(".row").count()


def test_narrow_screens_show_one_thing_at_a_time(visit: Visiting) -> None:
    page = visit("/", width=390).page
    page.locator(".row").first.wait_for()
    assert page.locator(".incident").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.locator(".row").first.click()
    page.locator(".incident-verdict").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_role("link", name="Queue").first.click()
    page.locator(".row").first.wait_for()


def test_an_empty_store_says_how_to_begin(visit: Visiting, tmp_path: Path, pages_built: None) -> None:
    open_store(tmp_path / "empty", make=True).close()
    with serving(tmp_path / "empty", "--no-watch") as address:
        page = visit("/", address=address).page
        expect(page.get_by_role("heading", name="No logs yet")).to_be_visible()
        expect(page.locator(".commands")).to_contain_text("seawall serve --demo")
        page.close()


def test_new_incidents_wait_while_the_list_is_read(visit: Visiting, store: Path) -> None:
    page = visit("/").page
    page.locator(".row").first.wait_for()
    page.locator(".queue-scroll").hover()
    before = page.locator(".row").first.inner_text()
    filled.put(
        store,
        [replace(incident(3), id="arrives-later", score=99.0, account="late.arrival@contoso.example")],
        at=time.time_ns() // 1000,
    )
    pill = page.get_by_role("button", name=re.compile(r"^\d+ new"))
    pill.wait_for()
    assert page.locator(".row").first.inner_text() == before
    pill.click()
    expect(page.locator(".row").first).to_contain_text("late.arrival")


def test_new_incidents_appear_by_themselves_while_nobody_reads(visit: Visiting, store: Path) -> None:
    page = visit("/").page
    page.locator(".row").first.wait_for()
    page.mouse.move(60, 500)
    calm = replace(incident(4), id="arrives-calmly", score=100.0, account="calm.arrival@contoso.example")
    filled.put(store, [calm], at=time.time_ns() // 1000)
    expect(page.locator(".row").first).to_contain_text("calm.arrival")
    expect(page.locator(".incident-account").first).to_contain_text("calm.arrival")


HIDE = """(hidden) => {
  Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


def test_a_tab_that_nobody_sees_gives_its_connection_back(visit: Visiting) -> None:
    """Browsers allow six connections to one host: a seventh tab would wait for ever."""
    made = visit("/")
    page = made.page
    page.clock.install()
    made.go("/")
    page.locator(".row").first.wait_for()
    page.evaluate(HIDE, arg=True)
    page.clock.fast_forward(61_000)
    with page.expect_request("**/api/stream"):
        page.evaluate(HIDE, arg=False)
