"""Judge from its record how strongly one sign-in was authenticated. Equal records are judged once (cached)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from seawall.events.access_policy import PATHS
from seawall.events.method_names import name_method
from seawall.events.sign_in_methods import METHODS, Method

UNKNOWN, SINGLE, MULTI, RESISTANT = 0, 1, 2, 3
"""Levels: unknown; one factor; two factors; two factors of which one is phishing-resistant."""
LEVEL_WORDS = ("not told", "single factor", "two factors", "phishing-resistant")

CLAIMED, FEDERATED, TEMPORARY, ROPC, DEVICE_CODE, LEGACY, MANAGED, GUEST, RISKY, REFRESHED = (
    1 << place for place in range(10)
)
RISK_LOW, RISK_HIGH, RISK_UNTOLD = (1 << place for place in range(10, 13))
"""Flags of a sign-in.

- `CLAIMED`: the token claims an earlier second factor.
- `MANAGED`: the device is compliant or joined.
- `RISKY`: the provider saw a medium or high risk; `RISK_HIGH` a high one; `RISK_UNTOLD` means that the record does not
  state it.
- `REFRESHED`: an earlier token was renewed without a prompt.
"""
FLAG_WORDS = {
    CLAIMED: "claimed by the token",
    FEDERATED: "federated",
    TEMPORARY: "Temporary Access Pass",
    ROPC: "password handed over (ROPC)",
    DEVICE_CODE: "device code",
    LEGACY: "legacy protocol",
}
METHOD_NAMES = tuple(METHODS)

_CLAIM = re.compile(
    r"(?i)satisfied by claim|previously satisfied|satisfied by token|satisfied due to|claim in (?:the )?token"
)
_MFA_CLAIM = re.compile(r"(?i)mfa|multi-?factor|strong authentication")
_FEDERATED = re.compile(r"(?i)federat|\bad ?fs\b|external (?:identity )?provider")
_ACTIVESYNC = re.compile(r"(?i)activesync")
_BROWSER = re.compile(r"(?i)browser")
_JOINED = re.compile(r"(?i)hybrid|domain joined|server ?ad")
_BY_COLUMN = {
    "phishing_resistant": (RESISTANT, 2, 0),
    "mfa": (MULTI, 2, 0),
    "mfa_claim": (MULTI, 2, CLAIMED),
    "password": (SINGLE, 1, 0),
}
_SYSTEMS = ("windows", "macos", "ios", "android", "linux")
_REMEMBERED = 8_192
_LONGEST = 8_192


@dataclass(frozen=True, slots=True)
class SignInStrength:
    """Hold the judgement of one kind of sign-in.

    `level` is one of the levels above; `aal` the authenticator assurance level (NIST SP 800-63B), 0 if unknown. `method` is
    an index of `METHOD_NAMES` and `path` one of `PATHS`, -1 if unknown. `flags` are the flags above. `system` is the
    operating system in the words of policies, "" if unknown.
    """

    level: int
    aal: int
    method: int
    flags: int
    path: int
    system: str


@lru_cache(maxsize=_REMEMBERED)
def judge_strength(method: str, protocol: str, status: str, client: str, parameters: str) -> SignInStrength:
    """Judge a sign-in by its columns `auth_method`, `auth_protocol`, `status`, `client` and `parameters`."""
    details = _read(parameters)
    flags = _flags_of(details, protocol)
    path = _path(details, protocol, client)
    system = _system(_text(details, "system"))
    if flags & (LEGACY | ROPC):
        return SignInStrength(SINGLE, 1, METHOD_NAMES.index("password"), flags, path, system)
    steps = details.get("steps")
    passed, is_claim, is_federated = _list_passed(
        steps if isinstance(steps, list) else [], is_success=status == "success"
    )
    flags |= FEDERATED if is_federated else 0
    if any(one.name == "tap" for one in passed):
        flags |= TEMPORARY
    level, aal, best = _level_of(passed)
    demanded = _text(details, "requirement").lower().startswith("multi")
    if level < MULTI and (is_claim or (demanded and status == "success")):
        return SignInStrength(MULTI, 2, -1, flags | CLAIMED, path, system)
    if not passed:
        level, aal, more = _BY_COLUMN.get(method, (UNKNOWN, 0, 0))
        flags |= more
        if level == SINGLE:
            best = METHOD_NAMES.index("password")
    if level == SINGLE and flags & FEDERATED:
        level, aal = UNKNOWN, 0  # these records do not show the factors that the other provider required
    return SignInStrength(level, aal, best, flags, path, system)


def _level_of(passed: list[Method]) -> tuple[int, int, int]:
    if not passed:
        return UNKNOWN, 0, -1
    strongest = max(passed, key=lambda one: (one.resistant, one.alone or one.second, one.aal))
    place = METHOD_NAMES.index(strongest.name)
    if strongest.resistant:
        return RESISTANT, strongest.aal, place
    if strongest.alone or (strongest.second and len({one.name for one in passed}) > 1):
        return MULTI, 2, place
    if strongest.second:
        # The record shows the second step alone; the first factor was proved before it.
        return MULTI, 2, place
    return SINGLE, 1, place


def _list_passed(steps: list[Any], *, is_success: bool) -> tuple[list[Method], bool, bool]:
    """Return the methods that succeeded, whether a claim replaced the second factor, and whether another provider took part."""
    passed, is_claim, is_federated = list[Method](), False, False
    for step in steps:
        if not isinstance(step, list) or len(step) != 4:
            continue
        method, detail, succeeded, result = (part if isinstance(part, str) else "" for part in step)
        told = f"{method} {detail} {result}"
        is_federated |= bool(_FEDERATED.search(told))
        if _CLAIM.search(told):
            is_claim |= bool(_MFA_CLAIM.search(told)) and is_success
        elif succeeded.lower() == "true" or (not succeeded and is_success):
            found = name_method(method) or name_method(detail)
            passed += [found] if found else []
    return passed, is_claim, is_federated


def _flags_of(details: Mapping[str, Any], protocol: str) -> int:
    flags = {"ropc": ROPC, "device_code": DEVICE_CODE, "legacy": LEGACY}.get(protocol, 0)
    if _FEDERATED.search(_text(details, "issuer").replace("ADFederationServices", "federated")):
        flags |= FEDERATED
    if _text(details, "compliant").lower() == "true" or _JOINED.search(_text(details, "trust")):
        flags |= MANAGED
    if _text(details, "user_type").lower() == "guest":
        flags |= GUEST
    flags |= _risk(
        _text(details, "risk").lower(), is_whole="requirement" in details or "conditional_access" in details
    )
    if "refreshtoken" in _text(details, "token_type").lower():
        flags |= REFRESHED
    return flags


def _risk(risk: str, *, is_whole: bool) -> int:
    """Return the risk flags.

    A complete Entra record without a risk level means no risk; without a licence, the risk is hidden.
    """
    if risk in ("medium", "high"):
        return RISKY | (RISK_HIGH if risk == "high" else 0)
    return RISK_LOW if risk == "low" else RISK_UNTOLD if risk or not is_whole else 0


def _path(details: Mapping[str, Any], protocol: str, client: str) -> int:
    used = _text(details, "client_app")
    if protocol == "device_code":
        return PATHS.index("device_code")
    if protocol == "ropc":
        return PATHS.index("apps")
    if _ACTIVESYNC.search(used) or "activesync" in client:
        return PATHS.index("activesync")
    if protocol == "legacy":
        return PATHS.index("legacy")
    if _BROWSER.search(used) or client.endswith("/browser"):
        return PATHS.index("browser")
    return PATHS.index("apps") if used or "/" in client else -1


def _system(text: str) -> str:
    lowered = text.lower().replace(" ", "")
    return next((name for name in _SYSTEMS if lowered.startswith(name)), "")


def _text(details: Mapping[str, Any], name: str) -> str:
    value = details.get(name)
    return value if isinstance(value, str) else ""


def _read(parameters: str) -> Mapping[str, Any]:
    if not parameters or len(parameters) > _LONGEST:
        return {}
    try:
        value = json.loads(parameters)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
