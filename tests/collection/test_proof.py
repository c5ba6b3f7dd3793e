"""What a ledger does not prove leaves everybody possible in a scope."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.cli.main import main
from seawall.collection.collected_spans import CollectedFeed
from seawall.collection.coverage import find_unqueried_spans
from seawall.collection.coverage_gap import CoverageGap
from seawall.collection.ledger import find_coverage_gaps
from seawall.collection.windows import DAY, HOUR
from tests.collection.collecting import client_of, collect
from tests.collection.management import TENANT, Blob, Management, record, stamp
from tests.collection.serving import NOW, Still, fault, serving

SPANS = st.lists(
    st.tuples(st.integers(0, 50), st.integers(1, 20)).map(lambda one: (one[0], one[0] + one[1])), max_size=5
)


@given(SPANS, SPANS, st.integers(0, 30), st.integers(0, 40), st.integers(1, 40))
def test_every_moment_is_proved_or_told(
    proved: list[tuple[int, int]], missing: list[tuple[int, int]], begin: int, start: int, length: int
) -> None:
    gaps = tuple(CoverageGap(first, last, "okta", "not-fetched", "") for first, last in missing)
    feed = CollectedFeed("okta", "acme", "okta", "log", begin, 0, tuple(proved), gaps)
    found = [gap for _, gap in find_coverage_gaps([feed], start, start + length)]
    for moment in range(start, start + length):
        told = any(gap.start <= moment < gap.end for gap in found)
        is_missing = any(first <= moment < last for first, last in missing)
        is_proved = any(first <= moment < last for first, last in proved)
        assert told == (is_missing or (moment >= begin and not is_proved))
    assert find_unqueried_spans([], 0, 1) == [(0, 1)]


def mail(number: int, time: int, address: str, user: str) -> dict[str, Any]:
    return {
        **record(number, time),
        "ClientIPAddress": address,
        "UserId": user,
        "MailboxOwnerUPN": user,
        "RecordType": 50,
    }


def story(folder: Path, failing: str = "") -> None:
    """Twenty days of two people's mail, collected as they went; an intruder reads one of the mailboxes on one of them."""
    clock = Still(NOW - 20 * DAY)
    start = clock.time
    blobs = []
    for hour in range(0, 20 * 24, 2):
        time = start + hour * HOUR
        records = [mail(10 * hour + n, time, f"192.0.2.{n}", f"user{n}@acme.example") for n in range(2)]
        if hour == 18 * 24:
            records.append(mail(10 * hour + 5, time, "203.0.113.99", "user0@acme.example"))
        blobs.append(Blob(f"b{hour}", time + HOUR, json.dumps(records).encode(), listed=time + HOUR))
    api = Management(clock.now, blobs, enabled={"Audit.Exchange"}, page=200)
    from seawall.collection.vendors.m365 import M365Source, is_throttled

    with serving(api) as server:
        api.base = server.url
        server.faults = lambda one: fault(400, "AF20051") if failing and one.path.endswith(failing) else None
        for _ in range(22 * 4):
            client = client_of(server.url, clock, is_throttled=is_throttled)
            collect(
                folder,
                lambda it: M365Source(it, server.url, TENANT, ("Audit.Exchange",), threads=2),
                client,
                clock,
            )
            clock.time += 6 * HOUR


@pytest.mark.slow
def test_a_scope_asks_the_ledger(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    story(tmp_path / "whole")
    story(tmp_path / "gap", failing=f"/b{18 * 24 + 4}")

    def gaps(name: str, *more: str) -> set[str]:
        options = ["--address", "203.0.113.99", "--from", stamp(NOW - 3 * DAY), "--to", stamp(NOW - DAY)]
        assert main(["scope", str(tmp_path / name / "logs"), *options, "--json", "--quiet", *more]) == 0
        text = capsys.readouterr().out
        assert "user0@acme.example" in text
        return {code for code in ("not-proved", "part-expired", "not-fetched") if f'"{code}"' in text}

    assert gaps("whole") == set()
    assert gaps("whole", "--collected", str(tmp_path / "whole" / "logs")) == set()
    assert gaps("gap", "--collected", str(tmp_path / "gap" / "logs")) == {"part-expired"}
    assert (
        main(
            [
                "scope",
                str(tmp_path / "gap" / "logs"),
                "--address",
                "203.0.113.99",
                "--collected",
                str(tmp_path),
            ]
        )
        == 3
    )
