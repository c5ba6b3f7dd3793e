"""What is late waits its turn, what is new does not; and nothing is told before all that was read is scored."""

from __future__ import annotations

from pathlib import Path

from seawall.pipeline.live.detection import LiveDetection
from seawall.pipeline.live.shard_scheduler import LATE_BURST, LATE_SECONDS, ShardScheduler
from seawall.storage.lake import Lake
from tests.sample_events import event, table


class Bench:
    """A detection of organisations `a` and `b`, each in a shard of its own, with three scored days."""

    def __init__(self, folder: Path) -> None:
        self.lake = Lake.create(folder / "lake")
        self.detection, self.turns = LiveDetection(self.lake, learnt=False), ShardScheduler()
        for day in range(3):
            for organisation in ("a", "b"):
                self.take(f"{organisation}{day}", day, organisation)
        self.detection.score()
        assert self.plan(-100.0) == {}  # all that was read is scored

    def take(self, uid: str, day: int, organisation: str) -> None:
        account = f"ann@{organisation}.example"
        events = table([event(uid, day, org_uid=organisation, account=account, mailbox=account)])
        self.lake.append(events)
        self.detection.take(events)

    def plan(self, now: float, *, is_settled: bool = True) -> dict[int, str]:
        return dict(self.turns.plan(self.detection, now, is_settled=is_settled))

    def is_behind(self) -> bool:
        return self.turns.are_behind

    def score(self, shard: int, began: float, ended: float) -> int:
        found = self.detection.bring_up(shard)
        self.turns.note(shard, self.detection, "whole", began, ended)
        return len(found)


def test_what_comes_late_for_one_organisation_makes_only_its_shard_be_scored_again(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.take("late", 0, "b")
    assert len(bench.plan(0.0)) == 1
    scored = bench.detection.score().days
    assert len(scored) == 3
    assert {result.tenants.keys() == {"b"} for result in scored.values()} == {True}
    bench.take("new", 2, "a")
    assert [set(result.tenants) for result in bench.detection.score().days.values()] == [{"a"}]


def test_late_days_wait_and_the_newest_does_not(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.take("late", 0, "a")
    [(shard, way)] = bench.plan(10.0).items()
    assert way == "whole"
    assert bench.score(shard, 10.0, 13.0) == 3
    bench.take("later", 1, "a")
    bench.take("new", 2, "a")
    assert bench.plan(13.5) == {shard: "newest"}
    assert bench.detection.glimpse(shard)
    bench.turns.note(shard, bench.detection, "newest", 13.5, 13.6)
    assert bench.plan(14.0) == {}  # nothing new came since
    bench.take("newer", 2, "a")
    assert bench.plan(14.0) == {shard: "newest"}
    assert max(LATE_SECONDS, LATE_BURST * 3.0) == 9.0
    assert bench.plan(22.1) == {shard: "whole"}


def test_shards_whose_late_days_take_long_come_after_one_another(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    for turn in range(2):
        bench.take(f"late-a{turn}", 0, "a")
        bench.take(f"late-b{turn}", 0, "b")
        first, second = sorted(bench.plan(100.0 * turn))
        if turn == 0:
            bench.score(first, 0.0, 1.0)
            bench.score(second, 1.0, 2.0)
    ways = bench.plan(100.0)
    assert ways == {first: "whole", second: "newest"}
    bench.score(first, 100.0, 101.0)
    assert bench.plan(101.0) == {second: "whole"}


def test_until_all_that_was_read_is_scored_nothing_waits_and_nothing_is_told(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.take("late-a", 0, "a")
    bench.take("late-b", 0, "b")
    first, second = sorted(bench.plan(0.0, is_settled=False))
    assert bench.is_behind()
    bench.score(first, 0.0, 9.0)
    bench.take("late-a2", 1, "a")
    assert bench.plan(9.1) == {first: "whole", second: "whole"}
    assert bench.is_behind()
    bench.score(second, 9.1, 10.0)
    bench.score(first, 10.0, 11.0)
    assert not bench.is_behind()
    assert bench.plan(11.0, is_settled=False) == {}
    bench.take("late-a3", 1, "a")
    assert bench.plan(11.1) == {first: "whole"}  # the last that was read before it was settled
    assert bench.is_behind()
    bench.score(first, 11.1, 12.0)
    bench.take("late-a4", 1, "a")
    bench.take("late-b4", 1, "b")
    assert not bench.is_behind()
    assert bench.plan(12.0)[first] == "newest"
