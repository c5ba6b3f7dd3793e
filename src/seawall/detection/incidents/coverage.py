"""Find what the logs could not show: gaps, throttling, cut exports, missing sources and identifiers, short history."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

import numpy as np

from seawall.detection.coverage_note import CoverageNote
from seawall.events.array_state import RestoredState, State, pack_texts
from seawall.events.coded_batch import Bools, CodedBatch, Codes, Times, Vocabulary
from seawall_base.plurals import plural

DAY = 86_400_000_000
HOUR = 3_600_000_000
GAP_HOURS = 18
"""A source has a gap if it is silent for longer than this, and for longer than is usual for it."""

NEEDED = {
    "sign_in": "sign-in records",
    "mail_access": "mail access records (MailItemsAccessed, calls of Gmail)",
    "directory": "directory audit records",
}
SHORT_DAYS = 14

CALLS_ONLY = ("graph_activity",)
"""Sources whose mail access does not show what mail programs open, so that it is no coverage."""

_CALLS = 15
"""Code for hours of such records in place of their kind."""

MOST_THROTTLED = 10_000
"""Throttled records of a day that are looked at."""

EXPORT_RECORDS = 50_000
"""Most records that an audit search exports. A file with exactly this many was probably cut."""


class CoverageMeter:
    """Record the hours in which each tenant's kinds of record arrive. `full_files` are the files with `EXPORT_RECORDS` records.

    Misses: gaps of a source that is silent for days anyway, and records that are missing within an hour that has others.
    """

    def __init__(self, full_files: Collection[str] = ()) -> None:
        self._full_files = full_files
        self._cut: dict[tuple[int, str], tuple[int, int]] = {}
        self._hours: dict[tuple[int, int], set[int]] = defaultdict(set)
        self._throttled: dict[tuple[int, int], list[int]] = {}
        self._linked: dict[int, list[int]] = defaultdict(lambda: [0, 0])
        self._names: dict[int, str] = {}
        self._accounts: dict[int, str] = {}
        self._kinds: dict[int, str] = {}

    def observe(self, batch: CodedBatch) -> None:
        """Record one day's events."""
        throttled = np.flatnonzero(batch.numbers["is_throttled"] == 1)[:MOST_THROTTLED]
        mail, linked = find_mail(batch)
        self.observe_parts(
            batch.vocabularies,
            np.unique(pack_hours(batch)),
            [column[throttled] for column in (batch.codes["org_uid"], batch.actor, batch.codes["account"])],
            batch.time[throttled],
            _count_mail(batch.codes["org_uid"][mail].astype(np.int64), linked[mail]),
        )
        self._note_cut(batch)

    def observe_parts(
        self,
        vocabularies: Mapping[str, Vocabulary],
        hours: Times,
        throttled: Sequence[Codes],
        throttled_at: Times,
        mail: tuple[Codes | Times, Times, Times],
    ) -> None:
        """Record one day's events, given what `observe` needs of them.

        `hours` are distinct numbers of `pack_hours`; `throttled` are the organisation, identity and account of throttled
        records, in order of time; `mail` are organisations, the numbers of their mail access records that name a session, and
        of all.
        """
        self._kinds = {**dict(enumerate(vocabularies["kind"].values)), _CALLS: "calls"}
        keys = np.stack([hours >> 28, hours >> 24 & 15, hours & 0xFFFFFF], axis=1)
        for owner, what, hour in keys.tolist():
            self._hours[(owner, what)].add(hour)
            self._names[owner] = vocabularies["org_uid"].text(owner)
        columns = zip(*(column.tolist() for column in throttled), throttled_at.tolist(), strict=True)
        for owner, actor, account, time in columns:
            self._accounts[actor] = vocabularies["account"].text(account)
            span = self._throttled.setdefault((owner, actor), [time, time])
            span[1] = time
        for owner, told, total in zip(*(column.tolist() for column in mail), strict=True):
            self._linked[owner][0] += told
            self._linked[owner][1] += total

    def add(self, later: CoverageMeter) -> None:
        """Add what another meter recorded of later days, with the same codes."""
        for key, hours in later._hours.items():
            self._hours[key] |= hours
        for key, (start, end) in later._throttled.items():
            span = self._throttled.setdefault(key, [start, end])
            span[1] = end
        for owner, (linked, mail) in later._linked.items():
            self._linked[owner][0] += linked
            self._linked[owner][1] += mail
        for cut, span_ in later._cut.items():
            self._cut[cut] = (self._cut.get(cut, span_)[0], span_[1])
        self._names |= later._names
        self._accounts |= later._accounts
        self._kinds |= later._kinds

    def state(self) -> State:
        """Return the state as arrays, for `restore`."""
        cut = sorted(self._cut.items())
        hours = sorted((*key, hour) for key, hours in self._hours.items() for hour in hours)
        return {
            "cut": _table([(tenant, *span) for (tenant, _), span in cut], 3),
            **pack_texts("cut_files", (name for (_, name), _ in cut)),
            "hours": _table(hours, 3),
            "throttled": _table([(*key, *span) for key, span in sorted(self._throttled.items())], 4),
            "linked": _table([(tenant, *counts) for tenant, counts in sorted(self._linked.items())], 3),
            **_pack_names("tenants", self._names),
            **_pack_names("accounts", self._accounts),
            **_pack_names("kinds", self._kinds),
        }

    def restore(self, saved: RestoredState) -> None:
        """Replace the state by a saved one. Raises `StateInvalid`."""
        cut = saved.array("cut", np.int64, None, 3).tolist()
        files = saved.texts("cut_files", len(cut))
        self._cut = {
            (tenant, name): (start, end) for (tenant, start, end), name in zip(cut, files, strict=True)
        }
        self._hours = defaultdict(set)
        for tenant, kind, hour in saved.array("hours", np.int64, None, 3).tolist():
            self._hours[(tenant, kind)].add(hour)
        throttled = saved.array("throttled", np.int64, None, 4).tolist()
        self._throttled = {(tenant, actor): [start, end] for tenant, actor, start, end in throttled}
        self._linked = defaultdict(lambda: [0, 0])
        for tenant, linked, mail in saved.array("linked", np.int64, None, 3).tolist():
            self._linked[tenant] = [linked, mail]
        self._names = _names_of(saved, "tenants")
        self._accounts = _names_of(saved, "accounts")
        self._kinds = _names_of(saved, "kinds")
        named = {key[0] for key in (*self._hours, *self._throttled, *self._cut)} <= set(self._names)
        if not named or not {actor for _, actor in self._throttled} <= set(self._accounts):
            raise saved.invalid("tenants", "lacks a name")
        if not {kind for _, kind in self._hours} <= set(self._kinds):
            raise saved.invalid("kinds", "lacks a name")

    def _note_cut(self, batch: CodedBatch) -> None:
        """Record the time spans of the files that were probably cut."""
        for name in sorted(self._full_files):
            rows = np.flatnonzero(batch.one_of("source_file", (name,)))
            for owner in np.unique(batch.codes["org_uid"][rows]).tolist():
                times = batch.time[rows[batch.codes["org_uid"][rows] == owner]]
                start, _ = self._cut.get((owner, name), (int(times[0]), 0))
                self._cut[(owner, name)] = (start, int(times[-1]))

    def notes(self) -> list[CoverageNote]:
        """Return all notes, ordered by tenant and time."""
        spans: dict[int, tuple[int, int]] = {}
        for (tenant, _), hours in self._hours.items():
            low, high = spans.get(tenant, (min(hours), max(hours)))
            spans[tenant] = (min(low, *hours), max(high, *hours))
        present: dict[int, dict[str, set[int]]] = defaultdict(dict)
        for (tenant, kind), hours in self._hours.items():
            present[tenant][self._kinds[kind]] = hours
        notes = []
        for tenant, (low, high) in sorted(spans.items()):
            notes += self._of_tenant(tenant, present[tenant], low * HOUR, (high + 1) * HOUR)
        for (tenant, actor), (start, end) in sorted(self._throttled.items()):
            account = self._accounts[actor]
            notes.append(
                CoverageNote(
                    self._names[tenant],
                    "mail_access",
                    "throttled",
                    start,
                    end + DAY,
                    f"Mail access of {account} was throttled: for 24 hours reads were not recorded; presume everything read.",
                    account,
                )
            )
        for (tenant, file), (start, end) in sorted(self._cut.items()):
            text = (
                f"{file} holds exactly {EXPORT_RECORDS:,} records, the most that an audit search exports: "
                "it was probably cut off there."
            )
            notes.append(CoverageNote(self._names[tenant], "all", "truncated", start, end, text))
        return sorted(
            notes, key=lambda note: (note.tenant, note.start, note.source, note.code, note.account, note.text)
        )

    def _of_tenant(
        self, tenant: int, present: Mapping[str, set[int]], start: int, end: int
    ) -> list[CoverageNote]:
        """Return a tenant's notes from the hours in which it has records of each kind."""
        name, notes = self._names[tenant], []
        for kind, words in NEEDED.items():
            if kind not in present:
                text = f"The logs hold no {words}."
                if kind == "mail_access" and self._linked[tenant][1]:
                    text = (
                        "Mail access is known from Microsoft Graph activity alone: "
                        "the logs do not show what mail programs open."
                    )
                notes.append(CoverageNote(name, kind, "no-source", start, end, text))
            else:
                notes += _gaps(name, kind, words, sorted(present[kind]), start, end)
        linked, mail = self._linked[tenant]
        if mail and linked < mail:
            notes.append(
                CoverageNote(
                    name,
                    "mail_access",
                    "no-identifiers",
                    start,
                    end,
                    f"{mail - linked:,} of {mail:,} mail access records carry no session identifier.",
                )
            )
        if end - start < SHORT_DAYS * DAY:
            days = (end - start) / DAY
            span = f"Only {days:.1f} days" if days >= 1.05 else "A day or less"
            notes.append(
                CoverageNote(
                    name,
                    "all",
                    "short-history",
                    start,
                    end,
                    f"{span} of history: what is usual is hardly known yet.",
                )
            )
        return notes


def pack_hours(batch: CodedBatch) -> Times:
    """Return organisation, kind and hour of each event as one number, int64 (n,)."""
    tenant, kind = batch.codes["org_uid"].astype(np.int64), batch.codes["kind"].astype(np.int64)
    is_call = batch.one_of("kind", ("mail_access",)) & batch.one_of("source", CALLS_ONLY)
    kind = np.where(is_call, _CALLS, kind)
    return np.asarray((tenant << 28) | (kind << 24) | batch.time // HOUR)


def _count_mail(tenant: Times, linked: Bools) -> tuple[Times, Times, Times]:
    """Return the distinct organisations of mail access records, how many of each name a session, and how many there are."""
    owners, place = np.unique(tenant, return_inverse=True)
    place = place.reshape(-1)
    told = np.bincount(place[linked], minlength=len(owners)).astype(np.int64)
    return owners, told, np.bincount(place, minlength=len(owners)).astype(np.int64)


def find_mail(batch: CodedBatch) -> tuple[Bools, Bools]:
    """Return which events are mail access, and which of them name a session, bool (n,) each."""
    mail = batch.one_of("kind", ("mail_access",))
    return mail, mail & (batch.hash_column("session_uid") != 0)


def _table(rows: Collection[tuple[int, ...]], width: int) -> Times:
    return np.array(list(rows), np.int64).reshape(-1, width)


def _pack_names(name: str, names: dict[int, str]) -> State:
    rows = sorted(names.items())
    codes = np.array([code for code, _ in rows], np.int64)
    return {f"{name}.codes": codes, **pack_texts(name, (text for _, text in rows))}


def _names_of(saved: RestoredState, name: str) -> dict[int, str]:
    codes = saved.part(name).array("codes", np.int64, None)
    return dict(zip(codes.tolist(), saved.texts(name, len(codes)), strict=True))


def silent_spans(hours: Sequence[int], start: int, end: int) -> tuple[Times, Times, float]:
    """Return the active hours with the edges of the span (n + 2,), the silent hours after each but the last, and the limit.

    `hours` are the hours in which a source had records, ascending. `start` and `end` are in microseconds since 1970.
    """
    edges = np.array([start // HOUR - 1, *hours, end // HOUR])
    silences = np.diff(edges) - 1
    habit = float(np.percentile(silences[1:-1], 95)) if len(silences) > 10 else GAP_HOURS
    return edges, silences, max(GAP_HOURS, 4 * habit)


def _gaps(tenant: str, kind: str, words: str, hours: list[int], start: int, end: int) -> list[CoverageNote]:
    """Return a note for each silence longer than the limit: four times the 95th percentile of the source's silences."""
    edges, silences, limit = silent_spans(hours, start, end)
    return [
        CoverageNote(
            tenant,
            kind,
            "gap",
            int(edges[at] + 1) * HOUR,
            int(edges[at + 1]) * HOUR,
            f"No {words} for {plural(int(silences[at]), 'hour')}.",
        )
        for at in np.flatnonzero(silences > limit)
    ]
