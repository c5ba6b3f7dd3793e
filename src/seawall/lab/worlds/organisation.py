"""A made-up organisation: people, their devices and networks, shared mailboxes, applications."""

from __future__ import annotations

from dataclasses import dataclass, field

from seawall.lab.worlds.clients import LabClient
from seawall.lab.worlds.habits import OrganisationHabits
from seawall.lab.worlds.networks import ConnectionPoint, Network, catalogue
from seawall.lab.worlds.style import OrganisationStyle
from seawall.lab.worlds.systems import LabSystems

UTC_OFFSETS = {
    "US": -6,
    "CA": -5,
    "GB": 0,
    "DE": 1,
    "NL": 1,
    "FR": 1,
    "BE": 1,
    "ES": 1,
    "IT": 1,
    "PT": 0,
    "PL": 1,
    "SE": 1,
    "NO": 1,
    "DK": 1,
    "FI": 2,
    "CH": 1,
    "AT": 1,
    "IE": 0,
    "CZ": 1,
    "RO": 2,
    "HU": 1,
    "GR": 2,
    "TR": 3,
    "IL": 2,
    "ZA": 2,
    "NG": 1,
    "KE": 3,
    "EG": 2,
    "AE": 4,
    "SA": 3,
    "IN": 5.5,
    "CN": 8,
    "JP": 9,
    "KR": 9,
    "TW": 8,
    "HK": 8,
    "SG": 8,
    "MY": 8,
    "TH": 7,
    "VN": 7,
    "PH": 8,
    "ID": 7,
    "AU": 10,
    "NZ": 12,
    "BR": -3,
    "MX": -6,
    "AR": -3,
    "CL": -4,
    "CO": -5,
    "RU": 3,
    "UA": 2,
    "IR": 3.5,
    "LT": 2,
    "MD": 2,
    "PK": 5,
}


def nowhere() -> ConnectionPoint:
    """Return a dummy place for mailboxes that nobody signs in to."""
    return ConnectionPoint(catalogue()[0])


@dataclass(slots=True, eq=False)
class LabAccount:
    """A person's account, or a shared mailbox (`is_shared`), with everything that it uses.

    Hours are local. `away` has places by day number; `resets` are the times at which all sessions ended (password reset or
    revocation). `guests` are other mailboxes that the owner reads, each with the day from which. `peaks` are the hours around
    which a person without office hours works, and `phone_share` the share of that work on a phone.
    """

    upn: str
    name: str
    object_id: str
    user_key: str
    sid: str
    mailbox_guid: str
    department: str
    country: str
    offset: float
    is_shared: bool = False
    is_admin: bool = False
    is_developer: bool = False
    is_service: bool = False
    starts: float = 8.5
    ends: float = 17.5
    workdays: tuple[int, ...] = (0, 1, 2, 3, 4)
    activity: float = 1.0
    remote: float = 0.3
    evening: float = 0.3
    weekend: float = 0.1
    night: float = 0.0
    uses_mfa: bool = True
    home: ConnectionPoint = field(default_factory=nowhere)
    office: ConnectionPoint = field(default_factory=nowhere)
    mobile: ConnectionPoint = field(default_factory=nowhere)
    vpn: ConnectionPoint | None = None
    vpn_share: float = 0.0
    vpn_from: int = 10_000
    vpn_mobile: bool = False
    away: dict[int, ConnectionPoint] = field(default_factory=dict)
    off: set[int] = field(default_factory=set)
    busy_nights: set[int] = field(default_factory=set)
    desks: list[LabClient] = field(default_factory=list)
    phones: list[LabClient] = field(default_factory=list)
    tools: list[LabClient] = field(default_factory=list)
    guests: list[tuple[LabAccount, int]] = field(default_factory=list)
    resets: list[float] = field(default_factory=list)
    first_day: int = 0
    last_day: int = 10_000
    spelling: str = ""
    folders: tuple[str, ...] = ("Inbox",)
    peaks: tuple[float, ...] = ()
    phone_share: float = 0.3


@dataclass(slots=True, eq=False)
class LabApplication:
    """A service principal: a consented third-party application, or the organisation's own service.

    `readers` are the mailboxes it reads, with first and last day. `keys` are (day, key id) of its credentials.
    """

    app: str
    object_id: str
    name: str
    kind: str
    place: ConnectionPoint
    agent: str
    is_delegated: bool
    interval_hours: float
    items: float
    readers: list[tuple[LabAccount, int, int]] = field(default_factory=list)
    keys: list[tuple[int, str]] = field(default_factory=list)
    first_day: int = 0
    clients: dict[str, LabClient] = field(default_factory=dict)
    night_only: bool = False


@dataclass(slots=True, eq=False)
class Tenant:
    """One organisation with its people, applications and systems."""

    number: int
    id: str
    domain: str
    country: str
    style: OrganisationStyle
    people: list[LabAccount] = field(default_factory=list)
    shared: list[LabAccount] = field(default_factory=list)
    apps: list[LabApplication] = field(default_factory=list)
    provider: dict[str, LabApplication] = field(default_factory=dict)
    offices: dict[str, ConnectionPoint] = field(default_factory=dict)
    holidays: set[int] = field(default_factory=set)
    developer_app: str = ""
    partner: str = ""
    server: str = ""
    gaps: list[tuple[str, float, float]] = field(default_factory=list)
    vpn_network: Network | None = None
    relay: ConnectionPoint | None = None
    systems: LabSystems = field(default_factory=LabSystems)
    habits: OrganisationHabits = field(default_factory=OrganisationHabits)

    def admins(self) -> list[LabAccount]:
        """Return the administrators."""
        return [person for person in self.people if person.is_admin]
