"""Build the containment plan: steps, order, confidence, and notes to read first. Pure; nothing is executed.

The order closes the ways back in first: keys and token renewal, then methods, credentials, consents, delegates and
roles that the intruder added. Then the account is blocked, and what sends mail on is stopped at once. The password is
replaced, and only then sessions end: a session ended earlier could be reopened. Inbox rules follow, then what a person
has to look through. Sessions end again last, for tokens issued meanwhile.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import msgspec

from seawall.detection.incident import Incident
from seawall.events.changes.records import ChangeRecord, read_changes, replace_surrogates
from seawall.response.containment import (
    directory,
    exchange,
    gate,
    google,
    graph_requests,
    microsoft,
    new_applications,
    okta,
    roles,
)
from seawall.response.containment.plan_warnings import list_warnings
from seawall.response.containment.steps import REVIEW, ChangesByAccount, StepSubject, make_account_step
from seawall.response.containment.values import (
    CONFIDENCES,
    ActionKind,
    Confidence,
    ContainmentPlan,
    ContainmentStep,
    IntruderIndicators,
    Vendor,
)
from seawall.response.errors import PlanInvalid
from seawall.response.scope_values import Scope
from seawall.response.scope_values import ScopeSubject as Touched

RANKS: Final[dict[ActionKind, int]] = {
    "block_key": 0,
    "block_renewal": 1,
    "remove_method": 2,
    "disable_device": 2,
    "remove_app_credential": 3,
    "remove_consent": 4,
    "remove_delegate": 5,
    "remove_role": 6,
    "disable_account": 8,
    "disable_service_principal": 8,
    "remove_forwarding": 9,
    "reset_password": 10,
    "revoke_sessions": 11,
    "remove_inbox_rule": 12,
    "enable_account": 13,
}
"""Order of the kinds of steps. Gmail settings use rank 7; the repeated session revocation is last."""

_PASSWORD_FIRST: Final = frozenset({"okta"})
"""Vendors whose blocked accounts can only be unblocked: the password must be replaced first."""

_AS_THE_ACCOUNT: Final = 7
_REVIEW: Final = 14
_ONCE_MORE: Final = 20
_VENDOR_NAMES: Final = {"microsoft": "Microsoft Graph", "google": "Google", "okta": "Okta", "gate": "gate"}


@dataclass(frozen=True, slots=True)
class PlanEvidence:
    """Evidence from events for a plan.

    `rows` are change events by or on the accounts in question. `systems` are the vendors in whose logs each
    (organisation, account) acts; `object_ids` are its ids in Entra's directory. `people` are those that are known by their
    id alone, and are users. `intruders` are ids of the intruder's records.
    """

    rows: tuple[Mapping[str, Any], ...] = ()
    systems: Mapping[tuple[str, str], frozenset[Vendor]] = field(default_factory=dict)
    object_ids: Mapping[tuple[str, str], str] = field(default_factory=dict)
    people: frozenset[tuple[str, str]] = frozenset()
    intruders: frozenset[str] = frozenset()
    letting_in: frozenset[str] = frozenset()
    """Ids of consents to the intruder's applications, whenever they were given."""

    actor: IntruderIndicators | None = None


def make_plan(
    evidence: PlanEvidence,
    *,
    incident: Incident | None = None,
    others: Sequence[Incident] = (),
    scope: Scope | None = None,
    with_possible: bool = False,
    with_gate: bool = False,
    thumbprints: Sequence[str] = (),
    created_from: str = "",
) -> ContainmentPlan:
    """Build the plan for an incident, for a scope, or for an incident with its scope.

    `others` are further incidents of the incident's attack.
    `with_possible` adds accounts that the scope cannot rule out; with short logs these are most accounts.
    `thumbprints` are keys known to be stolen; they are blocked at the gate.
    """
    incidents = (*((incident,) if incident is not None else ()), *others)
    subjects = list(select_subjects(incidents, scope, evidence, with_possible=with_possible))
    kind = incident.kind if incident else ""
    kinds = {(one.tenant, one.account): one.kind for one in others}
    concerning = ChangesByAccount(read_changes(evidence.rows, evidence.intruders, evidence.letting_in))
    found: list[ContainmentStep] = []
    unmade: list[str] = []

    def take(what: str, made: Iterator[ContainmentStep]) -> None:
        try:
            found.extend(made)
        except PlanInvalid:
            unmade.append(what)

    for subject in subjects:
        keys = thumbprints if subject is subjects[0] else ()
        own = kinds.get((subject.tenant, subject.account), kind) if keys or not thumbprints else ""
        take(subject.account, gate.make_steps(subject, kind=own, gate=with_gate, thumbprints=keys))
        systems = evidence.systems.get((subject.tenant, subject.account), frozenset())
        take(subject.account, _make_account_steps(subject, systems))
        records = list(concerning(subject))
        for record in records:
            take(record.id, _undoing(subject, record))
        take(subject.account, roles.group_assignments(subject, records))
    sure = {(one.tenant, one.account): one.sure for one in subjects}
    late = {whose for whose, how in sure.items() if how == "precaution" and set(sure.values()) != {how}}
    actions = tuple(_link(sorted(_merge(found), key=lambda one: (_subject_key(one) in late, _sort_key(one)))))
    made = ContainmentPlan(
        id="",
        incident=incident.id if incident else "",
        created_from=created_from,
        actions=actions,
        prerequisites=tuple(_prerequisites(actions)),
        warnings=tuple(list_warnings(incidents, scope, subjects, actions, unmade)),
        actor=evidence.actor,
    )
    return replace(made, id=digest_plan(made))


def digest_plan(made: ContainmentPlan) -> str:
    """Return the id of a plan: a hash of everything else in it.

    Fields added in later versions are hashed only if they are set, so plans and journals of older versions keep their
    id.
    """
    plain: dict[str, Any] = msgspec.to_builtins(replace(made, id=""))
    for action in plain["actions"]:
        calls = (*(read["call"] for read in action["before"]), *action["calls"], *action["undo"])
        for part, name in (
            *((read, "notices") for read in action["before"]),
            *((call, "role") for call in calls),
        ):
            if not part[name]:
                del part[name]
    return hashlib.sha256(msgspec.json.encode(plain, order="sorted")).hexdigest()[:16]


def select_subjects(
    incidents: Sequence[Incident], scope: Scope | None, evidence: PlanEvidence, *, with_possible: bool = False
) -> Iterator[StepSubject]:
    """Yield the accounts that get steps, surest first.

    An account of several incidents, or of both incident and scope, gets the highest confidence and all spans.
    """
    found: dict[tuple[str, str], StepSubject] = {}

    def add(
        tenant: str, account: str, sure: Confidence, first: int, last: int, *, is_suspected: bool = False
    ) -> None:
        tenant, account = replace_surrogates(tenant), replace_surrogates(account)
        known = found.get((tenant, account))
        if known is not None:
            sure = min(sure, known.sure, key=CONFIDENCES.index)
            first, last = min(first, known.first), max(last, known.last)
            is_suspected = is_suspected or known.is_suspected
        found[tenant, account] = StepSubject(
            tenant,
            account,
            sure,
            first,
            last,
            is_application="@" not in account and (tenant, account) not in evidence.people,
            object_id=evidence.object_ids.get((tenant, account), ""),
            is_suspected=is_suspected,
        )

    for incident in incidents:
        sure: Confidence = "likely" if incident.raised else "precaution"
        add(
            incident.tenant,
            incident.account,
            sure,
            incident.first_event,
            incident.last_event,
            is_suspected=True,
        )
    if scope is not None:
        for one in select_accounts(scope, with_possible=with_possible):
            first = scope.start if one.first is None else one.first
            last = scope.end if one.last is None else one.last
            add(one.tenant, one.name, "certain" if one.verdict == "touched" else "precaution", first, last)
    yield from sorted(found.values(), key=lambda one: (CONFIDENCES.index(one.sure), one.tenant, one.account))


def select_accounts(scope: Scope, *, with_possible: bool) -> list[Touched]:
    """Return a scope's proved accounts, with `with_possible` also those that cannot be ruled out."""
    verdicts = {"touched", "possible"} if with_possible else {"touched"}
    return [one for one in scope.accounts if one.verdict in verdicts]


def _undoing(subject: StepSubject, record: ChangeRecord) -> Iterator[ContainmentStep]:
    if record.vendor == "microsoft":
        if microsoft.is_method_registration(record):
            yield from microsoft.remove_methods(subject, record)
        if microsoft.is_device_registration(record):
            yield microsoft.disable_devices(subject, record)
        yield from directory.undo_steps(subject, record)
        yield from new_applications.undo_steps(subject, record)
        yield from roles.undo_steps(subject, record)
        yield from exchange.undo_steps(subject, record)
        yield from graph_requests.undo_steps(subject, record)
    elif record.vendor == "google":
        yield from google.undo_steps(subject, record)
    else:
        yield from okta.undo_steps(subject, record)


def _make_account_steps(subject: StepSubject, systems: frozenset[Vendor]) -> Iterator[ContainmentStep]:
    """Yield the steps about the account itself.

    For an account that a scope cannot rule out, and that no incident is about, only sessions are ended.
    """
    if subject.is_application:
        yield from _application(subject, systems)
        return
    is_possible = subject.sure == "precaution" and not subject.is_suspected
    for vendor in sorted(systems):
        module = {"microsoft": microsoft, "google": google, "okta": okta}[vendor]
        yield module.revoke_sessions(subject, is_last=False)
        if is_possible:
            continue
        yield module.reset_password(subject)
        yield module.revoke_sessions(subject, is_last=True)
    if is_possible:
        return
    if "microsoft" in systems:
        yield microsoft.review_methods(subject)
        yield microsoft.block_sign_in(subject)
    if "google" in systems:
        yield google.review_methods(subject)
        yield google.remove_app_passwords(subject)
        yield google.invalidate_backup_codes(subject)
        yield google.suspend_account(subject)
    if "okta" in systems:
        yield okta.review_methods(subject)
        yield okta.suspend_account(subject)


def _application(subject: StepSubject, systems: frozenset[Vendor]) -> Iterator[ContainmentStep]:
    if "microsoft" in systems:
        yield microsoft.block_application(subject)
    for vendor in sorted(systems - {"microsoft"}):
        yield make_account_step(
            subject,
            vendor=vendor,
            kind="disable_service_principal",
            title=f"Block the application {subject.account} at {_VENDOR_NAMES[vendor]}",
            reason="An application signs in with credentials of its own.",
            by_hand="In the vendor's admin console, deactivate the application and replace its credentials.",
        )


def _merge(actions: Iterable[ContainmentStep]) -> list[ContainmentStep]:
    """Merge equal steps into one with all their records and the highest confidence."""
    found: dict[str, ContainmentStep] = {}
    for action in actions:
        known = found.get(action.id)
        if known is not None:
            action = replace(
                action,
                confidence=min(known.confidence, action.confidence, key=CONFIDENCES.index),
                evidence=tuple(dict.fromkeys((*known.evidence, *action.evidence))),
            )
        found[action.id] = action
    return list(found.values())


def _subject_key(action: ContainmentStep) -> tuple[str, str]:
    return action.tenant, action.account


def is_review(action: ContainmentStep) -> bool:
    """Return whether a step looks through something and changes nothing that the records name: it comes after blocking."""
    return not action.calls and action.title.startswith(REVIEW)


def _sort_key(action: ContainmentStep) -> tuple[int, int, str, str, bool, str]:
    rank = RANKS[action.kind]
    if action.vendor in _PASSWORD_FIRST and action.kind == "reset_password":
        rank = RANKS["disable_account"]
    if action.details.get("last"):
        rank = _ONCE_MORE
    elif is_review(action):
        rank = _REVIEW
    elif any(call.subject for call in action.calls):
        rank = min(rank, _AS_THE_ACCOUNT) if rank < _AS_THE_ACCOUNT else _AS_THE_ACCOUNT
    is_later = action.vendor in _PASSWORD_FIRST and action.kind == "disable_account"
    return (rank, CONFIDENCES.index(action.confidence), action.account, action.vendor, is_later, action.id)


def _link(actions: Sequence[ContainmentStep]) -> Iterator[ContainmentStep]:
    """Yield the steps with prerequisites: block before password, both before sessions are ended."""
    needs: dict[ActionKind, tuple[ActionKind, ...]] = {
        "reset_password": ("disable_account",),
        "revoke_sessions": ("disable_account", "reset_password"),
    }
    place = {(action.vendor, action.tenant, action.account, action.kind): action.id for action in actions}
    for action in actions:
        kinds = () if action.details.get("last") else needs.get(action.kind, ())
        if action.kind == "reset_password" and action.vendor in _PASSWORD_FIRST:
            kinds = ()
        ids = [place.get((action.vendor, action.tenant, action.account, kind)) for kind in kinds]
        yield replace(action, after=tuple(found for found in ids if found is not None))


_BESIDES: Final[dict[str, str]] = {
    "google": " The administrator for whom it is asked needs the privileges for it too, and has to be a super administrator "
    "where an account of the plan is an administrator's.",
    "okta": " The application needs an administrator role that covers these accounts besides.",
}
"""Vendor requirements besides API scopes. Sources: docs/reference/containment-calls.md."""


def _prerequisites(actions: Sequence[ContainmentStep]) -> Iterator[str]:
    yield "Work with an account that this plan does not touch, from a device that the intruder cannot have."
    yield "Save the evidence first: the scan's folder, and an export of the logs. Some steps end what could still be watched."
    yield "Speak with the owners of the accounts by telephone or in person: whoever reads the mail also reads the question."
    for vendor, name in _VENDOR_NAMES.items():
        calls = [call for action in actions if action.vendor == vendor for call in _calls(action)]
        asked = {call.permission for call in calls if call.permission}
        permissions = sorted(one for one in asked if microsoft.COVERED.get(one) not in asked)
        if permissions:
            yield f"{name} needs these permissions: {', '.join(permissions)}.{_BESIDES.get(vendor, '')}"
            roles = sorted({part for call in calls for part in call.role.split("; ") if part})
            if roles:
                yield f"{name} also wants a role of the directory for the application itself: {'; '.join(roles)}."
        elif calls:
            yield "The gate needs its administrator's token."


def _calls(action: ContainmentStep) -> Iterator[Any]:
    yield from (read.call for read in action.before)
    yield from action.calls
    yield from action.undo
