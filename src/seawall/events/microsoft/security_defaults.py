"""Express Entra's security defaults as policies: what they always enforce, and what depends on circumstances.

Source: Microsoft, "Security defaults in Microsoft Entra ID". Legacy authentication is blocked for everybody. Administrators
need a second factor at every sign-in, everybody else "when it is necessary"; everybody must register for it. No export
shows when it is necessary, and the list of administrator roles changes, so both are doubts. Security defaults exclude
Conditional Access.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seawall.events.access_policy import AccessPolicy, Principals

UID = "00000000-0000-0000-0000-000000000005"
"""Id of `identitySecurityDefaultsEnforcementPolicy`, the same in every tenant."""
_NAME = "Security defaults"


def is_security_defaults(value: Mapping[str, Any]) -> bool:
    """Return whether an object of Graph (names in lower case) states whether security defaults are enabled."""
    return value.get("id") == UID and isinstance(value.get("isenabled"), bool)


def policies_of(value: Mapping[str, Any], where: str) -> list[AccessPolicy]:
    """Return the policies that security defaults amount to, or none if they are disabled."""
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
