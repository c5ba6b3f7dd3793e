"""`seawall channels`: what there is, and whether a test message arrives."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner

from seawall.cli.main import app
from tests.response.channels.kinds import write_secret
from tests.response.channels.stand_ins import slack


def write(folder: Path, url: str) -> str:
    write_secret(folder, "url", url)
    file = folder / "channels.toml"
    file.write_text('[[slack]]\nname = "soc"\nurl_file = "url"\nseverity = "critical"\n')
    return str(file)


def test_the_channels_are_listed(tmp_path: Path) -> None:
    file = write(tmp_path, "https://hooks.slack.com/services/T/B/hidden-part")
    told = CliRunner().invoke(app, ["channels", "list", "--channels", file, "--json"])
    (row,) = json.loads(told.stdout)["channels"]
    assert (row["name"], row["channel"], row["severity"]) == ("soc", "slack", "critical")
    assert "digest.weekly" in row["kinds"]
    plain = CliRunner().invoke(app, ["channels", "list", "--channels", file])
    assert plain.stdout.startswith(
        "soc  slack  incidents from critical on  all organisations  incident.raised"
    )
    assert "hidden-part" not in told.stdout + plain.stdout


def test_a_test_message_arrives(tmp_path: Path) -> None:
    with slack.SlackStandIn() as server:
        file = write(tmp_path, server.url + slack.PATH)
        told = CliRunner().invoke(app, ["channels", "test", "soc", "--channels", file])
        assert (told.exit_code, told.stdout) == (0, "channel soc: accepted\n")
        assert server.accepted[0]["text"].endswith("Test message of Seawall")


def test_a_refusal_is_said_and_is_the_exit_code(tmp_path: Path) -> None:
    with slack.SlackStandIn() as server:
        server.revoked = True
        file = write(tmp_path, server.url + slack.PATH)
        told = CliRunner().invoke(app, ["channels", "test", "all", "--channels", file, "--json"])
        assert told.exit_code == 1
        (row,) = json.loads(told.stdout)["channels"]
        assert row["accepted"] is False
        assert "no_service" in row["reason"]


def test_an_unknown_channel_is_said(tmp_path: Path) -> None:
    file = write(tmp_path, "https://hooks.slack.com/services/T/B/x")
    told = CliRunner().invoke(app, ["channels", "test", "other", "--channels", file])
    assert told.exit_code != 0
    assert "there is no channel 'other'" in str(told.exception)
