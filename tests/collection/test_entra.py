"""Graph's sign-ins and audits: late ones come too, and what is there twice is written once."""

from __future__ import annotations

from pathlib import Path

import pytest

from seawall.collection.run import PassOutcome
from seawall.collection.vendors.entra import FEEDS, PACE, EntraSource
from seawall.collection.windows import DAY, HOUR, MINUTE
from seawall.vendor_api.client import RetryPolicy, VendorClient
from seawall_base.clock import Stopped
from tests.collection.collecting import client_of, collect, ids, standing
from tests.collection.graph import Entry, Graph, audit, sign_in
from tests.collection.serving import CUT_BEFORE, NOW, Reply, Request, Server, Still, fault, serving, without

INTERACTIVE = "signIns/interactiveUser"


def run(
    folder: Path, server: Server, clock: Still, feeds: tuple[str, ...] = (INTERACTIVE,), days: float = 2
) -> PassOutcome:
    def make(client: VendorClient) -> EntraSource:
        return EntraSource(client, server.url, feeds, days)

    client = client_of(server.url, clock, retries=RetryPolicy(attempts=4))
    return collect(folder, make, client, clock, "entra")


def entries(count: int) -> list[Entry]:
    return [sign_in(n, NOW - 2 * DAY + n * HOUR // 2 + MINUTE) for n in range(count)]


def test_all_kinds(tmp_path: Path) -> None:
    clock = Still()
    found = [sign_in(n, NOW - n * HOUR, kind=kind.split("/")[1]) for n, kind in enumerate(FEEDS[:4])]
    api = Graph(clock.now, [*found, *(audit(n, NOW - n * HOUR) for n in range(9))])
    with serving(api) as server:
        api.base = server.url
        assert run(tmp_path, server, clock, FEEDS).is_complete
    assert sorted(ids(tmp_path, "id")) == sorted(one.record["id"] for one in api.entries)
    assert {path.parts[-3] for path in (tmp_path / "logs").rglob("*.jsonl")} == {
        feed.replace("/", "-") for feed in FEEDS
    }


def test_late_ones_come_and_none_comes_twice(tmp_path: Path) -> None:
    clock = Still()
    late = sign_in(900, NOW - HOUR, listed=NOW + 5 * HOUR)
    later = sign_in(901, NOW - 2 * HOUR, listed=NOW + 2 * DAY)
    on_the_edge = sign_in(902, (NOW - DAY) // (6 * HOUR) * 6 * HOUR)
    api = Graph(clock.now, [*entries(90), late, later, on_the_edge])
    with serving(api) as server:
        api.base = server.url
        assert run(tmp_path, server, clock).records == 91
        for _ in range(30):
            clock.time += 3 * HOUR
            assert run(tmp_path, server, clock).is_complete
    assert sorted(ids(tmp_path, "id")) == sorted(one.record["id"] for one in api.entries)
    found = standing(tmp_path, INTERACTIVE)
    assert found.new_records == found.segment_records == 93
    assert found.records == 93 + found.counts["repeated-records"]
    assert found.feed.gaps == ()
    (proved,) = found.feed.proved
    assert proved[0] == NOW - 2 * DAY
    assert proved[1] > NOW + 2 * DAY


def test_an_outcome_that_changes_is_another_record(tmp_path: Path) -> None:
    clock = Still()
    api = Graph(clock.now, [sign_in(1, NOW - MINUTE, 50074)])
    with serving(api) as server:
        api.base = server.url
        run(tmp_path, server, clock)
        api.entries = [sign_in(1, NOW - MINUTE, 0)]
        clock.time += MINUTE
        assert run(tmp_path, server, clock).records == 1
        clock.time += MINUTE
        assert run(tmp_path, server, clock).records == 0


@pytest.mark.parametrize(
    "reply",
    [
        fault(429, Retry_After="9"),
        fault(503),
        CUT_BEFORE,
        Reply(200, b'{"value": 7}'),
        Reply(200, b'{"value": [{}'),
    ],
    ids=["429", "503", "cut", "wrong-type", "not-closed"],
)
def test_what_passes_is_asked_again(tmp_path: Path, reply: Reply) -> None:
    clock = Still()
    api = Graph(clock.now, entries(30))
    failed: set[str] = set()

    def once(request: Request) -> Reply | None:
        key = str(sorted(request.query.items()))
        if key in failed:
            return None
        failed.add(key)
        return reply

    with serving(api) as server:
        api.base, server.faults = server.url, once
        assert run(tmp_path, server, clock).is_complete
    assert sorted(ids(tmp_path, "id")) == sorted(one.record["id"] for one in api.entries)


def test_requests_have_a_pause_between_them(tmp_path: Path) -> None:
    clock = Still()
    api = Graph(clock.now, entries(30))
    with serving(api) as server:
        api.base = server.url
        client = client_of(server.url, clock, pace=PACE)
        collect(tmp_path, lambda it: EntraSource(it, server.url, (INTERACTIVE,), 2), client, clock, "entra")
        assert sum(clock.waits) == pytest.approx(PACE * (len(server.requests) - 1))


def test_a_next_link_that_leads_elsewhere(tmp_path: Path) -> None:
    clock = Still()
    api = Graph(clock.now, entries(90), base="https://evil.example")
    with serving(api) as server:
        assert run(tmp_path, server, clock).refused == {INTERACTIVE: "elsewhere"}


def test_pages_without_an_end(tmp_path: Path) -> None:
    clock = Still()
    api = Graph(clock.now, [sign_in(n, NOW - HOUR - n) for n in range(10)])
    with serving(api) as server:
        api.base = server.url
        server.faults = without("$skiptoken")
        assert run(tmp_path, server, clock).waiting == {INTERACTIVE: "endless"}
    assert len(ids(tmp_path, "id")) == 3


def test_no_premium_licence(tmp_path: Path) -> None:
    """Sign-ins are refused, audits come."""
    clock = Still()
    api = Graph(clock.now, [audit(1, NOW - HOUR)])
    code = "Authentication_RequestFromNonPremiumTenantOrB2CTenant"
    with serving(api) as server:
        api.base = server.url
        server.faults = lambda request: fault(403, code) if "signIns" in request.path else None
        outcome = run(tmp_path, server, clock, (INTERACTIVE, "directoryAudits"))
    assert outcome.refused == {INTERACTIVE: f"403 {code}"}
    assert ids(tmp_path, "id") == ["audit-1"]


def test_a_skip_token_that_was_forgotten(tmp_path: Path) -> None:
    clock = Still()
    api = Graph(clock.now, [sign_in(n, NOW - HOUR - n) for n in range(10)])
    with serving(api) as server:
        api.base = server.url
        server.faults = lambda request: fault(500) if request.query.get("$skiptoken") == "6" else None
        assert run(tmp_path, server, clock).waiting
        server.faults = lambda request: fault(400) if request.query.get("$skiptoken") == "6" else None
        assert run(tmp_path, server, clock).waiting == {INTERACTIVE: "cursor-forgotten"}
        server.faults = lambda _: None
        assert run(tmp_path, server, clock).is_complete
    assert sorted(ids(tmp_path, "id")) == sorted(one.record["id"] for one in api.entries)


def test_a_skip_token_that_is_forgotten_once(tmp_path: Path) -> None:
    """The span is asked for anew in the same pass, so that one that says it is complete is."""
    clock = Still()
    api = Graph(clock.now, [sign_in(n, NOW - HOUR - n) for n in range(10)])
    forgotten: list[str] = []

    def once(request: Request) -> Reply | None:
        if request.query.get("$skiptoken") != "6" or forgotten:
            return None
        forgotten.append("6")
        return fault(400)

    with serving(api) as server:
        api.base, server.faults = server.url, once
        assert run(tmp_path, server, clock).is_complete
    assert sorted(ids(tmp_path, "id")) == sorted(one.record["id"] for one in api.entries)
    assert standing(tmp_path, INTERACTIVE).open_asks == 0


def test_what_graph_may_not_have_kept_is_not_proved(tmp_path: Path) -> None:
    clock = Still()
    api = Graph(clock.now, entries(3), keeps=7 * DAY)
    with serving(api) as server:
        api.base = server.url
        assert run(tmp_path, server, clock, days=25).is_complete
        clock.time += 2 * DAY
        assert run(tmp_path, server, clock, days=25).is_complete
    feed = standing(tmp_path, INTERACTIVE).feed
    assert feed.begin == NOW - 25 * DAY
    assert feed.proved[0][0] == NOW - 7 * DAY + HOUR


def test_a_first_pass_that_is_interrupted_moves_no_begin(tmp_path: Path) -> None:
    """The log that comes last was not asked for yet when it was; it begins where it would have."""
    clock = Still()
    begin = NOW - 2 * DAY
    api = Graph(clock.now, [*entries(9), audit(1, begin + MINUTE)])
    with serving(api) as server:
        api.base = server.url

        def stop(_: Request) -> Reply | None:
            clock.stop.set()
            return None

        server.faults = stop
        with pytest.raises(Stopped):
            run(tmp_path, server, clock, (INTERACTIVE, "directoryAudits"))
        clock.stop.clear()
        server.faults = lambda _: None
        clock.time += HOUR
        assert run(tmp_path, server, clock, (INTERACTIVE, "directoryAudits")).is_complete
    assert "audit-1" in ids(tmp_path, "id")
    assert standing(tmp_path, "directoryAudits").feed.begin == begin
