"""Find a contained intruder who is back, and name what changed. Pure: no input or output.

An intruder who loses an account returns with another token, key, application, network or technique, but rarely
changes all at once. So this module searches events for the intruder's known indicators. On a contained account, one
such indicator beside something new is enough. On other accounts, an indicator must be rare or two must occur
together.

Values that the account's owner uses, or that many accounts use, are ignored. Events arrive as Arrow tables in any
order. Only rows of contained accounts or with an indicator become Python objects.

Not found: an intruder who changes everything at once, who returns with the owner's own values, or whose acts leave no
record.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from seawall.detection.feedback.hostile import rare_value_limit
from seawall.response.containment.evidence import KNOWN_BY
from seawall.response.containment.values import Containment, IntruderIndicators, IntruderReturn

ATTENTION_DAYS: Final = 30
DAY: Final = 86_400_000_000
MOST_RECORDS: Final = 200
MOST_SHOWN: Final = 5
MOST_GROUPS: Final = 20_000
_MOST_SHARERS: Final = 200

WORDS: Final = {
    "sessions": "session",
    "tokens": "token",
    "keys": "key",
    "devices": "device",
    "addresses": "address",
    "prefixes": "address block",
    "networks": "network",
    "applications": "application",
    "clients": "client",
    "operations": "operation",
}
"""Words for each kind of indicator, for sentences."""

STRONG: Final = ("sessions", "tokens", "keys", "devices", "addresses", "prefixes")
"""Indicators that hardly anybody else shows by chance; one of these is enough."""

WEAK: Final = ("networks", "applications", "clients", "operations")
CHANGES: Final = ("networks", "applications", "clients", "devices", "keys")
"""Values that count as changed when neither intruder nor owner showed them before. Sessions are left out: each is new."""

ENDED: Final = ("sessions",)
"""Indicators that containment ends: seen later, they show a return, even if the intruder had stolen them from the owner.

Tokens are left out because Google's token value names an application and an account, and stays the same.
"""

GOES_ON: Final = ("sessions", "tokens")
GRACE: Final = 3_600_000_000
"""Microseconds after a revocation during which tokens issued before may still be used."""

COLUMNS: Final = ("metadata_uid", "time", "status", "account", *KNOWN_BY.values())

_Place = tuple[str, str, str, str]


@dataclass(slots=True)
class _Group:
    """Count the events of one account that share network, application and client."""

    first: int
    last: int
    values: dict[str, set[str]]
    records: set[str] = field(default_factory=set)
    count: int = 0
    succeeded: bool = False


@dataclass(slots=True)
class ReturnSearch:
    """Collect chunks of events and report the contained intruder's returns."""

    containment: Containment
    _groups: dict[_Place, _Group] = field(default_factory=dict)
    _sharers: dict[tuple[str, str], set[str]] = field(default_factory=lambda: defaultdict(set))
    _accounts: set[str] = field(default_factory=set)
    _left_out: int = 0
    after: int = 0
    """Records since the containment. With none, the absence of a return proves nothing."""

    def add(self, events: pa.Table) -> None:
        """Add one chunk of events, in any order."""
        table = events.select([name for name in COLUMNS if name in events.column_names])
        times = table.column("time").cast(pa.int64())
        table = table.set_column(table.column_names.index("time"), "time", times)
        accounts = _text(table, "account")
        self._accounts.update(one for one in pc.unique(accounts).to_pylist() if one)
        actor = self.containment.actor
        is_after = pc.and_(pc.greater(times, self.containment.at), pc.less(times, self.containment.until))
        self.after += pc.sum(is_after).as_py() or 0
        is_meant = pc.is_in(accounts, value_set=pa.array(actor.accounts, pa.string()))
        for name in (*STRONG, *WEAK):
            told = _select_identifying(actor, name)
            if not told or KNOWN_BY[name] not in table.column_names:
                continue
            has = pc.is_in(_text(table, KNOWN_BY[name]), value_set=pa.array(sorted(told), pa.string()))
            self._note_sharers(name, table.filter(pc.and_(has, pc.invert(is_after))))
            if name != "operations":
                is_meant = pc.or_(is_meant, has)
        self._take(table.filter(pc.and_(is_after, is_meant)))

    def _note_sharers(self, name: str, table: pa.Table) -> None:
        """Record which other accounts showed a value before the containment."""
        pairs = pa.table({"account": _text(table, "account"), "value": _text(table, KNOWN_BY[name])})
        for row in pairs.group_by(["account", "value"], use_threads=False).aggregate([]).to_pylist():
            sharers = self._sharers[name, row["value"]]
            is_other = row["account"] and row["account"] not in self.containment.actor.accounts
            if is_other and len(sharers) < _MOST_SHARERS:
                sharers.add(row["account"])

    def _take(self, table: pa.Table) -> None:
        for row in table.to_pylist():
            if not row["account"]:
                continue
            place = (row["account"], *(_plain(row.get(KNOWN_BY[name])) for name in WEAK[:3]))
            group = self._groups.get(place)
            time = row["time"]
            if group is None:
                if len(self._groups) >= MOST_GROUPS:
                    self._left_out += 1
                    continue
                group = self._groups[place] = _Group(time, time, {name: set() for name in WORDS})
            if row["metadata_uid"] in group.records:
                continue
            group.first, group.last = min(group.first, time), max(group.last, time)
            group.count += 1
            group.succeeded |= row.get("status") != "failure"
            if len(group.records) < MOST_RECORDS and row["metadata_uid"]:
                group.records.add(row["metadata_uid"])
            for name in WORDS:
                value = _plain(row.get(KNOWN_BY[name]))
                is_ending = name in GOES_ON and time < self.containment.at + GRACE
                if value and not is_ending:
                    group.values[name].add(value)

    def returns(self) -> tuple[IntruderReturn, ...]:
        """Return the returns, surest first, with groups of one account that say the same merged."""
        found = [
            made for place, group in sorted(self._groups.items()) if (made := self._judge(place[0], group))
        ]
        return tuple(sorted(_join(found), key=lambda one: (-_weight(one), one.first, one.account)))

    @property
    def is_bounded(self) -> bool:
        """Return whether a limit on groups was reached, so that more may have happened than is reported."""
        return self._left_out > 0

    def _judge(self, account: str, group: _Group) -> IntruderReturn | None:
        actor = self.containment.actor
        was_contained = account in actor.accounts
        shared = [
            (name, value)
            for name in WORDS
            for value in sorted(group.values[name] & _select_identifying(actor, name))
            if self._is_rare(name, value)
        ]
        strong = [one for one in shared if one[0] in STRONG]
        weak = [one for one in shared if one[0] in WEAK]
        known = {name: set(getattr(actor, name)) | set(actor.usual.get(name, ())) for name in WORDS}
        new = {name: group.values[name] - known[name] for name in CHANGES}
        if was_contained:
            is_back = bool(strong) or (bool(weak) and any(new.values()))
        else:
            is_back = bool(strong) or len({name for name, _ in weak if name != "operations"}) >= 2
        if not is_back:
            return None
        changed = tuple(
            (
                WORDS[name],
                tuple(getattr(actor, name))[:MOST_SHOWN],
                tuple(sorted(group.values[name]))[:MOST_SHOWN],
            )
            for name in ("tokens", "sessions", *CHANGES)
            if group.values[name]
            and getattr(actor, name)
            and not group.values[name] & set(getattr(actor, name))
        )
        told = tuple((WORDS[name], value) for name, value in shared)
        return IntruderReturn(
            account,
            was_contained,
            group.first,
            group.last,
            told,
            changed,
            not group.succeeded,
            tuple(sorted(group.records)),
            group.count,
            describe_return(account, was_contained, told, changed, only_tried=not group.succeeded),
        )

    def _is_rare(self, name: str, value: str) -> bool:
        others = len(self._accounts - set(self.containment.actor.accounts))
        return len(self._sharers.get((name, value), ())) <= rare_value_limit(others)


def search_for_return(pieces: Iterable[pa.Table], containment: Containment) -> ReturnSearch:
    """Search chunks of events for the return of a contained intruder."""
    looking = ReturnSearch(containment)
    for piece in pieces:
        looking.add(piece)
    return looking


def describe_return(
    account: str,
    was_contained: bool,
    shared: Sequence[tuple[str, str]],
    changed: Sequence[tuple[str, Sequence[str], Sequence[str]]],
    *,
    only_tried: bool,
) -> str:
    """Return the return as one sentence: what is as before, and what is not."""
    verb = "was tried" if only_tried else "is used"
    who = f"{account} {verb} again" if was_contained else f"{account}, another account, {verb}"
    same = _list([f"{what} {value}" for what, value in shared[:MOST_SHOWN]])
    text = f"{who} as by the intruder: same {same}"
    news = [
        f"{what} {', '.join(now[:2])} instead of {', '.join(before[:2])}"
        if what not in {"token", "session"}
        else f"new {what}"
        for what, before, now in changed
    ]
    return text + (f"; what changed: {_list(news)}" if news else "")


def _list(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}" if parts else ""


def _join(found: Iterable[IntruderReturn]) -> Iterator[IntruderReturn]:
    """Merge groups of one account that share and changed the same values."""
    by_words: dict[tuple[str, str], list[IntruderReturn]] = defaultdict(list)
    for one in found:
        by_words[one.account, one.text].append(one)
    for same in by_words.values():
        first = same[0]
        records = sorted({record for one in same for record in one.records})[:MOST_RECORDS]
        yield IntruderReturn(
            first.account,
            first.was_contained,
            min(one.first for one in same),
            max(one.last for one in same),
            first.shared,
            first.changed,
            first.only_tried,
            tuple(records),
            sum(one.record_count for one in same),
            first.text,
        )


def _weight(one: IntruderReturn) -> int:
    strong = {WORDS[name] for name in STRONG}
    return 4 * sum(what in strong for what, _ in one.shared) + len(one.shared) + one.was_contained


def _select_identifying(actor: IntruderIndicators, name: str) -> set[str]:
    """Return the indicator values that identify the intruder.

    These are values that owners do not use, and values that containment ended, whoever used them.
    """
    if name in ENDED:
        return set(getattr(actor, name))
    return set(getattr(actor, name)) - set(actor.usual.get(name, ()))


def _text(table: pa.Table, column: str) -> Any:
    if column not in table.column_names:
        return pa.nulls(table.num_rows, pa.string())
    return table.column(column).cast(pa.string())


def _plain(value: Any) -> str:
    return "" if value is None else str(value)


def read_containment(entries: Iterable[dict[str, Any]], days: int = ATTENTION_DAYS) -> Containment | None:
    """Return the containment that a journal records, dated from its first change; None if no change was made yet.

    `days` is how long to watch for a return.
    """
    from seawall.response.containment.history import read_history
    from seawall_base.times import parse_rfc3339

    listed = list(entries)
    plan = read_history(listed).plan
    done = [
        entry["at"]
        for entry in listed
        if entry.get("phase") == "apply"
        and (entry["event"] == "confirmed" or (entry["event"] == "result" and entry["outcome"] == "done"))
    ]
    if plan is None or plan.actor is None or not done:
        return None
    at = parse_rfc3339(done[0])
    tenants = tuple(sorted({action.tenant for action in plan.actions if action.tenant}))
    return Containment(plan.id, at, at + days * DAY, plan.actor, tenants)
