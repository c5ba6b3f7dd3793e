"""Precompute what follows from an issuer's policy, so that no token has to wait for it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from seawall_tokens.policy.issuer_policy import CONSUMER_TENANT, TENANT_PLACEHOLDER, IssuerPolicy

TIMES = frozenset({"exp", "nbf", "iat", "auth_time"})
CLIENTS = ("client_id", "azp", "appid", "cid")
"""Claims that name the client, in order of precedence: RFC 9068, OpenID Connect and Entra, Entra version 1, Okta."""

NAMES = frozenset({"iss", "sub", "jti", "uti", *CLIENTS, "tid", "oid", "sid"})
"""Claims whose type checks 9 and 10 enforce: a time, or a non-empty text."""

GUID_CLAIMS = frozenset({"tid", "oid", "azp", "appid", "sub", "sid", "client_id", "cid"})
"""Claims that name a tenant, account, client or session, and are GUIDs in most Entra tokens."""

GUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_REMEMBERED = 256


@dataclass(frozen=True, slots=True)
class PreparedPolicy:
    """Values derived from a policy alone.

    `simple` are required claims whose type another check enforces, so presence is enough. `required` contains, for
    each other demand, the alternative claims of which one must be present and non-empty.
    """

    entry: IssuerPolicy
    simple: frozenset[str]
    required: tuple[tuple[str, ...], ...]
    issuer_tenant: str | None
    any_tenant: bool
    demands_sign_in: bool


_PLANS: dict[int, PreparedPolicy] = {}


def prepare_policy(entry: IssuerPolicy) -> PreparedPolicy:
    """Return the cached plan of this policy object. A policy read anew is another object."""
    plan = _PLANS.get(id(entry))
    # The plan holds its policy, so no other object can have reused its id() meanwhile.
    if plan is None or plan.entry is not entry:
        plan = _make(entry)
        if len(_PLANS) >= _REMEMBERED:
            _PLANS.clear()
        _PLANS[id(entry)] = plan
    return plan


def _make(entry: IssuerPolicy) -> PreparedPolicy:
    typed = NAMES | TIMES
    named = [] if TENANT_PLACEHOLDER in entry.issuer else GUID.findall(entry.issuer)
    return PreparedPolicy(
        entry=entry,
        simple=typed.intersection(entry.required_claims),
        required=tuple(tuple(demand.split("|")) for demand in entry.required_claims if demand not in typed),
        issuer_tenant=named[0].lower() if len(named) == 1 else None,
        any_tenant=entry.tenants == frozenset({"*"}),
        demands_sign_in=bool(
            entry.acr_values or entry.required_amr or entry.max_authentication_age is not None
        ),
    )


def is_consumer(tenant: str) -> bool:
    """Return whether this is the tenant of personal accounts, in any spelling of the GUID."""
    return tenant.lower() == CONSUMER_TENANT
