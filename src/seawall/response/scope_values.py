"""Value types of a scope: who was touched, who may have been, and who is proved not to be. Times are microseconds, UTC."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from seawall.collection.coverage_gap import CoverageGap

IndicatorKind = Literal[
    "account",
    "mailbox",
    "address",
    "network",
    "session",
    "token",
    "key",
    "app",
    "user_agent",
    "device",
    "incident",
]
"""Kinds of indicators.

`network` is an ASN (`AS64500`), `key` a service principal's credential, `incident` the id of an incident whose
records are known.
"""

Verdict = Literal["touched", "possible", "not_touched"]
"""`touched` and `not_touched` are proved; everything else is `possible`."""

VERDICTS: tuple[Verdict, ...] = ("touched", "possible", "not_touched")

SubjectKind = Literal["account", "mailbox", "organisation"]

ActWhose = Literal["account", "mailbox"]
"""Kinds of subjects that have acts."""


@dataclass(frozen=True, slots=True)
class Indicator:
    """One indicator in an organisation (empty: in all), from `start` to before `end`.

    The value of an `address` may be an address block (`203.0.113.0/24`).
    """

    kind: IndicatorKind
    value: str
    start: int
    end: int
    tenant: str = ""


@dataclass(frozen=True, slots=True)
class SearchStep:
    """One step of the search: the indicator, the one that led to it, and why it was followed or not.

    `round` 0 are the seeds. `events` and `accounts` count its matches.
    """

    round: int
    indicator: Indicator
    source: Indicator | None
    is_followed: bool
    reason: str
    events: int = 0
    accounts: int = 0


DoubtCode = Literal[
    "named", "open", "used", "throttled", "not-shown", "unlinked", "strange", "bounded", "no-organisation"
]  # fmt: skip
"""Doubts from existing records that leave an account or mailbox open; missing logs are a `CoverageGap`.

- `named`: a seed names it. `open`: records with an indicator that may be the owner's.
- `used`: a mailbox whose account the intruder used or may have used.
- `throttled`: more was read than logged. `not-shown`: no mail access record names the mailbox.
- `unlinked`: records without any identifier. `strange`: records from a new place.
- `bounded`: the search was cut short. `no-organisation`: the records state no organisation.
"""


DOUBTS: tuple[DoubtCode, ...] = get_args(DoubtCode)
"""All doubt codes, gravest first."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """One doubt about an account or mailbox, in words, and its number of records (0: not about records)."""

    code: DoubtCode
    text: str
    records: int = 0


@dataclass(frozen=True, slots=True)
class Message:
    """One message that was certainly read (Bind), or may have been; then `doubt` states why it is uncertain.

    `id` is the internet message id; `record` is the log's record id.
    """

    mailbox: str
    id: str
    folder: str
    record: str
    time: int
    tenant: str = ""
    size: int | None = None
    doubt: DoubtCode | None = None


@dataclass(frozen=True, slots=True)
class SyncedFolder:
    """A folder presumed wholly taken (Sync), and the records that show it."""

    mailbox: str
    path: str
    records: tuple[str, ...]
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class SubjectAct:
    """What proved records of the intruder did to an account or mailbox, or with it, once or several times.

    `act` is a name of `seawall.events.changes`, or one that begins with `other_` if the account was used to change another
    account or mailbox. `object` names a rule, role, application or folder, never a person. `records` are at most 20 log ids.
    """

    act: str
    first: int
    last: int
    object: str = ""
    count: int = 1
    records: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ScopeSubject:
    """An account, mailbox or organisation with its verdict.

    `reasons` are sentences: the proof of `touched`, the doubts of `possible`, or the coverage that proves
    `not_touched`. `gaps` lists missing logs, also for `touched`, where more may have happened. `records` are at most
    2,000 log ids of the intruder's records, `record_count` their full number. `messages` counts distinct messages
    certainly read; `folders` are those presumed wholly taken.
    """

    kind: SubjectKind
    tenant: str
    name: str
    verdict: Verdict
    reasons: tuple[str, ...]
    gaps: tuple[CoverageGap, ...] = ()
    records: tuple[str, ...] = ()
    record_count: int = 0
    first: int | None = None
    last: int | None = None
    messages: int = 0
    unnamed_messages: int = 0
    """Messages that records count but do not name."""

    folders: tuple[SyncedFolder, ...] = ()
    is_throttled: bool = False
    domains: tuple[str, ...] = ()
    """For an organisation: the domains of most of its accounts, so that readers recognise the id."""

    doubts: tuple[Doubt, ...] = ()
    """Doubts from records, gravest first; `reasons` contains their words too."""

    possible_messages: int = 0
    """Distinct further messages named by records that may be the intruder's or carry no identifier."""

    possible_unnamed_messages: int = 0
    """Messages that such records count but do not name."""

    at_most: int | None = None
    """For a possibly touched mailbox: the maximum of messages that may have been read, if only existing records leave
    it open."""

    acts: tuple[SubjectAct, ...] = ()
    """What the intruder did to it or with it beside reading, in order of time."""

    def open_by(self) -> frozenset[str]:
        """Return the codes of its doubts and of its gaps."""
        return frozenset(one.code for one in self.doubts) | frozenset(one.code for one in self.gaps)


@dataclass(frozen=True, slots=True)
class Scope:
    """The result: the span, the seeds and steps, and every subject of the logs with its verdict.

    `messages` were certainly read, by mailbox and time; `possible_messages` are named by records that may be the
    intruder's. `sources` states what was read (paths or the store).
    """

    start: int
    end: int
    seeds: tuple[Indicator, ...]
    steps: tuple[SearchStep, ...]
    accounts: tuple[ScopeSubject, ...]
    mailboxes: tuple[ScopeSubject, ...]
    organisations: tuple[ScopeSubject, ...]
    messages: tuple[Message, ...] = ()
    sources: tuple[str, ...] = ()
    is_bounded: bool = False
    """Whether a growth limit stopped the search, so that more may be touched than reported."""

    is_unread_checked: bool = False
    """Whether the operator asserts that unreadable records were checked by hand."""

    is_complete: bool = False
    """Whether the operator asserts that the seeds are exhaustive; verdicts then rest on that assertion."""

    possible_messages: tuple[Message, ...] = ()

    is_servers_only: bool = False
    """Whether the operator asserts that the intruder uses only hosting networks and anonymisers."""

    known_by: tuple[Indicator, ...] = ()
    """Values of the proved records: addresses outside the provider's network, sessions, tokens and keys."""

    is_from_servers: bool = False
    """Whether all proved records with a known network kind come from hosting networks and anonymisers."""
