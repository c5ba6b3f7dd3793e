"""After every batch, a growing day gives what scoring all its records at once gives, and unchanged accounts are not read."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self
from unittest.mock import patch

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from seawall.detection.incidents.coverage import CoverageMeter
from seawall.detection.ranking.candidates import ScoredCandidate
from seawall.detection.ranking.engine import DetectionEngine
from seawall.detection.ranking.ranker import load
from seawall.detection.rules.sigma.load import load_builtin_rules
from seawall.events.grouping import Rows
from seawall.pipeline.live.open_day import GrowingDay
from seawall.pipeline.live.shard import BINS
from seawall.storage import Coder, Spool
from tests.logs import world
from tests.pipeline.live.test_detection import ACTS, Watch, events_of, rows_of
from tests.sample_events import event, sign_in, table
from tests.thoroughness import examples

DAY = 86_400_000_000
RULES = load_builtin_rules()


def at_once(tables: Sequence[pa.Table]) -> tuple[Any, ...]:
    """What detection finds if it sees each day whole: candidates, notes, events, p-values and accounts."""
    with TemporaryDirectory() as folder:
        coder, spool = Coder(marks=RULES.mark), Spool(Path(folder))
        engine, meter = DetectionEngine(load(), RULES), CoverageMeter()
        for one in tables:
            spool.add(coder.encode(one))
        spool.settle(*coder.settle())
        candidates = list[ScoredCandidate]()
        counts, p_values, tenants = list[int](), list[list[int]](), dict[str, int]()
        for day in spool.days():
            batch, _ = spool.load(day)
            scored = engine.observe(batch, day)
            candidates += scored.candidates
            meter.observe(batch)
            counts.append(len(batch))
            p = scored.p[scored.p < 1.0]
            p_values.append(np.bincount((p * BINS).astype(np.int64), minlength=BINS).tolist())
            tenants = engine.behaviour.accounts_of(batch.vocabularies["org_uid"])
    return repr(candidates), meter.notes(), counts, p_values, tenants


def so_far(watch: Watch) -> tuple[Any, ...]:
    """The same as a watch has found it."""
    days = sorted({day for day, _ in watch.days})
    each = [[one for (at, _), one in watch.days.items() if at == day] for day in days]
    p_values = [np.sum([one.p_histogram for one in own], axis=0).tolist() for own in each]
    tenants = {name: count for name, count in watch.tenants().items() if count}
    return repr(watch.candidates()), watch.notes, watch.events(), p_values, tenants


class Growth:
    """Counts how often a growing day was examined in part."""

    def __init__(self) -> None:
        self.whole, self.parts = 0, 0

    def __enter__(self) -> Self:
        original = GrowingDay._load

        def load_counted(this: GrowingDay, day: int, actors: Any) -> Any:
            found = original(this, day, actors)
            is_whole = len(found[1]) >= len(this._actors)
            self.whole, self.parts = self.whole + is_whole, self.parts + (not is_whole)
            return found

        self._patch = patch.object(GrowingDay, "_load", load_counted)
        self._patch.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._patch.stop()


def squeezed(one: pa.Table, first: int, days: float, over: float) -> pa.Table:
    """The events of a table with times from `first` on compressed from `days` days into `over` days."""
    times = one["time"].cast(pa.int64()).to_numpy()
    moved = first + ((times - first) * (over / days)).astype(np.int64)
    return one.set_column(
        one.column_names.index("time"), "time", pa.array(moved).cast(pa.timestamp("us", tz="UTC"))
    )


@pytest.mark.parametrize(
    ("seed", "systems"),
    [
        (41, "microsoft"),
        (42, "mixed"),
        pytest.param(43, "google", marks=pytest.mark.soak),
        pytest.param(44, "okta", marks=pytest.mark.soak),
        pytest.param(45, "microsoft", marks=pytest.mark.soak),
    ],
)
def test_a_world_in_batches_gives_after_each_what_it_gives_at_once(
    tmp_path: Path, seed: int, systems: str
) -> None:
    changes = {"accounts": 12, "days": 9, "attacks": 5, "tenants": 2, "quiet_days": 3, "systems": systems}
    tables = events_of(world(seed, **changes)(tmp_path / "world"))
    first = min(int(one["time"].cast(pa.int64()).to_numpy().min()) for one in tables) // DAY * DAY
    tables = [squeezed(one, first, 9.0, 2.9) for one in tables]  # three days, and the last one is large
    dice = random.Random(seed)
    parts = [one.slice(start, 40) for one in tables for start in range(0, one.num_rows, 40)]
    # Mostly in order of time; some come late, some again.
    parts.sort(key=lambda part: part["time"][0].value + dice.choice((0, 0, 0, 1)) * dice.randrange(DAY))
    parts += [dice.choice(parts) for _ in range(4)]
    begun = int(len(parts) * 0.6)
    cuts = sorted(dice.sample(range(begun + 1, len(parts)), 9))
    watch = Watch(tmp_path)
    with Growth() as growth:
        for low, high in zip([0, begun, *cuts], [begun, *cuts, len(parts)], strict=True):
            for part in parts[low:high]:
                watch.take(part)
            watch.score()
            assert so_far(watch) == at_once(parts[:high])
    assert growth.parts >= 5
    assert watch.candidates()


@settings(
    max_examples=examples(40),
    phases=[Phase.generate, Phase.explicit],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    deadline=None,
)
@given(
    st.lists(ACTS, min_size=2, max_size=40),
    st.data(),
)
def test_any_events_in_any_batches_give_after_each_what_they_give_at_once(
    acts: list[tuple[int, int, str, str, str]], data: st.DataObject
) -> None:
    rows = rows_of([(int(day > 2), minute, who, place, doing) for day, minute, who, place, doing in acts])
    again = data.draw(st.lists(st.sampled_from(rows), max_size=4))
    arriving = data.draw(st.permutations([*rows, *again]))
    cuts = sorted(data.draw(st.sets(st.integers(1, len(arriving)), max_size=6)))
    with (
        TemporaryDirectory() as folder,
        patch("seawall.pipeline.live.days.TAIL", 5),
        patch("seawall.pipeline.live.open_day.PART_RECORDS", 7),
    ):
        watch = Watch(Path(folder))
        for low, high in zip([0, *cuts], [*cuts, len(arriving)], strict=True):
            if low < high:
                watch.take(table(arriving[low:high]))
                watch.score()
                assert so_far(watch) == at_once([table(arriving[:high])])


SIGN_INS = st.tuples(
    st.integers(0, 59),
    st.integers(0, 6),
    st.integers(0, 1),
    st.sampled_from(("success", "failure", "failure")),
)


@settings(max_examples=examples(30), phases=[Phase.generate, Phase.explicit], deadline=None)
@given(st.lists(SIGN_INS, min_size=8, max_size=40), st.data())
def test_a_spray_in_any_batches_is_seen_as_at_once(
    attempts: list[tuple[int, int, int, str]], data: st.DataObject
) -> None:
    rows = [
        sign_in(
            f"{n}-{minute}", 1, minute, account=f"p{who}@x.example", status=status, src_ip=f"81.2.{block}.7"
        )
        for n, (minute, who, block, status) in enumerate(attempts)
    ]
    quiet = people(0, 7)
    arriving = data.draw(st.permutations(rows))
    cuts = sorted(data.draw(st.sets(st.integers(1, len(arriving)), max_size=4)))
    with TemporaryDirectory() as folder, patch("seawall.pipeline.live.open_day.PART_RECORDS", 5):
        watch = Watch(Path(folder))
        watch.take(table(quiet))
        for low, high in zip([0, *cuts], [*cuts, len(arriving)], strict=True):
            if low < high:
                watch.take(table(arriving[low:high]))
                watch.score()
                assert so_far(watch) == at_once([table([*quiet, *arriving[:high]])])


def test_a_sign_in_follows_a_spray_that_is_read_after_it(tmp_path: Path) -> None:
    watch = Watch(tmp_path)
    watch.take(table(people(0, 7)))
    success = sign_in("in", 1, 50, account="p6@x.example", src_ip="81.2.3.7")
    watch.take(table([success]))
    watch.score()
    assert not any("spray-then-success" in repr(one) for one in watch.candidates())
    failures = [
        sign_in(f"f{n}", 1, n, account=f"p{n}@x.example", status="failure", src_ip="81.2.3.9")
        for n in range(5)
    ]
    read = examined(watch, failures)
    assert so_far(watch) == at_once([table([*people(0, 7), success, *failures])])
    assert any("spray-then-success" in repr(one) for one in watch.candidates())
    assert read == [5, 1]  # those that failed, then the one that had signed in


def people(day: int, count: int = 8, minute: int = 0) -> list[dict[str, Any]]:
    """One record of each of some people."""
    names = [f"p{number}@x.example" for number in range(count)]
    return [event(f"{day}-{minute}-{name}", day, minute, account=name, mailbox=name) for name in names]


def examined(watch: Watch, rows: list[dict[str, Any]]) -> list[int]:
    """Take rows and score; the numbers of records that were read, without those of candidates read along."""
    for shard in watch.detection._shards:
        shard._growing._shown = np.empty(0, np.int32)
    read, original = list[int](), Spool.load_part

    def load_noted(this: Spool, day: int, wanted: Rows) -> Any:
        read.append(len(wanted))
        return original(this, day, wanted)

    watch.take(table(rows))
    with patch.object(Spool, "load_part", load_noted):
        watch.score()
    return read


def test_only_accounts_with_new_records_are_read_again(tmp_path: Path) -> None:
    watch = Watch(tmp_path)
    for day in range(3):
        watch.take(table(people(day)))
    watch.score()
    assert examined(watch, people(2, 2, minute=5)) == [4]  # two accounts with two records each
    assert examined(watch, people(2, 1, minute=6)) == [3]
    assert examined(watch, people(2, 1, minute=6)) == []  # copies
    assert watch.score().days == {}
    watch.take(table(people(1, 1, minute=7)))  # late: what is known before the newest day changes
    assert examined(watch, people(2, 1, minute=7))[0] == 12


def test_accounts_that_share_tokens_ids_or_resets_are_read_together(tmp_path: Path) -> None:
    watch = Watch(tmp_path)
    watch.take(table([*people(0), *people(1)]))
    watch.score()
    own = {"account": "p1@x.example", "mailbox": "p1@x.example", "token_uid": "t"}
    assert examined(watch, [sign_in("a", 1, 10, **own)]) == [2]
    other = {**own, "account": "p2@x.example", "mailbox": "p2@x.example"}
    assert examined(watch, [event("b", 1, 11, **other)])[0] == 4  # the token was born at the other account
    twin = event("a", 1, 10, account="p3@x.example", source="entra_signin")
    assert examined(watch, [twin])[0] == 6
    revoking = {"kind": "directory", "activity_name": "Reset user password.", "resource_uid": "p5@x.example"}
    assert examined(watch, [event("c", 1, 12, account="p4@x.example", **revoking)])[:2] == [2, 3]
    assert examined(watch, [event("d", 1, 90, account="p5@x.example")])[0] == 4
    unknown = {**revoking, "resource_uid": "p9@x.example"}
    assert examined(watch, [event("e", 1, 95, account="p6@x.example", **unknown)])[0] == 2
    assert examined(watch, [event("f", 1, 96, account="p9@x.example")])[0] == 3


def test_an_application_keeps_the_last_of_the_names_of_the_day(tmp_path: Path) -> None:
    odd = {"app_uid": "odd", "client": "python/rest", "src_asn": 64999, "src_asn_name": "Far"}
    usual = [people(day, 1, 1)[0] | odd for day in range(3)]
    usual[2]["app_name"] = "Zeta"
    rows = [*people(0), *people(1), *usual]
    watch = Watch(tmp_path)
    watch.take(table(rows))
    watch.score()
    rows.append(people(2, 2, 2)[1] | odd | {"app_name": "Alpha"})
    watch.take(table(rows[-1:]))
    watch.score()
    assert "Zeta (odd)" in repr(watch.candidates())
    assert so_far(watch) == at_once([table(rows)])


def test_vendor_alerts_in_any_order_count_as_at_once(tmp_path: Path) -> None:
    far = {"client": "python/rest", "src_asn": 64999, "src_asn_name": "Far", "src_prefix": "198.51.100.0/24"}
    said = {
        "source": "entra_risk",
        "kind": "vendor_alert",
        "activity_name": "attackerinTheMiddle",
        "status": None,
        "mailbox": None,
        "app_uid": None,
        "parameters": '{"vendor":"Microsoft","says":"attacker in the middle","level":"high"}',
        "unmapped": '{"riskEventType":"attackerinTheMiddle","riskLevel":"high"}',
    }
    usual = [row for day in range(4) for row in people(day)]
    odd = [people(3, count, 30 + count)[count - 1] | far for count in (1, 2, 3)]
    saw = '{"risk":"high","risk_says":"anonymised address"}'
    odd.append(sign_in("risky", 3, 29, account="p5@x.example", parameters=saw, **far))
    alerts = [
        event("named", 3, 90, account="p0@x.example", resource_uid=odd[0]["metadata_uid"], **said),
        event("placed", 3, 91, account="p1@x.example", **said | far | {"client": None}),
        event(
            "neither", 3, 5, account="p2@x.example", **said, src_asn=None, src_asn_name=None, src_prefix=None
        ),
        event("settled", 3, 92, account="p3@x.example", status_code="dismissed", **said),
        event("no act", 3, 93, account="nobody@x.example", **said),
        event("late", 2, 94, account="p4@x.example", **said),
    ]
    watch = Watch(tmp_path)
    taken = list[dict[str, Any]]()
    for part in (usual, alerts[:1], odd[:1], odd[1:], alerts[1:3], alerts[3:]):
        watch.take(table(part))
        watch.score()
        taken += part
        assert so_far(watch) == at_once([table(taken)])
    assert repr(watch.candidates()).count("Microsoft says: attacker in the middle, high") >= 3
    assert "Microsoft says of a sign-in: anonymised address, high" in repr(watch.candidates())


def test_attempts_without_success_are_found_in_batches_as_at_once(tmp_path: Path) -> None:
    abroad = {
        "src_ip": "198.51.100.9",
        "src_prefix": "198.51.100.0/24",
        "src_asn": 64999,
        "src_asn_name": "Far",
    }
    locked = {"source": "entra_signin", "status": "failure", "status_code": "50053", **abroad}
    tries = [
        sign_in(f"{turn}-{number}", 2, 30 + turn + number / 9, account=f"p{number}@x.example", **locked)
        for turn in range(4)
        for number in range(7)
    ]
    elsewhere = {**locked, "src_asn": 64998, "src_asn_name": "Farther"}
    guesses = [sign_in(f"g{n}", 2, 90 + n / 4, account="p7@x.example", **elsewhere) for n in range(30)]
    arriving = [*tries, *guesses]
    random.Random(5).shuffle(arriving)
    rows = [*people(0), *people(1), *people(2)]
    watch = Watch(tmp_path)
    watch.take(table(rows))
    for low in range(0, len(arriving), 9):
        watch.take(table(arriving[low : low + 9]))
        watch.score()
        rows += arriving[low : low + 9]
        assert so_far(watch) == at_once([table(rows)])
    assert (
        sum(one.is_refused for one in watch.candidates()) == 2
    )  # the source that locks many, and guessing at one
