"""Build what responds to an incident: its containment plan, its client addresses, and its export forms."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from seawall.detection.incident import Incident
from seawall.response.containment import evidence
from seawall.response.containment.planning import make_plan, select_accounts
from seawall.response.containment.values import ContainmentPlan
from seawall.response.export import artefacts, writing
from seawall.response.incident_sources import AccountSpans, EventSource
from seawall.response.scope_values import Scope
from seawall.response.search_window import search_window

_PLACES: Final = ("metadata_uid", "src_ip")


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """A request for a plan: an incident, a scope, or an incident with its scope.

    `others` are further incidents of the incident's attack.
    `with_possible` adds accounts that the scope cannot rule out. `thumbprints` are keys known to be stolen.
    """

    incident: Incident | None = None
    scope: Scope | None = None
    with_possible: bool = False
    with_gate: bool = False
    thumbprints: tuple[str, ...] = ()
    others: tuple[Incident, ...] = ()

    @property
    def incidents(self) -> tuple[Incident, ...]:
        """Return the incident and the others of its attack."""
        return (*((self.incident,) if self.incident is not None else ()), *self.others)

    def gathering(self) -> evidence.EvidenceCollector:
        """Return the collector of the evidence that the plan needs."""
        incident, scope = self.incident, self.scope
        records = {record for one in (scope.accounts if scope else ()) for record in one.records}
        return evidence.EvidenceCollector(
            evidence.merge_spans(self._spans()),
            frozenset((*(id_ for one in self.incidents for id_ in one.events), *records)),
            begin=self._begin(),
            technique=str(incident.details.get("technique", "")) if incident else "",
            kind=incident.kind if incident else "",
        )

    def _spans(self) -> Iterator[tuple[str, str, int, int]]:
        for one in self.incidents:
            yield one.tenant, one.account, one.first_event, one.last_event
        if self.scope is not None:
            for subject in select_accounts(self.scope, with_possible=self.with_possible):
                first = self.scope.start if subject.first is None else subject.first
                yield (
                    subject.tenant,
                    subject.name,
                    first,
                    self.scope.end if subject.last is None else subject.last,
                )

    def _begin(self) -> int | None:
        """Return when the intrusion began, None if unknown: possibly touched accounts may have no times."""
        firsts = [one.first_event for one in self.incidents]
        if self.scope is not None:
            sure = select_accounts(self.scope, with_possible=False)
            firsts += [one.first for one in sure if one.first is not None]
        return min(firsts, default=None)


def request_plan(kept: EventSource, question: PlanRequest) -> ContainmentPlan | None:
    """Return the requested plan, None if the source has no event of the accounts.

    Raises what `EventSource.events` raises.
    """
    gathering = question.gathering()
    found = evidence.collect_evidence(
        kept.events(_ask(gathering, question.scope), evidence.NEEDED), gathering
    )
    if gathering.is_empty:
        return None
    return make_plan(
        found,
        incident=question.incident,
        others=question.others,
        scope=question.scope,
        with_possible=question.with_possible,
        with_gate=question.with_gate,
        thumbprints=question.thumbprints,
        created_from=kept.name,
    )


def count_addresses(kept: EventSource, incident: Incident) -> list[tuple[str, int]]:
    """Return (client address, record count) of an incident's records, the most frequent first.

    Raises what `EventSource.events` raises.
    """
    asked = AccountSpans(
        {incident.tenant: frozenset({incident.account})},
        *search_window(incident.first_event, incident.last_event),
    )
    wanted, found = pa.array(incident.events, pa.string()), Counter[str]()
    for piece in kept.events(asked, _PLACES):
        if "src_ip" in piece.column_names and "metadata_uid" in piece.column_names:
            of_incident = pc.is_in(piece["metadata_uid"].cast(pa.string()), value_set=wanted)
            addresses = piece["src_ip"].filter(of_incident).cast(pa.string()).to_pylist()
            found.update(address for address in addresses if address)
    return sorted(found.items(), key=lambda one: (-one[1], one[0]))


def export_incident(kept: EventSource, incident: Incident, version: str) -> dict[str, str]:
    """Return an incident's export forms by file name. Raises what `EventSource.events` raises."""
    gathering = artefacts.ArtefactCollector(
        incident.tenant, incident.account, frozenset(incident.events), incident.first_event
    )
    asked = AccountSpans(
        {incident.tenant: frozenset({incident.account})},
        *search_window(incident.first_event, incident.last_event),
    )
    return writing.render_files(
        incident, artefacts.collect_artefacts(kept.events(asked, artefacts.NEEDED), gathering), version
    )


def _ask(gathering: evidence.EvidenceCollector, scope: Scope | None) -> AccountSpans:
    """Return the accounts to read: those in question, and those that the intruder used, which may have acted in
    others' mailboxes."""
    accounts = {tenant: set(names) for tenant, names in gathering.tenants.items()}
    for one in scope.accounts if scope is not None else ():
        if one.records:
            accounts.setdefault(one.tenant, set()).add(one.name)
    return AccountSpans({tenant: frozenset(names) for tenant, names in accounts.items()}, *gathering.span)
