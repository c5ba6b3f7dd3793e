"""Judge whether a policy with a device filter applies to unmanaged devices, such as an attacker's.

Source: Microsoft, "Conditional Access: Filter for devices". All attributes of an unregistered device are null. A rule with
a positive operator never matches it, a rule with a negative operator always does. An attacker with a password may register
a device and choose its name and type. So only attributes that he cannot choose give certainty.
"""

from __future__ import annotations

import re
from typing import Literal

Strangers = Literal["in", "out", "unsure"]
"""Whether a policy applies to unmanaged devices."""

_TERM = re.compile(
    r"device\.(\w{1,40})\s{1,4}-(\w{1,20})\s{1,4}(\"[^\"]{0,200}\"|\[[^\]]{0,800}\]|\w{1,40})", re.IGNORECASE
)
_POSITIVE = frozenset({"eq", "in", "contains", "startswith", "endswith"})
_NEGATIVE = frozenset({"ne", "notin", "notcontains", "notstartswith", "notendswith"})
_LONGEST = 4_096


def strangers_of(mode: str, rule: str) -> Strangers:
    """Return whether a filter leaves the policy in force for an unmanaged device."""
    kinds = _kinds(rule)
    if mode.lower() not in ("include", "exclude") or len(kinds) != 1 or None in kinds:
        return "unsure"
    matches = kinds == {False}  # a negative operator matches null attributes
    return "in" if matches == (mode.lower() == "include") else "out"


def _kinds(rule: str) -> set[bool | None]:
    """Return whether the rule's operators are positive; None for a rule that cannot be judged."""
    if len(rule) > _LONGEST or re.search(r"(?i)(?<![\w-])-?not\s*\(|(?<![\w-])-not\s", rule):
        return {None}
    terms = list(_TERM.finditer(rule))
    if not terms or rule.lower().count("device.") != len(terms):
        return {None}
    return {_kind(term[1].lower(), term[2].lower(), term[3]) for term in terms}


def _kind(attribute: str, operator: str, value: str) -> bool | None:
    if not _is_given_by_administrators(attribute, value):
        return None
    return True if operator in _POSITIVE else False if operator in _NEGATIVE else None


def _is_given_by_administrators(attribute: str, value: str) -> bool:
    if attribute == "trusttype":
        return value.strip('"').lower() == "serverad"  # joined to the organisation's own domain
    return attribute in ("iscompliant", "deviceid") or attribute.startswith("extensionattribute")
