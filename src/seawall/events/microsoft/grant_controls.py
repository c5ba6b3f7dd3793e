"""Interpret the grant controls of Conditional Access policies: AND, OR and authentication strengths.

Sources: Microsoft, "Conditional Access: Grant" and "authenticationStrengthPolicy". Terms of use, approved applications,
application protection and password change demand nothing that an attacker lacks, so they count as `nothing`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from seawall.events.access_policy import DEMANDS, Demand
from seawall.events.method_names import name_method, plain
from seawall.events.sign_in_methods import METHODS

Choices = tuple[frozenset[Demand], ...]
CONTROLS: Mapping[str, Demand] = {
    "block": "block",
    "mfa": "mfa",
    "compliantdevice": "device",
    "domainjoineddevice": "device",
}
BUILT_IN: Mapping[str, Demand] = {
    "00000000-0000-0000-0000-000000000002": "mfa",
    "00000000-0000-0000-0000-000000000003": "mfa",
    "00000000-0000-0000-0000-000000000004": "resistant",
}
"""Built-in strengths: *Multifactor authentication*, *Passwordless MFA*, *Phishing-resistant MFA*."""
_WITHOUT_A_METHOD = ("federatedsinglefactor", "x509certificatesinglefactor")
_TWO_BY_ITSELF = ("federatedmultifactor", "devicebasedpush")


def find_granted(
    controls: Sequence[str], strength: Sequence[str] | None, strength_uid: str, *, others: int, is_or: bool
) -> tuple[Choices, list[str]]:
    """Return alternative sets of demands, one of which must be met completely, and doubts; no set if nothing is demanded.

    `strength` are the combinations that an authentication strength allows, None without one. `others` counts controls that
    demand `nothing`.
    """
    demands: list[Demand] = [CONTROLS.get(control.lower(), "nothing") for control in controls]
    doubts: list[str] = []
    if strength is not None:
        asked, doubts = strength_of(strength, strength_uid)
        demands.append(asked)
    demands += ["nothing"] * others
    if "block" in demands:
        return (frozenset({"block"}),), doubts
    if not demands:
        return (), doubts
    if is_or:
        return tuple(frozenset({one}) for one in dict.fromkeys(demands)), doubts
    whole = frozenset(one for one in demands if one != "nothing")
    return ((whole,) if whole else ()), doubts


def weakest(choices: Choices) -> Demand:
    """Return the least demand: the strongest demand of each choice, and of these the weakest."""
    levels = [max(DEMANDS.index(one) for one in choice) for choice in choices]
    return DEMANDS[min(levels, default=0)]


def strength_of(combinations: Sequence[str], uid: str) -> tuple[Demand, list[str]]:
    """Return the least demand of an authentication strength, and doubts. An unknown combination is a doubt."""
    if not combinations:
        known = BUILT_IN.get(uid)
        return known or "mfa", [] if known else ["an authentication strength without its combinations"]
    found, unknown = [], []
    for text in combinations:
        asked = _combination(text)
        if asked is None:
            unknown.append(text[:80])
        else:
            found.append(DEMANDS.index(asked))
    doubts = [f"the combination {text} of an authentication strength" for text in unknown[:3]]
    return DEMANDS[min(found, default=DEMANDS.index("mfa"))], doubts


def _combination(text: str) -> Demand | None:
    parts = [plain(part) for part in text.split(",")]
    methods = [METHODS[one.name] for part in parts if (one := name_method(part)) is not None]
    special = sum(part in _WITHOUT_A_METHOD or part in _TWO_BY_ITSELF for part in parts)
    if len(methods) + special < len(parts):
        return None
    if any(method.resistant for method in methods):
        return "resistant"
    is_two = any(part in _TWO_BY_ITSELF for part in parts) or any(
        method.alone or (method.second and len(parts) > 1) for method in methods
    )
    return "mfa" if is_two else "nothing"
