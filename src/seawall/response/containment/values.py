"""Containment: what is to be done about an intrusion, in which order, and how each step is undone. Values only.

An `ContainmentStep` makes at most one change, or the same change to each thing that a `StateRead` finds, so that after a crash
the vendor can be asked about each change by itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Vendor = Literal["microsoft", "google", "okta", "gate"]
"""Who is asked. `gate` is Seawall's own gate, with its revocations."""

VENDORS: tuple[Vendor, ...] = ("microsoft", "google", "okta", "gate")

Confidence = Literal["certain", "likely", "precaution"]
"""How sure it is that a step meets the intruder: `certain` (proved touched), `likely` (raised), `precaution` (possible)."""

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
"""How a condition compares a field, as text: the same (without regard to case), holds it, lies from `a` to `b`, is none of
`a|b`; or the vendor does not state it."""


@dataclass(frozen=True, slots=True)
class VendorCall:
    """One call of a vendor's documented API.

    `expect` are the statuses that the documentation gives for success: after another one it is not known what a change did.
    `path` begins with `/` below the base URL of the vendor's `service`. Every value in it is percent-encoded; a
    `{read.field}` stands for what a `StateRead` found, and is encoded as one segment when it is filled in. `body` is JSON or
    None; in it `{"$read": "name"}` or `{"$read": "name.field"}` stands for what was read, `{"$given": "approver"}` for who
    approved, and `{"$given": "password"}` for a password that is made when the call is sent and kept nowhere.
    """

    method: str
    path: str
    body: dict[str, Any] | None = None
    expect: tuple[int, ...] = (200, 201, 202, 204)
    permission: str = ""
    """The least permission that the call needs, in the vendor's words."""

    role: str = ""
    """The role of the vendor's directory that the caller has to hold besides, in the vendor's words."""

    documentation: str = ""
    service: str = ""
    """Which API of the vendor, where it has several: `directory` or `gmail` at Google."""

    subject: str = ""
    """The account as which the call is made, where an administrator cannot make it as himself (Gmail's settings)."""


@dataclass(frozen=True, slots=True)
class Condition:
    """What an item must have to be meant. `field` may name a nested value: `emailAddress.address`."""

    field: str
    operator: Operator
    value: str = ""


@dataclass(frozen=True, slots=True)
class StepNotice:
    """What a person has to know once a step has read something that meets `condition`: an object, or some item of a list.

    With `by_hand` the call would not do what the step says: no change is made, and a person does it. In `text`, `{count}` is
    how many things meet it and `{value}` what the first of them has. With `of_meant`, of a
    list only the items that the read means are looked at.
    """

    condition: Condition
    text: str
    by_hand: bool = False
    of_meant: bool = False


@dataclass(frozen=True, slots=True)
class StateRead:
    """A call that reads, and what of its answer is kept under `name`.

    `items` is the field of the answer that holds a list, `.` when the answer itself is the list, empty when the answer
    is one object. Of a list, the items are meant that meet every condition of `where`. `keep` are the fields that are
    journalled; nothing else of an answer is, because answers hold secrets. `notices` are told with the step's result.
    """

    name: str
    call: VendorCall
    keep: tuple[str, ...]
    items: str = ""
    where: tuple[Condition, ...] = ()
    notices: tuple[StepNotice, ...] = ()


@dataclass(frozen=True, slots=True)
class ChangeCheck:
    """How the vendor's state tells that a change was made; the `StateRead` of this name is asked again.

    `equal`: the field has this value. `among`: it has one of the values that `value` lists. `changed`: the field is another
    one than before. `absent`: no item has the item's value in the field. `present`: some item is found. `restored`: the
    object, or some item, has the values from before in all `fields`.
    """

    read: str
    test: Literal["equal", "among", "changed", "absent", "present", "restored"]
    fields: tuple[str, ...]
    value: Any = None


@dataclass(frozen=True, slots=True)
class ContainmentStep:
    """One step of a plan. `id` is stable within the plan; `after` are ids that must have been done before.

    `before` reads the state that `undo` needs, and is journalled before anything is changed. With `each`, the name of a
    list that is read, `calls` and `undo` are made for each of its items. `done` and `undone` say how the vendor's state
    tells whether that happened; without one, a person is asked after a crash. `irreversible` says what cannot be undone,
    empty when all can. An action without `calls` is done by hand, by `powershell` or as `by_hand` says.
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
    """The log's own ids of the records that say so."""

    object_id: str = ""
    """The directory's id of the account, where a record states it: as its tokens name it."""

    details: dict[str, Any] = field(default_factory=dict)

    @property
    def is_by_hand(self) -> bool:
        """Whether a person has to do it."""
        return not self.calls


@dataclass(frozen=True, slots=True)
class IntruderIndicators:
    """What the intruder was known by when the plan was made: values of the event columns, sorted.

    `usual` are the values that the contained accounts had shown before, by name: what is among them tells nothing.
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
    """What is to be done about an incident or a scope, in order. `id` is a hash of its content."""

    id: str
    incident: str
    created_from: str
    actions: tuple[ContainmentStep, ...]
    prerequisites: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    actor: IntruderIndicators | None = None

    @property
    def numbers(self) -> dict[str, int]:
        """The number of every step by its id, from 1: the one numbering that every output prints."""
        return {action.id: number for number, action in enumerate(self.actions, start=1)}


StepState = Literal[
    "pending", "done", "already", "failed", "unclear", "blocked", "waiting", "left out", "undone"
]
"""Where a step stands.

- `done`: Seawall made the change, or a person confirmed it. `already`: there was nothing to change.
- `failed`: the vendor refused; nothing was changed, or only part of it. `unclear`: it is not known whether it was.
- `blocked`: a step that must come before is not done. `waiting`: to be done by hand. `left out`: not asked for.
"""


@dataclass(frozen=True, slots=True)
class StepResult:
    """How one step stands: its state, why, and how many changes were made."""

    step: str
    state: StepState
    why: str = ""
    changes: int = 0


@dataclass(frozen=True, slots=True)
class Containment:
    """What was contained, when, and what the intruder was known by. `until` ends the time of raised attention.

    Times are microseconds since the epoch, UTC.
    """

    id: str
    at: int
    until: int
    actor: IntruderIndicators
    tenants: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class IntruderReturn:
    """Events after a containment that show the intruder again: what is as before, and what changed.

    `shared` are (what, value) of the intruder that few others show. `changed` are (what, values before, values now).
    `records` are the log's own ids, at most 200; `record_count` how many there are.
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
