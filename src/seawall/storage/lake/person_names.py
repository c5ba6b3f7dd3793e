"""List the accounts and mailboxes in a lake that may be persons, from the parts; each part is read once."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from seawall.storage.lake import layout, locks
from seawall.storage.lake.place import LakePlace

_COLUMNS = ["account", "account_type", "mailbox"]
_PROGRAMS = ("service", "system")


@dataclass(frozen=True, slots=True)
class NamesInLake:
    """The names in a lake: of users, mailboxes and accounts of unknown type, and of programs."""

    persons: frozenset[str]
    programs: frozenset[str]


class LakeNames:
    """The names of a lake. Threads may share an instance."""

    def __init__(self, place: LakePlace) -> None:
        self._place = place
        self._lock = threading.Lock()
        self._parts: dict[Path, NamesInLake] = {}

    def all(self) -> NamesInLake:
        """Return all names; a name that a person and a program have is a person's. A damaged part has none."""
        with self._lock, locks.hold_lock(self._place.root, "reading"):
            paths = [
                part
                for folder in self._place.tenant_folders()
                for _, day in layout.days(folder)
                for part in layout.parts(day)
            ]
            self._parts = {path: self._parts.get(path) or read_person_names(path) for path in paths}
            found = list(self._parts.values())
        persons = frozenset[str]().union(*(one.persons for one in found))
        return NamesInLake(persons, frozenset[str]().union(*(one.programs for one in found)) - persons)


def read_person_names(*paths: Path) -> NamesInLake:
    """Return the names in Parquet files of events. A damaged file has none."""
    persons, programs = set[str](), set[str]()
    for path in paths:
        persons |= (held := _read_names(path)).persons
        programs |= held.programs
    return NamesInLake(frozenset(persons), frozenset(programs - persons))


def _read_names(path: Path) -> NamesInLake:
    try:
        table = pq.read_table(path, columns=_COLUMNS)
    except (pa.ArrowException, OSError, ValueError):
        return NamesInLake(frozenset(), frozenset())
    plain = {name: table[name].cast(pa.string()) for name in table.column_names}
    account = plain["account"]
    programs = pc.fill_null(pc.is_in(plain["account_type"], value_set=pa.array(_PROGRAMS)), False)
    is_program = pc.and_(programs, pc.invert(pc.fill_null(pc.match_substring(account, "@"), False)))
    persons = _list_texts(account.filter(pc.invert(is_program))) | _list_texts(plain["mailbox"])
    return NamesInLake(persons, _list_texts(account.filter(is_program)))


def _list_texts(column: pa.ChunkedArray) -> frozenset[str]:
    return frozenset(text for text in pc.unique(column).to_pylist() if text)
