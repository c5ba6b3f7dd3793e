"""Value types of containment: plan, steps, vendor calls, checks and results.

A `ContainmentStep` makes at most one change, or the same change to each item of a `StateRead`. After a crash, the
vendor can therefore be asked about each change separately.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Vendor = Literal["microsoft", "google", "okta", "gate"]
"""The called system. `gate` is Seawall's own gate, for revocations."""

VENDORS: tuple[Vendor, ...] = ("microsoft", "google", "okta", "gate")

Confidence = Literal["certain", "likely", "precaution"]
"""Confidence that a step's account was the intruder's: `certain` (proved touched), `likely` (raised), `precaution`
(possible)."""

CONFIDENCES: tuple[Confidence, ...] = ("certain", "likely", "precaution")

ActionKind = Literal[
    "block_renewal",
    "block_key",
    "revoke_sessions",
    "disable_account",
    "disable_service_principal",
    "remove_consent",
    "remove_app_credential",
    "remove_inbox_rule",
    "remove_forwarding",
    "remove_delegate",
    "remove_method",
    "disable_device",
    "remove_role",
    "reset_password",
    "enable_account",
]

Operator = Literal["equal", "contains", "between", "outside", "missing"]
"""Comparison of a field with a condition, as text ignoring case.

`equal`: same text. `contains`: holds it. `between`: lies from `a` to `b`. `outside`: is none of `a|b`. `missing`: not
stated.
"""


@dataclass(frozen=True, slots=True)
class VendorCall:
    """One call of a vendor's documented API.

    `expect` are the documented success statuses; after another 2xx status, the effect of a change is unknown. `path`
    begins with `/` and is relative to the base URL of the vendor's `service`. Its values are percent-encoded.
    `{read.field}` is a value that a `StateRead` found, encoded as one segment when filled in.

    `body` is JSON or None. In it, `{"$read": "name"}` or `{"$read": "name.field"}` is a read value and `{"$given":
    "approver"}` the approver. `{"$given": "password"}` is a password made when the call is sent and stored nowhere.
    """

    method: str
    path: str
    body: dict[str, Any] | None = None
    expect: tuple[int, ...] = (200, 201, 202, 204)
    permission: str = ""
    """The least permission that the call needs, in the vendor's words."""

    role: str = ""
    """The directory role that the caller also needs, in the vendor's words."""

    documentation: str = ""
    service: str = ""
    """The vendor's API, if there are several: `directory` or `gmail` at Google."""

    subject: str = ""
    """The account to impersonate, if an administrator cannot make the call himself (Gmail settings)."""


@dataclass(frozen=True, slots=True)
class TargetCondition:
    """A condition that an item must meet to be targeted. `field` may be nested: `emailAddress.address`."""

    field: str
    operator: Operator
    value: str = ""


@dataclass(frozen=True, slots=True)
class StepNotice:
    """A notice to a person if a read object, or an item of a read list, meets `condition`.

    `by_hand`: the call would not have the step's effect, so no change is made and a person does it. In `text`,
    `{count}` is the number of matching items and `{value}` the first one's value. `of_meant`: check only the items
    that the read targets.
    """

    condition: TargetCondition
    text: str
    by_hand: bool = False
    of_meant: bool = False


@dataclass(frozen=True, slots=True)
class StateRead:
    """A read call, and the fields of its answer that are kept under `name`.

    `items` is the answer's list field, `.` if the answer is a list, empty if it is one object. Items that meet every
    condition of `where` are targeted. `keep` are the fields that are journalled; other fields are dropped, because
    answers contain secrets. `notices` are added to the step's result.
    """

    name: str
    call: VendorCall
    keep: tuple[str, ...]
    items: str = ""
    where: tuple[TargetCondition, ...] = ()
    notices: tuple[StepNotice, ...] = ()


@dataclass(frozen=True, slots=True)
class ChangeCheck:
    """A test whether a change was made, on the vendor's state read again by the `StateRead` of this name.

    `equal`: the field has this value. `among`: it has one of the values listed in `value`. `changed`: it differs from
    before. `absent`: no item has the item's value in the field. `present`: some item exists. `restored`: the object,
    or some item, has the earlier values in all `fields`.
    """

    read: str
    test: Literal["equal", "among", "changed", "absent", "present", "restored"]
    fields: tuple[str, ...]
    value: Any = None


@dataclass(frozen=True, slots=True)
class ContainmentStep:
    """One step of a plan. `id` is stable within the plan; `after` are ids of prerequisite steps.

    `before` reads the state that `undo` needs; it is journalled before any change. With `each`, the name of a read
    list, `calls` and `undo` are made for each item. `done` and `undone` are the checks of both; without one, a person
    is asked after a crash.

    `irreversible` says what cannot be undone, empty if everything can. A step without `calls` is manual, by
    `powershell` or as `by_hand` says.
    """

    id: str
    kind: ActionKind
    vendor: Vendor
    tenant: str
    account: str
    title: str
    reason: str
    confidence: Confidence
    calls: tuple[VendorCall, ...] = ()
    before: tuple[StateRead, ...] = ()
    each: str = ""
    done: ChangeCheck | None = None
    undo: tuple[VendorCall, ...] = ()
    undone: ChangeCheck | None = None
    after: tuple[str, ...] = ()
    powershell: tuple[str, ...] = ()
    undo_powershell: tuple[str, ...] = ()
    by_hand: str = ""
    irreversible: str = ""
    evidence: tuple[str, ...] = ()
    """The log's ids of the records that justify the step."""

    object_id: str = ""
    """The account's directory id, as its tokens state it, if a record has it."""

    details: dict[str, Any] = field(default_factory=dict)

    @property
    def is_by_hand(self) -> bool:
        """Return whether a person has to do the step."""
        return not self.calls

    @property
    def is_reversible(self) -> bool:
        """Return whether Seawall can do the step and undo all of it, and can tell that it is undone."""
        return (
            bool(self.calls and self.undo and self.before)
            and self.undone is not None
            and not self.irreversible
        )


@dataclass(frozen=True, slots=True)
class IntruderIndicators:
    """The intruder's indicators when the plan was made: sorted values of event columns.

    `usual` are values that the contained accounts had shown before, by column; they identify nobody.
    """

    accounts: tuple[str, ...]
    first: int
    last: int
    technique: str = ""
    kind: str = ""
    addresses: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    applications: tuple[str, ...] = ()
    clients: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()
    sessions: tuple[str, ...] = ()
    tokens: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    operations: tuple[str, ...] = ()
    usual: dict[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ContainmentPlan:
    """All steps for an incident or a scope, in order. `id` is a hash of the content."""

    id: str
    incident: str
    created_from: str
    actions: tuple[ContainmentStep, ...]
    prerequisites: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    actor: IntruderIndicators | None = None

    @property
    def numbers(self) -> dict[str, int]:
        """Return each step's number by id, counted from 1. Every output uses these numbers."""
        return {action.id: number for number, action in enumerate(self.actions, start=1)}


StepState = Literal[
    "pending", "done", "already", "failed", "unclear", "blocked", "waiting", "left out", "undone"
]
"""The state of a step.

- `done`: Seawall made the change, or a person confirmed it. `already`: there was nothing to change.
- `failed`: the vendor refused; nothing or only a part was changed. `unclear`: the outcome is unknown.
- `blocked`: a prerequisite is not done. `waiting`: a person has to do it. `left out`: not selected.
"""


@dataclass(frozen=True, slots=True)
class StepResult:
    """The state of one step, the reason, and the number of changes made."""

    step: str
    state: StepState
    why: str = ""
    changes: int = 0


@dataclass(frozen=True, slots=True)
class Containment:
    """The contained accounts, the time, and the intruder's indicators. `until` ends the period of raised attention.

    Times are microseconds since the epoch, UTC.
    """

    id: str
    at: int
    until: int
    actor: IntruderIndicators
    tenants: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class IntruderReturn:
    """Events after a containment that show the intruder again.

    `shared` are (kind, value) of the intruder that few others show. `changed` are (kind, values before, values now).
    `records` are at most 200 log ids; `record_count` is their full number.
    """

    account: str
    was_contained: bool
    first: int
    last: int
    shared: tuple[tuple[str, str], ...]
    changed: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...]
    only_tried: bool
    records: tuple[str, ...]
    record_count: int
    text: str
