"""A live watch joins object ids with names as a scan does, whenever it learns of whom an id is."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from seawall.pipeline.live.detection import is_outdated
from seawall.storage.joined_names import OBJECT_IDS, STATE
from seawall.storage.lake import EventQuery
from seawall.storage.location import open_store
from tests.pipeline.live.test_detection import Watch, scanned
from tests.sample_events import event, sign_in, table

UID = "0f3a0000-0000-4000-8000-00000000a001"
AWAY: dict[str, Any] = {
    "src_prefix": "198.51.100.0/24", "src_asn": 64999, "src_asn_name": "Far", "src_location": "RO", "client": "python/rest",
}  # fmt: skip


def records() -> list[list[dict[str, Any]]]:
    """Days on which the log names Ann by her id alone, among others'; on the last she signs in, by id and name."""
    days = [
        [
            event(f"own{day}", day, 1, account=UID),
            event(f"bob{day}", day, 2, account="bob@x.example", mailbox="bob@x.example"),
            event(f"cy{day}", day, 3, account="cy@x.example", mailbox="cy@x.example"),
        ]
        for day in range(6)
    ]
    days[4].append(event("far", 4, 7, account=UID, **AWAY))
    days.append([sign_in("pair", 6, 1, actor_user_uid=UID), event("named", 6, 5)])
    return days


def expected(folder: Path, rows: list[list[dict[str, Any]]]) -> str:
    folder.mkdir()
    candidates, _, _ = scanned([table([row for day in rows for row in day])], folder)
    assert {one.account for one in candidates if one.tenant == "org"} & {UID, "ann@x.example"} == {
        "ann@x.example"
    }
    return repr(candidates)


@pytest.mark.parametrize("stops", [(), (5,), (6,), (5, 6)], ids=str)
def test_an_id_is_joined_in_days_that_were_scored_before_its_name_was_known(
    tmp_path: Path, stops: tuple[int, ...]
) -> None:
    rows = records()
    watch = Watch(tmp_path)
    for number, day in enumerate(rows):
        watch.take(table(day))
        if number == 5:
            watch.score()
            assert {UID, "ann@x.example"} & {one.account for one in watch.candidates()} == {UID}
        if number in stops:
            watch.restart()
    watch.score()
    assert not watch.detection.dirty
    assert repr(watch.candidates()) == expected(tmp_path / "spool", rows)


def test_a_stop_between_learning_a_name_and_scoring_again_loses_nothing(tmp_path: Path) -> None:
    rows = records()
    watch = Watch(tmp_path)
    for day in rows[:-1]:
        watch.take(table(day))
    watch.score()
    own = {"account": "dee@y.example", "mailbox": "dee@y.example", "org_uid": "org-y"}
    others = [event(f"other{day}", day, 1, **own) for day in range(7)]
    watch.take(table(others))
    before = watch.detection.dirty
    found = watch.detection.bring_up(watch.detection.waiting()[-1])
    watch.keep(watch.detection.finish(found, before, is_keeping=False))
    assert not watch.detection.dirty
    watch.take(table(rows[-1]))
    before = watch.detection.dirty
    # What codes mean is kept together with what was learnt of the other organisation, before Ann's days are scored again.
    assert "coder" in watch.keep(watch.detection.finish({}, before)).kept_snapshots
    watch.marked = set(before)  # a watch notes the days that records came for, and no others
    watch.restart()
    watch.score()
    assert repr(watch.candidates()) == expected(tmp_path / "spool", [*rows, others])


def test_days_that_the_lake_no_longer_holds_keep_what_they_taught(tmp_path: Path) -> None:
    rows = records()
    watch = Watch(tmp_path)
    for day in rows[:-1]:
        watch.take(table(day))
        watch.score()
    before = {place: result for place, result in watch.days.items() if place[0] == watch.first()}
    watch.lake.prune(date(2026, 3, 2) + timedelta(days=3))
    watch.restart()
    watch.take(table(rows[-1]))
    scoring = watch.score()
    assert not watch.detection.dirty
    assert not [note for note in watch.notes if note.code == "late"]  # nothing came late
    assert min(day for day, _ in scoring.days) > watch.first()
    assert {place: result for place, result in watch.days.items() if place[0] == watch.first()} == before
    last = [one.account for one in watch.candidates() if one.day == watch.last()]
    assert UID not in last


def test_what_was_kept_before_ids_were_joined_is_outdated(tmp_path: Path) -> None:
    watch = Watch(tmp_path)
    for day in records()[:-1]:
        watch.take(table(day))
    watch.score()
    state = watch.detection.state()
    assert not is_outdated(state, watch.detection.layout)
    coder = {
        name: one for name, one in state["coder"].items() if "object_ids" not in name and name != "first_days"
    }
    assert is_outdated({**state, "coder": coder}, watch.detection.layout)


def test_another_organisations_pair_joins_nothing(tmp_path: Path) -> None:
    watch = Watch(tmp_path)
    watch.take(table([event("own", 0, 1, account=UID), event("bob", 0, 2, account="bob@x.example")]))
    watch.score()
    before = repr(watch.candidates())
    watch.take(
        table(
            [
                sign_in(
                    "pair", 0, 1, actor_user_uid=UID, org_uid="org-y", account="eve@y.example", mailbox=None
                )
            ]
        )
    )
    scoring = watch.score()
    assert UID in before
    assert [one for one in watch.candidates() if one.tenant == "org"] == [
        one for one in watch.candidates() if repr(one) in before
    ]
    assert {one.tenant for result in scoring.days.values() for one in result.candidates} <= {"org-y"}


def test_a_store_names_the_account_of_what_came_by_id(tmp_path: Path) -> None:
    """Whoever asks the lake of an account gets what was kept before its name was known, and what came by id after it."""
    rows = records()
    kept = tmp_path / "store"
    with open_store(kept, make=True) as store:
        watch = Watch(tmp_path, store.lake)
        for day in [*rows, [event("last", 7, 1, account=UID)]]:
            watch.take(table(day))
            watch.score()
        with store.database.writing() as work:
            work.states.put(STATE, watch.states[OBJECT_IDS])
    with open_store(kept) as store:
        found = {one.account: one.events for one in store.lake.accounts("org")}
        assert found == {"ann@x.example": 10, "bob@x.example": 6, "cy@x.example": 6}
        far = next(one for one in watch.candidates() if one.account == "ann@x.example" and one.day == 20_518)
        wanted = EventQuery(0, 2**62, account=far.account, records=frozenset({"far", "last", "named"}))
        assert len(store.lake.page("org", wanted).events) == 3
        assert {one.account for one in watch.candidates()} & {UID} == set()


def test_names_are_kept_when_they_change_and_not_else(tmp_path: Path) -> None:
    watch = Watch(tmp_path)
    kept = []
    for day in [*records(), [event("last", 7, 1, account=UID)], [event("named again", 8, 1)]]:
        watch.take(table(day))
        kept.append(OBJECT_IDS in watch.score().kept_snapshots)
    assert kept == [True, *[False] * 5, True, False, False]


def test_an_id_that_first_comes_after_its_name_is_kept_as_joined(tmp_path: Path) -> None:
    watch = Watch(tmp_path)
    watch.take(table([sign_in("pair", 0, 1, actor_user_uid=UID)]))
    watch.score()
    watch.take(table([event("own", 1, 1, account=UID)]))
    assert watch.score().kept_snapshots[OBJECT_IDS]["names.bytes"].tobytes() == b"ann@x.example"
