"""Keep what the accounts of kept groups did, before the day's events are freed: records of changes, and counts of mail and files.

The provider writes many records of its directory with its own address, or with none, so those of the account's day are kept
with every group, as `recorded_acts` does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from seawall.detection.behaviour.day import GroupedDay
from seawall.detection.incidents.story.act import StoryAct
from seawall.detection.incidents.story.templates import TEMPLATES
from seawall.detection.ragged import Ragged, collect, gather
from seawall.detection.ranking.places import ChosenGroups
from seawall.detection.ranking.recorded_acts import place_events
from seawall.events.changes.acts import ACTS, read_act, spell_operation
from seawall.events.changes.counted_operations import DELETES, DOWNLOADS, SENDS, SHARES, VIEWS
from seawall.events.changes.records import VENDOR_OF, read_changes
from seawall.events.coded_batch import MISSING, Bools, CodedBatch, Codes, Narrow, Times, Vocabulary
from seawall.events.grouping import Rows, starts

MOST_CHANGES: Final = 40
"""Records of changes that are kept for a group, those of the weightiest acts first."""

MOST_COUNTED: Final = 12
"""Counted acts that are kept for a group, such as the messages read in one mailbox."""

MOST_EVENTS: Final = 20
"""Record ids that a counted act lists; the number of the others is kept too."""

LONGEST_PARAMETERS: Final = 16_384
"""Longest parameters that are kept, in bytes: a record with longer ones is told without what they say."""

_TEXTS: Final = ("metadata_uid", "parameters", "resource_uid")
_NAMES: Final = (
    "source",
    "activity_name",
    "org_uid",
    "account",
    "mailbox",
    "app_uid",
    "app_name",
    "actor_user_uid",
)
COUNTED: Final = (
    "read", "sent", "deleted", "downloaded", "viewed", "shared", "signed_in", "refused",
)  # fmt: skip
"""Acts that are counted rather than told one by one."""

_Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class CountedActs:
    """Hold the counted acts of k groups: lists of n, as columns (n,), and the ids of their first records.

    `act` is a place in `COUNTED`; `place` is the code of a mailbox or of a network, MISSING if none.
    """

    bounds: Rows
    act: npt.NDArray[np.uint8]
    place: Narrow
    count: Times
    more: Times
    records: Times
    first: Times
    last: Times
    ids: pa.Array
    id_bounds: Rows


@dataclass(frozen=True, slots=True)
class StoryRows:
    """Hold the change records of k groups as lists of n rows with their columns, (n,), and the counted acts."""

    bounds: Rows
    time: Times
    is_intruders: Bools
    codes: Mapping[str, Narrow]
    texts: Mapping[str, pa.Array]
    counted: CountedActs

    def list_acts(
        self, place: int, vocabularies: Mapping[str, Vocabulary], account: str
    ) -> tuple[StoryAct, ...]:
        """Return the acts of one group in order of time."""
        found = [*self.list_changes(place, vocabularies), *self._list_counted(place, vocabularies, account)]
        return tuple(sorted(found, key=lambda act: (act.time, act.act, act.events)))

    def list_changes(self, place: int, vocabularies: Mapping[str, Vocabulary]) -> Iterator[StoryAct]:
        """Yield the acts of one group that its change records tell, in order of time."""
        begin, end = self.bounds[place : place + 2].tolist()
        if begin == end:
            return
        texts = {name: column.slice(begin, end - begin).to_pylist() for name, column in self.texts.items()}
        names = {
            name: [vocabularies[name].text(code) for code in column[begin:end].tolist()]
            for name, column in self.codes.items()
        }
        times, owned = self.time[begin:end].tolist(), self.is_intruders[begin:end].tolist()
        rows: list[dict[str, Any]] = [
            {"time": times[at], **{name: column[at] for name, column in (*texts.items(), *names.items())}}
            for at in range(end - begin)
        ]
        intruders = frozenset(row["metadata_uid"] for row, is_own in zip(rows, owned, strict=True) if is_own)
        for record in read_changes(rows, intruders):
            act = read_act(record)
            if act is not None:
                yield StoryAct(
                    act.act, record.time, record.time, record.account, act.object, act.whom, act.place, act.detail,
                    events=(record.id,) if record.id else (), is_intruders=record.is_intruders,
                )  # fmt: skip

    def _list_counted(
        self, place: int, vocabularies: Mapping[str, Vocabulary], account: str
    ) -> Iterator[StoryAct]:
        counted = self.counted
        for at in range(*counted.bounds[place : place + 2].tolist()):
            act, code = COUNTED[int(counted.act[at])], int(counted.place[at])
            is_place = act in ("signed_in", "refused")
            named = vocabularies["network" if is_place else "mailbox"].text(code)
            first, last = counted.id_bounds[at : at + 2].tolist()
            events = tuple(counted.ids.slice(first, last - first).to_pylist())
            count, more, records = int(counted.count[at]), int(counted.more[at]), int(counted.records[at])
            if act == "read" and not count:
                act = "synchronised" if more else "opened"
            yield StoryAct(
                act, int(counted.first[at]), int(counted.last[at]), account,
                object=named if is_place else "",
                place="" if is_place or named == account else named,
                count=count, more=more, events=events, unlisted=records - len(events),
            )  # fmt: skip


class _OperationWeights:
    """Find the weight of each operation of a vocabulary, 0 for those that no story tells. Cached: vocabularies rarely change."""

    def __init__(self) -> None:
        self._known: tuple[Vocabulary | None, int, npt.NDArray[np.uint8]] = (None, 0, np.zeros(1, np.uint8))

    def find(self, vocabulary: Vocabulary) -> npt.NDArray[np.uint8]:
        """Return the weights by code, uint8 (len(vocabulary) + 1,); the last is for null."""
        if self._known[:2] != (vocabulary, len(vocabulary)):
            acts = [ACTS.get(spell_operation(name)) for name in vocabulary.values]
            weights = [_WEIGHTS.get(act[0], 50) if act else 0 for act in acts]
            self._known = (vocabulary, len(vocabulary), np.array([*weights, 0], np.uint8))
        return self._known[2]


_WEIGHTS: Final = {name: template.weight for name, template in TEMPLATES.items()}
_weights = _OperationWeights()


def collect_story(day: GroupedDay, chosen: ChosenGroups, owners: Codes, intruder: Ragged) -> StoryRows:
    """Keep the story of the chosen groups, (k,). `intruder` are their events attributed to the attacker, k lists.

    `owners` (n,) says which of the groups each event tells something about; see `ChosenGroups.find_owners`.
    """
    batch = day.batch
    changes, is_intruders = _choose_changes(day, chosen, owners, intruder)
    at = changes.values
    taken = pa.array(at.astype(np.int64))
    texts = {name: batch.texts[name].take(taken) for name in _TEXTS}
    sizes = pc.fill_null(pc.binary_length(texts["parameters"]), 0)
    texts["parameters"] = pc.if_else(pc.greater(sizes, LONGEST_PARAMETERS), None, texts["parameters"])
    return StoryRows(
        bounds=changes.bounds,
        time=batch.time[at],
        is_intruders=is_intruders,
        codes={name: batch.codes[name][at] for name in _NAMES},
        texts=texts,
        counted=_count(batch, intruder),
    )


def _choose_changes(
    day: GroupedDay, chosen: ChosenGroups, owners: Codes, intruder: Ragged
) -> tuple[Ragged, Bools]:
    """Return the records of changes of each group, by time, and which of them are attributed to the attacker."""
    batch = day.batch
    weights = _weights.find(batch.vocabularies["activity_name"])[batch.codes["activity_name"]]
    told = np.flatnonzero((weights > 0) & ~batch.one_of("status", ("failure", "interrupted")))
    told = told[batch.one_of("source", tuple(VENDOR_OF))[told] & (day.group[told] != MISSING)]
    owner, place, _ = place_events(day, chosen, owners, told)
    at = told[place]
    is_hostile = np.zeros(len(batch), bool)
    is_hostile[intruder.values] = True
    is_intruders = is_hostile[at] & (owners[at] == owner)
    order = np.lexsort((at, -weights[at].astype(np.int64), ~is_intruders, owner))
    kept = collect(owner[order], order, len(chosen.rows)).first(MOST_CHANGES)
    order = np.lexsort((at[kept.values], kept.owners))
    by_time = kept.values[order]
    return Ragged(kept.bounds, at[by_time]), is_intruders[by_time]


def _count(batch: CodedBatch, intruder: Ragged) -> CountedActs:
    """Count what the attacker's events show of mail, files and sign-ins, by act and mailbox or network."""
    act = _classify(batch)[intruder.values]
    is_counted = act < len(COUNTED)
    events, owner, act = intruder.values[is_counted], intruder.owners[is_counted], act[is_counted]
    mailbox, network = (batch.codes[name][events].astype(np.int64) for name in ("mailbox", "network"))
    is_sign_in = act >= COUNTED.index("signed_in")
    place = np.where(is_sign_in, network, np.where(act < COUNTED.index("downloaded"), mailbox, MISSING))
    order = np.lexsort((events, place, act, owner))
    events, owner, act, place = events[order], owner[order], act[order], place[order]
    begins = (
        np.flatnonzero(starts(owner) | starts(act) | starts(place)) if len(events) else np.zeros(0, np.intp)
    )
    ends = np.append(begins[1:], len(events))
    amounts, folders = _measure(batch, events, act, begins)
    heads = _keep_heads(owner[begins], act[begins], amounts, events[begins], len(intruder))
    begins, ends = begins[heads.values], ends[heads.values]
    listed = gather(begins, np.minimum(ends, begins + MOST_EVENTS))
    return CountedActs(
        bounds=heads.bounds,
        act=act[begins],
        place=place[begins].astype(np.int32),
        count=amounts[heads.values],
        more=folders[heads.values],
        records=(ends - begins).astype(np.int64),
        first=batch.time[events[begins]],
        last=batch.time[events[ends - 1]] if len(ends) else np.zeros(0, np.int64),
        ids=batch.texts["metadata_uid"].take(pa.array(events[listed.values].astype(np.int64))),
        id_bounds=listed.bounds,
    )


def _classify(batch: CodedBatch) -> npt.NDArray[np.uint8]:
    """Return the place in `COUNTED` of each event's act, uint8 (n,); len(COUNTED) for others."""
    act = np.full(len(batch), len(COUNTED), np.uint8)
    done = ~batch.one_of("status", ("failure", "interrupted"))
    for name, kind, operations in (
        ("read", "mail_access", ()), ("sent", "mail_action", SENDS), ("deleted", "mail_action", DELETES),
        ("downloaded", "file", DOWNLOADS), ("viewed", "file", VIEWS), ("shared", "file", SHARES), ("signed_in", "sign_in", ()),
    ):  # fmt: skip
        is_such = batch.one_of("kind", (kind,)) & done
        act[is_such & batch.one_of("activity_name", operations) if operations else is_such] = COUNTED.index(
            name
        )
    act[batch.one_of("kind", ("sign_in",)) & batch.one_of("status", ("failure",))] = COUNTED.index("refused")
    return act


def _measure(
    batch: CodedBatch, events: Rows, act: npt.NDArray[np.uint8], begins: Rows
) -> tuple[_Numbers, _Numbers]:
    """Return for each list of events that begins at `begins`: messages or records, and synchronisations of folders."""
    if not len(events):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    is_read = act == COUNTED.index("read")
    is_sync = is_read & batch.one_of("access_type", ("sync",))[events]
    items = np.maximum(batch.numbers["item_count"][events].astype(np.int64), 0)
    amount = np.where(is_read, np.where(is_sync, 0, items), 1)
    # Times and not folders: a watch does not keep the names of folders.
    return np.add.reduceat(amount, begins), np.add.reduceat(is_sync.astype(np.int64), begins)


def _keep_heads(
    owner: Rows, act: npt.NDArray[np.uint8], amounts: _Numbers, firsts: Rows, groups: int
) -> Ragged:
    """Return the places of each group's counted acts, the weightiest and largest first, at most `MOST_COUNTED`.

    Of equal ones the earlier comes first (`firsts` are their first events): codes, whose numbering varies, decide nothing.
    """
    weights = np.array([_WEIGHTS[name] for name in COUNTED], np.int64)[act]
    order = np.lexsort((firsts, -amounts, -weights, owner))
    return collect(owner[order], order, groups).first(MOST_COUNTED)
