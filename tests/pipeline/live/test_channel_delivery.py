"""Messages to channels through the outbox: each once, to those whose filters let it through, also after failures."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from seawall.pipeline.live.commit import tell
from seawall.pipeline.live.outbox import LONGEST_PAUSE, MessageDeliverer
from seawall.response.channels.pagerduty import PagerDutyChannel
from seawall.response.channels.slack import SlackChannel
from seawall.storage.database import Database
from tests.pipeline.live.test_outbox import Time
from tests.response.channels.kinds import incident_document, write_secret
from tests.response.channels.stand_ins import pagerduty, slack
from tests.response.channels.stand_ins.vendor import TOO_MANY, VendorAnswer


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database.open(tmp_path / "seawall.db", should_migrate=True)
    yield opened
    opened.close()


@pytest.fixture
def chat() -> Iterator[slack.SlackStandIn]:
    with slack.SlackStandIn() as running:
        yield running


@pytest.fixture
def pager() -> Iterator[pagerduty.PagerDutyStandIn]:
    with pagerduty.PagerDutyStandIn() as running:
        yield running


def channels(
    chat: slack.SlackStandIn, pager: pagerduty.PagerDutyStandIn, folder: Path
) -> tuple[SlackChannel, PagerDutyChannel]:
    return (
        SlackChannel(name="chat", url_file=write_secret(folder, "url", chat.url + slack.PATH)),
        PagerDutyChannel(
            name="pager",
            severity="critical",
            routing_key_file=write_secret(folder, "key", pagerduty.ROUTING_KEY),
            url=pager.url + "/v2/enqueue",
        ),
    )


def raise_incidents(database: Database, deliverer: MessageDeliverer, *severities: str) -> None:
    with database.writing() as work:
        for number, severity in enumerate(severities):
            document = incident_document(id=f"i{number}", severity=severity)
            tell(work, "incident.raised", f"i{number}", document, deliverer.recipients, at=5)


def test_each_channel_gets_what_its_filters_let_through(
    database: Database, chat: slack.SlackStandIn, pager: pagerduty.PagerDutyStandIn, tmp_path: Path
) -> None:
    both = channels(chat, pager, tmp_path)
    deliverer = MessageDeliverer(database, [], Time().clock(), channels=both, console="https://s.example/")
    assert deliverer.targets == ("channel chat", "channel pager")
    raise_incidents(database, deliverer, "low", "critical", "high")
    assert deliverer.deliver() == 4
    assert deliverer.deliver() == 0
    assert len(chat.accepted) == 3
    assert [event["links"][0]["href"] for event in pager.accepted] == ["https://s.example/incidents/i1"]


def test_a_limit_of_the_vendor_is_kept(
    database: Database, chat: slack.SlackStandIn, pager: pagerduty.PagerDutyStandIn, tmp_path: Path
) -> None:
    time = Time()
    deliverer = MessageDeliverer(database, [], time.clock(), channels=channels(chat, pager, tmp_path)[:1])
    chat.faults = [TOO_MANY]
    raise_incidents(database, deliverer, "high", "high")
    assert deliverer.deliver() == 0
    time.now += 16.5
    assert deliverer.deliver() == 0
    assert len(chat.requests) == 1
    time.now += 1.0
    assert deliverer.deliver() == 2
    assert len(chat.accepted) == 2


def test_a_message_that_is_refused_for_ever_does_not_hold_up_the_next(
    database: Database, chat: slack.SlackStandIn, pager: pagerduty.PagerDutyStandIn, tmp_path: Path
) -> None:
    time = Time()
    deliverer = MessageDeliverer(database, [], time.clock(), channels=channels(chat, pager, tmp_path)[:1])
    chat.faults = [VendorAnswer(400, "invalid_payload")]
    raise_incidents(database, deliverer, "high", "high")
    deliverer.deliver()
    time.now += 5.0
    assert deliverer.deliver() == 1
    with database.reading() as work:
        counts = work.outbox.waiting()
    assert (counts.waiting, counts.failed) == (0, 1)
    assert "invalid_payload" in counts.last_error


def test_an_outage_of_one_channel_leaves_the_other_alone_and_loses_nothing(
    database: Database, chat: slack.SlackStandIn, pager: pagerduty.PagerDutyStandIn, tmp_path: Path
) -> None:
    time = Time()
    deliverer = MessageDeliverer(database, [], time.clock(), channels=channels(chat, pager, tmp_path))
    chat.faults = [VendorAnswer(503, "down") for _ in range(5)]
    raise_incidents(database, deliverer, "critical", "critical")
    assert deliverer.deliver() == 2
    assert len(pager.accepted) == 2
    for _ in range(8):
        time.now += LONGEST_PAUSE
        deliverer.deliver()
    assert len(chat.accepted) == 2


def test_a_death_after_sending_makes_no_second_alert(
    database: Database, chat: slack.SlackStandIn, pager: pagerduty.PagerDutyStandIn, tmp_path: Path
) -> None:
    class Death(BaseException):
        pass

    def die(step: str) -> None:
        if step == "sent":
            raise Death

    both = channels(chat, pager, tmp_path)[1:]
    dying = MessageDeliverer(database, [], Time().clock(), channels=both, step=die)
    raise_incidents(database, dying, "critical")
    with pytest.raises(Death):
        dying.deliver()
    assert MessageDeliverer(database, [], Time().clock(), channels=both).deliver() == 1
    assert list(pager.alerts.values()) == [2]
    assert len(pager.alerts) == 1


def test_nothing_secret_is_stored_with_a_failure(
    database: Database, chat: slack.SlackStandIn, pager: pagerduty.PagerDutyStandIn, tmp_path: Path
) -> None:
    deliverer = MessageDeliverer(database, [], Time().clock(), channels=channels(chat, pager, tmp_path)[:1])
    chat.faults = [VendorAnswer(403, f"no: {slack.PATH}")]
    raise_incidents(database, deliverer, "high")
    deliverer.deliver()
    with database.reading() as work:
        assert "403" in work.outbox.waiting().last_error
        assert "hidden-part" not in work.outbox.waiting().last_error
