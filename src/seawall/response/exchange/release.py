"""Decide what leaves an organisation. This is the only place that makes objects for others; all else stays.

- A value that at least three organisations show (a campaign's) leaves as it is.
- Any other value leaves as a hash with the group's key, or not at all where there is no key.
- Accounts, mailboxes, sessions, tokens, devices, clients and incidents never leave, hashed or not.
- Internal addresses never leave, nor do an organisation's own. Where it is unknown which are its own, no address leaves.
- A well-known application stays: everybody has it, so it would accuse everybody.
- Nothing that others sent is passed on.

An object says nothing else: its texts are constants of this module, its times are whole days, and it names nobody.
"""

from __future__ import annotations

import ipaddress
import re
import uuid
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, get_args

from seawall.events.applications import find_application_name
from seawall.response.errors import ExchangeRefused
from seawall.response.exchange.group_key import GroupKey
from seawall.response.exchange.plain_form import (
    HASH_ONLY,
    HASHED_PREFIX,
    ExchangeKind,
    is_public,
    parse_exchange_kind,
    spell_value,
)
from seawall.response.exchange.tenant_value import TenantValue
from seawall.response.export.stix_objects import SEAWALL, TLP, Object, make_pattern
from seawall.response.scope.address_blocks import Block
from seawall.response.scope_values import Indicator
from seawall_base.rfc3339 import format_time

LEAST_ORGANISATIONS: Final = 3
"""Organisations that show a value before it leaves as it is: fewer would tell whose it is."""

VALUE_PATTERN: Final = "seawall-value"
HASH_PATTERN: Final = "seawall-hmac-sha256"
"""Pattern types for what STIX has no pattern for: `app:ID`, `key:ID`, and `address:HASH`."""

SharedTlp = Literal["clear", "green", "amber"]
TLPS: Final[tuple[SharedTlp, ...]] = get_args(SharedTlp)

WithheldReason = Literal[
    "kind", "form", "name", "well-known", "internal", "own", "own-unknown", "few-organisations"
]
_DAY: Final = 86_400_000_000
_LAST_DAY: Final = 2_932_896
"""The last day of the year 9999, since 1970."""

_NAMES: Final[dict[ExchangeKind, str]] = {
    "address": "Address of an intruder",
    "network": "Network of an intruder",
    "app": "Application of an intruder",
    "key": "Credential key of an intruder",
    "user_agent": "User agent of an intruder",
}
_PLAIN_WORDS: Final = "Unusual accounts of at least three organisations met this value within days."
_HASHED_WORDS: Final = (
    "HMAC-SHA-256 of a value, with a key that a group shares. Members match it with values of their own logs."
)
_TIME: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T00:00:00\.000Z")
_PATTERNS: Final[dict[str, re.Pattern[str]]] = {
    "stix": re.compile(
        r"\[(?:ipv[46]-addr:value = '([0-9a-f.:/]{2,49})'|autonomous-system:number = ([0-9]{1,10}))\]"
    ),
    VALUE_PATTERN: re.compile(r"(app|key):([0-9a-z.-]{1,128})"),
    HASH_PATTERN: re.compile(r"(address|network|app|key|user_agent):([0-9a-f]{64})"),
}
_FIELDS: Final = frozenset(
    {
        "type", "spec_version", "id", "created", "modified", "name", "description", "indicator_types", "pattern",
        "pattern_type", "pattern_version", "valid_from", "valid_until", "object_marking_refs",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseRule:
    """How to release: `own` are the spelt addresses known as own, None if unknown; `days` is how long an object stays valid."""

    own: frozenset[str] | None
    own_blocks: tuple[Block, ...] = ()
    """Blocks that the operator names as the organisations' own."""

    names: frozenset[str] = frozenset()
    """Names of organisations and accounts in lower case: a value that is one never leaves, whatever its kind."""

    key: GroupKey | None = None
    tlp: SharedTlp = "amber"
    days: int = 90


@dataclass(frozen=True, slots=True)
class ReleasedObjects:
    """What may leave, as STIX objects ordered by id, and how many values stay, by reason."""

    objects: tuple[Object, ...]
    withheld: Mapping[WithheldReason, int]


class _Withheld(Exception):
    def __init__(self, reason: WithheldReason) -> None:
        super().__init__(reason)
        self.reason = reason


def release_values(values: Iterable[TenantValue], rule: ReleaseRule) -> ReleasedObjects:
    """Return the objects that may leave. The same values and rule give the same objects."""
    made: dict[str, Object] = {}
    withheld: Counter[WithheldReason] = Counter()
    for one in values:
        try:
            found = _release(one, rule)
        except _Withheld as refusal:
            withheld[refusal.reason] += 1
        else:
            made[found["id"]] = found
    objects = tuple(made[id_] for id_ in sorted(made))
    for each in objects:
        check_released(each)
    return ReleasedObjects(objects, dict(sorted(withheld.items())))


def check_released(document: Object) -> None:
    """Raise `ExchangeRefused` unless a document is an object of the one form that leaves. Senders call it once more."""
    pattern = _PATTERNS.get(str(document.get("pattern_type")))
    found = pattern.fullmatch(str(document.get("pattern"))) if pattern else None
    texts = {*_NAMES.values(), _PLAIN_WORDS, _HASHED_WORDS}
    times = [document.get(name) for name in ("created", "modified", "valid_from", "valid_until")]
    is_known = (
        document.keys() == _FIELDS
        and document["type"] == "indicator"
        and document["spec_version"] == "2.1"
        and re.fullmatch(r"indicator--[0-9a-f-]{36}", str(document["id"])) is not None
        and document["name"] in texts
        and document["description"] in texts
        and document["indicator_types"] == ["malicious-activity"]
        and document["pattern_version"] == "2.1"
        and document["object_marking_refs"] in [[TLP[tlp]] for tlp in TLPS]
        and all(isinstance(time, str) and _TIME.fullmatch(time) for time in times)
    )
    if (
        found is None
        or not is_known
        or (found[1] and document["pattern_type"] == "stix" and not _is_outside(found[1]))
    ):
        raise ExchangeRefused(
            "an object that is no released indicator was to be sent", fix="nothing was sent; report this"
        )


def _is_outside(address: str) -> bool:
    spelt = spell_value("address", address)
    return spelt is not None and is_public("address", spelt)


def _release(one: TenantValue, rule: ReleaseRule) -> Object:
    """Return the object of a value. Raises `_Withheld`."""
    kind = parse_exchange_kind(one.kind)
    if kind is None:
        raise _Withheld("kind")
    spelt = spell_value(kind, one.value)
    if spelt is None:
        raise _Withheld("form")
    if spelt.lower() in rule.names:
        raise _Withheld("name")
    if kind == "app" and find_application_name(spelt) is not None:
        raise _Withheld("well-known")
    if not is_public(kind, spelt):
        raise _Withheld("internal")
    if kind == "address":
        _check_not_own(spelt, rule)
    if kind not in HASH_ONLY and one.organisations >= LEAST_ORGANISATIONS:
        return _make_plain(kind, spelt, one, rule)
    if rule.key is None:
        raise _Withheld("few-organisations")
    if kind == "address" and "/" in spelt:
        block = ipaddress.ip_network(spelt)
        if block.prefixlen != HASHED_PREFIX[block.version]:
            raise _Withheld("form")
    pattern = f"{kind}:{rule.key.hash_value(kind, spelt)}"
    return _make_object(kind, HASH_PATTERN, pattern, _HASHED_WORDS, one, rule)


def _check_not_own(spelt: str, rule: ReleaseRule) -> None:
    """Raise `_Withheld` for an address that is, or may be, an organisation's own."""
    if rule.own is None:
        raise _Withheld("own-unknown")
    block = ipaddress.ip_network(spelt)
    if spelt in rule.own or any(
        one.version == block.version and one.overlaps(block) for one in rule.own_blocks
    ):
        raise _Withheld("own")


def _make_plain(kind: ExchangeKind, spelt: str, one: TenantValue, rule: ReleaseRule) -> Object:
    pattern = make_pattern(Indicator(kind, spelt, one.first, one.last))
    if pattern:
        return _make_object(kind, "stix", pattern, _PLAIN_WORDS, one, rule)
    return _make_object(kind, VALUE_PATTERN, f"{kind}:{spelt}", _PLAIN_WORDS, one, rule)


def _make_object(
    kind: ExchangeKind, pattern_type: str, pattern: str, words: str, one: TenantValue, rule: ReleaseRule
) -> Object:
    """Build the object. Its id is computed from pattern, first day and marking, so that a later day is a later version."""
    first = min(max(one.first // _DAY, 0), _LAST_DAY - 1)
    last = min(max(one.last // _DAY, first), _LAST_DAY - 1)
    until = min(last + max(rule.days, 1), _LAST_DAY)
    begin = format_time(first * _DAY)
    name = "\0".join((pattern_type, pattern, begin, rule.tlp))
    return {
        "type": "indicator",
        "spec_version": "2.1",
        "id": f"indicator--{uuid.uuid5(SEAWALL, name)}",
        "created": begin,
        "modified": format_time(last * _DAY),
        "name": _NAMES[kind],
        "description": words,
        "indicator_types": ["malicious-activity"],
        "pattern": pattern,
        "pattern_type": pattern_type,
        "pattern_version": "2.1",
        "valid_from": begin,
        "valid_until": format_time(until * _DAY),
        "object_marking_refs": [TLP[rule.tlp]],
    }
