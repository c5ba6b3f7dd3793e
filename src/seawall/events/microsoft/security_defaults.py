"""Entra's security defaults as policies: what they certainly do, and what they do when they see need.

Microsoft ("Security defaults in Microsoft Entra ID"): legacy authentication is blocked for everybody; administrators are asked
for a second factor at every sign-in, everybody else when it is necessary; everybody has to register for it. When it is necessary
no export shows, and which roles count as administrators changes: both are doubts. They and conditional access exclude each other.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seawall.events.access_policy import AccessPolicy, Principals

UID = "00000000-0000-0000-0000-000000000005"
"""The id of `identitySecurityDefaultsEnforcementPolicy`, in every tenant."""
_NAME = "Security defaults"


def is_security_defaults(value: Mapping[str, Any]) -> bool:
    """Whether an object of Graph, its names in lower case, says whether security defaults are on."""
    return value.get("id") == UID and isinstance(value.get("isenabled"), bool)


def policies_of(value: Mapping[str, Any], where: str) -> list[AccessPolicy]:
    """The policies that security defaults amount to, none where they are off."""
    if value["isenabled"] is not True:
        return []
    everybody = Principals(everybody=True)
    legacy = AccessPolicy(
        UID, f"{_NAME}: legacy protocols", "enabled", "block", everybody,
        paths=frozenset({"legacy", "activesync"}), where=where,
    )  # fmt: skip
    asked = AccessPolicy(
        UID, f"{_NAME}: second factor", "enabled", "mfa", everybody,
        doubts=("when a second factor is necessary",), where=where,
    )  # fmt: skip
    return [legacy, asked]
