"""Parse the seeds of a search and normalise their values as events spell them."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from seawall.response.scope.address_blocks import spell_block
from seawall.response.scope_values import Indicator, IndicatorKind
from seawall_base.errors import UsageError

_NETWORK = re.compile(r"(?:as)?([0-9]{1,10})", re.IGNORECASE)
_LOWERED = frozenset({"account", "mailbox", "app"})
LOOSE: tuple[IndicatorKind, ...] = ("account", "mailbox", "network", "app", "user_agent", "device")
"""Kinds that owners share with the intruder; they need the time from which they are the intruder's."""

NOT_EXHAUSTIVE: tuple[IndicatorKind, ...] = ("incident", "account", "mailbox")
"""Kinds that can never be all of an intruder's indicators."""


@dataclass(frozen=True, slots=True)
class ScopeQuery:
    """The known facts about the intruder: `seeds` as (kind, value), the span (microseconds, None: derived from the logs),
    records.

    `incident` is an incident's id and `records` the log's ids of records judged to be the intruder's. `tenant` limits
    the seeds, not the search, to one organisation.

    The operator's assertions: `is_complete`: the seeds are exhaustive, so records with other values of their kinds
    are not the intruder's. `is_unread_checked`: unreadable records were checked by hand and are not the intruder's.
    `is_servers_only`: the intruder uses only hosting networks and anonymisers.
    """

    seeds: tuple[tuple[IndicatorKind, str], ...] = ()
    start: int | None = None
    end: int | None = None
    tenant: str = ""
    incidents: dict[str, tuple[str, ...]] = field(default_factory=dict)
    is_complete: bool = False
    is_unread_checked: bool = False
    is_servers_only: bool = False

    def check(self) -> None:
        """Raise UsageError if the seeds or assertions cannot lead to a result."""
        if not self.seeds and not self.incidents:
            raise UsageError(
                "no indicator was given", fix="give --address, --session, --token, --key or --incident"
            )
        loose = [kind for kind, _ in self.seeds if kind in LOOSE]
        if loose and self.start is None:
            words = loose[0].replace("_", " ")
            article = "an" if words.startswith("a") else "a"
            raise UsageError(
                f"owners have {article} {words} too, so it has no beginning of its own",
                fix="give --from TIME, when the attacker began to use it",
            )
        if self.is_complete and (self.incidents or any(kind in NOT_EXHAUSTIVE for kind, _ in self.seeds)):
            raise UsageError(
                "--complete needs all indicators, and an incident, account or mailbox does not name them",
                fix="give the indicators (addresses, sessions, applications), or run it without --complete",
            )
        if self.start is not None and self.end is not None and self.start >= self.end:
            raise UsageError("the span ends before it begins", fix="check --from and --to")

    def indicators(self, start: int, end: int) -> list[Indicator]:
        """Return the seeds as indicators of a span, each once, in order."""
        named = [
            Indicator(kind, normalise_value(kind, value), start, end, self.tenant)
            for kind, value in self.seeds
        ]
        told = [Indicator("incident", name, start, end, self.tenant) for name in self.incidents]
        return list(dict.fromkeys([*named, *told]))


def normalise_value(kind: IndicatorKind, value: str) -> str:
    """Return a value as events spell it. Raises UsageError if it is invalid."""
    text = value.strip()
    if not text:
        raise UsageError(f"an empty {kind.replace('_', ' ')}", fix="give its value")
    if kind == "address":
        return spell_block(text) if "/" in text else _address(text)
    if kind == "network":
        match = _NETWORK.fullmatch(text)
        if not match:
            raise UsageError(f"{text!r} is not the number of an autonomous system", fix="write it as AS64500")
        return f"AS{int(match[1])}"
    return text.lower() if kind in _LOWERED else text


def _address(text: str) -> str:
    try:
        found = ipaddress.ip_address(text.strip("[]").partition("%")[0])
    except ValueError:
        raise UsageError(
            f"{text!r} is no address",
            fix="give an IPv4 or IPv6 address, or a block of them as 203.0.113.0/24",
        ) from None
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return str(mapped or found)


def normalise_values(kind: IndicatorKind, values: Iterable[str] | None) -> list[tuple[IndicatorKind, str]]:
    """Return several values of a kind as normalised seeds."""
    return [(kind, value) for value in values or ()]
