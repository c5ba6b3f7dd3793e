"""An issuer's policy, made ready once so that no token has to wait for it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from seawall_tokens.policy.issuer_policy import CONSUMER_TENANT, TENANT_PLACEHOLDER, IssuerPolicy

TIMES = frozenset({"exp", "nbf", "iat", "auth_time"})
CLIENTS = ("client_id", "azp", "appid", "cid")
"""Claims that name the client, the first that is there: RFC 9068, OpenID Connect and Entra, Entra version 1, Okta."""

NAMES = frozenset({"iss", "sub", "jti", "uti", *CLIENTS, "tid", "oid", "sid"})
"""Claims that checks 9 and 10 hold to their type: a time, a text that is not empty."""

GUID_CLAIMS = frozenset({"tid", "oid", "azp", "appid", "sub", "sid", "client_id", "cid"})
"""Claims that name a tenant, account, client or session, and hold a GUID in most tokens of Entra."""

GUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_REMEMBERED = 256


@dataclass(frozen=True, slots=True)
class PreparedPolicy:
    """What follows from the policy alone.

    `simple` are required claims that another check holds to their type, so that to be there is enough. `required` holds, for
    each other demand, the claims of which one must be there and say something.
    """

    entry: IssuerPolicy
    simple: frozenset[str]
    required: tuple[tuple[str, ...], ...]
    issuer_tenant: str | None
    any_tenant: bool
    demands_sign_in: bool


_PLANS: dict[int, PreparedPolicy] = {}


def prepare_policy(entry: IssuerPolicy) -> PreparedPolicy:
    """The plan of this very policy object (a policy that was read anew is another object)."""
    plan = _PLANS.get(id(entry))
    # The plan holds its policy, so no other object can have taken the number meanwhile.
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
    """Whether this is the tenant of personal accounts, in any spelling of the GUID."""
    return tenant.lower() == CONSUMER_TENANT
