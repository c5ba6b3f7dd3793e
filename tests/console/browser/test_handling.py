"""Handling an incident in the browser: owner, tags, tasks, comments, members, stars; by mouse, by keyboard, as text."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.console.browser.conftest import Visiting
from tests.console.browser.filled import HOSTILE_ID
from tests.console.browser.test_accessibility import faults
from tests.report.samples import HOSTILE

pytestmark = pytest.mark.browser
PATH = "/?queue=all&q=kind:mail-forwarding"


@pytest.fixture
def page(visit: Visiting, served_alone: str) -> Page:
    """The page of an incident that nobody handles yet."""
    opened = visit(PATH, address=served_alone).page
    opened.locator(".row").first.wait_for()
    identity = (opened.locator(".row").first.get_attribute("id") or "").removeprefix("row-")
    opened.goto(f"{served_alone}/incidents/{identity}")
    opened.get_by_role("heading", name="Handling", exact=True).wait_for()
    return opened


def panel(page: Page, title: str) -> object:
    return page.locator("section.panel").filter(has=page.get_by_role("heading", name=title, exact=True))


def test_owner_tags_tasks_and_comments(page: Page) -> None:
    page.get_by_label("Owner", exact=True).fill("Ann")
    page.get_by_label("Status").select_option("In progress")
    page.get_by_label("Due, UTC").fill("2020-01-01T12:00")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("overdue").first).to_be_visible()
    page.get_by_label("New tag").fill("Finance")
    page.get_by_role("button", name="Add the tag").click()
    expect(page.get_by_role("button", name="Remove the tag finance")).to_be_visible()
    page.get_by_label("New task").fill("Call the owner")
    page.get_by_role("button", name="Add the task").click()
    page.get_by_role("checkbox", name="Call the owner").click()
    expect(page.get_by_role("checkbox", name="Call the owner")).to_be_checked()
    expect(page.locator(".tasks")).to_contain_text("done")
    page.get_by_label("New comment").fill("It was not him.\nSecond line")
    page.get_by_role("button", name="Add the comment").click()
    expect(page.locator(".comment-text")).to_have_text("It was not him.\nSecond line")
    page.reload()
    expect(page.get_by_label("Owner", exact=True)).to_have_value("Ann")
    expect(page.get_by_role("checkbox", name="Call the owner")).to_be_checked()
    page.get_by_role("button", name="Change", exact=True).click()
    page.get_by_label("Comment", exact=True).fill("Changed")
    page.locator(".comments").get_by_role("button", name="Save").click()
    expect(page.locator(".comment-text")).to_have_text("Changed")
    page.locator(".comments").get_by_role("button", name="Remove").click()
    expect(page.get_by_text("No comment yet.")).to_be_visible()
    assert faults(page) == []


def test_a_starred_record_and_the_files(page: Page, tmp_path: Path) -> None:
    page.locator(".record-open").first.click()
    page.get_by_label("Star this record for the report: why does it matter?").fill("jk: the first one")
    page.get_by_role("button", name="Star the record").click()
    expect(page.get_by_role("button", name="Remove the star", exact=True)).to_be_visible()
    assert faults(page) == []
    page.keyboard.press("Escape")
    expect(page.locator(".stars")).to_contain_text("jk: the first one")
    for button, ending in (
        ("Report, HTML", ".html"),
        ("Report, PDF", ".pdf"),
        ("One-page summary, PDF", ".pdf"),
    ):
        with page.expect_download() as waiting:
            page.get_by_role("button", name=button).click()
        assert waiting.value.suggested_filename.endswith(ending)
        waiting.value.save_as(tmp_path / button)
        assert (tmp_path / button).stat().st_size > 1_000
    assert "jk: the first one" in (tmp_path / "Report, HTML").read_text("utf-8")


def test_the_report_is_readable_by_itself(page: Page, tmp_path: Path) -> None:
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Report, HTML").click()
    file = tmp_path / "report.html"
    waiting.value.save_as(file)
    shown = page.context.new_page()
    asked: list[str] = []
    shown.on("request", lambda request: asked.append(request.url))
    for width in (1440, 390):
        shown.set_viewport_size({"width": width, "height": 900})
        shown.goto(file.as_uri())
        expect(shown.get_by_role("heading", level=1)).to_have_text("Incident report")
        assert faults(shown) == []
        assert shown.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert [url for url in asked if not url.startswith("file:")] == []


def test_merge_and_split_by_keyboard(page: Page, served_alone: str, visit: Visiting) -> None:
    other = visit("/?queue=all", address=served_alone).page
    other.locator(".row").nth(2).wait_for()
    own = page.url.rsplit("/", 1)[1]
    ids = [(row.get_attribute("id") or "").removeprefix("row-") for row in other.locator(".row").all()]
    member = next(one for one in ids if one not in (own, HOSTILE_ID))
    page.get_by_label("Merge another incident: its link or id").focus()
    page.keyboard.type(f"{served_alone}/incidents/{member}")
    page.keyboard.press("Tab")
    page.keyboard.type("one phishing mail")
    page.keyboard.press("Enter")
    split = page.get_by_role("button", name="Split the incident of")
    expect(split).to_be_visible()
    expect(page.locator(".members")).to_contain_text("one phishing mail")
    other.goto(f"{served_alone}/incidents/{member}")
    expect(other.get_by_text("which stands for it in the queue")).to_be_visible()
    assert faults(page) == []
    split.focus()
    page.keyboard.press("Enter")
    expect(split).to_have_count(0)


def test_two_people_at_once(page: Page, visit: Visiting, served_alone: str) -> None:
    second = visit(page.url.removeprefix(served_alone), address=served_alone, allow="409").page
    second.get_by_label("Owner", exact=True).fill("Bob")
    page.get_by_label("Owner", exact=True).fill("Carol")
    page.get_by_label("Owner", exact=True).press("Enter")
    expect(second.get_by_text("Changed by")).to_be_visible()
    expect(second.get_by_label("Owner", exact=True)).to_have_value("Bob")
    second.get_by_role("button", name="Save", exact=True).focus()
    second.keyboard.press("Enter")
    expect(second.get_by_role("alert")).to_contain_text("somebody changed this meanwhile")
    expect(second.get_by_label("Owner", exact=True)).to_have_value("Carol")
    second.get_by_label("Owner", exact=True).fill("Bob")
    second.get_by_role("button", name="Save", exact=True).focus()
    second.keyboard.press("Enter")
    expect(second.get_by_role("alert")).to_have_count(0)
    expect(second.get_by_role("button", name="Save", exact=True)).to_be_focused()
    expect(page.get_by_label("Owner", exact=True)).to_have_value("Bob")


@pytest.mark.parametrize("width", [1440, 390])
def test_hostile_texts_stay_texts(visit: Visiting, served_alone: str, width: int) -> None:
    page = visit(f"/incidents/{HOSTILE_ID}", address=served_alone, width=width).page
    page.get_by_role("heading", name="Handling", exact=True).wait_for()
    for text in HOSTILE[:3]:
        page.get_by_label("New comment").fill(f"comment{text}")
        page.get_by_role("button", name="Add the comment").click()
        expect(page.locator(".comment-text").last).to_contain_text(text.strip().splitlines()[0][:20])
        page.get_by_label("New task").fill(f"task{text}"[:100])
        page.get_by_role("button", name="Add the task").click()
        expect(page.get_by_label("New task")).to_have_value("")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert page.locator("main img, main script").count() == 0
    assert faults(page) == []
