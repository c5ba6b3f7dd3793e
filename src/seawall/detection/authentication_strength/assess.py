"""Assess which accounts could be taken over, and which changes would prevent it, from logs, registrations and policies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from seawall.detection.authentication_strength.accounts import AccountAssurance, list_accounts
from seawall.detection.authentication_strength.changes import ChangeStep, list_possible_changes, plan_changes
from seawall.detection.authentication_strength.collect import DayAggregator, SignIns
from seawall.detection.authentication_strength.evaluation import (
    EXCHANGE,
    GRAPH,
    KNOWN_RESOURCES,
    PolicyEvaluator,
    SignInTarget,
)
from seawall.detection.authentication_strength.findings import AuthenticationFinding, find_all
from seawall.detection.authentication_strength.policy_gaps import (
    PolicyGap,
    PolicyGrid,
    RequiredStrength,
    find_gaps,
)
from seawall.detection.authentication_strength.replay import PolicyReplay, replay
from seawall.detection.authentication_strength.series import DayCoverage, summarise_days
from seawall.detection.authentication_strength.sessions import (
    SessionRoots,
    find_roots,
    raise_to_session_level,
)
from seawall.detection.authentication_strength.strength import LEGACY
from seawall.detection.authentication_strength.takeover import MFA, TakeoverExposure, find_exposures
from seawall.events.access_policy import DEMANDS, AccessPolicy, PolicyDirectory, Registration
from seawall.events.applications import find_application_name

MOST_TARGETS = 200
"""Number of resources that are assessed: those with the most sign-ins."""


@dataclass(frozen=True, slots=True)
class AssessmentInputs:
    """Hold the inputs besides the logs. `policies` is None without a policy file, `proposed` None without a what-if.

    Proposed policies are added to the others and replace those with the same id. With `is_instead`, they replace all.
    """

    registrations: Sequence[Registration] = ()
    policies: Sequence[AccessPolicy] | None = None
    proposed: Sequence[AccessPolicy] | None = None
    directory: PolicyDirectory = field(default_factory=PolicyDirectory)
    is_instead: bool = False

    @property
    def afterwards(self) -> list[AccessPolicy]:
        """Return the policies as they would be after the proposed change."""
        proposed = self.proposed or ()
        changed = {one.uid for one in proposed if one.uid}
        kept = () if self.is_instead else (self.policies or ())
        return [*(one for one in kept if one.uid not in changed), *proposed]


@dataclass(frozen=True, slots=True)
class Assessment:
    """Hold the whole result. `exposed` has both attacks on each of `people`, in the same order.

    `then` is the same under the policies of a what-if, or None. `holes` are the gaps of the present policies.
    """

    people: Sequence[AccountAssurance]
    exposed: Sequence[TakeoverExposure]
    steps: Sequence[ChangeStep]
    findings: Sequence[AuthenticationFinding]
    days: Sequence[DayCoverage]
    roots: SessionRoots
    holes: Sequence[PolicyGap]
    targets: Sequence[str]
    given: AssessmentInputs
    not_given: Sequence[str]
    replayed: PolicyReplay | None
    then: Sequence[TakeoverExposure] | None
    signs: SignIns
    collector: DayAggregator


def assess(collector: DayAggregator, given: AssessmentInputs) -> Assessment:
    """Return which accounts could be taken over, and the changes that prevent most takeovers."""
    signs = raise_to_session_level(collector.sign_ins())
    people = list_accounts(collector, signs, given.registrations, given.directory)
    targets = _list_targets(collector, signs)
    names = target_names(collector, targets)
    grid = PolicyGrid([person.who for person in people], targets, given.directory)
    policies = given.policies
    cover = grid.cover(policies) if policies is not None else None
    legacy_seen = bool((signs.is_granted & ((signs.flags & LEGACY) != 0)).any())
    exposed = find_exposures(
        people, cover, _find_registration_guard(grid, policies or ()), legacy_seen=legacy_seen
    )
    shown_names = (
        given.directory.names
        | given.directory.accounts
        | dict(zip((t.resource for t in targets), names, strict=True))
    )
    steps = plan_changes(
        list_possible_changes(policies or (), exposed, shown_names, given.directory.places), exposed, grid
    )
    roots = find_roots(collector.mail(), signs)
    return Assessment(
        people,
        exposed,
        steps,
        find_all(collector, signs, roots, people, given.registrations),
        summarise_days(signs, collector.vocabularies.get("org_uid")),
        roots,
        _find_mfa_gaps(cover, people, names),
        names,
        given,
        PolicyEvaluator(given.directory).unknown_groups([*(policies or ()), *(given.proposed or ())]),
        replay(policies or (), given.afterwards, signs, people, collector, given.directory)
        if given.proposed is not None
        else None,
        find_exposures(
            people,
            grid.cover(given.afterwards),
            _find_registration_guard(grid, given.afterwards),
            legacy_seen=legacy_seen,
        )
        if given.proposed is not None
        else None,
        signs,
        collector,
    )


def _find_mfa_gaps(
    cover: RequiredStrength | None, people: Sequence[AccountAssurance], names: Sequence[str]
) -> Sequence[PolicyGap]:
    """Return the gaps that policies leave for Entra accounts, the only ones that they apply to."""
    rows = [row for row, person in enumerate(people) if person.system == "entra"]
    if cover is None or not rows:
        return ()
    own = RequiredStrength(cover.proved[rows], cover.possible[rows])
    return find_gaps(own, [people[row].who for row in rows], names, MFA, "a second factor")


def _list_targets(collector: DayAggregator, signs: SignIns) -> list[SignInTarget]:
    """Return Exchange, Graph, and the resources with the most sign-ins."""
    fixed = [SignInTarget(EXCHANGE), SignInTarget(GRAPH)]
    if not len(signs):
        return fixed
    codes, counts = np.unique(signs.resource[signs.resource >= 0], return_counts=True)
    order = np.lexsort((codes, -counts))[:MOST_TARGETS]
    names = collector.vocabularies["target_app_uid"]
    seen = [SignInTarget(names.text(code)) for code in codes[order].tolist()]
    return [*fixed, *(one for one in seen if one not in fixed)]


def target_names(collector: DayAggregator, targets: Sequence[SignInTarget]) -> list[str]:
    """Return the names of resources: from the logs, else the well-known name, else the id."""
    vocabulary = collector.vocabularies.get("target_app_uid")
    found = []
    for one in targets:
        code = vocabulary.code(one.resource) if vocabulary is not None else -1
        found.append(
            collector.resource_names.get(code)
            or KNOWN_RESOURCES.get(one.resource)
            or find_application_name(one.resource)
            or one.resource
        )
    return found


def _find_registration_guard(grid: PolicyGrid, policies: Sequence[AccessPolicy]) -> list[int]:
    """Return for each account whether a policy protects the registration of sign-in methods: no, maybe, yes."""
    everywhere = [
        replace(one, include_apps=replace(one.include_apps, everything=True))
        for one in policies
        if one.on_registration and DEMANDS.index(one.demand) >= MFA
    ]
    cover = grid.cover(everywhere)
    answers = cover.answer(MFA)[:, :, :1].min(axis=(1, 2))
    return [int(answer) for answer in answers]
