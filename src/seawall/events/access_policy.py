"""Define values of exports of sign-in methods and access policies. Identifiers are in lower case."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Enforcement = Literal["enabled", "report-only", "disabled"]
System = Literal["entra", "google", "okta"]


@dataclass(frozen=True, slots=True)
class Registration:
    """Hold the sign-in methods of one account, as one export states them.

    `methods` are names of `assurance.methods`. `is_enforced` says whether the provider demands a second factor of this
    account (Google), None if the export does not state it. `keys` are pairs for phone numbers and devices: a hash, and the
    text that may be shown (`…89`).
    """

    account: str
    system: System
    methods: tuple[str, ...]
    uid: str = ""
    is_admin: bool | None = None
    is_guest: bool | None = None
    is_enforced: bool | None = None
    is_disabled: bool = False
    can_mfa: bool | None = None
    unknown_methods: tuple[str, ...] = ()
    keys: tuple[tuple[str, str], ...] = ()
    where: str = ""


@dataclass(frozen=True, slots=True)
class Principals:
    """Hold the accounts that a policy names: everybody, or these users, groups, roles and guests.

    `guest_kinds` are the kinds of guests, in Microsoft's words in lower case; empty means all. `some_guests` means that
    only guests from certain organisations are named.
    """

    everybody: bool = False
    guests: bool = False
    users: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()
    guest_kinds: frozenset[str] = frozenset()
    some_guests: bool = False

    @property
    def is_empty(self) -> bool:
        """Return whether no account is named."""
        return not (self.everybody or self.guests or self.users or self.groups or self.roles)


@dataclass(frozen=True, slots=True)
class ConditionList:
    """Hold the values of a condition: all, or those listed."""

    everything: bool = False
    listed: frozenset[str] = frozenset()


Demand = Literal["nothing", "mfa", "resistant", "device", "block"]
DEMANDS: tuple[Demand, ...] = ("nothing", "mfa", "resistant", "device", "block")
"""Demands of a policy, the weakest first. A demand's index is its level.

- `mfa`: a second factor.
- `resistant`: a phishing-resistant one.
- `device`: a managed device, which neither a stolen password nor a phished session includes.
- `block`: no sign-in at all.
"""

PATHS = ("browser", "apps", "activesync", "legacy", "device_code")
"""Ways to sign in that policies distinguish."""

PASSWORD_PATHS = ("browser", "apps", "activesync", "legacy")
"""Ways to sign in for which a password may suffice."""


@dataclass(frozen=True, slots=True)
class AccessPolicy:
    """Describe one Conditional Access policy.

    - `paths`: the ones of `PATHS` that it covers.
    - `doubts`: conditions that are not evaluated here. A policy with one never proves anything.
    - `choices`: alternative sets of demands, one of which must be met completely; `demand` is the weakest of them.
    - `strangers`: whether it covers unmanaged devices. `on_devices`: whether it distinguishes devices at all.
    - `session`: session controls, which limit a granted session.
    """

    uid: str
    name: str
    state: Enforcement
    demand: Demand
    include: Principals = Principals()
    exclude: Principals = Principals()
    include_apps: ConditionList = ConditionList(everything=True)
    exclude_apps: ConditionList = ConditionList()
    paths: frozenset[str] = frozenset(PATHS)
    include_systems: ConditionList = ConditionList(everything=True)
    exclude_systems: ConditionList = ConditionList()
    include_places: ConditionList = ConditionList(everything=True)
    exclude_places: ConditionList = ConditionList()
    sign_in_risks: frozenset[str] = frozenset()
    user_risks: frozenset[str] = frozenset()
    on_registration: bool = False
    doubts: tuple[str, ...] = ()
    where: str = ""
    choices: tuple[frozenset[Demand], ...] = ()
    strangers: Literal["in", "out", "unsure"] = "in"
    on_devices: bool = False
    session: tuple[str, ...] = ()

    @property
    def grants(self) -> tuple[frozenset[Demand], ...]:
        """Return the alternative sets of demands; one of them must be met completely."""
        return self.choices or (frozenset({self.demand}),)

    @property
    def is_narrow(self) -> bool:
        """Return whether the policy applies only to detected risk. An attacker may cause none."""
        return bool(self.sign_in_risks or self.user_risks)


@dataclass(frozen=True, slots=True)
class NamedLocation:
    """Hold a named location: networks (CIDR) or countries."""

    uid: str
    name: str
    is_trusted: bool = False
    networks: tuple[str, ...] = ()
    countries: frozenset[str] = frozenset()


@dataclass(slots=True)
class PolicyDirectory:
    """Hold what policies refer to: members of groups and roles (ids, UPNs or groups), named locations, and ids of accounts.

    A key that is missing was not exported. `partial` are groups that may have more members than were exported, `nested`
    those that are members of another group.
    """

    members: dict[str, frozenset[str]] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    places: dict[str, NamedLocation] = field(default_factory=dict)
    accounts: dict[str, str] = field(default_factory=dict)
    """UPN by object id."""
    partial: set[str] = field(default_factory=set)
    nested: set[str] = field(default_factory=set)


TRUSTED = "alltrusted"
"""Value of a condition that stands for all trusted locations."""

Answer = Literal["open", "closed", "unknown"]
"""Result for an attack: proved possible, proved impossible, or unknown from the given files."""
