"""Score all events of a store again, because what is stored is of another engine, or because somebody asked for it.

What was learnt with other rules, patterns or code, or cannot be read, is forgotten, and every day of the lake waits for
scoring, in one transaction. The scoring itself is that of any other day, so that a stop loses nothing. Incidents stay as they
are until the last of these days is scored: what is not scored again yet would seem gone. Then those that were raised before are
compared with those that are raised now.

Answers, comments and other handling belong to incidents and accounts, and are not touched. Not scored again: days whose events
retention has deleted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

import msgspec

from seawall.events.array_state import StateInvalid
from seawall.pipeline.live.candidates import unpack_candidate
from seawall.pipeline.live.days import EPOCH
from seawall.storage.database import Database, Transaction, WriterLease
from seawall.storage.files.state_file import unpack
from seawall.storage.lake import Lake
from seawall_base.msgspec_types import prepare
from seawall_base.plurals import plural
from seawall_base.safe_text import visible
from seawall_base.times import rfc3339

RESCORING: Final = "rescoring"
"""The setting with the incidents that were raised before, from the beginning of a rescoring until its end."""

ACTION: Final = "events-rescored"
"""The action of the entry of the audit trail that says what a rescoring changed."""

ACTOR: Final = "seawall watch"
STATES: Final = "detection/"
"""Beginning of the names of what detection keeps."""

MOST_LISTED: Final = 1000
MOST_TOLD: Final = 50
_STAYING: Final = ("rows", "shards")
"""States that count records and place organisations: they are of no engine."""


@dataclass(frozen=True, slots=True)
class RaisedIncident:
    """What is compared of an incident that is raised."""

    id: str
    tenant: str
    account: str
    kind: str
    severity: str
    score: float


@dataclass(frozen=True, slots=True)
class RescoringNotice:
    """What a rescoring changed: `days` were scored again, `raised` incidents are raised now.

    `new` are raised now and were not before, `gone` were and are no more, `changed` have another kind, severity or rounded
    score, each as (before, now).
    """

    reason: str
    days: int
    raised: int
    new: tuple[RaisedIncident, ...]
    gone: tuple[RaisedIncident, ...]
    changed: tuple[tuple[RaisedIncident, RaisedIncident], ...]

    def document(self) -> dict[str, Any]:
        """Return the notice as a JSON object."""
        return {
            "reason": self.reason,
            "days": self.days,
            "raised": self.raised,
            "new": [asdict(one) for one in self.new],
            "gone": [asdict(one) for one in self.gone],
            "changed": [{"before": asdict(before), "now": asdict(now)} for before, now in self.changed],
        }

    def audit_details(self) -> dict[str, Any]:
        """Return the numbers, and the ids of at most `MOST_LISTED` incidents each; the audit trail holds no names of these."""
        ids = {
            "new": [one.id for one in self.new],
            "gone": [one.id for one in self.gone],
            "changed": [now.id for _, now in self.changed],
        }
        counts = {f"{name}_count": len(found) for name, found in ids.items()}
        listed = {name: found[:MOST_LISTED] for name, found in ids.items()}
        return {"reason": self.reason, "days": self.days, "raised": self.raised, **counts, **listed}


def describe_rescoring(notice: RescoringNotice) -> list[str]:
    """Return sentences about what a rescoring changed, safe to print."""
    days = plural(notice.days, "day")
    lines = [f"scored {days} again: {notice.reason}"]
    changes = [
        *((f"raised now, not before: {_tell(one)}") for one in notice.new),
        *((f"raised before, not now: {_tell(one)}") for one in notice.gone),
        *((f"raised before as {_tell_values(before)}, now: {_tell(now)}") for before, now in notice.changed),
    ]
    if not changes:
        return [*lines, f"the raised incidents are the same: {notice.raised}"]
    more = len(changes) - MOST_TOLD
    return [
        *lines,
        f"the raised incidents changed: {len(notice.new)} new, {len(notice.gone)} gone, {len(notice.changed)} changed",
        *(visible(line) for line in changes[:MOST_TOLD]),
        *([f"and {more} more"] if more > 0 else []),
        f"the audit trail of the store has the ids: {ACTION}",
    ]


def _tell(one: RaisedIncident) -> str:
    return f"{_tell_values(one)}  {one.tenant}  {one.account}  {one.id}"


def _tell_values(one: RaisedIncident) -> str:
    return f"{one.kind}, {one.severity}, {one.score:.1f}"


class Rescoring:
    """The rescoring of a running watch, if one is due or going on. `days` are those that still wait for it."""

    def __init__(self) -> None:
        self._asked: str | None = None
        self._is_repaired = False
        self._record: Mapping[str, Any] | None = None
        self._is_ranked = False
        self.days: set[int] = set()

    @property
    def is_waiting(self) -> bool:
        """Return whether a rescoring is going on, and was not compared yet."""
        return self._record is not None

    @property
    def sentence(self) -> str | None:
        """Return what is going on, None if nothing is."""
        if self._record is None:
            return None
        total = len(self._record["days"])
        return f"scoring {plural(total, 'day')} again, {len(self.days)} left: {self._record['reason']}"

    def ask(self, reason: str) -> None:
        """Have the next `start` begin a rescoring."""
        self._asked = reason

    def repair(self, error: StateInvalid) -> None:
        """Have the next `start` score again, because something stored cannot be used. Raises the error the second time."""
        if self._is_repaired:
            raise error
        self._is_repaired = True
        self.ask(error.message)

    def start(self, database: Database, writer: WriterLease, lake: Lake, *, at: int) -> None:
        """Begin the rescoring that was asked for, if any."""
        if self._asked is None:
            return
        days = {(size.day - EPOCH).days for size in lake.size().days}
        with database.writing(writer) as work:
            begin_rescoring(work, days, self._asked, at=at)
        self._asked = None

    def begin(self, work: Transaction) -> None:
        """Load the rescoring that is going on."""
        self._record, self._is_ranked = work.settings.get(_name_of(work)), False
        self.days = set(self._record["days"]) & work.dirty.all() if self._record is not None else set()

    def note_scored(self, days: Iterable[int]) -> None:
        """Note that days were scored."""
        self.days -= set(days)

    def note_ranked(self) -> None:
        """Note that incidents were ranked; it counts once no day waits any more."""
        self._is_ranked = not self.days

    def end(self, database: Database, writer: WriterLease, *, at: int) -> RescoringNotice | None:
        """Compare and record once all days are scored and ranked; return what changed, None before that."""
        if self._record is None or not self._is_ranked:
            return None
        with database.writing(writer) as work:
            notice = _compare(work, self._record)
            work.audit.append(
                at=at, actor=ACTOR, action=ACTION, subject=_name_of(work), details=notice.audit_details()
            )
            work.settings.forget(_name_of(work))
        self._record = None
        return notice


def begin_rescoring(work: Transaction, days: Iterable[int], reason: str, *, at: int) -> None:
    """Forget what was learnt, have days of the lake wait for scoring, and note what is raised.

    A rescoring that is going on keeps what was raised before it.
    """
    days = set(days)
    for name in work.states.names():
        if name.startswith(STATES) and not (name.removeprefix(STATES) in _STAYING and _is_state(work, name)):
            work.states.forget(name)
    _forget_unreadable_candidates(work, days)
    work.dirty.add(days)
    known = work.settings.get(_name_of(work))
    raised = list_raised(work) if known is None else []
    record = {
        "reason": reason,
        "began_at": rfc3339(at),
        "days": sorted(days),
        "raised": [asdict(one) for one in raised] if known is None else known["raised"],
    }
    work.settings.put(_name_of(work), record)


def list_raised(work: Transaction) -> list[RaisedIncident]:
    """Return the incidents of the store, or of its slot, that are raised, by id."""
    return [RaisedIncident(*row) for row in work.incidents.list_raised()]


def find_unreadable(work: Transaction) -> str | None:
    """Return why the stored results cannot be used by this version, None if they can be read."""
    try:
        for name in work.states.names():
            if STATES in name:
                unpack(work.states.get(name) or b"")
        for contents in work.candidates.since(0).values():
            for content in contents:
                unpack_candidate(content)
    except StateInvalid as error:
        return error.message
    return None


def _compare(work: Transaction, record: Mapping[str, Any]) -> RescoringNotice:
    before = {one.id: one for one in msgspec.convert(record["raised"], list[RaisedIncident])}
    now = {one.id: one for one in list_raised(work)}
    renamed = work.aliases.all()
    successors = {id_: id_ if id_ in now else renamed.get(id_, id_) for id_ in before}
    pairs = [(before[id_], now[other]) for id_, other in successors.items() if other in now]
    return RescoringNotice(
        record["reason"],
        len(record["days"]),
        len(now),
        tuple(now[id_] for id_ in sorted(now.keys() - set(successors.values()))),
        tuple(one for id_, one in sorted(before.items()) if successors[id_] not in now),
        tuple(pair for pair in pairs if _describe(pair[0]) != _describe(pair[1])),
    )


def _describe(one: RaisedIncident) -> tuple[str, str, float]:
    return one.kind, one.severity, round(one.score, 1)


def _is_state(work: Transaction, name: str) -> bool:
    try:
        unpack(work.states.get(name) or b"")
    except StateInvalid:
        return False
    return True


def _forget_unreadable_candidates(work: Transaction, days: set[int]) -> None:
    """Delete the candidates that cannot be read of days that cannot be scored again; the others are replaced."""
    for day in sorted(work.candidates.counts().keys() - days):
        for share, contents in work.candidates.shares_since(day, day + 1).get(day, {}).items():
            kept = [one for content in contents if (one := _read_tenant(content)) is not None]
            if len(kept) < len(contents):
                texts, tenants = [content for content, _ in kept], [tenant for _, tenant in kept]
                work.candidates.put_day(day, texts, tenants=tenants, share=share)


def _read_tenant(content: bytes) -> tuple[bytes, str] | None:
    try:
        return content, unpack_candidate(content).tenant
    except StateInvalid:
        return None


def _name_of(work: Transaction) -> str:
    return f"{RESCORING}/{work.slot}" if work.slot else RESCORING


prepare(list[RaisedIncident])
