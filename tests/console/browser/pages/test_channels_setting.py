"""The settings' channels: what each gets, and a button that sends a test message, by keyboard, narrow and dark."""

from __future__ import annotations

import pytest
from playwright.sync_api import Route, expect

from tests.console.browser.conftest import Visiting
from tests.console.browser.doors.serving import axe_faults_of_themes
from tests.console.browser.pages.test_accessible import TOO_WIDE, settled

pytestmark = pytest.mark.browser
ROW = {
    "name": "soc-chat", "channel": "slack", "severity": "high", "organisations": [], "kinds": ["incident.raised"],
}  # fmt: skip


def test_without_channels_it_says_how_to_set_them_up(visit: Visiting) -> None:
    page = visit("/settings?part=channels").page
    settled(page)
    expect(page.get_by_text("seawall serve --channels FILE")).to_be_visible()


@pytest.mark.parametrize("width", [1440, 390])
def test_a_channel_is_tested_by_a_button(visit: Visiting, width: int) -> None:
    page = visit("/accounts", width=width).page
    sent: list[str] = []

    def answer(route: Route) -> None:
        sent.append(route.request.headers["x-seawall-csrf"])
        reason = "" if len(sent) == 1 else "Slack answered 404: no_service"
        items = [{"target": "channel soc-chat", "accepted": not reason, "reason": reason}]
        route.fulfill(json={"items": items})

    page.route("**/api/channels", lambda route: route.fulfill(json={"items": [ROW], "has_file": True}))
    page.route("**/api/channels/soc-chat/test", answer)
    page.goto(page.url.replace("/accounts", "/settings?part=channels"))
    button = page.get_by_role("button", name="Send a test message to soc-chat")
    button.press("Enter")
    expect(page.get_by_text("Accepted: look whether the message is there.")).to_be_visible()
    button.press("Enter")
    expect(page.get_by_text("Not accepted: Slack answered 404: no_service")).to_be_visible()
    assert len(sent) == 2
    assert all(sent)
    assert axe_faults_of_themes(page, "light", "dark") == []
    assert page.evaluate(TOO_WIDE) <= 0
