"""A slot has one writer at a time, whoever sleeps, dies or loses the network; what a slot keeps is its own."""

from __future__ import annotations

import itertools
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import update

from seawall.storage.database import Database, SlotDatabase
from seawall.storage.database.first_imports import FirstImport
from seawall.storage.database.group_models import SlotLeaseRow
from seawall.storage.database.leases import list_held
from seawall.storage.database.slot_database import join_group
from seawall.storage.errors import LeaseLost, StoreRefused
from tests.storage.database.conftest import Execute
from tests.storage.database.postgresql import Server
from tests.storage.database.test_incidents import incident

LONG = 600.0


def slot_of(database: Database, holder: str, slot: int = 1, seconds: float = LONG) -> SlotDatabase:
    return SlotDatabase(database, slot, holder=holder, worker=holder, seconds=seconds)


def end(execute: Execute, place: str) -> None:
    """Let every lease end, as if its time had passed."""
    execute(place, "UPDATE slot_leases SET held_until = 1")


def test_one_holds_a_slot_at_a_time(database: Database, place: str, execute: Execute) -> None:
    ann, ben = slot_of(database, "ann"), slot_of(database, "ben")
    assert ann.take()
    assert not ben.take()
    assert slot_of(database, "ben", slot=2).take()
    with ann.writing() as work:
        work.checkpoints.put({"a": {"offset": 1}})
    with pytest.raises(LeaseLost, match="partition 0"), ben.writing():
        pass
    end(execute, place)
    assert ben.take()
    with ben.reading() as work:
        assert work.checkpoints.get("a") == {"offset": 1}


def test_a_worker_that_slept_through_its_lease_writes_nothing(
    database: Database, place: str, execute: Execute
) -> None:
    ann, ben = slot_of(database, "ann"), slot_of(database, "ben")
    with ann.only_writer() as old:
        end(execute, place)
        with ann.writing(old) as work:  # nobody took it: what it holds is still its own
            work.states.put("s", b"ann")
        end(execute, place)
        with ben.only_writer() as new:
            with ben.writing(new) as work:
                work.states.put("s", b"ben")
            for writer in (old, None):
                with pytest.raises(LeaseLost), ann.writing(writer) as work:
                    work.states.put("s", b"ann again")
            assert new.generation > old.generation
            assert not ann.take()
        with ben.reading() as work:
            assert work.states.get("s") == b"ben"


def test_an_earlier_life_of_the_same_worker_is_refused(database: Database) -> None:
    ann = slot_of(database, "ann")
    with ann.only_writer() as before, ann.only_writer() as after:
        with pytest.raises(LeaseLost), ann.writing(before):
            pass
        with ann.writing(after) as work:
            work.dirty.add([3])


def test_who_gives_up_need_not_be_waited_for(database: Database) -> None:
    ann, ben = slot_of(database, "ann"), slot_of(database, "ben")
    assert ann.take()
    ann.release()
    assert ben.take()
    ann.release()
    with pytest.raises(LeaseLost), ann.writing():
        pass
    with database.reading() as work:
        (lease,) = list_held(work.leases.all())
    assert (lease.worker, lease.generation) == ("ben", ben.generation)
    assert 0 < lease.left <= LONG


def test_a_lease_ends_by_the_clock_of_the_server(database: Database) -> None:
    ann, ben = slot_of(database, "ann", seconds=1.5), slot_of(database, "ben", seconds=1.5)
    assert ann.take()
    assert not ben.take()
    time.sleep(1.7)
    assert ben.take()
    with database.writing() as work:
        assert work.leases.renew_idle({1: ben.generation or 0}, seconds=LONG) == set()
        assert work.leases.renew_idle({1: ann.generation or 0}, seconds=LONG) == {1}
    time.sleep(1.7)
    assert not ann.take()


def test_a_clock_of_the_server_that_was_set_back_blocks_no_slot(
    database: Database, place: str, execute: Execute
) -> None:
    """The lease of a dead worker would seem to last for hours."""
    ann, ben = slot_of(database, "ann"), slot_of(database, "ben")
    assert ann.take()
    execute(place, "UPDATE slot_leases SET held_until = held_until - 1000000")
    assert not ben.take()
    execute(place, "UPDATE slot_leases SET held_until = held_until + 7200000000")
    assert ben.take()
    with pytest.raises(LeaseLost), ann.writing():
        pass


def test_a_server_that_lost_its_last_transactions_repeats_no_generation(
    database: Database, place: str, execute: Execute
) -> None:
    """A replica takes over without the transaction in which ben took the slot; then cas takes it."""
    ann, ben, cas = (slot_of(database, name) for name in ("ann", "ben", "cas"))
    assert ann.take()
    end(execute, place)
    assert ben.take()
    execute(place, f"UPDATE slot_leases SET generation = {ann.generation}, holder = 'ann', held_until = 1")
    with pytest.raises(LeaseLost), ben.writing():
        pass
    assert cas.take()
    assert cas.generation != ben.generation
    with pytest.raises(LeaseLost), ben.writing():
        pass


def test_a_write_that_is_under_way_is_waited_for(server: Server) -> None:
    """The lease ends in the middle of a long transaction: its writer still holds the row, and prolongs the lease."""
    database = Database.open(server.schema(), should_migrate=True)
    ann, ben = slot_of(database, "ann", seconds=0.5), slot_of(database, "ben", seconds=0.5)
    assert ann.take()
    taken: list[bool] = []
    with ann.writing() as work:
        work.states.put("s", b"long")
        time.sleep(0.6)
        other = threading.Thread(target=lambda: taken.append(ben.take()))
        other.start()
        time.sleep(0.2)
        assert not taken
    other.join(20)
    assert taken == [True]  # it had ended meanwhile, and what was written is there
    with ben.reading() as work:
        assert work.states.get("s") == b"long"
    with pytest.raises(LeaseLost), ann.writing():
        pass
    database.close()


def fill(work: Any, number: int) -> None:
    """Write something of every kind that belongs to a slot."""
    work.checkpoints.put({"file": {"offset": number}})
    work.states.put("detection/x", b"%d" % number)
    work.dirty.add([number, 100])
    work.days.put(
        {
            100: {
                "events": number,
                "shares": {"0": {"events": number}},
                "p": [number, 0],
                "tenants": {f"t{number}": 1},
            }
        }
    )
    work.candidates.put_day(100, [b"%d" % number], tenants=[f"t{number}"], share=3)
    work.totals.add({"records": number})
    work.first_imports.put([FirstImport("same", number, True, number)])
    work.outbox.add("kind", f"to-{number}", "i", {}, at=1)
    work.incidents.put([incident(number)])


def read(work: Any) -> dict[str, Any]:
    return {
        "checkpoints": work.checkpoints.all(),
        "states": {name: work.states.get(name) for name in work.states.names()},
        "dirty": work.dirty.all(),
        "days": work.days.since(0),
        "candidates": work.candidates.shares_since(0),
        "of_share": work.candidates.by_tenant(100, 3),
        "totals": work.totals.all(),
        "imports": work.first_imports.all(),
        "outbox": work.outbox.targets(),
        "next": work.outbox.next_at(),
        "incidents": [one.id for one in work.incidents.page()],
    }


def test_what_slots_keep_does_not_mix(database: Database) -> None:
    alone = slot_of(database, "ann", 1)
    assert alone.take()
    with alone.writing() as work:
        fill(work, 1)
    with alone.reading() as work:
        expected = read(work)
    other = slot_of(database, "ann", 2)
    assert other.take()
    with other.writing() as work:
        fill(work, 2)
    with alone.reading() as work:
        assert read(work) == expected
    with other.writing() as work:
        work.candidates.prune(200)
        work.days.prune(200)
        work.dirty.clear([100])
        work.incidents.prune(1 << 60)
        work.checkpoints.forget("file")
        work.states.forget("detection/x")
        assert read(work)["incidents"] == []
    with alone.reading() as work:
        assert read(work) == expected


def test_without_a_slot_all_is_seen_together(database: Database) -> None:
    for number in (1, 2):
        slot = slot_of(database, "ann", number)
        assert slot.take()
        with slot.writing() as work:
            fill(work, number)
    with database.reading() as work:
        assert work.totals.all() == {"records": 3}
        assert work.dirty.all() == {1, 2, 100}
        day = work.days.get(100)
        assert day is not None
        assert (day["events"], day["p"], day["tenants"]) == (3, [3, 0], {"t1": 1, "t2": 1})
        assert [share["events"] for share in day["shares"].values()] == [1, 2]
        assert work.candidates.counts() == {100: 2}
        assert sorted(work.states.every("detection/x")) == [b"1", b"2"]
        assert len(work.incidents.ids()) == 2


def test_an_announcement_is_queued_once_to_each_target(database: Database) -> None:
    with database.writing() as work:
        first = work.outbox.add_once("incident.raised", "a", "i1", {"x": 1}, at=5)
        assert first is not None
        assert work.outbox.add_once("incident.raised", "a", "i1", {"x": 2}, at=6) is None
        assert work.outbox.add_once("incident.raised", "b", "i1", {}, at=6) is not None
        assert work.outbox.add_once("incident.raised", "a", "i2", {}, at=6) is not None
    with database.writing() as work:
        work.outbox.mark_delivered(first, at=9)
        assert work.outbox.add_once("incident.raised", "a", "i1", {}, at=10) is None
        message = work.outbox.get(first)
    assert message is not None
    assert (message.document, message.delivered_at) == ({"x": 1}, 9)


def test_an_organisation_keeps_its_slot(database: Database) -> None:
    with database.writing() as work:
        assert work.homes.claim(1, ["a", "b"]) == {"a": 1, "b": 1}
        assert work.homes.claim(2, ["b", "c"]) == {"b": 1, "c": 2}
        assert work.homes.of(1) == {"a", "b"}
        assert work.homes.counts() == {1: 2, 2: 1}
        assert work.homes.claim(2, []) == {}


def test_events_are_handed_over_once(database: Database) -> None:
    sender, taker = slot_of(database, "ann", 1), slot_of(database, "ben", 2)
    assert sender.take()
    assert taker.take()
    with sender.writing() as work:
        work.checkpoints.put({"handed/t/0/7": {"slot": 2, "content": b"events"}, "t/0": {"next": 8}})
        assert work.checkpoints.all() == {"t/0": {"next": 8}}
    with taker.reading() as work:
        assert work.handovers.of(2) == [("handed/t/0/7", b"events")]
        assert work.handovers.of(1) == []
    with taker.writing() as work:
        work.checkpoints.forget("handed/t/0/7")
    with taker.reading() as work:
        assert work.handovers.of(2) == []


def test_a_group_and_a_watch_that_is_alone_do_not_share_a_database(database: Database) -> None:
    join_group(database, "g", "logs")
    join_group(database, "g", "logs")
    with pytest.raises(StoreRefused, match="the group 'g' with the topic 'logs'"):
        join_group(database, "g", "other")
    with pytest.raises(StoreRefused, match="group of workers 'g'"), database.only_writer():
        pass


def test_a_database_of_a_watch_that_is_alone_is_no_group_s(database: Database) -> None:
    with database.writing() as work:
        work.totals.add({"records": 1})
    with pytest.raises(StoreRefused, match="works alone"):
        join_group(database, "g", "logs")
    with database.only_writer() as writer:
        assert writer.generation == 1


class Workers(RuleBasedStateMachine):
    """Workers that take, write, sleep and die in any order: what is stored was written by holders, each in its time."""

    folder: Path
    numbers = itertools.count()

    def __init__(self) -> None:
        super().__init__()
        place = self.folder / f"{next(self.numbers)}.db"
        self.database = Database.open(place, should_migrate=True)
        self.workers = {name: slot_of(self.database, name) for name in "abc"}
        self.holder = ""
        self.written = 0

    @rule(name=st.sampled_from("abc"))
    def take(self, name: str) -> None:
        may = self.holder in ("", name)
        assert self.workers[name].take() == may
        if may:
            self.holder = name

    @precondition(lambda self: self.holder in self.workers)
    @rule()
    def oversleep(self) -> None:
        """The holder sleeps, and goes on before anybody has taken the slot."""
        with self.database.writing() as work:
            work.session.execute(update(SlotLeaseRow).values(held_until=1))
        self.write(self.holder)

    @rule(name=st.sampled_from("abc"))
    def take_over(self, name: str) -> None:
        with self.database.writing() as work:
            work.session.execute(update(SlotLeaseRow).values(held_until=1))
        assert self.workers[name].take()
        self.holder = name

    @rule(name=st.sampled_from("abc"))
    def write(self, name: str) -> None:
        worker = self.workers[name]
        if name == self.holder:
            with worker.writing() as work:
                work.totals.add({"n": 1})
            self.written += 1
        else:
            with pytest.raises(LeaseLost), worker.writing() as work:
                work.totals.add({"n": 1_000})

    @rule(name=st.sampled_from("abc"))
    def release(self, name: str) -> None:
        self.workers[name].release()
        if name == self.holder:
            self.holder = ""

    @rule(name=st.sampled_from("abc"))
    def die(self, name: str) -> None:
        """Come back as another process, which knows nothing of the lease."""
        self.workers[name] = slot_of(self.database, f"{name}-{next(self.numbers)}")
        if name == self.holder:
            self.holder = "dead"

    @invariant()
    def only_holders_wrote(self) -> None:
        with self.database.reading() as work:
            assert work.totals.all().get("n", 0) == self.written

    def teardown(self) -> None:
        self.database.close()


def test_only_holders_write_in_any_order(tmp_path: Path) -> None:
    class Here(Workers):
        folder = tmp_path

    some = settings(max_examples=15, stateful_step_count=25, suppress_health_check=list(HealthCheck))
    run_state_machine_as_test(Here, settings=some)


@given(st.lists(st.tuples(st.integers(1, 3), st.sampled_from("xyz")), max_size=12))
@settings(max_examples=25, suppress_health_check=list(HealthCheck))
def test_the_first_claim_decides(
    tmp_path_factory: pytest.TempPathFactory, claims: list[tuple[int, str]]
) -> None:
    database = Database.open(tmp_path_factory.mktemp("homes") / "seawall.db", should_migrate=True)
    first: dict[str, int] = {}
    with database.writing() as work:
        for slot, tenant in claims:
            first.setdefault(tenant, slot)
            assert work.homes.claim(slot, [tenant]) == {tenant: first[tenant]}
    database.close()
