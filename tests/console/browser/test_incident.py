"""One incident in a real browser: understand it, see the raw record, answer it, take it back, export it, follow the campaign."""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from seawall.response.containment.documents import read_plan
from seawall.response.scope.document import read_scope
from tests.console.browser.conftest import Visit, Visiting
from tests.console.browser.doors.serving import axe_faults
from tests.console.browser.filled import HOSTILE_ID
from tests.report.samples import HOSTILE

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def served(served_alone: str) -> str:
    return served_alone


def opened(visit: Visiting, kind: str, **more: object) -> Visit:
    """The page of the first incident of a kind."""
    made = visit(f"/?queue=all&q=kind:{kind}", **more)
    row = made.page.locator(".row").first
    row.wait_for()
    identity = (row.get_attribute("id") or "").removeprefix("row-")
    made.go(f"/incidents/{identity}")
    made.page.locator(".incident-verdict").wait_for()
    return made


def number(text: str) -> float:
    """`−0.4` or `+2.5` as a number."""
    return float(text.replace("−", "-").replace("+", ""))


def test_the_bars_sum_to_the_score(visit: Visiting) -> None:
    page = opened(visit, "mail-forwarding").page
    page.get_by_role("button", name=re.compile("^Show all .* reasons")).click()
    weights = [number(text) for text in page.locator(".bar-row:not(.bar-sum) .bar-weight").all_inner_texts()]
    total = number(page.locator(".bar-sum .bar-weight").inner_text())
    assert len(weights) > 3
    assert abs(sum(weights) - total) < 0.05 * (len(weights) + 1)


def test_usual_and_now_side_by_side(visit: Visiting) -> None:
    page = opened(visit, "mail-forwarding").page
    table = page.get_by_role("region", name="Usual and now")
    unusual = table.locator("tr.is-unusual")
    assert unusual.count() > 0
    expect(unusual.first).to_contain_text("(unusual)")
    expect(unusual.first).to_contain_text(re.compile(r"\d+ of \d+"))
    page.get_by_role("button", name=re.compile(r"^Show \d+ usual fields")).click()
    expect(table).to_contain_text("(usual)")


def test_the_normalised_record_is_shown_and_copied(visit: Visiting) -> None:
    page = opened(visit, "mail-forwarding").page
    page.locator(".record-open").first.click()
    drawer = page.get_by_role("dialog")
    # Seawall keeps fields, no lines of the log: the heading says so, and where the line is.
    expect(drawer.get_by_role("heading", name="Normalised record")).to_be_visible()
    expect(drawer).not_to_contain_text("As the log has it")
    expect(drawer).to_contain_text(
        re.compile(r"not the log’s own text\. It was read from \S+, line [\d,]+\.")
    )
    raw = drawer.locator("pre").inner_text()
    assert isinstance(json.loads(raw), dict)
    expect(page).to_have_url(re.compile("record="))
    drawer.get_by_role("button", name="Copy").click()
    assert json.loads(page.evaluate("navigator.clipboard.readText()")) == json.loads(raw)
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page).not_to_have_url(re.compile("record="))


def test_the_reason_is_ready_to_be_pasted(visit: Visiting) -> None:
    page = opened(visit, "mail-forwarding").page
    account = page.locator(".incident-account").inner_text()
    page.get_by_role("button", name="Copy the reason").click()
    pasted = page.evaluate("navigator.clipboard.readText()")
    assert account in pasted
    assert re.search(r"\d+ of \d+", pasted)


def test_evidence_is_exported_whole(visit: Visiting) -> None:
    page = opened(visit, "mail-forwarding").page
    page.get_by_role("button", name="Export the evidence").click()
    with page.expect_download() as waiting:
        page.get_by_role("menuitem", name=re.compile("UTC")).click()
    with zipfile.ZipFile(waiting.value.path()) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        entries = {entry["name"]: entry["sha256"] for entry in manifest["files"]}
        assert {"incident.json", "events.csv", "events.jsonl", "report.html", "README.txt"} <= set(entries)
        for name, digest in entries.items():
            assert hashlib.sha256(archive.read(name)).hexdigest() == digest


def test_the_plan_is_shown_copied_and_saved_to_be_applied_elsewhere(visit: Visiting, tmp_path: Path) -> None:
    page = opened(visit, "mail-forwarding").page
    account = page.locator(".incident-account").inner_text()
    panel = page.locator(".panel").filter(has=page.get_by_role("heading", name="Containment plan"))
    expect(panel).to_contain_text(re.compile("applies none of this"))
    steps = panel.locator(".plan > li")
    expect(steps.filter(has_text=f"Block sign-in of {account}")).to_have_count(1)
    expect(steps.filter(has_text=re.compile("rule|forward", re.IGNORECASE)).first).to_contain_text(
        "From 1 record"
    )
    steps.filter(has_text=f"Block sign-in of {account}").get_by_text("Undo", exact=True).click()
    expect(steps.filter(has_text=f"Block sign-in of {account}")).to_contain_text("-AccountEnabled:$true")
    panel.get_by_role("button", name="Copy the plan").click()
    assert page.evaluate("navigator.clipboard.readText()").startswith("1. ")
    with page.expect_download() as waiting:
        panel.get_by_role("button", name="Save plan.json").click()
    waiting.value.save_as(tmp_path / "plan.json")
    assert f"Block sign-in of {account}" in {
        action.title for action in read_plan(tmp_path / "plan.json").actions
    }


def test_how_sessions_began_and_which_rules_hit_is_said(visit: Visiting) -> None:
    made = visit(f"/incidents/{HOSTILE_ID}")
    facts = made.page.locator(".incident-facts")
    expect(facts).to_contain_text("2 with a single factor")
    panel = made.page.locator(".panel").filter(
        has=made.page.get_by_role("heading", name="Sigma rules that hit")
    )
    expect(panel).to_contain_text(f"title{HOSTILE[0]}")
    expect(panel).to_contain_text("3 records")


def test_who_else_was_touched_is_searched_by_keys_and_saved(visit: Visiting, tmp_path: Path) -> None:
    page = opened(visit, "password-spray").page
    account = page.locator(".incident-account").inner_text()
    panel = page.locator(".panel").filter(has=page.get_by_role("heading", name="Who else was touched"))
    panel.get_by_role("button", name="Search from this incident").focus()
    page.keyboard.press("Enter")
    expect(panel).to_contain_text(re.compile("Searching since"))
    expect(panel.locator(".scope-counts")).to_be_visible(timeout=120_000)
    expect(panel.locator(".scope-list").first).to_contain_text(account)
    expect(panel.locator("tr").filter(has_text="Accounts").locator(".is-touched")).to_have_count(1)
    steps = panel.get_by_text(re.compile("^Steps of the search"))
    steps.focus()
    page.keyboard.press("Enter")
    expect(panel).to_contain_text(re.compile("in the span carry it|in the span carries it"))
    panel.get_by_text(re.compile("^Possibly touched")).focus()
    page.keyboard.press("Enter")
    expect(panel.get_by_label("What leaves it open").locator("li").first).to_be_visible()
    assert axe_faults(page) == []
    with page.expect_download() as waiting:
        panel.get_by_role("button", name="messages.csv").click()
    assert waiting.value.suggested_filename == "messages.csv"
    with page.expect_download() as waiting:
        panel.get_by_role("button", name="scope.json").click()
    waiting.value.save_as(tmp_path / "scope.json")
    found = read_scope(tmp_path / "scope.json")
    assert account in {one.name for one in found.accounts if one.verdict == "touched"}
    possible = {one.name for one in found.accounts if one.verdict == "possible"}
    plan = page.locator(".panel").filter(has=page.get_by_role("heading", name="Containment plan"))
    expect(plan).to_contain_text(f"{len(possible)} further accounts cannot be ruled out")
    plan.get_by_role("button", name="Also possible").click()
    plan.get_by_text(re.compile("accounts as a precaution$")).focus()
    page.keyboard.press("Enter")
    expect(plan.locator(".plan-possible .plan-account").first).to_be_visible()
    assert set(plan.locator(".plan-possible h3").all_inner_texts()) >= possible
    expect(plan.locator(".plan-accounts > li").first).to_contain_text(account)
    expect(plan.locator(".plan-accounts > li").first).to_contain_text("certain")
    assert axe_faults(page) == []
    with page.expect_download() as waiting:
        plan.get_by_role("button", name="Save plan.json").click()
    waiting.value.save_as(tmp_path / "plan.json")
    planned = {action.account for action in read_plan(tmp_path / "plan.json").actions}
    assert account in planned
    assert planned & possible


def choose_answer(page: Page, name: str) -> None:
    page.get_by_role("button", name=re.compile("^Answer")).first.click()
    page.get_by_role("radio", name=re.compile(name)).check()


def test_an_answer_shows_its_price_before_it_is_saved_and_can_be_withdrawn(visit: Visiting) -> None:
    page = opened(visit, "prompt-bombing").page
    choose_answer(page, "Expected change")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("heading", level=3)).to_contain_text(
        "In the last 30 days this answer would have hidden"
    )
    first = dialog.get_by_role("checkbox").first
    first.uncheck()
    dialog.get_by_role("button", name="30 days").click()
    dialog.get_by_label(re.compile("^Note")).fill("Announced in the change calendar <b>42</b>")
    expect(dialog.get_by_role("heading", level=3)).to_contain_text("would have hidden")
    dialog.get_by_role("button", name="Save the answer").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    answers = page.locator(".answers")
    expect(answers).to_contain_text("Expected change")
    expect(answers).to_contain_text("change calendar <b>42</b>")
    expect(page.locator(".incident-kind")).to_contain_text("Expected change")
    answers.get_by_role("button", name="Withdraw").click()
    expect(answers).to_contain_text("Withdrawn by")
    expect(page.locator(".incident-kind")).not_to_contain_text("Expected change")


def test_compromised_needs_no_scope(visit: Visiting) -> None:
    page = opened(visit, "password-spray").page
    choose_answer(page, "Compromised")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("For how long")).to_have_count(0)
    dialog.get_by_role("button", name="Save the answer").click()
    expect(page.locator(".answers")).to_contain_text("Compromised")


def test_a_campaign_leads_to_other_accounts(visit: Visiting) -> None:
    page = opened(visit, "password-spray").page
    account = page.locator(".incident-account").inner_text()
    panel = page.locator(".panel").filter(has=page.get_by_role("heading", name="Related accounts"))
    other = panel.locator(".shared-account a").filter(has_not_text=account).first
    name = other.inner_text()
    other.click()
    expect(page.locator("main")).to_contain_text(name)
    expect(page).not_to_have_url(re.compile(r"queue="))


def test_the_timeline_zooms_into_the_address(visit: Visiting) -> None:
    made = opened(visit, "mail-forwarding")
    page = made.page
    page.get_by_role("button", name="Look closer").click()
    expect(page).to_have_url(re.compile(r"time=\d+-\d+"))
    again = visit(made.path()).page
    expect(again.get_by_role("button", name="All", exact=True)).to_be_enabled()


def test_an_incident_that_is_not_there(visit: Visiting) -> None:
    page = visit("/incidents/nothing-of-the-kind", allow="404").page
    expect(page.get_by_role("heading", name="Not found")).to_be_visible()
