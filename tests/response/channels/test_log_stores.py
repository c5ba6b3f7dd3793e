"""Splunk, Elasticsearch and Sentinel: the records they get, and what each refuses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from seawall.response.channels.elasticsearch import ElasticsearchChannel
from seawall.response.channels.http_sending import ChannelCall
from seawall.response.channels.sentinel import SentinelChannel
from seawall.response.channels.settings import load_channels
from seawall.response.channels.splunk import SplunkChannel
from seawall.response.errors import ChannelsInvalid
from seawall_base.webhooks import DeliveryFailed
from tests.response.channels.kinds import KINDS, incident_note, write_secret
from tests.response.channels.stand_ins import elasticsearch, sentinel, splunk
from tests.response.channels.stand_ins.vendor import VendorAnswer


@pytest.fixture
def collector() -> Iterator[splunk.SplunkStandIn]:
    with splunk.SplunkStandIn() as running:
        yield running


@pytest.fixture
def cluster() -> Iterator[elasticsearch.ElasticsearchStandIn]:
    with elasticsearch.ElasticsearchStandIn() as running:
        yield running


@pytest.fixture
def azure() -> Iterator[sentinel.SentinelStandIn]:
    with sentinel.SentinelStandIn() as running:
        yield running


def splunk_channel(
    server: splunk.SplunkStandIn, folder: Path, token: str = splunk.TOKEN, **more: Any
) -> SplunkChannel:
    return SplunkChannel(name="x", url=server.url, token_file=write_secret(folder, "hec", token), **more)


def refusal(channel: Any) -> DeliveryFailed:
    with pytest.raises(DeliveryFailed) as refused:
        channel.send(incident_note())
    return refused.value


def test_splunk_gets_the_whole_incident(collector: splunk.SplunkStandIn, tmp_path: Path) -> None:
    splunk_channel(collector, tmp_path, index="security").send(incident_note())
    (event,) = collector.accepted
    assert (event["time"], event["index"], event["sourcetype"]) == (
        1_760_000_000.0,
        "security",
        "seawall:message",
    )
    assert event["event"]["document"]["reasons"][1]["text"] == "mail was read in bulk"
    assert event["event"]["message_id"] == "seawall-incident-raised-5-1"


def test_a_document_that_is_too_large_is_left_out(collector: splunk.SplunkStandIn, tmp_path: Path) -> None:
    splunk_channel(collector, tmp_path).send(incident_note(events=["e" * 100] * 20_000))
    assert collector.accepted[0]["event"]["document"] is None
    assert collector.accepted[0]["event"]["account"] == "anna@contoso.com"


@pytest.mark.parametrize(
    ("change", "settings", "word", "is_final"),
    [
        ({"disabled": True}, {}, "Token disabled", False),
        ({}, {"index": "secret"}, "Incorrect index", False),
        ({}, {"token": "another-token"}, "Invalid token", False),
    ],
)
def test_splunk_says_what_is_wrong_and_the_message_waits(
    collector: splunk.SplunkStandIn,
    tmp_path: Path,
    change: dict[str, Any],
    settings: dict[str, Any],
    word: str,
    is_final: bool,
) -> None:
    for name, value in change.items():
        setattr(collector, name, value)
    refused = refusal(splunk_channel(collector, tmp_path, **settings))
    assert word in str(refused)
    assert refused.is_final is is_final


def test_a_token_with_acknowledgement_gets_its_channel(
    collector: splunk.SplunkStandIn, tmp_path: Path
) -> None:
    collector.needs_channel = True
    splunk_channel(collector, tmp_path).send(incident_note())
    assert len(collector.accepted) == 1


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", 5),
        (b"{", 6),
        (b'{"events": 1}', 6),
        (b'{"time": 1}', 12),
        (b'{"event": ""}', 13),
    ],
)
def test_the_stand_in_of_splunk_refuses_what_splunk_refuses(
    collector: splunk.SplunkStandIn, tmp_path: Path, body: bytes, code: int
) -> None:
    channel = splunk_channel(collector, tmp_path)
    call = ChannelCall("Splunk", channel, [], {"Authorization": f"Splunk {splunk.TOKEN}"})
    with pytest.raises(DeliveryFailed, match=f'"code": {code}') as refused:
        call.send("POST", f"{collector.url}/services/collector/event", {}, body)
    assert refused.value.is_final
    with pytest.raises(DeliveryFailed, match="413"):
        call.send("POST", f"{collector.url}/services/collector/event", {}, b"x" * (splunk.MOST + 1))


def test_elasticsearch_gets_each_document_once(
    cluster: elasticsearch.ElasticsearchStandIn, tmp_path: Path
) -> None:
    channel = KINDS["elasticsearch"].make(cluster, tmp_path, {})
    for _ in range(3):
        channel.send(incident_note())
    assert len(cluster.accepted) == 1
    assert cluster.documents["seawall-incident-raised-5-1"]["event"]["kind"] == "alert"


def test_elasticsearch_with_a_password(cluster: elasticsearch.ElasticsearchStandIn, tmp_path: Path) -> None:
    secret = write_secret(tmp_path, "password", elasticsearch.PASSWORD)
    channel = ElasticsearchChannel(name="x", url=cluster.url, user=elasticsearch.USER, password_file=secret)
    channel.check()
    channel.send(incident_note())
    assert len(cluster.accepted) == 1
    cluster.faults = [VendorAnswer(401, cluster.requests[0].headers["authorization"])]
    assert cluster.requests[0].headers["authorization"] not in str(refusal(channel))


@pytest.mark.parametrize(
    ("fault", "is_final", "may_have_arrived"),
    [
        ((429, "es_rejected_execution_exception"), False, False),
        ((400, "document_parsing_exception"), True, False),
        ((503, "unavailable_shards_exception"), False, True),
    ],
)
def test_an_item_that_fails_is_a_failure_although_the_status_is_200(
    cluster: elasticsearch.ElasticsearchStandIn,
    tmp_path: Path,
    fault: tuple[int, str],
    is_final: bool,
    may_have_arrived: bool,
) -> None:
    cluster.item_fault = fault
    refused = refusal(KINDS["elasticsearch"].make(cluster, tmp_path, {}))
    assert (refused.is_final, refused.may_have_arrived) == (is_final, may_have_arrived)
    assert fault[1] in str(refused)


@pytest.mark.parametrize("body", ["<html>", "{}", '{"items": []}', '{"items": [{"index": {"status": 201}}]}'])
def test_an_answer_that_is_none_is_no_success(
    cluster: elasticsearch.ElasticsearchStandIn, tmp_path: Path, body: str
) -> None:
    cluster.faults = [VendorAnswer(200, body)]
    assert not refusal(KINDS["elasticsearch"].make(cluster, tmp_path, {})).is_final


def test_a_missing_right_is_tried_again(cluster: elasticsearch.ElasticsearchStandIn, tmp_path: Path) -> None:
    cluster.forbidden = True
    assert not refusal(KINDS["elasticsearch"].make(cluster, tmp_path, {})).is_final


@pytest.mark.parametrize(
    "more", ["", 'user = "a"', 'user = "a"\npassword_file = "key"\napi_key_file = "key"']
)
def test_there_is_exactly_one_way_to_sign_in(tmp_path: Path, more: str) -> None:
    write_secret(tmp_path, "key", "x")
    file = tmp_path / "channels.toml"
    file.write_text(f'[[elasticsearch]]\nname = "x"\nurl = "https://e.example"\n{more}\n')
    with pytest.raises(ChannelsInvalid, match=r"api_key_file|belong together"):
        load_channels(file)


def test_sentinel_gets_a_row_whose_columns_the_guide_declares(
    azure: sentinel.SentinelStandIn, tmp_path: Path
) -> None:
    KINDS["sentinel"].make(azure, tmp_path, {}).send(incident_note())
    (row,) = azure.accepted
    assert set(row) == sentinel.COLUMNS
    assert row["Document"]["id"] == "a1b2c3"


def test_the_columns_of_the_guide_are_those_of_the_row() -> None:
    guide = (Path(__file__).parents[3] / "docs" / "how-to" / "channels.md").read_text("utf-8")
    assert [name for name in sentinel.COLUMNS if f"{name}:" not in guide] == []


def test_a_refused_secret_of_the_application_waits(azure: sentinel.SentinelStandIn, tmp_path: Path) -> None:
    channel = KINDS["sentinel"].make(azure, tmp_path, {})
    (tmp_path / "app").write_text("another-secret\n")
    refused = refusal(channel)
    assert "AADSTS7000215" in str(refused)
    assert (refused.is_final, refused.may_have_arrived) == (False, False)
    assert "another-secret" not in str(refused)


@pytest.mark.parametrize(
    ("change", "word", "is_final"),
    [
        ({"rule": "dcr-11111111111111111111"}, "404", False),
        ({"stream": "Custom-Other_CL"}, "InvalidStream", True),
        ({"audience": "https://management.azure.com"}, "AADSTS1002012", False),
        ({"client_id": "other"}, "AADSTS700016", False),
    ],
)
def test_what_azure_refuses(
    azure: sentinel.SentinelStandIn, tmp_path: Path, change: dict[str, str], word: str, is_final: bool
) -> None:
    values: dict[str, Any] = {
        "name": "x",
        "endpoint": azure.url,
        "login": azure.url,
        "rule": sentinel.RULE,
        "tenant": sentinel.TENANT,
        "client_id": sentinel.CLIENT,
        "secret_file": write_secret(tmp_path, "app", sentinel.SECRET),
    }
    refused = refusal(SentinelChannel(**{**values, **change}))
    assert word in str(refused)
    assert refused.is_final is is_final


def test_a_missing_role_waits_until_it_is_given(azure: sentinel.SentinelStandIn, tmp_path: Path) -> None:
    azure.has_role = False
    channel = KINDS["sentinel"].make(azure, tmp_path, {})
    assert not refusal(channel).is_final
    azure.has_role = True
    channel.send(incident_note())
    assert len(azure.accepted) == 1
