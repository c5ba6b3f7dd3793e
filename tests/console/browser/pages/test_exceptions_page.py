"""Exceptions: an answer that stands is listed with its scope, its expiry and what it hides, and can be withdrawn."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from playwright.sync_api import expect

from tests.console.browser.conftest import Visit
from tests.console.browser.doors.serving import axe_faults
from tests.console.browser.markup import MARK

from .conftest import Living

pytestmark = pytest.mark.browser
Look = Callable[..., Visit]


def answered(living: Living) -> str:
    """Answer an incident below the budget, as whoever sits at this machine; returns its account."""
    with httpx.Client(base_url=living.address, timeout=30) as client:
        token = client.get("/api/session").json()["csrf_token"]
        rows = client.get("/api/incidents", params={"queue": "candidates"}).json()["items"]
        row = next(one for one in rows if one["account"] not in (living.victim, living.intruder))
        answer = client.post(
            f"/api/incidents/{row['id']}/answers",
            headers={"X-Seawall-CSRF": token, "Origin": living.address},
            json={
                "answer": "expected-change",
                "scope": {"reach": "account", "values": []},
                "expires_at": (datetime.now(UTC) + timedelta(days=2)).isoformat().replace("+00:00", "Z"),
                "note": f"on leave {MARK}",
            },
        )
        assert answer.is_success, answer.text
        return str(row["account"])


def test_answer_stands_and_is_withdrawn(look: Look, living: Living) -> None:
    account = answered(living)
    visit = look("/exceptions")
    page = visit.page
    entry = page.get_by_role("listitem").filter(has=page.get_by_role("link", name=account))
    expect(entry).to_contain_text("Expected change")
    expect(entry).to_contain_text("for this account")
    expect(entry).to_contain_text(f"on leave {MARK}")
    expect(entry).to_contain_text("expires in")
    assert axe_faults(page) == []
    page.get_by_role("button", name="Safe", exact=True).click()
    expect(page.get_by_role("heading", name="No answer stands")).to_be_visible()
    assert visit.path() == "/exceptions?kind=safe"
    page.get_by_role("button", name="All", exact=True).click()
    entry.get_by_role("button", name="Withdraw").click()
    dialog = page.get_by_role("dialog", name="Withdraw this answer?")
    assert axe_faults(page) == []
    dialog.get_by_role("button", name="Withdraw", exact=True).click()
    expect(dialog).to_have_count(0)
    expect(page.get_by_role("heading", name="No answer stands")).to_be_visible()
