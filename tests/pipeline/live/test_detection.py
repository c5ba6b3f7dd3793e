"""Detection of what arrives gives what a scan of the same events gives, however they arrive."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from seawall import scan
from seawall.detection.coverage_note import CoverageNote
from seawall.detection.incidents.alert_budget import decide
from seawall.detection.incidents.coverage import CoverageMeter
from seawall.detection.ranking.candidates import ScoredCandidate
from seawall.detection.ranking.engine import DetectionEngine
from seawall.detection.ranking.ranker import load
from seawall.detection.rules.sigma.load import load_builtin_rules
from seawall.events.array_state import StateInvalid
from seawall.events.networks import Networks, enrich
from seawall.events.readers import read
from seawall.pipeline.live.budget_ranking import CANDIDATE_DAYS, RANKED_DAYS, rank_under_budget
from seawall.pipeline.live.detection import DayScoring, LiveDetection
from seawall.pipeline.live.shard import DayResult
from seawall.storage import Coder, Spool, pack, unpack
from seawall.storage.errors import LakeBroken
from seawall.storage.files.incident_documents import incident_line
from seawall.storage.lake import Lake
from tests.logs import recorded, world
from tests.sample_events import event, sign_in, table
from tests.thoroughness import examples


class Watch:
    """As a watch does: keeps in the lake, takes, scores, and keeps what changed."""

    def __init__(self, folder: Path, lake: Lake | None = None) -> None:
        self.folder, self.states = folder, dict[str, bytes]()
        self.days: dict[tuple[int, int], DayResult] = {}
        self.rows: dict[int, int] = {}
        self.notes: list[CoverageNote] = []
        self.marked: set[int] = set()
        self.lake = lake or Lake.create(folder / "lake")
        self.detection = LiveDetection(self.lake)

    def take(self, events: pa.Table) -> None:
        self.lake.append(events)
        self.marked |= self.detection.take(events)
        self.states["ledger"] = pack(self.detection.ledger())
        if (shards := self.detection.shards()) is not None:
            self.states["shards"] = pack(shards)

    def score(self, deadline: Callable[[], bool] | None = None) -> DayScoring:
        return self.keep(self.detection.score(deadline))

    def glimpse(self) -> DayScoring | None:
        """Score the newest day of each shard alone where days before it wait, without keeping what is known after it."""
        before, found = self.detection.dirty, dict[tuple[int, int], DayResult]()
        for shard in self.detection.waiting():
            found |= self.detection.glimpse(shard) or {}
        return self.keep(self.detection.finish(found, before, is_keeping=False)) if found else None

    def hurry(self) -> DayScoring:
        """Score one shard, and keep nothing of what is known after it."""
        before = self.detection.dirty
        found = self.detection.bring_up(self.detection.waiting()[-1], lambda: True) if before else {}
        return self.keep(self.detection.finish(found, before, is_keeping=False))

    def keep(self, scoring: DayScoring) -> DayScoring:
        """Keep what changed."""
        self.states |= {name: pack(state) for name, state in scoring.kept_snapshots.items()}
        for name in scoring.dropped_snapshots:
            self.states.pop(name, None)
        self.days |= scoring.days
        self.rows |= scoring.rows
        self.notes = scoring.notes
        self.marked = set(self.detection.dirty)
        return scoring

    def restart(self) -> None:
        """Be killed and started again: what was kept is all that is known."""
        self.lake = Lake.open(self.folder / "lake")
        self.detection = LiveDetection(self.lake)
        self.detection.restore({name: unpack(state) for name, state in self.states.items()})
        self.detection.mark(self.marked)

    def candidates(self) -> list[ScoredCandidate]:
        found = [one for _, result in sorted(self.days.items()) for one in result.candidates]
        return sorted(found, key=lambda one: (one.day, one.tenant))

    def first(self) -> int:
        return min(day for day, _ in self.days)

    def last(self) -> int:
        return max(day for day, _ in self.days)

    def tenants(self) -> dict[str, int]:
        """Accounts of each organisation, as of the last day of its shard."""
        latest = {shard: result for (_, shard), result in sorted(self.days.items()) if result.tenants}
        return {name: count for result in latest.values() for name, count in result.tenants.items()}

    def events(self) -> list[int]:
        """Events of each day."""
        days = sorted({day for day, _ in self.days})
        return [sum(one.events for (at, _), one in self.days.items() if at == day) for day in days]

    def lines(self, budget: float | None = None) -> list[bytes]:
        ranking = rank_under_budget(
            self.candidates(),
            notes=self.notes,
            accounts_by_tenant=self.tenants(),
            first_day=self.first(),
            last_day=self.last(),
            budget=budget,
        )
        return [incident_line(incident) for incident in ranking.incidents]


def days_of(scoring: DayScoring) -> list[int]:
    """The days that were scored, whatever the shard."""
    return sorted({day for day, _ in scoring.days})


def scanned(
    tables: Sequence[pa.Table], folder: Path
) -> tuple[list[ScoredCandidate], list[CoverageNote], list[int]]:
    """What a scan finds in the same events: candidates, notes, and [events, duplicates] of all days."""
    rules = load_builtin_rules()
    coder, spool, engine = Coder(marks=rules.mark), Spool(folder), DetectionEngine(load(), rules)
    meter = CoverageMeter()
    for one in tables:
        spool.add(coder.encode(one))
    spool.settle(*coder.settle())
    candidates: list[ScoredCandidate] = []
    counts = [0, 0]
    for day in spool.days():
        batch, duplicates = spool.load(day)
        candidates += engine.observe(batch, day).candidates
        meter.observe(batch)
        counts = [counts[0] + len(batch), counts[1] + duplicates]
    return candidates, meter.notes(), counts


def events_of(logs: Path) -> list[pa.Table]:
    networks = Networks.load()
    return [enrich(one.events, networks) for one in read([logs]) if one.events.num_rows]


LOGS = {"one": world(31), "two": world(32, tenants=2), "recorded": recorded}


@pytest.mark.parametrize(
    "logs",
    [
        pytest.param(logs, id=name, marks=[pytest.mark.soak] if name == "one" else [])
        for name, logs in LOGS.items()
    ],
)
def test_day_by_day_it_finds_what_a_scan_finds(tmp_path: Path, logs: Callable[[Path], Path]) -> None:
    place = logs(tmp_path / "world")
    tables = events_of(place)
    (tmp_path / "spool").mkdir()
    candidates, notes, counts = scanned(tables, tmp_path / "spool")
    dice = random.Random(1)
    parts = [one.slice(start, 700) for one in tables for start in range(0, one.num_rows, 700)]
    dice.shuffle(parts)
    watch = Watch(tmp_path)
    for number, part in enumerate(parts):
        watch.take(part)
        if number % max(len(parts) // 4, 1) == 0:
            watch.score()
        if number == len(parts) // 2:
            watch.restart()
    watch.score()
    assert repr(watch.candidates()) == repr(candidates)
    if watch.last() - watch.first() < CANDIDATE_DAYS:
        assert watch.notes == notes
    assert [sum(watch.events()), sum(watch.rows.values()) - sum(watch.events())] == counts
    if watch.last() - watch.first() < RANKED_DAYS:
        scan(place, tmp_path / "scan")
        written = (tmp_path / "scan" / "incidents.jsonl").read_bytes()
        lines = b"".join(watch.lines()).splitlines()  # a scan writes them in the order in which they are read
        assert sorted(lines) == sorted(written.splitlines())


PERSONS = {"0f-ann": "ann@x.example", "0f-cy": "cy@y.example"}
"""Object ids that stand as accounts, and of whom they are."""

ACTS = st.tuples(
    st.integers(0, 8),
    st.integers(0, 1400),
    st.sampled_from(("ann@x.example", "bob@x.example", "cy@y.example", "dee@y.example", "0f-app", *PERSONS)),
    st.sampled_from(("own", "away", "nowhere", "office")),
    st.sampled_from(
        ("read", "sign_in", "fail", "revoke", "consent", "use", "throttled", "orphan", "rule", "homeless")
    ),
)
PLACES: dict[str, dict[str, Any]] = {
    "own": {},
    "office": {"src_asn": None, "src_prefix": "192.0.2.0/24"},
    "away": {"src_prefix": "198.51.100.0/24", "src_asn": 64999, "src_asn_name": "Far", "src_location": "RO",
             "client": "python/rest", "app_uid": "odd", "app_name": "Öd"},
    "nowhere": {"src_ip": None, "src_prefix": None, "src_asn": None, "src_asn_name": None, "src_location": None},
}  # fmt: skip
DOINGS: dict[str, dict[str, Any]] = {
    "read": {"session_uid": "s1"},
    "sign_in": {"session_uid": "s1", "token_uid": "t1"},
    "fail": {"status": "failure", "status_code": "500121"},
    "revoke": {"kind": "directory", "activity_name": "Reset user password.", "resource_uid": "cy@y.example"},
    "consent": {
        "kind": "directory",
        "activity_name": "Consent to application.",
        "resource_uid": "b0000000-app",
    },
    "use": {"app_uid": "b0000000-app"},
    "throttled": {"is_throttled": True, "item_count": 900},
    "orphan": {"session_uid": "s2", "token_uid": "t2", "org_uid": None},
    "rule": {"kind": "mail_rule", "activity_name": "New-InboxRule", "mailbox": "bob@x.example"},
    "homeless": {"org_uid": None, "mailbox": None},
}


def rows_of(acts: Sequence[tuple[int, int, str, str, str]]) -> list[dict[str, Any]]:
    """Events of organisations that are at times known by a domain alone, some with a twin of another source.

    Sign-ins state the person's object id; now and then a sign-in of Bob's states Ann's.
    """
    rows = []
    for number, (day, minute, who, place, doing) in enumerate(acts):
        make = sign_in if doing in ("sign_in", "fail") else event
        person = PERSONS.get(who, who)
        own = {"account": who, "mailbox": who if "@" in who else None, "org_uid": f"org-{person[-9:]}"}
        own["actor_user_uid"] = f"0f-{'ann' if who[:3] == 'bob' and minute % 4 == 0 else person[:-10]}"
        columns = {**own, **PLACES[place], **DOINGS[doing], "source_line": number, "unmapped": f"{number}"}
        rows.append(make(f"e{number}", day, minute - 540, **columns))
        if minute % 5 == 0:
            twin = {"source": "entra_signin" if minute % 2 else "m365_audit", "client": None, "item_count": 7}
            rows.append({**rows[-1], **twin, "source_file": "twin.jsonl"})
    return rows


@settings(
    max_examples=examples(12),
    phases=[Phase.generate, Phase.explicit],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(st.lists(ACTS, min_size=1, max_size=40), st.data())
def test_however_they_arrive_it_finds_what_a_scan_finds(
    acts: list[tuple[int, int, str, str, str]], data: st.DataObject
) -> None:
    rows = rows_of(acts)
    with TemporaryDirectory() as folder:
        candidates, notes, (events, duplicates) = scanned([table(rows)], Path(folder))
    again = data.draw(st.lists(st.sampled_from(rows), max_size=6))
    arriving = data.draw(st.permutations([*rows, *again]))
    cuts = sorted(data.draw(st.lists(st.integers(1, len(arriving)), max_size=5)))
    doings = st.sets(st.sampled_from(("score", "restart", "stop early", "hurry", "glimpse")))
    # Little is at hand: most days are read from files, or from the lake again.
    with (
        TemporaryDirectory() as folder,
        patch.multiple("seawall.pipeline.live.days", TAIL=5, HELD_RECORDS=20),
    ):
        watch = Watch(Path(folder))
        for low, high in zip([0, *cuts], [*cuts, len(arriving)], strict=True):
            if low < high:
                watch.take(table(arriving[low:high]))
            after = data.draw(doings)
            if "glimpse" in after:
                watch.glimpse()
            if "stop early" in after:
                watch.score(lambda: True)
            if "hurry" in after:
                watch.hurry()
            if "score" in after:
                watch.score()
            if "restart" in after:
                watch.restart()
        watch.score()
        assert not watch.detection.dirty
        assert repr(watch.candidates()) == repr(candidates)
        assert watch.notes == notes
        assert sum(watch.events()) == events
        assert sum(watch.rows.values()) == events + duplicates + len(again)
        days = watch.last() - watch.first() + 1
        decision = decide(candidates, notes, watch.tenants(), days, 0.5)
        assert watch.lines(0.5) == [incident_line(incident) for incident in decision.incidents]


def test_the_accounts_of_a_middling_organisation_are_those_of_a_scan(tmp_path: Path) -> None:
    """The code of the 129th account no longer fits into a byte: a watch once took it for no account."""
    rows = []
    for day in range(5):
        # Each day the newest account has the highest code of the day, and one event has no account.
        for number in range(126 + day):
            name = f"u{number:03}@x.example"
            rows.append(event(f"{name}{day}", day, number, account=name, mailbox=name))
        rows.append(event(f"new{day}", day, 400, account=name, mailbox=name, **PLACES["away"]))
        rows.append(event(f"nobody{day}", day, 500, account=None, mailbox=None))
    (tmp_path / "spool").mkdir()
    candidates, notes, counts = scanned([table(rows)], tmp_path / "spool")
    with patch("seawall.pipeline.live.days.TAIL", 5):
        watch = Watch(tmp_path)
        for start in range(0, len(rows), 50):
            watch.take(table(rows[start : start + 50]))
        watch.score()
    assert repr(watch.candidates()) == repr(candidates)
    assert {one.account for one in candidates} >= {"u128@x.example"}
    assert (watch.notes, sum(watch.events())) == (notes, counts[0])


def test_the_newest_day_need_not_wait_for_what_is_late(tmp_path: Path) -> None:
    watch = Watch(tmp_path)
    assert watch.glimpse() is None
    for day in range(4):
        watch.take(table([event(f"{day}-{n}", day, n) for n in range(4)]))
        watch.score()
    last = watch.last()
    known = repr(watch.candidates())
    watch.take(table([event("late", 1, 9)]))
    watch.take(table([event("new", 3, 9, src_prefix="203.0.113.0/24", src_asn=64999, src_asn_name="Far")]))
    found = watch.glimpse()
    assert found is not None
    assert days_of(found) == [last]
    assert watch.events()[-1] == 5
    assert repr(watch.candidates()) != known
    assert not found.done
    assert watch.detection.dirty == {
        last - 2,
        last,
    }  # a late event makes all days after it wait, once they are scored
    assert days_of(watch.score()) == [last - 2, last - 1, last]
    assert not watch.detection.dirty
    assert watch.glimpse() is None
    watch.take(table([event("later", 2, 9)]))
    watch.score(
        lambda: True
    )  # stops behind the late day: what was known before the newest one is still there
    watch.take(table([event("newer", 3, 10)]))
    assert watch.glimpse() is not None
    watch.take(table([event("newest", 4, 1)]))
    assert watch.glimpse() is None  # what the day before taught is not known yet


def test_after_a_start_a_twin_in_another_shard_is_joined_with_what_came_before(tmp_path: Path) -> None:
    own: dict[str, Any] = {"account": "dee@y.example", "mailbox": "dee@y.example", "org_uid": None}
    first = event("twin", 8, 100, session_uid="s2") | own | PLACES["away"]
    again = {**first, "client": None, "item_count": 7, "source_file": "twin.jsonl"}
    home = event("home", 1) | own | {"org_uid": "org-y"}
    other = event("other", 8, 3, account="bob@x.example", mailbox="bob@x.example", org_uid="org-x")
    watch = Watch(tmp_path)
    watch.take(table([first]))
    watch.score()
    watch.restart()  # whose the first one is was not kept, and is seen only now to be somebody else's
    watch.take(table([again, home, other]))
    watch.score()
    (tmp_path / "spool").mkdir()
    candidates, _, counts = scanned([table([first, again, home, other])], tmp_path / "spool")
    assert repr(watch.candidates()) == repr(candidates)
    assert [sum(watch.events()), sum(watch.rows.values()) - sum(watch.events())] == counts == [3, 1]


def test_what_comes_for_a_day_that_is_no_longer_kept_is_kept_and_said_to_be_too_late(tmp_path: Path) -> None:
    watch = Watch(tmp_path)
    first = 20_514  # 2026-03-02
    for day in range(12):
        watch.take(table([event(f"a{day}", day), sign_in(f"s{day}", day, 5)]))
    watch.score()
    before = watch.candidates()
    watch.lake.prune(date(2026, 3, 2) + timedelta(days=6))
    watch.restart()
    watch.take(table([event("late", 2, 9), event("too", 9, 9)]))
    scoring = watch.score()
    assert days_of(scoring) == list(range(first + 9, first + 12))
    assert [note.start // 86_400_000_000 for note in watch.notes if note.code == "late"] == [first + 2]
    assert "2026-03-04" in next(note.text for note in watch.notes if note.code == "late")
    assert not watch.detection.dirty
    assert watch.events() == [2] * 9 + [3] + [2] * 2
    untouched = [one for one in watch.candidates() if one.day < first + 9]
    assert untouched == [one for one in before if one.day < first + 9]  # nothing of these days was new
    assert untouched
    watch.restart()
    watch.score()
    assert [note.start // 86_400_000_000 for note in watch.notes if note.code == "late"] == [first + 2]


def test_a_late_day_goes_back_to_a_snapshot_and_not_to_the_beginning(tmp_path: Path) -> None:
    watch = Watch(tmp_path)
    for day in range(40):
        watch.take(table([event(f"a{day}", day)]))
        watch.score()
    kept = sorted(int(name.split("/")[2]) - 20_514 for name in watch.states if "/engine/" in name)
    assert kept[-3:] == [35, 36, 37]
    assert len(kept) <= 14
    assert kept[0] <= 39 - 30
    watch.take(table([event("late", 33, 9)]))
    assert days_of(watch.score()) == [20_514 + day for day in range(33, 40)]
    assert max(int(name.split("/")[2]) for name in watch.states if "/meter/" in name) == 20_514 + 39


def test_when_a_domain_gets_its_organisation_its_days_are_scored_again(tmp_path: Path) -> None:
    nameless = {"org_uid": None, "src_asn": 64999, "src_asn_name": "Far"}
    rows = [
        *(event(f"a{day}", day, org_uid=None) for day in range(6)),
        event("b", 5, 30, client="python/rest", **nameless),
    ]
    named = event("c", 6, org_uid="org")
    other = event("d", 6, 5, org_uid="elsewhere", account="zoe@z.example", mailbox=None)
    watch = Watch(tmp_path)
    watch.take(table(rows))
    watch.score()
    assert {one.tenant for one in watch.candidates()} == {"x.example"}
    watch.take(table([named, other]))
    assert len(days_of(watch.score())) == 7
    (tmp_path / "spool").mkdir()
    candidates, notes, _ = scanned([table([*rows, named, other])], tmp_path / "spool")
    assert repr(watch.candidates()) == repr(candidates)
    assert "org" in {one.tenant for one in candidates}
    assert watch.notes == notes


def test_what_does_not_fit_is_refused() -> None:
    with TemporaryDirectory() as folder:
        watch = Watch(Path(folder))
        watch.take(table([event("a"), event("b", 1)]))
        watch.score()
        states = watch.detection.state()
        kinds = {name.split("/")[1] if "/" in name else name for name in states}
        assert kinds == {"coder", "ledger", "shards", "days", "engine", "meter"}
        for name in states:
            with pytest.raises(StateInvalid):
                LiveDetection(watch.lake).restore({**states, name: {}})


def test_scratch_holds_nothing_of_an_earlier_process_and_nothing_after(tmp_path: Path) -> None:
    left = tmp_path / "scratch" / "days" / "00000000.arrow"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"of a process that was killed")
    detection = LiveDetection(Lake.create(tmp_path / "lake"), scratch=tmp_path / "scratch")
    assert not left.exists()
    detection.take(table([event("a")]))
    detection.score()
    detection.close()
    assert list((tmp_path / "scratch").iterdir()) == []


def test_what_fails_is_done_again_and_nothing_is_lost_by_it(tmp_path: Path) -> None:
    rows = [row for day in range(5) for row in (event(f"a{day}", day), sign_in(f"s{day}", day, 5))]
    rows.append(event("b", 4, 30, client="python/rest", src_asn=64999, src_asn_name="Far"))
    (tmp_path / "spool").mkdir()
    candidates, _, _ = scanned([table(rows)], tmp_path / "spool")
    watch = Watch(tmp_path)
    full = OSError(28, "No space left on device")
    with patch("seawall.pipeline.live.days.TAIL", 1), patch.object(Spool, "_write", side_effect=full):
        watch.restart()
        watch.take(table(rows[:6]))
    for broken in (LakeBroken("a damaged part"), full):
        with patch.object(Lake, "day", side_effect=broken), pytest.raises(type(broken)):
            watch.score()
        assert watch.detection.dirty == watch.marked
    with patch.object(DetectionEngine, "observe", side_effect=MemoryError), pytest.raises(MemoryError):
        watch.score()
    assert watch.detection.dirty == watch.marked
    watch.score()
    watch.take(table(rows[6:]))
    with patch.object(DetectionEngine, "state", side_effect=MemoryError), pytest.raises(MemoryError):
        watch.score()
    watch.score()
    assert repr(watch.candidates()) == repr(candidates)
    for name in watch.states:
        assert "/engine/" not in name or int(name.split("/")[2]) <= watch.last() - 2
    watch.restart()
    watch.take(table([event("late", 2, 100)]))
    watch.score()
    candidates, _, _ = scanned([table([*rows, event("late", 2, 100)])], tmp_path / "spool")
    assert repr(watch.candidates()) == repr(candidates)
