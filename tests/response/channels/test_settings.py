"""The channels file: its faults are all said with their lines, its filters decide who gets what."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from seawall.response.channels.note import KINDS
from seawall.response.channels.pagerduty import PagerDutyChannel
from seawall.response.channels.settings import kind_of_channel, load_channels, open_channels
from seawall.response.channels.slack import SlackChannel
from seawall.response.errors import ChannelsInvalid
from tests.response.channels.kinds import incident_document, write_secret

GOOD = """
console = "https://seawall.example.org"

[[slack]]
name = "soc"
url_file = "url"
severity = "high"
organisations = ["contoso.com"]

[[pagerduty]]
name = "pager"
routing_key_file = "key"
kinds = ["incident.raised", "watch.interrupted"]
"""


def write(folder: Path, text: str) -> Path:
    write_secret(folder, "url", "https://hooks.slack.com/services/T/B/hidden-part")
    write_secret(folder, "key", "0123456789abcdef0123456789abcdef")
    file = folder / "channels.toml"
    file.write_text(text, "utf-8")
    return file


def test_a_file_is_read(tmp_path: Path) -> None:
    found = load_channels(write(tmp_path, GOOD))
    assert [(kind_of_channel(one), one.name, one.severity) for one in found.channels()] == [
        ("slack", "soc", "high"),
        ("pagerduty", "pager", "low"),
    ]
    console, channels = open_channels(tmp_path / "channels.toml")
    assert console == "https://seawall.example.org/"
    assert [one.target for one in channels] == ["channel soc", "channel pager"]
    assert open_channels(None) == ("", ())


@pytest.mark.parametrize(
    ("change", "line", "word"),
    [
        (('severity = "high"', 'severity = "urgent"'), 7, "not possible"),
        (('kinds = ["incident.raised"', 'kinds = ["incident.closed"'), 13, "not possible"),
        (('name = "pager"', 'name = "soc"'), 11, "soc is the name of another channel"),
        (('url_file = "url"', 'url = "https://hooks.slack.com/x"'), 6, "is not a setting"),
        (('url_file = "url"', 'url_file = "gone"'), 4, "cannot be read"),
        (("[[pagerduty]]", "[[pigeon]]"), 10, "is not a setting"),
    ],
)
def test_faults_are_said_with_their_line(
    tmp_path: Path, change: tuple[str, str], line: int, word: str
) -> None:
    with pytest.raises(ChannelsInvalid) as refused:
        load_channels(write(tmp_path, GOOD.replace(*change)))
    said = [one for one in refused.value.details if f"channels.toml:{line}:" in one]
    assert said
    assert word in said[0]
    assert "hidden-part" not in str(refused.value)


def test_a_secret_that_others_can_read_is_refused(tmp_path: Path) -> None:
    file = write(tmp_path, GOOD)
    (tmp_path / "url").chmod(0o644)
    with pytest.raises(ChannelsInvalid, match="others can read"):
        load_channels(file)


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(ChannelsInvalid, match="missing"):
        load_channels(tmp_path / "channels.toml")


def slack(**filters: Any) -> SlackChannel:
    return SlackChannel(name="x", url_file="x", **filters)


@pytest.mark.parametrize(
    ("least", "severity", "passes"),
    [
        ("low", "low", True),
        ("high", "medium", False),
        ("high", "high", True),
        ("high", "critical", True),
        ("critical", "high", False),
        ("critical", "something new", True),
    ],
)
def test_the_severity_filter(least: str, severity: str, passes: bool) -> None:
    found = slack(severity=least).narrow("incident.raised", incident_document(severity=severity))
    assert (found is not None) is passes


def test_the_severity_filter_holds_back_no_alarm() -> None:
    assert slack(severity="critical").narrow("source.silent", {"tenant": "a", "source": "b"}) is not None


def test_the_organisation_filter() -> None:
    channel = slack(organisations=("contoso.com",))
    assert channel.narrow("incident.raised", incident_document()) is not None
    assert channel.narrow("incident.raised", incident_document(tenant="fabrikam.com")) is None
    assert channel.narrow("source.silent", {"tenant": "fabrikam.com", "source": "x"}) is None
    assert channel.narrow("watch.interrupted", {"title": "x"}) is not None


def test_a_digest_names_no_other_organisation() -> None:
    rows = [{"tenant": "contoso.com"}, {"tenant": "fabrikam.com"}]
    found = slack(organisations=("contoso.com",)).narrow("digest.weekly", {"organisations": rows})
    assert found == {"organisations": [{"tenant": "contoso.com"}]}
    assert slack().narrow("digest.weekly", {"organisations": rows}) == {"organisations": rows}


def test_the_kinds_filter() -> None:
    pager = PagerDutyChannel(name="x", routing_key_file="x")
    assert pager.narrow("digest.weekly", {"organisations": []}) is None
    assert pager.narrow("watch.interrupted", {}) is not None
    chosen = PagerDutyChannel(name="x", routing_key_file="x", kinds=("digest.weekly",))
    assert chosen.narrow("digest.weekly", {"organisations": []}) is not None
    assert chosen.narrow("incident.raised", incident_document()) is None
    assert all(slack().narrow(kind, {}) is not None for kind in KINDS)


def test_a_test_message_passes_every_filter() -> None:
    assert (
        slack(severity="critical", organisations=("a",), kinds=("digest.weekly",)).narrow("channel.test", {})
        == {}
    )
