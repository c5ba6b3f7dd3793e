"""Remember how cases were described, so that only cases that changed are described again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection

from seawall.detection.incident import Incident
from seawall.detection.incidents.cases import IncidentCase
from seawall.detection.incidents.explain import describe_case


class DescribedCases:
    """The descriptions of cases by organisation and case id."""

    def __init__(self) -> None:
        self._known: dict[str, dict[str, tuple[IncidentCase, Incident]]] = {}
        self._used: dict[str, dict[str, tuple[IncidentCase, Incident]]] = defaultdict(dict)

    def describe(self, case: IncidentCase) -> Incident:
        """Return what `describe_case` returns."""
        tenant, id_ = case.top.tenant, case.id
        known = self._known.get(tenant, {}).get(id_)
        if known is None or not _is_same(known[0], case):
            known = case, describe_case(case)
        self._used[tenant][id_] = known
        return known[1]

    def forget_unused(self, tenants: Collection[str]) -> None:
        """Forget the cases of organisations that were not described since the last call."""
        for tenant in tenants:
            self._known.pop(tenant, None)
        self._known |= self._used
        self._used = defaultdict(dict)


def _is_same(known: IncidentCase, case: IncidentCase) -> bool:
    """Return whether two cases are of the very same candidates, which nothing changes after they were scored."""
    return (
        (known.score, known.related, known.family) == (case.score, case.related, case.family)
        and known.granted_by == case.granted_by
        and len(known.candidates) == len(case.candidates)
        and all(one is other for one, other in zip(known.candidates, case.candidates, strict=True))
    )
