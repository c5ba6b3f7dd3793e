"""A narrowed lake: its methods show the organisations alone, and it has no others."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from seawall.storage.lake import EventQuery, Lake
from seawall.storage.lake.appending import UNKNOWN
from seawall.storage.lake.layout import start_of
from seawall.storage.lake.narrowed import NarrowedLake, open_lake, place_of
from seawall.storage.lake.person_names import LakeNames
from tests.sample_events import START, event, table

ONE, OTHER = "one.example", "other.example"
DAY = START.date()
SPAN = (start_of(DAY), start_of(date(2026, 4, 1)))
READ = {
    "page",
    "record",
    "timeline",
    "profile",
    "accounts",
    "account",
    "rows_of_days",
    "day",
    "size",
    "tenants",
    "close",
}


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lake]:
    with Lake.create(tmp_path / "events") as made:
        for tenant in (ONE, OTHER, None):
            name = f"ann@{tenant}"
            made.append(
                table(
                    [event(f"{tenant}-{n}", n, org_uid=tenant, account=name, mailbox=name) for n in range(3)]
                )
            )
        yield made


def test_every_method_shows_one_organisation(lake: Lake) -> None:
    narrowed, wanted = NarrowedLake(lake, [ONE]), EventQuery(*SPAN)
    assert narrowed.tenants() == [ONE]
    assert {one.tenant for one in narrowed.size().days} == {ONE}
    for tenant, count in ((ONE, 3), (OTHER, 0), (UNKNOWN, 0), ("", 0)):
        name = f"ann@{tenant}"
        assert narrowed.page(tenant, wanted).events.num_rows == count
        assert narrowed.record(tenant, f"{tenant}-0").events.num_rows == min(count, 1)
        assert len(narrowed.accounts(tenant)) == min(count, 1)
        assert (narrowed.account(tenant, name) is not None) == bool(count)
        assert narrowed.profile(tenant, name, *SPAN).events == count
        assert bool(narrowed.timeline(tenant, name, *SPAN).lanes) == bool(count)
        assert len(list(narrowed.rows_of_days(tenant, wanted, ["account"]))) == count
        assert sum(one.num_rows for one in narrowed.day(tenant, DAY)) == min(count, 1)
    assert lake.page(OTHER, wanted).events.num_rows == 3


def test_it_has_no_other_method_than_those_that_read(lake: Lake) -> None:
    """A method that `Lake` gets later does not work here until somebody narrows it."""
    own = {
        name
        for name, one in vars(NarrowedLake).items()
        if inspect.isfunction(one) and not name.startswith("_")
    }
    assert own == READ - {"tenants"}
    narrowed = NarrowedLake(lake, [ONE])
    attempts: list[Callable[[], Any]] = [
        lambda: narrowed.append(table([event("x")])),
        narrowed.check,
        lambda: narrowed.compact(DAY),
        narrowed.tidy,
        lambda: narrowed.prune(DAY),
        lambda: narrowed.publish(0),
        lambda: narrowed.publish_if_free(0),
    ]
    others = {
        name for name, one in inspect.getmembers(Lake, inspect.isfunction) if not name.startswith("_")
    } - READ
    assert len(others) == len(attempts)
    for attempt in attempts:
        with pytest.raises(AttributeError):
            attempt()
    with pytest.raises(AttributeError):
        _ = narrowed.root
    assert lake.page(ONE, EventQuery(*SPAN)).events.num_rows == 3


def test_another_process_opens_it_as_narrow(lake: Lake) -> None:
    place = place_of(NarrowedLake(lake, [ONE, UNKNOWN]))
    assert place.organisations == frozenset({ONE})
    assert [place.holds(tenant) for tenant in (ONE, OTHER, UNKNOWN)] == [True, False, False]
    with open_lake(place) as opened:
        assert opened.tenants() == [ONE]
    with open_lake(place_of(lake)) as opened:
        assert opened.tenants() == sorted([ONE, OTHER, UNKNOWN])


def test_names_of_persons_are_those_of_the_organisations(lake: Lake) -> None:
    assert LakeNames(place_of(NarrowedLake(lake, [ONE]))).all().persons == {f"ann@{ONE}"}
    assert len(LakeNames(place_of(lake)).all().persons) == 3


def test_object_ids_of_others_are_not_named(lake: Lake) -> None:
    lake.names_of = {ONE: {"id": f"ann@{ONE}"}, OTHER: {"id": f"ann@{OTHER}"}}.__getitem__
    narrowed = NarrowedLake(lake, [ONE])
    assert narrowed.names_of(ONE) == {"id": f"ann@{ONE}"}
    assert narrowed.names_of(OTHER) == {}
