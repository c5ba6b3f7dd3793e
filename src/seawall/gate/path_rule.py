"""What a path requires besides a valid token, as a table of the policy file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from seawall.gate.setting_values import conditions_of_claims
from seawall_base.settings_table import Meaning
from seawall_base.settings_values import number
from seawall_tokens.verify.claim_conditions import NO_CONDITIONS, Conditions


@dataclass(frozen=True, slots=True, kw_only=True)
class PathRule:
    """`[[gate.path]]`: what a path requires besides a valid token."""

    prefix: Annotated[
        str,
        Meaning(
            "the path and everything below it: `/admin` is `/admin` and `/admin/…`, never `/administrator`"
        ),
    ] = ""
    exact: Annotated[
        str, Meaning("this path and nothing below it; one of `prefix` and `exact` is needed")
    ] = ""
    methods: Annotated[
        tuple[str, ...], Meaning("methods that the rule is about; every method unless given")
    ] = ()
    public: Annotated[bool, Meaning("no token is needed (and none is looked at)")] = False
    issuers: Annotated[
        tuple[str, ...], Meaning("names of the issuers whose tokens are taken; all unless given")
    ] = ()
    audiences: Annotated[
        tuple[str, ...], Meaning("`aud` must hold one of them, beside what the issuer's policy asks")
    ] = ()
    scopes: Annotated[tuple[str, ...], Meaning("all of them must be in `scope` or `scp`")] = ()
    roles: Annotated[tuple[str, ...], Meaning("one of them must be in `roles`")] = ()
    claims: Annotated[
        Conditions,
        Meaning(
            'values that claims must have: `claims.hd = "example.org"`; see docs/reference/policy.md, *Conditions on claims*',
            conditions_of_claims,
            "table",
        ),
    ] = NO_CONDITIONS
    acr_values: Annotated[
        tuple[str, ...], Meaning("`acr` must be one of them; else a challenge to step up (RFC 9470)")
    ] = ()
    max_authentication_age: Annotated[
        int | None,
        Meaning(
            "seconds since the user proved who he is (`auth_time`); else a challenge to step up",
            number(int, 1),
        ),
    ] = None
