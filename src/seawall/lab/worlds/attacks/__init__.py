"""Families of attacks, in one module for each group. A new family is a function and an entry in its module's FAMILIES."""

from __future__ import annotations

from seawall.lab.worlds.attacks import applications, grants, identity, sign_ins, tokens
from seawall.lab.worlds.attacks.stage import AttackFamily
from seawall.lab.worlds.systems import LabSystems

FAMILIES: dict[str, AttackFamily] = {
    **tokens.FAMILIES,
    **sign_ins.FAMILIES,
    **applications.FAMILIES,
    **identity.FAMILIES,
    **grants.FAMILIES,
}
BROAD = tuple(grants.FAMILIES)
"""Families that are staged only if asked for by name, or in broad worlds."""
_IN_OKTA = (
    "token_replay",
    "slow_drip",
    "campaign",
    "same_network_theft",
    "own_device",
    "aitm_phishing",
    "password_spray",
    "mfa_fatigue",
    "factor_reset",
    "identity_admin",
)
"""Families that Okta's log alone can show: sign-in, sessions, factors, administration."""
_IN_GOOGLE = (
    "token_replay",
    "after_revocation",
    "slow_drip",
    "campaign",
    "same_network_theft",
    "own_device",
    "aitm_phishing",
    "bec_forwarding",
    "password_spray",
    "mfa_fatigue",
    "legacy_sync",
    "consent_phishing",
    "service_credential",
    "delegate_abuse",
    "admin_takeover",
    "domain_wide_delegation",
    "mail_forwarding",
    "dormant_grant",
)
"""All families except forged and foreign tokens, device codes, and Microsoft's own programs, which Google lacks."""


def families_of(systems: LabSystems) -> dict[str, AttackFamily]:
    """Return the families that are possible with these systems and leave a trace in the collected logs."""
    names: list[str] = []
    if "microsoft" in systems.collected:
        names += [name for name in FAMILIES if name not in identity.FAMILIES]
    if "google" in systems.collected:
        names += _IN_GOOGLE
    if "okta" in systems.collected:
        names += _IN_OKTA
    return {name: family for name, family in FAMILIES.items() if name in names}
