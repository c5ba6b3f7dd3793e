"""What a path of the gate needs beside a valid token, as the policy file says it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from seawall_tokens.verify.claim_conditions import Conditions


def gate_setting(default: Any, words: str, **limits: Any) -> Any:
    """Return a field of a settings class: its default, what it means, and the limits of its value."""
    return field(default=default, metadata={"words": words, **limits})


@dataclass(frozen=True, slots=True, kw_only=True)
class PathRule:
    """`[[gate.path]]`: what a path needs beside a valid token."""

    prefix: str = gate_setting(
        "", "the path and everything below it: `/admin` is `/admin` and `/admin/…`, never `/administrator`"
    )
    exact: str = gate_setting("", "this path and nothing below it; one of `prefix` and `exact` is needed")
    methods: tuple[str, ...] = gate_setting((), "methods that the rule is about; every method unless given")
    public: bool = gate_setting(False, "no token is needed (and none is looked at)")
    issuers: tuple[str, ...] = gate_setting(
        (), "names of the issuers whose tokens are taken; all unless given"
    )
    audiences: tuple[str, ...] = gate_setting(
        (), "`aud` must hold one of them, beside what the issuer's policy asks"
    )
    scopes: tuple[str, ...] = gate_setting((), "all of them must be in `scope` or `scp`")
    roles: tuple[str, ...] = gate_setting((), "one of them must be in `roles`")
    claims: Conditions = gate_setting(
        Conditions(),
        'values that claims must have: `claims.hd = "example.org"`; see docs/reference/policy.md, *Conditions on claims*',
    )
    acr_values: tuple[str, ...] = gate_setting(
        (), "`acr` must be one of them; else a challenge to step up (RFC 9470)"
    )
    max_authentication_age: int | None = gate_setting(
        None, "seconds since the user proved who he is (`auth_time`); else a challenge to step up", minimum=1
    )
