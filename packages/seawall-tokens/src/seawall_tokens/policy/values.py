"""Parse single values of a policy file: each function returns the value or raises with the fault and its fix."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from seawall_base.http_url import FetchError, parse_url
from seawall_base.settings_values import LONGEST_LIST, InvalidValue, kind_of, quote_value, text, texts
from seawall_tokens.policy.issuer_policy import (
    ABSENT_TYPE,
    ANY_TENANT,
    ASYMMETRIC,
    CONSUMER_TENANT,
    TENANT_PLACEHOLDER,
)
from seawall_tokens.verify.claim_conditions import Conditions, Scalar

LONGEST_NAME: Final = 256
ABSENT: Final = "absent"
ANY: Final = "any"
GUID: Final = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
_CLAIM: Final = re.compile(r"[A-Za-z0-9_:./-]+(?:\|[A-Za-z0-9_:./-]+)*")
_TYPE: Final = re.compile(r"[a-z0-9!#$&^_.+-]+(?:/[a-z0-9!#$&^_.+-]+)?")


def issuer(value: Any) -> str:
    """Parse an issuer: an https URL without query, as tokens spell it; it may contain `{tenantid}` once."""
    found = text(value)
    if "{" in found.replace(TENANT_PLACEHOLDER, "") or found.count(TENANT_PLACEHOLDER) > 1:
        raise InvalidValue(
            f"{quote_value(found)} holds another placeholder than one {TENANT_PLACEHOLDER}",
            "spell it in lower case, once",
        )
    plain = found.replace(TENANT_PLACEHOLDER, CONSUMER_TENANT)
    if plain.startswith("http://"):  # `issuer_table` decides whether plain http is allowed
        plain = "https://" + plain.removeprefix("http://")
    try:
        parse_url(plain, allow_loopback_http=True)
    except FetchError as refused:
        raise InvalidValue(
            f"{quote_value(found)}: {refused}", "write the issuer exactly as tokens spell it in iss"
        ) from None
    if "?" in found or TENANT_PLACEHOLDER in found.split("/", 3)[2]:
        raise InvalidValue(
            f"{quote_value(found)} has a query, or {TENANT_PLACEHOLDER} in the host",
            "write the issuer exactly as tokens spell it in iss",
        )
    return found


def algorithm(value: Any) -> str:
    """Parse a signature algorithm with a public key."""
    found = text(value)
    if found.lower() == "none" or found.upper().startswith("HS"):
        raise InvalidValue(
            f"{quote_value(found)} proves nothing here", "name an algorithm with a public key, such as RS256"
        )
    if found not in ASYMMETRIC:
        raise InvalidValue(
            f"{quote_value(found)} is no known algorithm", f"write one of: {', '.join(sorted(ASYMMETRIC))}"
        )
    return found


def token_type(value: Any) -> str:
    """Parse a value of `typ`, without `application/`; `absent` stands for a missing one."""
    found = text(value).lower().removeprefix("application/")
    if not _TYPE.fullmatch(found):
        raise InvalidValue(f"{quote_value(value)} is no type", 'write a value of typ such as "at+jwt"')
    return ABSENT_TYPE if found == ABSENT else found


def claim(value: Any) -> str:
    """Parse a claim's name, or alternatives separated by `|`."""
    found = text(value)
    if not _CLAIM.fullmatch(found):
        raise InvalidValue(
            f"{quote_value(found)} is no name of a claim", 'write a name, or alternatives: "client_id|azp"'
        )
    return found


def tenant(value: Any) -> str:
    """Parse a tenant's GUID; returns lower case."""
    found = text(value).lower()
    if not GUID.fullmatch(found):
        raise InvalidValue(
            f"{quote_value(value)} is no tenant", "write the tenant's GUID, not its domain name"
        )
    return found


def tenants(value: Any) -> frozenset[str]:
    """Parse a list of tenants, or the word `any`."""
    if value == ANY:
        return ANY_TENANT
    if isinstance(value, str):
        raise InvalidValue(
            f"{quote_value(value)} is not possible", 'write an array of GUIDs, or "any" to serve every tenant'
        )
    return frozenset(texts(tenant)(value))


def conditions(value: Any) -> Conditions:
    """Parse allowed values of claims: a table of names, each with a text, a whole number, a boolean, or an array of these."""
    if not isinstance(value, dict) or not value:
        raise InvalidValue(
            f"is {kind_of(value)} where conditions are needed" if value != {} else "is empty",
            'write claims.NAME = "value"',
        )
    return Conditions.of({name: _list_allowed(name, allowed) for name, allowed in value.items()})


def _list_allowed(name: str, allowed: Any) -> list[Scalar]:
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise InvalidValue(
            f"{quote_value(name)} is no name of a claim", 'write claims."NAME" = "value"', at=(name,)
        )
    items = allowed if isinstance(allowed, list) else [allowed]
    if not items or len(items) > LONGEST_LIST:
        raise InvalidValue("has no value, or too many", "list the values that are allowed", at=(name,))
    seen: list[tuple[type, Scalar]] = []
    for item in items:
        if type(item) not in {str, int, bool} or item == "":
            fix = 'write a text, a whole number, true or false; quote names that hold a dot: claims."a.b"'
            raise InvalidValue(
                f"{quote_value(item)} is {kind_of(item)} and no value to compare with", fix, at=(name,)
            )
        if (type(item), item) in seen:
            raise InvalidValue(f"{quote_value(item)} is listed twice", "list it once", at=(name,))
        seen.append((type(item), item))
    return items


def key_set(value: Any) -> Mapping[str, Any]:
    """Parse a key set written in the file."""
    if not isinstance(value, dict):
        raise InvalidValue(f"is {kind_of(value)} where a table is needed", "write { keys = [ ... ] }")
    return value
