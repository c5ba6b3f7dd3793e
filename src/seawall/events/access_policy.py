"""What exports say of sign-in methods and access policies: values only. Identifiers are in lower case."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Enforcement = Literal["enabled", "report-only", "disabled"]
System = Literal["entra", "google", "okta"]


@dataclass(frozen=True, slots=True)
class Registration:
    """What one account could sign in with, as one export says.

    `methods` are names of `assurance.methods`. `is_enforced` says whether the provider asks this account for a second
    factor (Google), None where the export does not say. `keys` are phone numbers and devices as hashes, with the words
    that may be shown of each (`…89`).
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
    """Whom a policy names: everybody, nobody else than these users, groups, roles, or guests.

    `guest_kinds` are the kinds of guests that are meant, in Microsoft's words in lower case; empty: all. `some_guests` says
    that only those of certain organisations are.
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
        """Whether it names nobody."""
        return not (self.everybody or self.guests or self.users or self.groups or self.roles)


@dataclass(frozen=True, slots=True)
class ConditionList:
    """What a condition lists: all, or these."""

    everything: bool = False
    listed: frozenset[str] = frozenset()


Demand = Literal["nothing", "mfa", "resistant", "device", "block"]
DEMANDS: tuple[Demand, ...] = ("nothing", "mfa", "resistant", "device", "block")
"""What a policy asks for, the weakest first: its place in this tuple is its level.

`mfa`: a second factor. `resistant`: one that cannot be phished. `device`: a device of the organisation, which neither a
password nor a phished session brings along. `block`: nobody gets in.
"""

PATHS = ("browser", "apps", "activesync", "legacy", "device_code")
"""Ways to sign in, as policies tell them apart."""

PASSWORD_PATHS = ("browser", "apps", "activesync", "legacy")
"""Ways on which a stolen password is of use by itself."""


@dataclass(frozen=True, slots=True)
class AccessPolicy:
    """One conditional access policy.

    `paths` are those of `PATHS` that it is for. `doubts` are conditions that are not evaluated here: with one, the
    policy is never proof of anything. `is_narrow` says that it is for a kind of sign-in that an intruder need not be:
    a risk that has to be noticed first. `choices` are sets of demands of which one has to be met whole, where that is more than
    `demand`, which is the least of them. `strangers` says whether it is for a device that the organisation does not know,
    `on_devices` that it tells devices apart at all. `session` names session controls: they limit what was granted.
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
        """Sets of demands of which one has to be met whole."""
        return self.choices or (frozenset({self.demand}),)

    @property
    def is_narrow(self) -> bool:
        """Whether it waits for a risk to be noticed."""
        return bool(self.sign_in_risks or self.user_risks)


@dataclass(frozen=True, slots=True)
class NamedLocation:
    """A named location: networks (CIDR) or countries."""

    uid: str
    name: str
    is_trusted: bool = False
    networks: tuple[str, ...] = ()
    countries: frozenset[str] = frozenset()


@dataclass(slots=True)
class PolicyDirectory:
    """What policies refer to: members (ids or UPNs, of groups too) of groups and roles, places, users' ids; None: not given.

    `partial` are groups of which there may be more members than were given, `nested` those that are members of another.
    """

    members: dict[str, frozenset[str]] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    places: dict[str, NamedLocation] = field(default_factory=dict)
    accounts: dict[str, str] = field(default_factory=dict)
    """UPN by object id."""
    partial: set[str] = field(default_factory=set)
    nested: set[str] = field(default_factory=set)


TRUSTED = "alltrusted"
"""Stands in a condition for every place that is trusted."""

Answer = Literal["open", "closed", "unknown"]
"""Whether an attack would get in: proved open, proved closed, or neither can be told from what was given."""
