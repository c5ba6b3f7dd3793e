"""Attribute events of kept groups to the attacker, and record what they show, before the day's events are freed."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from seawall.detection.behaviour.detector import BehaviourGroups
from seawall.detection.incidents.session_beginnings import Beginnings, count_roots, list_roots
from seawall.detection.incidents.vendor_statements import Statements, describe_statement, find_statements
from seawall.detection.lineage.detector import LineageEvidence
from seawall.detection.ragged import Ragged, collect, gather
from seawall.detection.rules.detector import BuiltinHits
from seawall.events.coded_batch import MISSING, Bools, CodedBatch, Codes, Times, Vocabulary
from seawall.events.grouping import Rows, stable_order, starts

EVENTS_KEPT = 2_000
"""Number of record ids kept for a group; the number of the others is kept too."""

MAIL_READ = 20_000
"""Number of a group's mail events whose mailboxes are listed."""

DAY_SHOWN = 5_000
"""Number of the account's events that its timeline shows."""

_OBJECT_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_HALF_HOUR = 1_800_000_000
_OWN_NETWORK = np.log1p(2.5)
_VALUES = (
    ("client", "client"), ("app", "app_uid"), ("mailbox", "foreign_mailbox"), ("prefix", "src_prefix"),
    ("device", "device_uid"), ("key", "key_uid"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class CandidateEvents:
    """Hold what the events of k groups show, (k,) or lists: those attributed to the attacker, and the account's whole day.

    `statements` are what vendors say about the account on that day, as JSON, and `statement_times` when it happened.

    `points` are packed as (slot << 1 | hostile) << 32 | network code + 1; `slot` counts half hours since 1970.
    """

    ids: pa.Array
    id_bounds: Rows
    more: Rows
    first: Times
    last: Times
    proved: Times
    possible: Times
    mailboxes: Ragged
    is_throttled: Bools
    is_unlinked: Bools
    roots: npt.NDArray[np.int64]
    points: Ragged
    point_counts: Rows
    statements: pa.Array
    statement_times: Times
    statement_bounds: Rows
    sources: Ragged

    def list_statements(self, place: int) -> Statements:
        """Return what vendors say about the account, in order of time."""
        begin, end = self.statement_bounds[place : place + 2].tolist()
        texts = map(describe_statement, self.statements.slice(begin, end - begin).to_pylist())
        times = self.statement_times[begin:end].tolist()
        return tuple((time, text) for time, text in zip(times, texts, strict=True) if text)

    def list_ids(self, place: int) -> tuple[str, ...]:
        """Return the record ids of a group, at most `EVENTS_KEPT`."""
        begin, end = self.id_bounds[place : place + 2].tolist()
        return tuple(self.ids.slice(begin, end - begin).to_pylist())

    def list_mailboxes(self, place: int, mailboxes: Vocabulary, account: str) -> tuple[str, ...]:
        """Return the names of the mailboxes that were read or changed, their object ids where the logs state no name."""
        own = account if "@" in account else ""  # an application has no mailbox of its own
        names = {mailboxes.text(code) or own for code in self.mailboxes.of(place).tolist()}
        return tuple(sorted(name for name in names if "@" in name or _OBJECT_ID.fullmatch(name)))

    def list_points(self, place: int, networks: Vocabulary) -> tuple[tuple[int, str, int, bool], ...]:
        """Return the account's day as (time, network, events, whether the attacker's) for each half hour and network."""
        begin, end = self.points.bounds[place : place + 2].tolist()
        counts, texts = self.point_counts[begin:end].tolist(), networks.values
        slots: dict[tuple[int, str, bool], int] = {}
        for packed, count in zip(self.points.values[begin:end].tolist(), counts, strict=True):
            slot, network = packed >> 32, (packed & 0xFFFFFFFF) - 1
            key = ((slot >> 1) * _HALF_HOUR, texts[network] if network >= 0 else "", bool(slot & 1))
            slots[key] = slots.get(key, 0) + count
        return tuple((time, lane, count, mine) for (time, lane, mine), count in sorted(slots.items()))

    def list_beginnings(self, place: int) -> Beginnings:
        """Return how the sessions began in which mail was read."""
        return list_roots(self.roots[place])


def find_members(group: Codes, rows: Rows, groups: int) -> Ragged:
    """Return the events of the groups `rows`, each in order of time. `group` (n,) is the group of each event."""
    wanted = np.full(groups + 1, MISSING, np.int32)
    wanted[rows] = np.arange(len(rows))
    events = np.flatnonzero(wanted[group] != MISSING)
    owner = wanted[group[events]]
    order = stable_order(owner)
    return collect(owner[order], events[order], len(rows))


def find_intruder(
    groups: BehaviourGroups, hits: BuiltinHits, lineage: LineageEvidence, rows: Rows, members: Ragged
) -> Bools:
    """Return which of the groups' events are attributed to the attacker, bool (m,), from the m values of `members`.

    On a network that is new to the account, these are all rows. On its own network, they are the rows with a new value, a
    rule hit or lineage evidence, or all rows if there are none. New values count for client, application, mailbox, address
    block, device and key.
    """
    at, owners = members.values, members.owners
    is_hit = np.zeros(len(groups.day.batch), bool)
    is_hit[hits.row] = True
    chosen = is_hit[at]
    chosen |= (lineage.orphan[at] > 2) | (lineage.reused[at] > 2)
    chosen |= (lineage.outlived[at] > 0) | (lineage.foreign[at] > 0)
    for name, column in _VALUES:
        surprise = groups.fields[name]
        is_new = surprise.is_new[rows] != 0
        if is_new.any():
            chosen |= is_new[owners] & (groups.day.columns[column][at] == surprise.value[rows][owners])
    takes_all = (groups.features["network_days"][rows] < _OWN_NETWORK) | ~members.has(chosen)
    return np.asarray(chosen | takes_all[owners])


def collect_events(
    groups: BehaviourGroups, rows: Rows, members: Ragged, hostile: Bools, lineage: LineageEvidence
) -> CandidateEvents:
    """Record the events of the groups `rows`. `hostile` says which of the members are attributed to the attacker.

    Failed acts are listed with them, and change nothing else.
    """
    batch, intruder = groups.day.batch, members.select(hostile)
    proved, possible = _count_messages(batch, intruder)
    listed = _merge(intruder, _find_failures(groups, rows))
    kept = listed.first(EVENTS_KEPT)
    points, counts = _points(groups, rows, intruder)
    said = find_statements(batch, groups.day.actor[rows], intruder)
    return CandidateEvents(
        ids=batch.texts["metadata_uid"].take(kept.values.astype(np.int64)),
        id_bounds=kept.bounds,
        more=listed.sizes - kept.sizes,
        first=batch.time[intruder.values[intruder.bounds[:-1]]],
        last=batch.time[intruder.values[intruder.bounds[1:] - 1]],
        proved=proved,
        possible=possible,
        mailboxes=_mailboxes(batch, intruder),
        is_throttled=intruder.has(batch.numbers["is_throttled"][intruder.values] == 1),
        is_unlinked=intruder.has(lineage.unknown[intruder.values]),
        roots=count_roots(batch, intruder),
        points=points,
        point_counts=counts,
        statements=batch.texts["parameters"].take(pa.array(said.values.astype(np.int64))),
        statement_times=batch.time[said.values],
        statement_bounds=said.bounds,
        sources=_list_distinct(batch, "source", intruder),
    )


def _find_failures(groups: BehaviourGroups, rows: Rows) -> Ragged:
    """Return the account's failed acts from each group's network, if the network is new to the account.

    They gained nothing, and so no group has them: wrong passwords, prompts for a second factor that were not answered.
    """
    day, batch = groups.day, groups.day.batch
    is_new = groups.features["network_days"][rows] < _OWN_NETWORK
    keys = _access_keys(day.actor[rows], day.network[rows])
    order = np.argsort(keys)
    events = np.flatnonzero(
        batch.are_acts() & batch.one_of("status", ("failure",)) & (groups.day.group == MISSING)
    )
    wanted = _access_keys(batch.actor[events], day.columns["network"][events])
    place = order[np.minimum(np.searchsorted(keys[order], wanted), len(keys) - 1)]
    has_network = day.columns["network"][events] != MISSING
    mine = (keys[place] == wanted) & is_new[place] & has_network
    owner, events = place[mine], events[mine]
    order = np.argsort(owner, kind="stable")
    return collect(owner[order], events[order], len(rows))


def _access_keys(actor: Codes, network: Codes) -> Times:
    return (actor.astype(np.int64) << 32) | (network.astype(np.int64) & 0xFFFFFFFF)


def _merge(left: Ragged, right: Ragged) -> Ragged:
    """Return the events of both, in order of time."""
    owners, events = np.concatenate([left.owners, right.owners]), np.concatenate([left.values, right.values])
    order = np.lexsort((events, owners))
    return collect(owners[order], events[order], len(left))


def _count_messages(batch: CodedBatch, intruder: Ragged) -> tuple[Times, Times]:
    """Return the number of messages proved read (Bind) and possibly read (Sync, throttled), a lower bound, (k,) each."""
    access = intruder.select(batch.one_of("kind", ("mail_access",))[intruder.values])
    rows, owners = access.values, access.owners
    items = np.maximum(batch.numbers["item_count"][rows].astype(np.int64), 0)
    sync = batch.one_of("access_type", ("sync",))[rows]
    throttled = batch.numbers["is_throttled"][rows] == 1
    found = np.zeros((2, len(intruder)), np.int64)
    np.add.at(found[0], owners, np.where(sync, 0, items))
    np.add.at(found[1], owners, np.where(sync | throttled, np.maximum(items, 1), 0))
    return found[0], found[1]


def _mailboxes(batch: CodedBatch, intruder: Ragged) -> Ragged:
    """Return the codes of each group's mailboxes; a null code stands for the account's own."""
    is_mail = batch.one_of("kind", ("mail_access", "mail_action", "mail_rule"))
    mail = intruder.select(is_mail[intruder.values]).first(MAIL_READ)
    codes = batch.codes["mailbox"][mail.values].astype(np.int64)
    keys = np.sort((mail.owners << 32) | (codes + 1))
    keys = keys[starts(keys)]
    return collect(keys >> 32, ((keys & 0xFFFFFFFF) - 1).astype(np.int32), len(intruder))


def _list_distinct(batch: CodedBatch, name: str, intruder: Ragged) -> Ragged:
    """Return the codes of a column that each group's events show, each once."""
    codes = batch.codes[name][intruder.values].astype(np.int64)
    has_value = codes != MISSING
    keys = np.unique((intruder.owners[has_value].astype(np.int64) << 32) | codes[has_value])
    return collect(keys >> 32, (keys & 0xFFFFFFFF).astype(np.int32), len(intruder))


def _points(groups: BehaviourGroups, rows: Rows, intruder: Ragged) -> tuple[Ragged, Rows]:
    """Return each account's day as packed keys, see `CandidateEvents`, and the number of events of each."""
    day, batch = groups.day, groups.day.batch
    actors = np.unique(day.actor[rows])
    number = np.full(int(batch.actor.max(initial=-1)) + 2, MISSING, np.int32)
    number[actors] = np.arange(len(actors))
    events = np.flatnonzero((number[batch.actor] != MISSING) & (day.group != MISSING))
    owner = number[batch.actor[events]]
    order = stable_order(owner)
    events = events[order]
    of_account = collect(owner[order], events, len(actors)).first(DAY_SHOWN)
    is_hostile = np.zeros(len(batch), bool)
    is_hostile[intruder.values] = True
    account = number[day.actor[rows]]
    shown = gather(of_account.bounds[account], of_account.bounds[account + 1])
    at, owners = of_account.values[shown.values], shown.owners
    slot = (batch.time[at] // _HALF_HOUR) << 1 | (is_hostile[at] & (day.group[at] == rows[owners]))
    packed = slot << 32 | (day.columns["network"][at].astype(np.int64) + 1)
    order = np.lexsort((packed, owners))
    packed, owners = packed[order], owners[order]
    begins = np.ones(len(packed), bool)
    begins[1:] = (packed[1:] != packed[:-1]) | (owners[1:] != owners[:-1])
    counts = np.diff(np.append(np.flatnonzero(begins), len(packed)))
    return collect(owners[begins], packed[begins], len(rows)), counts
