"""Parse what is looked up: `ip:203.0.113.7`, `cidr:203.0.113.0/24`, `rule:"Inbox rule"`. Pure."""

from __future__ import annotations

import ipaddress
import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal, get_args

from seawall.response.scope_values import IndicatorKind
from seawall_base.errors import UsageError

LookUpKind = Literal[
    "ip",
    "cidr",
    "network",
    "country",
    "app",
    "client",
    "agent",
    "session",
    "token",
    "device",
    "key",
    "operation",
    "account",
    "mailbox",
    "rule",
    "message",
    "day",
]
"""Kinds of values. `network` is an AS number or a part of a network's name, `app` an id or a part of an application's
name, `client` a part of a client's name, `rule` the id or a part of the title of a Sigma rule, `message` an internet
message id, `day` a UTC day, `agent` a user agent."""

KINDS: Final[tuple[LookUpKind, ...]] = get_args(LookUpKind)
LONGEST: Final = 1_000
"""Characters of a value: RFC 5322 limits the line of a message id to 998."""

SHORTEST: Final = 3
"""Characters of a message id, a rule's title and a network's name, which are searched for as parts of texts."""

INDICATORS: Final[dict[LookUpKind, IndicatorKind]] = {
    "ip": "address",
    "cidr": "address",
    "network": "network",
    "app": "app",
    "agent": "user_agent",
    "session": "session",
    "token": "token",
    "device": "device",
    "key": "key",
    "account": "account",
    "mailbox": "mailbox",
}
"""The kind of indicator for each kind of value from which a scope can be searched."""

_LOWERED: Final = frozenset({"app", "account", "mailbox"})
_PARTS: Final = frozenset({"message", "rule"})
_NUMBER: Final = re.compile(r"(?:as)?([0-9]{1,10})(?:\s.*)?", re.IGNORECASE | re.DOTALL)
_MAPPED: Final = ipaddress.IPv6Network("::ffff:0:0/96")
_FIRST_YEAR: Final = 1970


@dataclass(frozen=True, slots=True)
class LookUpSubject:
    """A value to look up, spelt as events spell it."""

    kind: LookUpKind
    value: str

    def __str__(self) -> str:
        """Return the text that `parse_subject` takes."""
        is_quoted = len(self.value) > 1 and self.value[0] == self.value[-1] == '"'
        return f'{self.kind}:"{self.value}"' if is_quoted else f"{self.kind}:{self.value}"


def parse_subject(text: str) -> LookUpSubject:
    """Parse `kind:value`; the value may be in double quotes. Raises UsageError for anything else."""
    name, colon, value = text.strip().partition(":")
    kind = next((one for one in KINDS if one == name.lower()), None)
    if not colon or kind is None:
        raise UsageError(
            f"{text[:60]!r} names nothing to look up",
            fix=f"write it as ip:203.0.113.7; kinds: {', '.join(KINDS)}",
        )
    value = value.strip()
    if len(value) > 1 and value[0] == value[-1] == '"':
        value = value[1:-1]
    return make_subject(kind, value)


_GUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def is_local_part(subject: LookUpSubject) -> bool:
    """Return whether an account is given without its domain: by a name without `@` that is no application's id."""
    return subject.kind == "account" and "@" not in subject.value and not _GUID.fullmatch(subject.value)


_BARE: Final[tuple[LookUpKind, ...]] = (
    "account", "mailbox", "app", "session", "token", "device", "key", "operation", "client", "network", "country", "rule",
)  # fmt: skip
"""Kinds that a text without a kind may be of, in the order in which they are tried."""


def guess_subjects(text: str) -> tuple[LookUpSubject, ...]:
    """Return what a typed text may mean, the likeliest first: `kind:value`, or a value alone.

    An address, a block, a day, an AS number and a message id are known by their form, a name with `@` is an account or a mailbox.
    Any other text may be of several kinds. Raises UsageError if it can be nothing.
    """
    plain = text.strip()
    name, colon, _ = plain.partition(":")
    is_empty = not any(char.isalnum() for char in plain)
    if is_empty or (colon and any(one == name.lower() for one in KINDS)):
        return (parse_subject(plain),)
    forms: tuple[LookUpKind, ...] = ("ip", "cidr") if not re.fullmatch(r"[0-9]+", plain) else ()
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", plain):
        forms = ("day",)
    elif re.fullmatch(r"(?i)as[0-9]{1,10}", plain):
        forms = ("network",)
    elif plain.startswith("<") and plain.endswith(">") and "@" in plain:
        forms = ("message",)
    by_form = _make_subjects(forms, plain)
    if by_form:
        return by_form[:1]
    found = _make_subjects(("account", "mailbox", "message") if "@" in plain else _BARE, plain)
    return found or (parse_subject(plain),)


def _make_subjects(kinds: tuple[LookUpKind, ...], value: str) -> tuple[LookUpSubject, ...]:
    """Return the value as a subject of each kind that it is valid for."""
    found = []
    for kind in kinds:
        with suppress(UsageError):
            found.append(make_subject(kind, value))
    return tuple(found)


def make_subject(kind: LookUpKind, value: str) -> LookUpSubject:
    """Return a value of a kind as events spell it. Raises UsageError if it is invalid."""
    text = value.strip()
    if not text:
        raise UsageError(f"{kind}: needs a value", fix="give its value")
    if len(text) > LONGEST:
        raise UsageError(f"{kind}: longer than {LONGEST:,} characters", fix="give the value alone")
    if kind == "ip":
        return _address(text)
    if kind == "cidr":
        return _block(text)
    if kind == "network":
        return _network(text)
    if kind == "day":
        return LookUpSubject("day", _day(text))
    if kind in _PARTS and len(text) < SHORTEST:
        raise UsageError(f"{kind}: shorter than {SHORTEST} characters", fix="give more of it")
    return LookUpSubject(kind, text.lower() if kind in _LOWERED else text)


def _address(text: str) -> LookUpSubject:
    if "/" in text:
        return _block(text)
    try:
        found = ipaddress.ip_address(text.strip("[]").partition("%")[0])
    except ValueError:
        raise UsageError(
            f"{text[:60]!r} is no address", fix="give an IPv4 or IPv6 address; a block as cidr:203.0.113.0/24"
        ) from None
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return LookUpSubject("ip", str(mapped or found))


def _block(text: str) -> LookUpSubject:
    try:  # a zone is local to one machine
        block = None if "%" in text else ipaddress.ip_network(text, strict=False)
    except ValueError:
        block = None
    if block is None:
        raise UsageError(f"{text[:60]!r} is no block of addresses", fix="write it as 203.0.113.0/24")
    if isinstance(block, ipaddress.IPv6Network) and block.subnet_of(_MAPPED):
        mapped = int(block.network_address) & 0xFFFFFFFF
        block = ipaddress.IPv4Network((mapped, block.prefixlen - _MAPPED.prefixlen))
    if block.prefixlen == block.max_prefixlen:
        return LookUpSubject("ip", str(block.network_address))
    return LookUpSubject("cidr", str(block))


def _network(text: str) -> LookUpSubject:
    found = _NUMBER.fullmatch(text)
    if found:
        return LookUpSubject("network", f"AS{int(found[1])}")
    if "/" in text:
        return _block(text)
    if len(text) < SHORTEST:
        raise UsageError(
            f"network: shorter than {SHORTEST} characters", fix="write it as AS64500, or give its name"
        )
    return LookUpSubject("network", text)


def _day(text: str) -> str:
    try:
        found = date.fromisoformat(text[:10])
    except ValueError:
        found = date.min
    if found.year < _FIRST_YEAR or found == date.max:
        raise UsageError(f"{text[:60]!r} is no day", fix="write it as 2026-03-02")
    return found.isoformat()
