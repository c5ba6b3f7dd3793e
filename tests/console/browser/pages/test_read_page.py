"""Drop an export onto a page: watch it read, open the worst incident, and come back to what was shown before."""

from __future__ import annotations

import base64
import json
import re
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.console.browser.conftest import Visiting
from tests.console.browser.doors.serving import axe_faults_of_themes
from tests.console.browser.pages.conftest import made
from tests.console.browser.pages.test_accessible import TOO_WIDE, settled
from tests.once import make_once

pytestmark = pytest.mark.browser
SLOW = 180_000
DROP = """([name, content]) => {
  const held = new DataTransfer();
  held.items.add(new File([Uint8Array.from(atob(content), (one) => one.charCodeAt(0))], name));
  const tell = (kind) => window.dispatchEvent(new DragEvent(kind, {dataTransfer: held, bubbles: true, cancelable: true}));
  tell('dragenter');
  return new Promise((done) => setTimeout(() => {
    const seen = document.querySelector('.drop-veil')?.textContent ?? '';
    tell('drop');
    done(seen);
  }, 100));
}"""


def check(page: Page) -> None:
    """axe has no findings, light and dark, and nothing is too wide."""
    assert axe_faults_of_themes(page, "light", "dark") == []
    assert page.evaluate(TOO_WIDE) <= 0


@pytest.mark.slow
def test_a_dropped_zip_opens_its_worst_incident(
    visit: Visiting, served: str, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    logs = make_once(tmp_path_factory, "living", made) / "world" / "logs"
    with zipfile.ZipFile(tmp_path / "export.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(logs.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(logs))
    content = base64.b64encode((tmp_path / "export.zip").read_bytes()).decode("ascii")
    page = visit("/accounts").page
    settled(page)
    before = page.evaluate("fetch('/api/summary').then((one) => one.json()).then((one) => one.open)")
    assert "What is shown now stays as it is" in page.evaluate(DROP, ["export.zip", content])
    expect(page).to_have_url(re.compile("/read$"))
    expect(page.get_by_role("button", name="Cancel")).to_be_visible()
    expect(page.get_by_role("button", name="One export at a time")).to_be_disabled()
    page.wait_for_url(re.compile(r"/drop/[0-9a-f]{16}/incidents/"), timeout=SLOW)
    expect(page.get_by_role("heading", name=re.compile("^What happened"))).to_be_visible()
    expect(page.get_by_text("Critical", exact=True).first).to_be_visible()
    banner = page.get_by_role("complementary", name="Dropped export")
    expect(banner).to_contain_text(re.compile("This is export.zip by itself: [0-9,]+ records, 1 problem"))
    check(page)
    # every link stays within the export, until the one that leads back
    page.get_by_role("link", name="Accounts", exact=True).click()
    expect(page).to_have_url(re.compile(r"/drop/[0-9a-f]{16}/accounts$"))
    expect(page.get_by_role("link", name="Settings")).to_have_count(0)
    banner.get_by_role("link", name="What was read, and close it").click()
    expect(page).to_have_url(re.compile(r"^[^/]+//[^/]+/read$"))
    expect(page.get_by_role("region", name="Refused of export.zip")).to_contain_text("not-json")
    expect(page.get_by_role("region", name="Understood of export.zip")).to_contain_text("m365 audit")
    check(page)
    page.set_viewport_size({"width": 390, "height": 900})
    check(page)
    page.get_by_role("button", name="Close and delete").click()
    expect(page.get_by_role("button", name="Close and delete")).to_have_count(0)
    after = page.evaluate("fetch('/api/summary').then((one) => one.json()).then((one) => one.open)")
    assert (after, served in page.url) == (before, True)


def test_files_are_chosen_and_cancelled_by_keyboard(visit: Visiting, tmp_path: Path) -> None:
    record = {"id": "1", "createdDateTime": "2026-03-02T09:00:00Z", "userPrincipalName": "ann@example.org"}
    (tmp_path / "a.jsonl").write_text(json.dumps(record) * 10, encoding="utf-8")
    page = visit("/health").page
    settled(page)
    page.keyboard.press("g")
    page.keyboard.press("r")
    expect(page.get_by_role("heading", level=1, name="Read an export")).to_be_visible()
    button = page.get_by_role("button", name="Choose files")
    settled(page)
    with page.expect_file_chooser() as chooser:
        button.press("Enter")
    chooser.value.set_files(tmp_path / "a.jsonl")
    cancel = page.get_by_role("button", name="Cancel")
    expect(cancel).to_be_visible()
    cancel.press("Enter")
    expect(cancel).to_have_count(0)
    expect(button).to_be_enabled()


def test_a_refused_archive_says_why(visit: Visiting, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "evil.zip", "w") as archive:
        archive.writestr("../../etc/passwd", "root")
    page = visit("/read").page
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose files").click()
    chooser.value.set_files(tmp_path / "evil.zip")
    expect(page.get_by_role("alert")).to_contain_text(
        "a file in the ZIP file has a path that leads out of it"
    )
    check(page)
    page.get_by_role("button", name="Close and delete").click()
    expect(page.get_by_role("alert")).to_have_count(0)


@pytest.mark.parametrize("width", [1440, 390])
def test_empty_page_says_what_to_do(visit: Visiting, width: int) -> None:
    page = visit("/read", width=width).page
    settled(page)
    expect(page.get_by_text("Drop files anywhere on these pages")).to_be_visible()
    check(page)


def test_other_consoles_say_where_exports_are_read(visit: Visiting) -> None:
    page = visit("/accounts").page
    answer = {"items": [], "may_drop": False, "most_bytes": 0, "most_exports": 0}
    page.route("**/api/drops", lambda route: route.fulfill(json=answer))
    page.goto(page.url.replace("/accounts", "/read"))
    expect(page.get_by_role("heading", name="Exports are read at the machine itself")).to_be_visible()
    check(page)
