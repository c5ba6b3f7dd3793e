"""Containment: what is to be done about an intrusion, in which order, and how each step is undone. Values only."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Vendor = Literal["microsoft", "google", "okta"]
VENDORS: tuple[Vendor, ...] = ("microsoft", "google", "okta")

Confidence = Literal["certain", "likely", "precaution"]
"""How sure it is that a step meets the intruder: `certain` (proved touched), `likely` (raised), `precaution` (possible)."""

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
    "reset_password",
    "enable_account",
]


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a vendor's documented API. `path` begins with `/` below the vendor's base URL; `body` is JSON or None.

    Where the vendor has no API for it, `powershell` or `by_hand` alone say what to do.
    """

    method: str
    path: str
    body: dict[str, Any] | None = None
    expect: tuple[int, ...] = (200, 201, 202, 204)
    permission: str = ""
    """The least permission that the call needs, in the vendor's words."""

    documentation: str = ""


@dataclass(frozen=True, slots=True)
class Action:
    """One step of a plan. `id` is stable within the plan; `after` are ids that must have been done before.

    `before` reads the state that `undo` needs, and is journalled before anything is changed. `irreversible` says what
    cannot be undone, empty when all can.
    """

    id: str
    kind: ActionKind
    vendor: Vendor
    tenant: str
    account: str
    title: str
    reason: str
    confidence: Confidence
    calls: tuple[Call, ...]
    before: tuple[Call, ...] = ()
    undo: tuple[Call, ...] = ()
    after: tuple[str, ...] = ()
    powershell: tuple[str, ...] = ()
    undo_powershell: tuple[str, ...] = ()
    by_hand: str = ""
    irreversible: str = ""
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done about an incident or a scope, in order. `id` is a hash of its content."""

    id: str
    incident: str
    created_from: str
    actions: tuple[Action, ...]
    prerequisites: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
