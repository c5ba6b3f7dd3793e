"""The page of tenants: campaigns with who to warn, found by an indicator; and what somebody limited to organisations sees."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from seawall.storage.location import open_store
from seawall_base.clock import read_wall_clock
from seawall_tokens.jose import base64url
from tests.console.browser.conftest import Visiting, serving
from tests.console.browser.doors.serving import axe_faults
from tests.console.browser.markup import TAG
from tests.pipeline.test_campaigns import APP, ORDINARY, showing

pytestmark = pytest.mark.browser

TOKEN = bytes(range(32))
NAMES = ("apple.example", "berry.example", f"cedar {TAG}")


def fill(folder: Path, names: tuple[str, ...]) -> None:
    """A store in which organisations share an application; an incident is raised at all but the last."""
    incidents = [
        replace(
            showing(name, day, app=f"{TAG} ({APP})", prefix="203.0.113.0/24"),
            id=f"shared-{day}",
            raised=name != NAMES[-1],
        )
        for day, name in enumerate(names)
    ]
    with open_store(folder, make=True) as opened, opened.database.writing() as work:
        work.incidents.put([*incidents, *(ORDINARY if len(names) > 2 else ())])
        work.days.put({20_000: {"events": 5, "accounts": 9, "tenants": dict.fromkeys(names, 3)}})
        work.users.add("ann", "admin", at=1)
        bob = work.users.add("bob", "analyst", at=1, organisations=[names[0]])
        work.sessions.start(TOKEN, bob.id, at=read_wall_clock(), expires_at=2**52)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory, pages_built: None) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("tenants") / "store"
    fill(folder, NAMES)
    with serving(folder, "--no-watch") as served:
        yield served


def has_no_faults(page: Page) -> None:
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    assert axe_faults(page) == []


@pytest.mark.parametrize("width", [1440, 390])
def test_a_campaign_is_listed_with_who_to_warn_and_leads_to_its_accounts(
    visit: Visiting, address: str, width: int
) -> None:
    page = visit("/tenants", address=address, width=width).page
    line = page.locator(".campaign")
    expect(line).to_have_count(1)
    expect(line).to_contain_text("3 organisations, 3 accounts, within 3 days")
    expect(line).to_contain_text(f"first seen at {NAMES[0]}")
    expect(line).to_contain_text(f"no incident is raised at {NAMES[2]}")
    expect(line.get_by_role("link", name="203.0.113.0/24")).to_have_attribute(
        "href", re.compile(r"/look\?subject=cidr")
    )
    expect(page.locator(".tenant")).to_have_count(3 + 5)
    has_no_faults(page)
    line.locator(".campaign-name").click()
    members = page.locator(".member")
    expect(members).to_have_count(3)
    expect(members.first).to_contain_text(f"user0@{NAMES[0]}")
    expect(members.last).to_contain_text("not raised")
    has_no_faults(page)
    members.first.get_by_role("link", name="High").click()
    expect(page).to_have_url(re.compile("/incidents/shared-0"))
    page.close()


def test_a_campaign_is_found_by_an_indicator(visit: Visiting, address: str) -> None:
    page = visit("/tenants", address=address).page
    find = page.get_by_label("Find by indicator")
    find.fill("203.0.113.9")
    expect(page).to_have_url(re.compile("q=203.0.113.9"))
    expect(page.locator(".campaign")).to_have_count(1)
    find.fill("198.51.100.9")
    expect(page.get_by_text("No campaign shares this indicator.")).to_be_visible()
    page.close()


def test_one_organisation_is_told_what_to_do(visit: Visiting, pages_built: None, tmp_path: Path) -> None:
    fill(tmp_path / "store", NAMES[:1])
    with serving(tmp_path / "store", "--no-watch") as served:
        page = visit("/tenants", address=served).page
        expect(page.get_by_text("This store holds one organisation")).to_be_visible()
        expect(
            page.get_by_text("at least 3 organisations would have to meet the same rare value")
        ).to_be_visible()
        page.close()


def test_a_user_is_limited_in_the_settings(visit: Visiting, address: str) -> None:
    page = visit("/settings", address=address).page
    page.get_by_role("button", name="Users", exact=True).click()
    line = page.locator(".settings-line", has_text="bob")
    expect(line).to_contain_text(f"sees {NAMES[0]}")
    page.get_by_role("button", name="Organisations of bob").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Organisations, one a line; none: all of them").fill(f"{NAMES[0]}\nnowhere")
    expect(dialog).to_contain_text("Not known yet: nowhere")
    has_no_faults(page)
    dialog.get_by_role("button", name="Limit the user").click()
    expect(line).to_contain_text(f"sees {NAMES[0]}, nowhere")
    expect(page.get_by_role("button", name="Organisations of ann")).to_have_count(0)
    page.close()


def test_somebody_who_is_limited_sees_his_own_and_counts_others(
    visit: Visiting, pages_built: None, tmp_path: Path
) -> None:
    fill(tmp_path / "store", NAMES)
    with serving(tmp_path / "store", "--no-watch") as served:
        page = visit("/tenants", address=served).page
        page.context.add_cookies([{"name": "seawall", "value": base64url.encode(TOKEN), "url": served}])
        page.goto(f"{served}/tenants")
        expect(page.locator(".campaign")).to_contain_text("1 account of yours")
        expect(page.locator(".campaign")).to_contain_text("and 2 other organisations")
        expect(page.locator(".tenant")).to_have_count(1)
        expect(page.get_by_text(NAMES[1])).to_have_count(0)
        expect(page.get_by_role("link", name="Health")).to_have_count(0)
        expect(page.get_by_role("link", name="Detector")).to_have_count(0)
        page.locator(".campaign-name").click()
        expect(page.locator(".member")).to_have_count(1)
        page.close()
