"""Slack and Teams: what the vendors refuse, and that text from logs is no markup there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from seawall.response.channels.http_sending import ChannelCall
from seawall.response.channels.slack import SlackChannel, make_slack_message
from seawall.response.channels.teams import TeamsChannel, make_card
from seawall_base.webhooks import DeliveryFailed
from tests.response.channels.kinds import HOSTILE, incident_note, write_secret
from tests.response.channels.stand_ins import slack, teams


@pytest.fixture
def server() -> Iterator[slack.SlackStandIn]:
    with slack.SlackStandIn() as running:
        yield running


@pytest.fixture
def workflow() -> Iterator[teams.TeamsStandIn]:
    with teams.TeamsStandIn() as running:
        yield running


def slack_channel(server: slack.SlackStandIn, folder: Path, path: str = slack.PATH) -> SlackChannel:
    return SlackChannel(name="soc", url_file=write_secret(folder, "slack", server.url + path))


def teams_channel(server: teams.TeamsStandIn, folder: Path, query: str = teams.QUERY) -> TeamsChannel:
    return TeamsChannel(
        name="soc", url_file=write_secret(folder, "teams", f"{server.url}{teams.PATH}?{query}")
    )


def test_slack_shows_title_story_facts_and_a_button(server: slack.SlackStandIn, tmp_path: Path) -> None:
    slack_channel(server, tmp_path).send(incident_note())
    (message,) = server.accepted
    kinds = [block["type"] for block in message["blocks"]]
    assert kinds == ["header", "section", "section", "actions"]
    assert message["blocks"][0]["text"]["text"].endswith("then mail was read: anna@contoso.com")
    assert message["blocks"][1]["text"]["text"].splitlines() == [
        "• An account signed in from 203.0.113.7 and read 118 messages.",
        "• mail was read in bulk",
        "• network never seen",
    ]
    assert "Chance:\n83% of incidents with this score were real" in [
        one["text"] for one in message["blocks"][2]["fields"]
    ]


def test_slack_reads_no_markup_from_logs(server: slack.SlackStandIn, tmp_path: Path) -> None:
    slack_channel(server, tmp_path).send(incident_note(account=HOSTILE, title=HOSTILE))
    (message,) = server.accepted
    assert "<!channel>" not in message["text"]
    assert "&lt;!channel&gt;" in message["text"]
    sections = [block for block in message["blocks"] if block["type"] == "section"]
    texts = [
        text
        for block in sections
        for text in [*block.get("fields", []), *([block["text"]] if "text" in block else [])]
    ]
    assert {text["type"] for text in texts} == {"plain_text"}


@pytest.mark.parametrize(
    ("change", "is_final", "word"),
    [("revoked", False, "no_service"), ("archived", True, "channel_is_archived")],
)
def test_slack_says_what_is_wrong_with_the_webhook(
    server: slack.SlackStandIn, tmp_path: Path, change: str, is_final: bool, word: str
) -> None:
    setattr(server, change, True)
    with pytest.raises(DeliveryFailed) as refused:
        slack_channel(server, tmp_path).send(incident_note())
    assert refused.value.is_final is is_final
    assert word in str(refused.value)


@pytest.mark.parametrize(
    ("document", "word"),
    [
        ({"blocks": []}, "no_text"),
        (
            {"text": "x", "blocks": [{"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}]},
            "invalid_blocks",
        ),
        (
            {"text": "x", "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3001}}]},
            "invalid_blocks",
        ),
        ({"text": "x", "blocks": [{"type": "divider"}] * 51}, "invalid_blocks"),
        ([], "invalid_payload"),
    ],
)
def test_the_stand_in_of_slack_refuses_what_slack_refuses(
    server: slack.SlackStandIn, tmp_path: Path, document: object, word: str
) -> None:
    channel = slack_channel(server, tmp_path)
    with pytest.raises(DeliveryFailed, match=word) as refused:
        ChannelCall("Slack", channel).send_json("POST", server.url + slack.PATH, document)
    assert refused.value.is_final


def test_teams_gets_a_card_in_which_nothing_is_markup(workflow: teams.TeamsStandIn, tmp_path: Path) -> None:
    teams_channel(workflow, tmp_path).send(incident_note(account=HOSTILE))
    (card,) = workflow.accepted
    assert {block["type"] for block in card["body"]} == {"RichTextBlock"}
    assert card["actions"] == [
        {
            "type": "Action.OpenUrl",
            "title": "Open in Seawall",
            "url": "https://seawall.example.org/incidents/a1b2c3",
        }
    ]
    lines = ["".join(run["text"] for run in block["inlines"]) for block in card["body"]]
    assert "An account signed in from 203.0.113.7 and read 118 messages." in lines
    assert "Severity: high" in lines


def test_teams_refuses_another_signature_for_now(workflow: teams.TeamsStandIn, tmp_path: Path) -> None:
    with pytest.raises(DeliveryFailed, match="401") as refused:
        teams_channel(workflow, tmp_path, teams.QUERY.replace("hidden-part", "old")).send(incident_note())
    assert not refused.value.is_final


@pytest.mark.parametrize(
    ("document", "status"),
    [
        ({"@type": "MessageCard", "text": "x"}, 400),
        ({"type": "message", "attachments": [{"contentType": "text/plain", "content": {}}]}, 400),
        ({**make_card(incident_note()), "padding": "x" * teams.MOST}, 413),
    ],
)
def test_the_stand_in_of_teams_refuses_what_teams_refuses(
    workflow: teams.TeamsStandIn, tmp_path: Path, document: object, status: int
) -> None:
    channel = teams_channel(workflow, tmp_path)
    with pytest.raises(DeliveryFailed, match=str(status)) as refused:
        ChannelCall("Teams", channel).send_json("POST", f"{workflow.url}{teams.PATH}?{teams.QUERY}", document)
    assert refused.value.is_final


def test_no_more_fields_than_slack_allows() -> None:
    message = make_slack_message(incident_note())
    assert all(len(block.get("fields", [])) <= 10 for block in message["blocks"])
