"""What a path requires besides a valid token, as a table of the policy file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from seawall.gate.setting_values import conditions_of_claims
from seawall_base.settings_table import SettingDescription
from seawall_base.settings_values import number
from seawall_tokens.verify.claim_conditions import NO_CONDITIONS, Conditions


@dataclass(frozen=True, slots=True, kw_only=True)
class PathRule:
    """`[[gate.path]]`: what a path requires besides a valid token."""

    prefix: Annotated[
        str,
        SettingDescription(
            "the path and everything below it: `/admin` is `/admin` and `/admin/…`, never `/administrator`"
        ),
    ] = ""
    exact: Annotated[
        str, SettingDescription("this path and nothing below it; one of `prefix` and `exact` is needed")
    ] = ""
    methods: Annotated[tuple[str, ...], SettingDescription("methods that the rule covers. Default: all")] = ()
    public: Annotated[bool, SettingDescription("the gate requires no token, and reads none")] = False
    issuers: Annotated[
        tuple[str, ...],
        SettingDescription("names of the issuers whose tokens the gate accepts. Default: all"),
    ] = ()
    audiences: Annotated[
        tuple[str, ...],
        SettingDescription("`aud` must contain one of them, in addition to the issuer's policy"),
    ] = ()
    scopes: Annotated[tuple[str, ...], SettingDescription("`scope` or `scp` must contain all of them")] = ()
    roles: Annotated[tuple[str, ...], SettingDescription("`roles` must contain one of them")] = ()
    claims: Annotated[
        Conditions,
        SettingDescription(
            'values that claims must have: `claims.hd = "example.org"`; see docs/reference/policy.md, *Conditions on claims*',
            conditions_of_claims,
            "table",
        ),
    ] = NO_CONDITIONS
    acr_values: Annotated[
        tuple[str, ...],
        SettingDescription(
            "`acr` must be one of them; otherwise the gate sends a step-up challenge (RFC 9470)"
        ),
    ] = ()
    max_authentication_age: Annotated[
        int | None,
        SettingDescription(
            "largest age of the sign-in in seconds (`auth_time`); otherwise the gate sends a step-up challenge",
            number(int, 1),
        ),
    ] = None
