"""History is marked and can be filtered; no page takes stored events that are not judged for clean ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import expect

from seawall.storage.database import Database, FirstImport
from seawall.storage.location import open_store
from tests.console.browser import filled
from tests.console.browser.conftest import Visiting, serving
from tests.report.samples import incident

pytestmark = pytest.mark.browser

OLD, NEW = "0ld000000001", "new000000001"
ACCOUNT = "old@contoso.example"


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory, pages_built: None) -> Iterator[str]:
    """A console over two raised incidents, one of them history, of an organisation of which older days are not judged yet."""
    store = tmp_path_factory.mktemp("history") / "store"
    open_store(store, make=True).close()
    old = replace(incident(1, account=ACCOUNT), id=OLD, raised=True)
    new = replace(incident(2), id=NEW, raised=True, score=old.score - 1.0)
    filled.put(store, [old, new])
    database = Database.open(store / "seawall.db")
    with database.writing() as work:
        work.incidents.mark_history([OLD])
        work.totals.add({"records": 10})
        work.first_imports.put([FirstImport(old.tenant, 0, False, 20_000, waiting_from=20_005)])
    database.close()
    with serving(store, "--no-watch") as address:
        yield address


def test_history_is_marked_and_filtered(visit: Visiting, imported: str) -> None:
    page = visit("/", address=imported).page
    rows = page.locator(".row")
    expect(rows).to_have_count(2)
    expect(page.locator(f"#row-{OLD}").get_by_text("History")).to_be_visible()
    expect(page.locator(f"#row-{NEW}").get_by_text("History")).to_have_count(0)
    page.get_by_role("button", name="History: With history").click()
    page.get_by_role("menuitem", name="Only history").click()
    expect(rows).to_have_count(1)
    expect(page.locator(f"#row-{OLD}")).to_be_visible()
    expect(page.get_by_label("Filter the queue")).to_have_value("is:history")
    page.get_by_role("button", name="History: Only history").click()
    page.get_by_role("menuitem", name="Without history").click()
    expect(page.locator(f"#row-{NEW}")).to_be_visible()
    expect(page.locator(f"#row-{OLD}")).to_have_count(0)
    expect(page.get_by_label("Filter the queue")).to_have_value("-is:history")


def test_the_page_of_an_incident_says_that_it_is_history(visit: Visiting, imported: str) -> None:
    page = visit(f"/incidents/{OLD}", address=imported).page
    tag = page.locator(".incident-kind .tag", has_text="History")
    expect(tag).to_have_attribute("title", "Older than the 30 days that are watched when it was found. "
        "It took nothing off today's budget, and no message was sent for it alone.")  # fmt: skip
    other = visit(f"/incidents/{NEW}", address=imported).page
    other.locator(".incident-account").wait_for()
    expect(other.locator(".incident-kind .tag", has_text="History")).to_have_count(0)


@pytest.mark.parametrize(
    "path", ["/", "/?queue=candidates", "/accounts", "/account?tenant=contoso.example&account=" + ACCOUNT]
)
def test_what_is_not_judged_is_said(visit: Visiting, imported: str, path: str) -> None:
    page = visit(path, address=imported).page
    notice = page.locator(".notice", has_text="Not everything that is stored is judged.")
    expect(notice).to_contain_text("Events from 2024-10-09 on are scored and wait to be judged.")


def test_an_empty_list_is_not_called_empty(visit: Visiting, imported: str) -> None:
    page = visit("/?queue=candidates", address=imported).page
    expect(page.get_by_role("heading", name="Not judged yet")).to_be_visible()
    expect(page.get_by_text("Nothing here")).to_have_count(0)


def test_an_account_shows_its_history(visit: Visiting, imported: str) -> None:
    page = visit(f"/account?tenant=contoso.example&account={ACCOUNT}", address=imported).page
    expect(page.get_by_role("list", name=f"Incidents of {ACCOUNT}")).to_contain_text("history")
