"""Build STIX 2.1 objects (OASIS, 10 June 2021) as plain documents with deterministic ids.

Observables get the prescribed ids: UUIDv5 of their identifying properties in the standard's namespace. Other objects
get UUIDv5 in Seawall's namespace. Sessions, tokens, keys, application ids and devices have no STIX object. They go
into a note, because a custom object would be readable to nobody else.
"""

from __future__ import annotations

import ipaddress
import json
import re
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from seawall.response.scope_values import Indicator
from seawall_base.json_text import replace_surrogates
from seawall_base.rfc3339 import format_time

OBSERVABLES: Final = uuid.UUID("00abedb4-aa42-466c-9c01-fed23374a9b7")
"""The standard's UUID namespace (STIX 2.1, section 2.9)."""

SEAWALL: Final = uuid.uuid5(uuid.NAMESPACE_URL, "https://seawall.example/stix")
"""The UUID namespace of other objects: the standard forbids its own namespace for them."""

TLP: Final[dict[str, str]] = {
    "clear": "marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9",
    "green": "marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da",
    "amber": "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82",
    "red": "marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed",
}
"""The standard's TLP markings (section 7.2.1.4), which a bundle need not contain. TLP CLEAR is STIX's WHITE."""

LONGEST: Final = 4_000

_ADDRESS: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*")

Object = dict[str, Any]


def clean_text(value: str) -> str:
    """Return text that UTF-8 JSON can hold, without control characters and of limited length."""
    clean = re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", "\N{REPLACEMENT CHARACTER}", value[:LONGEST])
    return str(replace_surrogates(clean))


def make_observable(kind: str, identifying: Mapping[str, Any], **more: Any) -> Object:
    """Build an observable. `identifying` are the properties that its id is computed from."""
    name = json.dumps(dict(identifying), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return {
        "type": kind,
        "spec_version": "2.1",
        "id": f"{kind}--{uuid.uuid5(OBSERVABLES, name)}",
        **identifying,
        **more,
    }


def make_object(
    kind: str, at: int, properties: Mapping[str, Any], *, author: str = "", tlp: str = ""
) -> Object:
    """Build a domain object. Its id is computed from its content, so equal facts give equal objects."""
    made: Object = {**properties}
    if author:
        made["created_by_ref"] = author
    if tlp:
        made["object_marking_refs"] = [TLP[tlp]]
    name = json.dumps([kind, at, made], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return {
        "type": kind,
        "spec_version": "2.1",
        "id": f"{kind}--{uuid.uuid5(SEAWALL, name)}",
        "created": format_time(at),
        "modified": format_time(at),
        **made,
    }


def make_identity(name: str, at: int, identity_class: str = "organization") -> Object:
    """Build the identity of an author or an affected party."""
    return make_object("identity", at, {"name": clean_text(name), "identity_class": identity_class})


def make_account(name: str) -> list[Object]:
    """Build the observables of an account or mailbox: its user account, and its mail address if it has one."""
    shown = clean_text(name)
    user = make_observable("user-account", {"user_id": shown}, account_login=shown)
    return [user, make_observable("email-addr", {"value": shown})] if _ADDRESS.fullmatch(shown) else [user]


def make_bundle(objects: Iterable[Object]) -> Object:
    """Build a bundle of objects, each once, ordered by id."""
    unique = {made["id"]: made for made in objects}
    ordered = [unique[id_] for id_ in sorted(unique)]
    name = json.dumps(ordered, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return {"type": "bundle", "id": f"bundle--{uuid.uuid5(SEAWALL, name)}", "objects": ordered}


def make_pattern(indicator: Indicator) -> str:
    """Return the STIX pattern of an indicator, empty if the standard has no object for it."""
    value = _quote(indicator.value)
    match indicator.kind:
        case "address":
            return _address_pattern(indicator.value)
        case "network":
            number = indicator.value.upper().removeprefix("AS")
            is_number = number.isascii() and number.isdecimal() and len(number) <= 10
            return f"[autonomous-system:number = {int(number)}]" if is_number else ""
        case "account" | "mailbox":
            return f"[user-account:user_id = {value}]"
        case "user_agent":
            header = "network-traffic:extensions.'http-request-ext'.request_header.'User-Agent'"
            return f"[{header} = {value}]"
    return ""


def make_indicators(found: Sequence[Indicator], at: int, *, author: str, tlp: str) -> list[Object]:
    """Build the indicators, and one note for those without a pattern."""
    made = []
    left = []
    for indicator in found:
        pattern = make_pattern(indicator)
        if not pattern:
            left.append(indicator)
            continue
        span = {"valid_from": format_time(indicator.start)}
        if format_time(indicator.end) > format_time(
            indicator.start
        ):  # equal lengths, so text order is time order
            span["valid_until"] = format_time(indicator.end)
        properties = {
            "name": clean_text(f"{indicator.kind} {indicator.value}")[:200],
            "indicator_types": ["malicious-activity"],
            "pattern": pattern,
            "pattern_type": "stix",
            "pattern_version": "2.1",
            **span,
        }
        made.append(make_object("indicator", at, properties, author=author, tlp=tlp))
    if left:
        made.append(_note(left, at, author, tlp))
    return made


def _note(left: Sequence[Indicator], at: int, author: str, tlp: str) -> Object:
    lines = [f"{one.kind}: {one.value} ({format_time(one.start)} to {format_time(one.end)})" for one in left]
    properties = {
        "abstract": "What the intruder is known by and STIX has no pattern for",
        "content": "\n".join(clean_text(line) for line in lines),
        "object_refs": [author],
    }
    return make_object("note", at, properties, author=author, tlp=tlp)


def _address_pattern(value: str) -> str:
    try:
        network = ipaddress.ip_network(value, strict=False)
    except ValueError:
        return ""
    shown = str(network.network_address) if network.num_addresses == 1 else str(network)
    return f"[ipv{network.version}-addr:value = '{shown}']"


def _quote(value: str) -> str:
    """Quote a literal of the STIX pattern language, replacing characters that cannot stand in one line."""
    plain = re.sub(r"[\x00-\x1f\x7f]", "\N{REPLACEMENT CHARACTER}", clean_text(value))
    return "'" + plain.replace("\\", "\\\\").replace("'", "\\'") + "'"
