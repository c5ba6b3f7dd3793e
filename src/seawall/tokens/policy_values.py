"""Reads one value of a policy file: the right type, within limits, or words that say what is wrong and the fix."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from seawall.jose.fetch import FetchRefused, location_of
from seawall.tokens.claim_conditions import Conditions, Scalar
from seawall.tokens.policy import ABSENT_TYPE, ANY_TENANT, ASYMMETRIC, CONSUMER_TENANT, TENANT_PLACEHOLDER
from seawall.tokens.toml_lines import Path

LONGEST_TEXT: Final = 2048
LONGEST_NAME: Final = 256
LONGEST_LIST: Final = 10_000
ABSENT: Final = "absent"
ANY: Final = "any"
UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
GUID: Final = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
_CLAIM: Final = re.compile(r"[A-Za-z0-9_:./-]+(?:\|[A-Za-z0-9_:./-]+)*")
_TYPE: Final = re.compile(r"[a-z0-9!#$&^_.+-]+(?:/[a-z0-9!#$&^_.+-]+)?")
_HOST: Final = re.compile(r"[a-z0-9.-]{1,253}")

Reader = Callable[[Any], Any]
"""Turns what `tomllib` gives into the value, or raises `Wrong`."""


class Wrong(Exception):
    """A value that cannot be used: what is wrong, the fix, and where below the setting."""

    def __init__(self, what: str, fix: str, *, at: Path = ()) -> None:
        super().__init__(what)
        self.what = what
        self.fix = fix
        self.at = at


def shown(value: Any) -> str:
    """A value as it may stand in a message: one line of plain ASCII, cut."""
    text = ascii(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def kind_of(value: Any) -> str:
    """What a TOML value is, in words."""
    kinds = (
        (bool, "true or false"),
        (int, "a number"),
        (float, "a number"),
        (str, "a text"),
        (list, "an array"),
        (dict, "a table"),
    )
    return next((words for kind, words in kinds if isinstance(value, kind)), "a date or time")


def text(value: Any) -> str:
    """A text that is not empty and has no control characters."""
    if not isinstance(value, str):
        raise Wrong(f"is {kind_of(value)} where a text is needed", 'write it in quotes: "..."')
    if not value.strip():
        raise Wrong("is empty", "write a value, or leave the setting out")
    if len(value) > LONGEST_TEXT or not value.isprintable() or value != value.strip():
        raise Wrong(
            f"{shown(value)} is too long, or holds control characters or outer spaces", "write it plainly"
        )
    return value


def flag(value: Any) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise Wrong(
            f"is {kind_of(value)} where true or false is needed", "write true or false without quotes"
        )
    return value


def seconds(least: int, most: int) -> Reader:
    """A duration: a whole number of seconds, or `"90s"`, `"15m"`, `"24h"`, `"30d"`."""

    def read(value: Any) -> int:
        fix = f'write seconds or a text such as "15m", "24h", "30d", from {spelled(least)} to {spelled(most)}'
        if isinstance(value, str) and (match := re.fullmatch(r"([0-9]{1,9}) ?([smhd])", value)):
            value = int(match[1]) * UNITS[match[2]]
        if not isinstance(value, int) or isinstance(value, bool):
            raise Wrong(f"{shown(value)} is no duration", fix)
        if not least <= value <= most:
            raise Wrong(f"{shown(value)} seconds are out of range", fix)
        return value

    return read


def spelled(duration: int) -> str:
    """A duration in the largest unit that fits: `15m`."""
    for unit, size in reversed(UNITS.items()):
        if duration and duration % size == 0:
            return f"{duration // size}{unit}"
    return "0"


def texts(item: Reader = text, *, empty: bool = False) -> Reader:
    """An array of texts without repetitions, as a tuple. Empty only where `empty`."""

    def read(value: Any) -> tuple[str, ...]:
        if not isinstance(value, list):
            raise Wrong(f"is {kind_of(value)} where an array is needed", 'write ["..."]')
        if not value and not empty:
            raise Wrong("is an empty array", "list at least one, or leave the setting out")
        if len(value) > LONGEST_LIST:
            raise Wrong(f"has {len(value)} elements", f"list at most {LONGEST_LIST}")
        found: list[str] = []
        for number, element in enumerate(value):
            try:
                one = item(element)
                if one in found:
                    raise Wrong(f"{shown(element)} is listed twice", "list it once")  # noqa: TRY301 - same place
            except Wrong as wrong:
                raise Wrong(wrong.what, wrong.fix, at=(number, *wrong.at)) from None
            found.append(one)
        return tuple(found)

    return read


def choice(*options: str) -> Reader:
    """One of some words."""

    def read(value: Any) -> str:
        if value not in options:
            raise Wrong(f"{shown(value)} is not possible", f"write one of: {', '.join(options)}")
        return str(value)

    return read


def url(value: Any) -> str:
    """An https URL (or http, whose host is judged elsewhere)."""
    found = text(value)
    try:
        location_of(found, allow_loopback_http=True)
    except FetchRefused as refused:
        raise Wrong(f"{shown(found)}: {refused}", "write an https:// URL") from None
    return found


def issuer(value: Any) -> str:
    """An issuer: an https URL without query, as tokens spell it; may hold `{tenantid}` once."""
    found = text(value)
    if "{" in found.replace(TENANT_PLACEHOLDER, "") or found.count(TENANT_PLACEHOLDER) > 1:
        raise Wrong(
            f"{shown(found)} holds another placeholder than one {TENANT_PLACEHOLDER}",
            "spell it in lower case, once",
        )
    plain = found.replace(TENANT_PLACEHOLDER, CONSUMER_TENANT)
    if plain.startswith("http://"):  # whether that is allowed is judged elsewhere
        plain = "https://" + plain.removeprefix("http://")
    try:
        location_of(plain, allow_loopback_http=True)
    except FetchRefused as refused:
        raise Wrong(
            f"{shown(found)}: {refused}", "write the issuer exactly as tokens spell it in iss"
        ) from None
    if "?" in found or TENANT_PLACEHOLDER in found.split("/", 3)[2]:
        raise Wrong(
            f"{shown(found)} has a query, or {TENANT_PLACEHOLDER} in the host",
            "write the issuer exactly as tokens spell it in iss",
        )
    return found


def host(value: Any) -> str:
    """A host name, lower case."""
    found = text(value).lower()
    if not _HOST.fullmatch(found):
        raise Wrong(f"{shown(value)} is no host name", 'write a name alone: "keys.example.com"')
    return found


def algorithm(value: Any) -> str:
    """A signature algorithm with a public key."""
    found = text(value)
    if found.lower() == "none" or found.upper().startswith("HS"):
        raise Wrong(
            f"{shown(found)} proves nothing here", "name an algorithm with a public key, such as RS256"
        )
    if found not in ASYMMETRIC:
        raise Wrong(f"{shown(found)} is no known algorithm", f"write one of: {', '.join(sorted(ASYMMETRIC))}")
    return found


def token_type(value: Any) -> str:
    """A value of `typ`, without `application/`; `absent` stands for none."""
    found = text(value).lower().removeprefix("application/")
    if not _TYPE.fullmatch(found):
        raise Wrong(f"{shown(value)} is no type", 'write a value of typ such as "at+jwt"')
    return ABSENT_TYPE if found == ABSENT else found


def claim(value: Any) -> str:
    """A claim's name, or alternatives with `|` between them."""
    found = text(value)
    if not _CLAIM.fullmatch(found):
        raise Wrong(f"{shown(found)} is no name of a claim", 'write a name, or alternatives: "client_id|azp"')
    return found


def tenant(value: Any) -> str:
    """A tenant's GUID, lower case."""
    found = text(value).lower()
    if not GUID.fullmatch(found):
        raise Wrong(f"{shown(value)} is no tenant", "write the tenant's GUID, not its domain name")
    return found


def tenants(value: Any) -> frozenset[str]:
    """Tenants, or the word `any`."""
    if value == ANY:
        return ANY_TENANT
    if isinstance(value, str):
        raise Wrong(
            f"{shown(value)} is not possible", 'write an array of GUIDs, or "any" to serve every tenant'
        )
    return frozenset(texts(tenant)(value))


def conditions(value: Any) -> Conditions:
    """Allowed values of claims: a table of names, each with a text, a whole number, true or false, or an array of these."""
    if not isinstance(value, dict) or not value:
        raise Wrong(
            f"is {kind_of(value)} where conditions are needed" if value != {} else "is empty",
            'write claims.NAME = "value"',
        )
    return Conditions.of({name: _allowed(name, allowed) for name, allowed in value.items()})


def _allowed(name: str, allowed: Any) -> list[Scalar]:
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise Wrong(f"{shown(name)} is no name of a claim", 'write claims."NAME" = "value"', at=(name,))
    items = allowed if isinstance(allowed, list) else [allowed]
    if not items or len(items) > LONGEST_LIST:
        raise Wrong("has no value, or too many", "list the values that are allowed", at=(name,))
    seen: list[tuple[type, Scalar]] = []
    for item in items:
        if type(item) not in {str, int, bool} or item == "":
            fix = 'write a text, a whole number, true or false; quote names that hold a dot: claims."a.b"'
            raise Wrong(f"{shown(item)} is {kind_of(item)} and no value to compare with", fix, at=(name,))
        if (type(item), item) in seen:
            raise Wrong(f"{shown(item)} is listed twice", "list it once", at=(name,))
        seen.append((type(item), item))
    return items


def key_set(value: Any) -> Mapping[str, Any]:
    """A key set that is written in the file."""
    if not isinstance(value, dict):
        raise Wrong(f"is {kind_of(value)} where a table is needed", "write { keys = [ ... ] }")
    return value
