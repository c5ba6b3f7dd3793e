"""Accounts: found by name, opened by keyboard; the timeline by keyboard and pointer, records of the shown span."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.console.browser.conftest import Visit

from .conftest import Living

pytestmark = pytest.mark.browser
Look = Callable[..., Visit]


def opened(look: Look, living: Living) -> Visit:
    """The page of the account that was attacked."""
    return look("/account?" + urlencode({"tenant": living.tenant, "account": living.victim}))


def shown(page: Page) -> Locator:
    """The words that say which span is shown."""
    return page.locator(".chart-timeline .chart-span")


def test_account_is_found_and_opened_by_keyboard(look: Look, living: Living) -> None:
    visit = look("/accounts")
    page = visit.page
    page.get_by_label("Find an account").press_sequentially(living.victim[:6])
    rows = page.get_by_role("grid", name="Accounts").get_by_role("row")
    expect(rows.nth(1)).to_contain_text(living.victim)
    assert "q=" in visit.path()
    rows.nth(1).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=living.victim, level=1)).to_be_visible()
    page.go_back()
    expect(page.get_by_label("Find an account")).to_have_value(living.victim[:6])


def test_unknown_account_says_so(look: Look, living: Living) -> None:
    page = look(
        "/account?" + urlencode({"tenant": living.tenant, "account": "nobody@x.example"}), allow="404"
    ).page
    expect(page.get_by_role("heading", name="Not found")).to_be_visible()


def test_summary_adds_up(look: Look, living: Living) -> None:
    page = opened(look, living).page
    for title in ("Networks", "Clients", "Applications", "Countries"):
        panel = page.locator(".panel").filter(has=page.get_by_role("heading", name=title, exact=True))
        expect(panel.get_by_role("listitem").first).to_be_visible()
    records = page.locator("dt:text-is('Records') + dd").inner_text().replace(",", "")
    grid = page.get_by_role("grid", name=f"Records of {living.victim}")
    expect(grid).to_be_visible()
    document = living.get("/api/account", tenant=living.tenant, account=living.victim)
    assert int(records) == document["events"]


def test_timeline_by_keyboard(look: Look, living: Living) -> None:
    visit = opened(look, living)
    page = visit.page
    plot = page.get_by_role("application", name=f"Timeline of {living.victim}")
    plot.focus()
    page.keyboard.press("ArrowRight")
    said = page.locator(".chart-timeline [role=status]")
    expect(said).to_contain_text("UTC")
    before = shown(page).inner_text()
    page.keyboard.press("+")
    expect(shown(page)).not_to_have_text(before)
    expect(page).to_have_url(re.compile("from="))
    page.keyboard.press("0")
    expect(shown(page)).to_have_text(before)
    expect(page).not_to_have_url(re.compile("from="))
    start = page.get_by_role("slider", name="Start of the shown span")
    start.focus()
    page.keyboard.press("Shift+ArrowRight")
    expect(shown(page)).not_to_have_text(before)


def test_drag_looks_closer_and_records_follow(look: Look, living: Living) -> None:
    visit = opened(look, living)
    page = visit.page
    grid = page.get_by_role("grid", name=f"Records of {living.victim}")
    expect(grid.get_by_role("row").nth(1)).to_be_visible()
    newest = grid.get_by_role("row").nth(1).locator("time").inner_text()
    box = page.locator(".chart-timeline .chart-plot").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.35, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 20, steps=4)
    page.mouse.up()
    expect(page.get_by_role("button", name="All times")).to_be_visible()
    expect(grid.get_by_role("row").nth(1).locator("time")).not_to_have_text(newest)
    page.reload()
    expect(page.get_by_role("button", name="All times")).to_be_visible()  # the span is in the address
    page.get_by_role("button", name="All times").click()
    expect(grid.get_by_role("row").nth(1).locator("time")).to_have_text(newest)
    page.get_by_role("button", name="Oldest first").click()
    expect(grid.get_by_role("row").nth(1).locator("time")).not_to_have_text(newest)


def test_intruder_is_told_by_shape_and_the_table_says_the_same(look: Look, living: Living) -> None:
    page = look("/account?" + urlencode({"tenant": living.tenant, "account": living.intruder})).page
    page.locator(".chart-timeline .chart-plot").wait_for()
    diamonds = page.locator(".chart-timeline .chart-plot path.chart-theirs").evaluate_all(
        "paths => paths.map(path => path.getAttribute('d')).filter(Boolean).length"
    )
    assert diamonds > 0
    page.get_by_role("button", name="As a table").click()
    table = page.get_by_role("region", name=f"Timeline of {living.intruder} as a table")
    expect(table.get_by_text("◆").first).to_be_visible()


def test_record_is_read_and_stepped_through(look: Look, living: Living) -> None:
    page = opened(look, living).page
    page.get_by_role("grid", name=f"Records of {living.victim}").get_by_role("row").nth(1).focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("heading", level=2)).to_contain_text("Record 2")
    expect(dialog.locator("pre")).to_contain_text("{")
    dialog.get_by_role("button", name="After").click()
    expect(dialog.get_by_role("heading", level=2)).to_contain_text("Record 3")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
