"""Find what the logs could not have shown within the span: source by source, gap by gap."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from seawall.collection.coverage_gap import CoverageGap
from seawall.detection.incidents.coverage import NEEDED
from seawall.events.problem import DamagedRecordHint
from seawall.response.scope.disabled_auditing import find_disabled_auditing
from seawall.response.scope.ledgers import CollectionLedgers
from seawall.response.scope.log_silences import find_silences
from seawall.response.scope.mailbox_silence import find_quiet_mailboxes
from seawall.response.scope.records import SearchRecords
from seawall.response.scope.search_bounds import DAY, GMAIL, GRAPH, MAIL, SHOWS, SIGN_IN
from seawall.response.scope.unreadable_records import find_gaps as lost_gaps
from seawall_base.times import span_text


@dataclass(frozen=True, slots=True)
class SourceCoverage:
    """The first and last hour of an organisation's records of one kind, and their number."""

    first: int
    last: int
    records: int


class SpanCoverage:
    """Coverage of one span for every organisation in the records.

    `cut` are gaps known only from the files, as (organisation, gap). `lost` are the numbers of a file's unreadable
    records, `told` what remains of some of them. `ledgers` prove which collected periods are incomplete and which
    silences are real.
    """

    def __init__(
        self,
        records: SearchRecords,
        start: int,
        end: int,
        cut: Sequence[tuple[str, CoverageGap]] = (),
        lost: Mapping[str, Sequence[int]] | None = None,
        told: Mapping[str, Mapping[int, DamagedRecordHint]] | None = None,
        ledgers: CollectionLedgers | None = None,
    ) -> None:
        self.start, self.end = start, end
        self.tenants = [tenant for (tenant,) in records.rows("SELECT DISTINCT tenant FROM events ORDER BY 1")]
        self._sources: dict[tuple[str, str], SourceCoverage] = {}
        self._gaps: dict[tuple[str, str], list[CoverageGap]] = defaultdict(list)
        self._own: dict[tuple[str, str], list[CoverageGap]] = defaultdict(list)
        self._sources_of(records)
        self._only_calls(records)
        for tenant, mailbox, gap in find_disabled_auditing(records, start, end):
            (self._own[(tenant, mailbox)] if mailbox else self._gaps[(tenant, MAIL)]).append(gap)
        for key, gap in find_quiet_mailboxes(records, start, end):
            self._own[key].append(gap)
        for file, lines in (lost or {}).items():
            said = (told or {}).get(file, {})
            for tenant, name, gap in lost_gaps(records, file, lines, (start, end), self.tenants, said):
                (self._own[(tenant, name)] if name else self._gaps[(tenant, gap.source)]).append(gap)
        if ledgers is not None:
            for (tenant, kind), gaps in self._gaps.items():
                self._gaps[(tenant, kind)] = [
                    part for gap in gaps for part in ledgers.subtract_proved(tenant, kind, gap)
                ]
            for (tenant, name), gaps in self._own.items():
                self._own[(tenant, name)] = [
                    part
                    for gap in gaps
                    for part in ledgers.subtract_proved(tenant, gap.source, self._clip_to_span(gap))
                ]
            cut = [*cut, *ledgers.gaps(start, end)]
        for tenant, gap in cut:
            if gap.start - DAY < end and gap.end + DAY > start:
                # a collector's name for the organisation may differ from the records': assume any of them
                for name in (tenant,) if tenant in self.tenants else self.tenants:
                    self._gaps[(name, "all")].append(gap)

    def _clip_to_span(self, gap: CoverageGap) -> CoverageGap:
        """Return the part of a mailbox's gap inside the span; earlier gaps do not matter."""
        return replace(gap, start=max(gap.start, self.start), end=min(gap.end, self.end))

    def has(self, tenant: str, kind: str) -> bool:
        """Return whether an organisation has records of a kind."""
        return (tenant, kind) in self._sources

    def gaps(self, tenant: str, kinds: Sequence[str], name: str = "") -> tuple[CoverageGap, ...]:
        """Return the gaps in these kinds of records by time, with those of the mailbox or account `name` if given."""
        found = [gap for kind in ("all", *kinds) for gap in self._gaps[(tenant, kind)]]
        found += (gap for gap in self._own.get((tenant, name), ()) if gap.source in ("all", *kinds))
        return tuple(sorted(found, key=lambda gap: (gap.start, gap.end, gap.source, gap.code, gap.text)))

    def sentence(self, tenant: str, kinds: Sequence[str]) -> str:
        """Return a sentence on the coverage of kinds without a gap."""
        parts = []
        for kind in kinds:
            source = self._sources[(tenant, kind)]
            words = NEEDED[kind].partition(" (")[0]
            parts.append(f"{words} from {span_text(source.first, source.last)} ({source.records:,} records)")
        return f"Covered by {' and '.join(parts)}, without a gap in the span."

    def _sources_of(self, records: SearchRecords) -> None:
        spans = records.rows(
            f"""SELECT tenant, kind, count(*), min(time), max(time) FROM events
            WHERE kind IN ('{MAIL}', '{SIGN_IN}') GROUP BY ALL ORDER BY ALL"""
        )
        self._sources = {
            (tenant, kind): SourceCoverage(first, last, count) for tenant, kind, count, first, last in spans
        }
        for kind in (MAIL, SIGN_IN):
            for tenant, gap in find_silences(records, kind, self.start, self.end):
                self._gaps[(tenant, kind)].append(gap)
            for tenant in self.tenants:
                if (tenant, kind) not in self._sources:
                    text = f"The logs hold no {NEEDED[kind]}."
                    self._gaps[(tenant, kind)].append(
                        CoverageGap(self.start, self.end, kind, "no-source", text)
                    )

    def _only_calls(self, records: SearchRecords) -> None:
        for query, text in _ONLY_CALLS:
            for (tenant,) in records.rows(query):
                self._gaps[(tenant, MAIL)].append(CoverageGap(self.start, self.end, MAIL, "no-source", text))


_ONLY_CALLS = (
    (
        f"""SELECT tenant FROM events WHERE kind = '{MAIL}' AND source = 'google_workspace'
        GROUP BY tenant HAVING NOT bool_or(starts_with(coalesce(activity, ''), '{GMAIL}'))""",
        "Gmail's own log is not there: calls of applications alone do not show what people open.",
    ),
    (
        f"""SELECT tenant FROM events WHERE kind = '{MAIL}' AND source IS DISTINCT FROM 'google_workspace'
        GROUP BY tenant HAVING bool_or(source = '{GRAPH}') AND NOT bool_or({SHOWS})""",
        "The unified audit log's mail access is not there: Graph activity alone does not show what mail programs open.",
    ),
)
"""Queries for organisations whose mail access is known from calls of applications alone, and what that means."""
