"""What the logs could not have shown of the intruder in the span: source by source, gap by gap."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from seawall.incidents.coverage import GAP_HOURS, NEEDED, silent_spans
from seawall.plurals import plural
from seawall.report.times import minute_text, span_text
from seawall.respond.scope.bounds import DAY, HOUR
from seawall.respond.scope.lost import gaps as lost_gaps
from seawall.respond.scope.records import Records
from seawall.schema.scope import Gap

MAIL, SIGN_IN = "mail_access", "sign_in"
GMAIL = "delivery:"
"""How what Gmail's own log says begins; calls of applications alone do not show what people open."""

LONGEST_SILENCE = 96
"""Hours, a long weekend: after a longer silence nobody can say that nothing was lost, whatever the source's habit is."""

_WITNESSES = {
    MAIL: "'mail_access', 'mail_action', 'mail_rule', 'admin'",
    SIGN_IN: "'sign_in', 'directory'",
}
"""Kinds of record that come out of the same log by the same export: while they come, the others would have come."""

_WITNESSED = f"""SELECT DISTINCT e.tenant, e.time // {HOUR} AS hour FROM events e
    JOIN (SELECT DISTINCT tenant, source FROM events WHERE kind = '{{kind}}') s
        ON s.tenant = e.tenant AND s.source IS NOT DISTINCT FROM e.source
    WHERE e.kind IN ({{witnesses}}) ORDER BY e.tenant, hour"""

_OFF = {
    "unifiedauditlogingestionenabled": "false",
    "auditenabled": "false",
    "auditdisabled": "true",
    "auditbypassenabled": "true",
    "adminauditlogenabled": "false",
}
_MOST_SWITCHES = 10_000


@dataclass(frozen=True, slots=True)
class Source:
    """What an organisation's records of a kind reach from and to (first hour to the end of the last), and how many there are."""

    first: int
    last: int
    records: int


class Coverage:
    """Coverage of one span, for every organisation of the records.

    `cut` are gaps that only the files tell: (organisation, gap). `lost` are numbers of a file's records that were not read.
    """

    def __init__(
        self,
        records: Records,
        start: int,
        end: int,
        cut: Sequence[tuple[str, Gap]] = (),
        lost: Mapping[str, Sequence[int]] | None = None,
    ) -> None:
        self.start, self.end = start, end
        self.tenants = [tenant for (tenant,) in records.rows("SELECT DISTINCT tenant FROM events ORDER BY 1")]
        self._sources: dict[tuple[str, str], Source] = {}
        self._gaps: dict[tuple[str, str], list[Gap]] = defaultdict(list)
        self._mailboxes: dict[tuple[str, str], list[Gap]] = defaultdict(list)
        self._hours(records)
        self._only_calls(records)
        self._switched_off(records)
        for file, lines in (lost or {}).items():
            for tenant, gap in lost_gaps(records, file, lines, (start, end), self.tenants):
                self._gaps[(tenant, "all")].append(gap)
        for tenant, gap in cut:
            if gap.start - DAY < end and gap.end + DAY > start:
                # A collector may know an organisation by another name than its records do: then it may be any of them.
                for name in (tenant,) if tenant in self.tenants else self.tenants:
                    self._gaps[(name, "all")].append(gap)

    def has(self, tenant: str, kind: str) -> bool:
        """Return whether an organisation has records of a kind."""
        return (tenant, kind) in self._sources

    def gaps(self, tenant: str, kinds: Sequence[str], mailbox: str = "") -> tuple[Gap, ...]:
        """Return what is missing of these kinds, of a mailbox if one is named, in order of time."""
        found = [gap for kind in ("all", *kinds) for gap in self._gaps[(tenant, kind)]]
        found += self._mailboxes.get((tenant, mailbox), [])
        return tuple(sorted(found, key=lambda gap: (gap.start, gap.end, gap.source, gap.code, gap.text)))

    def sentence(self, tenant: str, kinds: Sequence[str]) -> str:
        """Say what was there, of kinds without a gap."""
        parts = []
        for kind in kinds:
            source = self._sources[(tenant, kind)]
            words = NEEDED[kind].partition(" (")[0]
            parts.append(f"{words} from {span_text(source.first, source.last)} ({source.records:,} records)")
        return f"Covered by {' and '.join(parts)}, without a gap in the span."

    def _hours(self, records: Records) -> None:
        spans = records.rows(
            f"""SELECT tenant, kind, count(*), min(time), max(time) FROM events
            WHERE kind IN ('{MAIL}', '{SIGN_IN}') GROUP BY ALL ORDER BY ALL"""
        )
        self._sources = {
            (tenant, kind): Source(first, last, count) for tenant, kind, count, first, last in spans
        }
        for kind, witnesses in _WITNESSES.items():
            hours: dict[str, list[int]] = defaultdict(list)
            for tenant, hour in records.rows(_WITNESSED.format(kind=kind, witnesses=witnesses)):
                hours[tenant].append(hour)
            for tenant in self.tenants:
                if (tenant, kind) in self._sources:
                    self._gaps[(tenant, kind)] += self._silent(kind, hours[tenant])
                else:
                    text = f"The logs hold no {NEEDED[kind]}."
                    self._gaps[(tenant, kind)].append(Gap(self.start, self.end, kind, "no-source", text))

    def _silent(self, kind: str, hours: Sequence[int]) -> list[Gap]:
        """Silences longer than the source's own habit that reach into the span, from its beginning to its end."""
        start, end = min(self.start, hours[0] * HOUR), max(self.end, (hours[-1] + 1) * HOUR)
        edges, silences, limit = silent_spans(hours, start, end)
        found = []
        limits = np.full(len(silences), min(limit, LONGEST_SILENCE))
        limits[[0, -1]] = GAP_HOURS  # before the first record and after the last one nobody knows of a habit
        for at in np.flatnonzero(silences > limits).tolist():
            first, last = int(edges[at] + 1) * HOUR, int(edges[at + 1]) * HOUR
            if first < self.end and last > self.start:
                words = NEEDED[kind].partition(" (")[0]
                silence = plural(int(silences[at]), "hour")
                text = f"No {words}, nor others of the same log, for {silence}, {span_text(first, last)}."
                found.append(Gap(first, last, kind, "gap", text))
        return found

    def _only_calls(self, records: Records) -> None:
        query = f"""SELECT tenant FROM events WHERE kind = '{MAIL}' AND source = 'google_workspace'
            GROUP BY tenant HAVING NOT bool_or(starts_with(coalesce(activity, ''), '{GMAIL}'))"""
        text = "Gmail's own log is not there: calls of applications alone do not show what people open."
        for (tenant,) in records.rows(query):
            self._gaps[(tenant, MAIL)].append(Gap(self.start, self.end, MAIL, "no-source", text))

    def _switched_off(self, records: Records) -> None:
        """Auditing that was switched off before the span's end: whether it was switched on again is not looked at."""
        query = f"""SELECT tenant, mailbox, time, activity, parameters FROM events
            WHERE ok AND time < ? AND parameters ILIKE '%audit%' AND kind IN ('admin', 'mail_rule', 'directory')
            ORDER BY ALL LIMIT {_MOST_SWITCHES}"""
        for tenant, mailbox, time, activity, parameters in records.rows(query, [self.end]):
            if not _is_off(parameters):
                continue
            text = f"Auditing was switched off on {minute_text(time)} ({activity})."
            gap = Gap(max(time, self.start), self.end, MAIL, "audit-off", text)
            if mailbox:
                self._mailboxes[(tenant, mailbox)].append(gap)
            else:
                self._gaps[(tenant, MAIL)].append(gap)


def _is_off(parameters: str) -> bool:
    try:
        held = json.loads(parameters)
    except (ValueError, RecursionError):
        return False
    if not isinstance(held, dict):
        return False
    named = {str(name).lower(): str(value).lower().strip('"$') for name, value in held.items()}
    return any(named.get(name) == value for name, value in _OFF.items())
