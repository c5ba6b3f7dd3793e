"""Scope: who was touched, who may have been, and who is proved not to be. Values only; times are microseconds, UTC."""

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
"""What an intruder can be known by. `network` is an ASN (`AS64500`), `key` a service principal's credential, `incident` the id
of an incident, whose records are known."""

Verdict = Literal["touched", "possible", "not_touched"]
"""`touched` and `not_touched` are proved; everything that is not proved is `possible`."""

VERDICTS: tuple[Verdict, ...] = ("touched", "possible", "not_touched")

SubjectKind = Literal["account", "mailbox", "organisation"]


@dataclass(frozen=True, slots=True)
class Indicator:
    """One thing that an intruder is known by, in an organisation (empty: in all), from `start` to before `end`.

    The value of an `address` may be a block of addresses (`203.0.113.0/24`).
    """

    kind: IndicatorKind
    value: str
    start: int
    end: int
    tenant: str = ""


@dataclass(frozen=True, slots=True)
class SearchStep:
    """One step of the search: which indicator was met, from which one it came, and why it was followed or not.

    `round` 0 are the seeds. `events` and `accounts` are what it met.
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
"""What of the records themselves leaves an account or a mailbox open; what is missing of the logs is a `CoverageGap`.

- `named`: a seed says that it was taken over; `open`: records carry something of the intruder's, and may be the owner's;
- `used`: a mailbox whose account was used by the intruder, or may have been;
- `throttled`: more was read than the log holds; `not-shown`: no record of mail access names the mailbox;
- `unlinked`: records that carry nothing by which anybody could be told; `strange`: records from a place that is new;
- `bounded`: the search was cut short; `no-organisation`: the records do not say whose they are.
"""


DOUBTS: tuple[DoubtCode, ...] = get_args(DoubtCode)
"""The gravest first."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """One thing that leaves an account or a mailbox open, in words, and how many records it is about (0: not about records)."""

    code: DoubtCode
    text: str
    records: int = 0


@dataclass(frozen=True, slots=True)
class Message:
    """One message that was certainly read (Bind), or may have been: then `doubt` says why it is not certain.

    `id` is the internet message id; `record` the log's own record id.
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
class Folder:
    """A folder that must be presumed taken as a whole (Sync), and by which records."""

    mailbox: str
    path: str
    records: tuple[str, ...]
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class ScopeSubject:
    """An account, a mailbox or an organisation with its verdict.

    `reasons` are sentences: for `touched` what proves it, for `possible` what leaves it open, for `not_touched` the
    coverage that proves it. `gaps` lists what was missing, also of those proved touched: more may have happened there.
    `records` are the log's own ids of the intruder's records (at most 2,000), `record_count` how many there are.
    `messages` counts distinct messages that were certainly read, `folders` are those presumed taken as a whole.
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

    folders: tuple[Folder, ...] = ()
    is_throttled: bool = False
    domains: tuple[str, ...] = ()
    """Of an organisation: the domains of most of its accounts' names, so that people know which one an id means."""

    doubts: tuple[Doubt, ...] = ()
    """What of the records leaves it open, the gravest first; `reasons` has their words too."""

    possible_messages: int = 0
    """Distinct messages, not among `messages`, that are named by records which may be the intruder's or carry nothing to tell."""

    possible_unnamed_messages: int = 0
    """Messages that such records count but do not name."""

    at_most: int | None = None
    """Of a mailbox that is possibly touched: how many messages may have been read, if only records that are there say so."""

    def open_by(self) -> frozenset[str]:
        """Return the codes of what leaves it open: of its own records, of the logs."""
        return frozenset(one.code for one in self.doubts) | frozenset(one.code for one in self.gaps)


@dataclass(frozen=True, slots=True)
class Scope:
    """The answer: the span that was looked at, the seeds and steps, and every subject of the logs with its verdict.

    `messages` are all that were certainly read, by mailbox and time, `possible_messages` those that records name of which it
    cannot be told whether they are the intruder's. `sources` say what was read (paths or the store).
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
    """Whether a bound on growth stopped the search: more may be touched than is said."""

    is_unread_checked: bool = False
    """Whether whoever asked vouched that the records which could not be read were looked at by hand."""

    is_complete: bool = False
    """Whether whoever asked vouched that the intruder is known by nothing but the seeds: verdicts then rest on that word."""

    possible_messages: tuple[Message, ...] = ()

    is_servers_only: bool = False
    """Whether whoever asked vouched that the intruder comes from rented servers and anonymisers alone."""

    known_by: tuple[Indicator, ...] = ()
    """What the intruder's proved records carry: addresses outside the provider's network, sessions, tokens and keys."""

    is_from_servers: bool = False
    """Whether all proved records that state an address come from rented servers and anonymisers, as far as is known."""
