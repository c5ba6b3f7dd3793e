"""Channels in the console's settings: listed without secrets, tested by admins alone, audited, a few times a minute."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from seawall.console.channels import MOST_TESTS
from tests.console.consoles import Console, console
from tests.response.channels.stand_ins.slack import PATH, SlackStandIn


@pytest.fixture
def slack() -> Iterator[SlackStandIn]:
    with SlackStandIn() as running:
        yield running


@pytest.fixture
def team(tmp_path: Path, slack: SlackStandIn) -> Iterator[Console]:
    secret = tmp_path / "slack.url"
    secret.write_text(slack.url + PATH, encoding="utf-8")
    secret.chmod(0o600)
    file = tmp_path / "channels.toml"
    file.write_text(
        'console = "https://seawall.example.org/"\n'
        '[[slack]]\nname = "soc-chat"\nurl_file = "slack.url"\nseverity = "high"\norganisations = ["contoso.com"]\n',
        encoding="utf-8",
    )
    with console(tmp_path, channels=file) as made:
        yield made


def test_channels_are_listed_without_their_secrets(team: Console) -> None:
    answer = team.signed_in("admin").get("/api/channels")
    (row,) = answer.json()["items"]
    assert (row["name"], row["channel"], row["severity"]) == ("soc-chat", "slack", "high")
    assert row["organisations"] == ["contoso.com"]
    assert "incident.raised" in row["kinds"]
    assert "channel.test" not in row["kinds"]
    assert "hidden-part" not in answer.text
    for role in ("viewer", "analyst"):
        assert team.signed_in(role).get("/api/channels").status_code == 403
        assert team.signed_in(role).post("/api/channels/soc-chat/test").status_code == 403


def test_a_test_message_arrives_and_is_audited(team: Console, slack: SlackStandIn) -> None:
    admin = team.signed_in("admin")
    answer = admin.post("/api/channels/soc-chat/test")
    assert answer.status_code == 200, answer.text
    (result,) = answer.json()["items"]
    assert (result["accepted"], result["reason"]) == (True, "")
    (message,) = slack.accepted
    assert "Test message of Seawall" in message["text"]
    slack.revoked = True
    (refused,) = admin.post("/api/channels/soc-chat/test").json()["items"]
    assert (refused["accepted"], "hidden-part" in refused["reason"]) == (False, False)
    assert refused["reason"]
    assert admin.post("/api/channels/nothing/test").status_code == 404
    with team.context.database.reading() as work:
        noted = [(one.subject, one.actor) for one in work.audit.page() if one.action == "channel-tested"]
    assert noted == [("soc-chat", "admin-user")] * 2


def test_nobody_floods_a_channel(team: Console, slack: SlackStandIn) -> None:
    first, second = team.signed_in("admin"), team.signed_in("admin", "other")
    for _ in range(MOST_TESTS):
        assert first.post("/api/channels/soc-chat/test").status_code == 200
    for browser in (first, second):
        answer = browser.post("/api/channels/soc-chat/test")
        assert (answer.status_code, answer.json()["error"]["code"]) == (429, "too-many-requests")
        assert int(answer.headers["retry-after"]) > 0
    assert len(slack.accepted) == MOST_TESTS


def test_without_a_file_or_with_a_broken_one_it_is_said(team: Console, tmp_path: Path) -> None:
    admin = team.signed_in("admin")
    assert team.context.channels is not None
    team.context.channels.write_text("[[slack]\n", encoding="utf-8")
    broken = admin.get("/api/channels")
    assert (broken.status_code, str(tmp_path) in broken.text) == (503, False)
    team.context.channels = None
    assert admin.get("/api/channels").json() == {"items": [], "has_file": False}
    assert admin.post("/api/channels/soc-chat/test").status_code == 404
