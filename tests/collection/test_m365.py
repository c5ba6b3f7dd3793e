"""The Management Activity API: everything comes once, whatever its lists repeat, bring late or lead to."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any

import pytest

from seawall.collection.run import PassOutcome
from seawall.collection.vendors.m365 import M365Source, is_throttled
from seawall.collection.windows import DAY, HOUR, MINUTE
from seawall.vendor_api.client import RetryPolicy, VendorClient
from seawall_base.clock import Stopped
from seawall_base.errors import OutputUnwritable
from tests.collection.collecting import client_of, collect, ids, lines, standing
from tests.collection.management import FEED, TENANT, Blob, Management, blob
from tests.collection.serving import CUT_BEFORE, NOW, Reply, Request, Server, Still, fault, serving, without

TYPES = ("Audit.Exchange",)


def run(
    folder: Path, server: Server, clock: Still, *tokens: str, types: tuple[str, ...] = TYPES
) -> PassOutcome:
    def make(client: VendorClient) -> M365Source:
        return M365Source(client, server.url, TENANT, types, threads=2)

    client = client_of(server.url, clock, *tokens, is_throttled=is_throttled, retries=RetryPolicy(attempts=4))
    return collect(folder, make, client, clock)


def blobs(count: int, start: int = NOW - DAY, step: int = HOUR) -> list[Blob]:
    return [blob(f"b{n}", start + n * step, *range(10 * n, 10 * n + 10)) for n in range(count)]


def numbers(folder: Path) -> list[int]:
    return [int(text.rsplit("-", 1)[1]) for text in ids(folder)]


def test_pages_and_content(tmp_path: Path) -> None:
    clock = Still()
    api = Management(clock.now, blobs(20))
    with serving(api) as server:
        api.base = server.url
        outcome = run(tmp_path, server, clock)
        assert (outcome.records, outcome.pieces, outcome.is_complete) == (200, 20, True)
        again = run(tmp_path, server, clock)
        assert (again.records, again.pieces) == (0, 0)
    assert sorted(numbers(tmp_path)) == list(range(200))
    assert lines(tmp_path)[0] == json.dumps(json.loads(lines(tmp_path)[0])).encode()
    found = standing(tmp_path)
    assert (found.pieces, found.new_records, found.segment_records, found.open_asks) == (20, 200, 200, 0)
    assert found.feed.gaps == ()


def test_a_subscription_whose_status_is_left_out_is_there(tmp_path: Path) -> None:
    """It is not started, which would change it, and what it has is fetched from seven days back."""
    clock = Still()
    api = Management(clock.now, blobs(5), states=False)
    with serving(api) as server:
        api.base = server.url
        outcome = run(tmp_path, server, clock)
        assert (outcome.records, outcome.is_complete) == (50, True)
        assert not [path for path in server.paths() if path.endswith("/subscriptions/start")]


def test_late_and_repeated_content(tmp_path: Path) -> None:
    """Content that is listed twice, and content that turns up late in spans that were asked for."""
    clock = Still()
    late = blob("late", NOW - 2 * HOUR, 900, 901, listed=NOW + 30 * MINUTE)
    very_late = blob("very-late", NOW - 3 * HOUR, 910, listed=NOW + 20 * HOUR)
    twice = blob("twice", NOW - 4 * HOUR, 920, times=3)
    same_again = Blob("same-again", NOW - HOUR, twice.body)
    api = Management(clock.now, [*blobs(5), late, very_late, twice, same_again])
    with serving(api) as server:
        api.base = server.url
        run(tmp_path, server, clock)
        assert sorted(numbers(tmp_path)) == [*range(50), 920]
        for _ in range(30):
            clock.time += HOUR
            run(tmp_path, server, clock)
    assert sorted(numbers(tmp_path)) == [*range(50), 900, 901, 910, 920]
    found = standing(tmp_path)
    assert found.counts["repeated-records"] == 1
    assert found.counts["repeated-pieces"] > 2
    assert found.pieces == 9


@pytest.mark.parametrize(
    "reply",
    [
        fault(429, "AF429", Retry_After="7"),
        fault(403, "AF429"),
        fault(500, "AF50000"),
        fault(503),
        CUT_BEFORE,
        Reply(200, b"[" + b" " * 1000 + b"]", cut=500),
        Reply(200, b'[{"Id": "x"'),
        Reply(200, b"<html>maintenance</html>"),
        Reply(200, b"[" * 100_000),
        Reply(200, b'{"an": "object"}'),
    ],
    ids=["429", "AF429", "500", "503", "cut", "half", "not-closed", "html", "deep", "object"],
)
def test_what_passes_is_asked_again(tmp_path: Path, reply: Reply) -> None:
    clock = Still()
    api = Management(clock.now, blobs(6))
    failed: set[str] = set()

    def once(request: Request) -> Reply | None:
        key = request.path + str(sorted(request.query.items()))
        if key in failed or "/start" in key:
            return None
        failed.add(key)
        return reply

    with serving(api) as server:
        api.base, server.faults = server.url, once
        outcome = run(tmp_path, server, clock)
        assert outcome.is_complete
    assert sorted(numbers(tmp_path)) == list(range(60))
    if "Retry-After" in reply.headers:
        assert all(pause >= 7 for pause in clock.waits)
    assert sum(standing(tmp_path).counts.values()) >= 6


def test_an_ended_token_is_renewed_once(tmp_path: Path) -> None:
    clock = Still()
    api = Management(clock.now, blobs(3), token="token-2")
    with serving(api) as server:
        api.base = server.url
        assert run(tmp_path, server, clock, "token-1", "token-2").is_complete
        assert server.sent["401"] == 1
        api.token = "token-3"
        outcome = run(tmp_path, server, clock, "token-1", "token-2")
        assert outcome.refused == {"all": "401 AF10000"}
        assert server.sent["401"] == 3


def test_subscriptions(tmp_path: Path) -> None:
    clock = Still()
    api = Management(clock.now, enabled=set())
    types = ("Audit.Exchange", "Audit.General")
    with serving(api) as server:
        api.base = server.url
        assert run(tmp_path, server, clock, types=types).is_complete
        assert api.enabled == set(types)
        started = [request for request in server.requests if request.path.endswith("/start")]
        assert [(one.method, one.headers["content-length"]) for one in started] == [("POST", "0")] * 2
        feed = standing(tmp_path).feed
        # A new subscription has nothing of before, and its first content up to twelve hours later.
        assert feed.begin == NOW
        clock.time += 3 * DAY
        run(tmp_path, server, clock, types=types)
        feed = standing(tmp_path).feed
        assert feed.proved[0][0] == NOW + 12 * HOUR
        assert feed.gaps == ()
        # Somebody ends it, and it is started anew: what came in between is lost, and that is said.
        api.enabled.clear()
        clock.time += 5 * HOUR
        run(tmp_path, server, clock, types=types)
        feed = standing(tmp_path).feed
        assert [(gap.code, gap.start, gap.end) for gap in feed.gaps] == [
            ("subscription-was-off", NOW + 3 * DAY, NOW + 3 * DAY + 5 * HOUR)
        ]


def test_a_subscription_that_exists_already(tmp_path: Path) -> None:
    """The list does not have it yet, and starting it says that it exists."""
    clock = Still()
    api = Management(clock.now, blobs(2))

    def unlisted(request: Request) -> Reply | None:
        return Reply(200, b"[]") if request.path.endswith("/list") else None

    with serving(api) as server:
        api.base, server.faults = server.url, unlisted
        assert run(tmp_path, server, clock).is_complete
    assert len(lines(tmp_path)) == 20


@pytest.mark.parametrize("host", ["https://evil.example", "http://127.0.0.1:1", "http://localhost"])
def test_a_token_goes_nowhere_else(tmp_path: Path, host: str) -> None:
    clock = Still()
    api = Management(clock.now, blobs(5))
    with serving(api) as server:
        api.base = host
        outcome = run(tmp_path, server, clock)
        assert outcome.refused == {"Audit.Exchange": "elsewhere"}
        assert not any("/audit/" in path for path in server.paths())
    assert lines(tmp_path) == []
    assert standing(tmp_path).feed.proved == ()


def test_content_that_leads_elsewhere_is_a_gap(tmp_path: Path) -> None:
    clock = Still()
    api = Management(clock.now, blobs(2), page=100)
    with serving(api) as server:
        api.base = "https://evil.example"
        assert run(tmp_path, server, clock).is_complete
    found = standing(tmp_path)
    assert [gap.code for gap in found.feed.gaps] == ["part-refused"] * 2
    assert lines(tmp_path) == []


def test_content_that_cannot_be_had_for_now(tmp_path: Path) -> None:
    """One blob fails all the time: the others come, its span stays open, and it comes when it can."""
    clock = Still()
    api = Management(clock.now, blobs(8))
    with serving(api) as server:
        api.base = server.url
        server.faults = lambda request: fault(500) if request.path.endswith("/b3") else None
        outcome = run(tmp_path, server, clock)
        assert outcome.waiting == {"Audit.Exchange": "status-500"}
        assert sorted(numbers(tmp_path)) == [n for n in range(80) if not 30 <= n < 40]
        assert standing(tmp_path).open_asks == 1
        server.faults = lambda _: None
        assert run(tmp_path, server, clock).is_complete
    assert sorted(numbers(tmp_path)) == list(range(80))
    assert standing(tmp_path).feed.gaps == ()


def test_content_that_is_gone_is_a_gap(tmp_path: Path) -> None:
    clock = Still()
    api = Management(clock.now, blobs(3))
    with serving(api) as server:
        api.base = server.url
        server.faults = lambda request: fault(400, "AF20051") if request.path.endswith("/b1") else None
        assert run(tmp_path, server, clock).is_complete
    assert [gap.code for gap in standing(tmp_path).feed.gaps] == ["part-expired"]


def test_when_everything_fails_little_is_asked(tmp_path: Path) -> None:
    clock = Still()
    api = Management(clock.now, blobs(24))
    with serving(api) as server:
        api.base = server.url
        server.faults = lambda request: fault(500) if "/audit/" in request.path else None
        assert run(tmp_path, server, clock).waiting == {"Audit.Exchange": "status-500"}
        assert sum("/audit/" in path for path in server.paths()) <= 2 * (3 + 3) * 4


def test_permission_is_missing(tmp_path: Path) -> None:
    clock = Still()
    api = Management(clock.now, blobs(2))
    with serving(api) as server:
        api.base = server.url
        server.faults = lambda _: fault(403, "AF10001")
        assert run(tmp_path, server, clock).refused == {"all": "403 AF10001"}


def test_a_page_that_was_forgotten(tmp_path: Path) -> None:
    """The place in a list has ended when it is asked for: the span is listed anew, and nothing is written twice."""
    clock = Still()
    api = Management(clock.now, blobs(4, NOW - 3 * HOUR, MINUTE), page=1)
    failing = True

    def faults(request: Request) -> Reply | None:
        if request.query.get("nextPage") == "2":
            return fault(500) if failing else fault(400, "AF20031")
        return None

    with serving(api) as server:
        api.base, server.faults = server.url, faults
        assert run(tmp_path, server, clock).waiting
        failing = False
        outcome = run(tmp_path, server, clock)
        assert outcome.waiting == {"Audit.Exchange": "cursor-forgotten"}
        server.faults = lambda _: None
        assert run(tmp_path, server, clock).is_complete
    assert sorted(numbers(tmp_path)) == list(range(40))


def test_what_nobody_asked_for_in_time_is_a_gap(tmp_path: Path) -> None:
    clock = Still()
    api = Management(clock.now, blobs(2))
    with serving(api) as server:
        api.base = server.url
        run(tmp_path, server, clock)
        clock.time += 10 * DAY
        assert run(tmp_path, server, clock).is_complete
    gap = standing(tmp_path).feed.gaps[0]
    assert (gap.code, gap.start, gap.end) == ("not-fetched", NOW, NOW + 3 * DAY + 10 * MINUTE)


def test_whatever_a_record_is_it_is_kept(tmp_path: Path) -> None:
    """Values that are no records, records without a time, hostile texts: each on its line, once, also when it comes again."""
    clock = Still()
    values: list[Any] = [
        None,
        7,
        "text",
        [],
        {"CreationTime": 7},
        {"CreationTime": "soon"},
        {"Id": "\u2028\n=cmd|' '!A1"},
    ]
    body = json.dumps(values, indent=3).encode()
    api = Management(clock.now, [Blob("odd", NOW - HOUR, body), Blob("again", NOW - MINUTE, body)])
    with serving(api) as server:
        api.base = server.url
        for _ in range(3):
            assert run(tmp_path, server, clock).is_complete
            clock.time += 40 * DAY
            api.blobs.append(Blob(f"later-{clock.time}", clock.time - MINUTE, body))
    assert [json.loads(line) for line in lines(tmp_path)] == values


def test_a_list_without_an_end(tmp_path: Path) -> None:
    """A page that leads to itself: what it lists comes, and the span stays open."""
    clock = Still()
    api = Management(clock.now, blobs(2, NOW - 2 * HOUR, MINUTE), page=1)
    with serving(api) as server:
        api.base = server.url
        server.faults = without("nextPage")
        assert run(tmp_path, server, clock).waiting == {"Audit.Exchange": "endless"}
    assert len(lines(tmp_path)) == 10


def test_a_disk_that_is_full_for_a_while(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Still()
    api = Management(clock.now, blobs(12))
    real, calls = os.fsync, 0

    def full(descriptor: int) -> None:
        nonlocal calls
        calls += 1
        if calls == 4:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", full)
    with serving(api) as server:
        api.base = server.url
        with pytest.raises(OutputUnwritable, match="No space left"):
            run(tmp_path, server, clock)
        assert run(tmp_path, server, clock).is_complete
    assert sorted(numbers(tmp_path)) == list(range(120))
    assert standing(tmp_path).segment_records == 120


def test_a_stop_keeps_what_came(tmp_path: Path) -> None:
    clock = Still()
    api = Management(clock.now, blobs(6, NOW - 2 * HOUR, MINUTE))

    def stop(request: Request) -> Reply | None:
        if request.path.endswith("/b3"):
            clock.stop.set()
        return None

    with serving(api) as server:
        api.base, server.faults = server.url, stop
        with pytest.raises(Stopped):
            run(tmp_path, server, clock)
        assert 0 < len(lines(tmp_path)) < 60
        clock.stop.clear()
        server.faults = lambda _: None
        assert run(tmp_path, server, clock).is_complete
    assert sorted(numbers(tmp_path)) == list(range(60))


def test_every_request_names_the_publisher(tmp_path: Path) -> None:
    clock = Still()
    api = Management(clock.now, blobs(3))
    with serving(api) as server:
        api.base = server.url
        run(tmp_path, server, clock)
        assert {request.query["PublisherIdentifier"] for request in server.requests} == {TENANT}
        assert {path.removeprefix(FEED).split("/")[1] for path in server.paths()} == {
            "subscriptions",
            "audit",
        }
