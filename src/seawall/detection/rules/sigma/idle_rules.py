"""Find rules that can never hit a record as its vendor writes it: the field is kept nowhere, or has no such value.

Such a rule still runs, because records of another origin may match. The report counts it and gives the reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from seawall.detection.rules.sigma import fields
from seawall.detection.rules.sigma.conditions import list_needed_fields
from seawall.detection.rules.sigma.model import Node
from seawall.detection.rules.sigma.spellings import OPERATIONS, PEOPLE

_UNSAID: Sequence[tuple[frozenset[str], re.Pattern[str], str]] = (
    (PEOPLE | {"target", "targetresources"}, re.compile(r"(?i)UPN"),
     "asks for an account called UPN, which stands for names that are to be put in"),
    (frozenset({"riskeventtype", "risktype"}), re.compile(r"(?i)\w+Alert(?:Incident|Configuration)"),
     "asks for an alert of Privileged Identity Management as a kind of risk, which no risk detection is"),
    (OPERATIONS, re.compile(r'(?is).*"\s*:\s*".*'), "asks for changed properties in the name of an operation"),
    (OPERATIONS, re.compile(r"(?i).*\bproperty name\b.*"), "asks for a description of a record in the name of an operation"),
)  # fmt: skip
"""Fields, a pattern of values that no vendor writes, and the reason."""

_WHOLE = re.compile(r"(?i)(?:add|update|delete|remove|set|create|disable|enable|invite|consent|assign) \w+.*")
"""Matches a text that begins like the name of an operation."""


def find_idle_reason(detection: Any, tree: Node, looks: Sequence[tuple[str, tuple[str, ...]]]) -> str:
    """Return why a rule can hit no record as its vendor writes it, or "" if it may.

    Misses: rules with operation names that no vendor has, because this takes a list of all operations.
    """
    return _find_unkept_field(tree, looks) or _find_impossible_value(detection)


def _find_unkept_field(tree: Node, looks: Sequence[tuple[str, tuple[str, ...]]]) -> str:
    """Return a reason if the rule needs a field that no source keeps for the rule's kinds of record, or ""."""
    known = [(family, kinds) for family, kinds in looks if family not in ("other", "alert")]
    for name in list_needed_fields(tree) if known else ():
        answers = [one for family, _ in known for one in fields.find_answers(family, name)]
        if all(isinstance(one, fields.PathAnswer) and one.where for one in answers):
            return f"asks for {name}, which is kept of records of no known kind alone"
    return ""


def _find_impossible_value(detection: Any) -> str:
    for name, wanted in _selections(detection):
        field, *modifiers = name.lower().removeprefix("properties.").split("|")
        texts = [str(one) for one in (wanted if isinstance(wanted, list) else [wanted])]
        for names, pattern, reason in _UNSAID:
            if field in names and texts and all(map(pattern.fullmatch, texts)):
                return reason
        wholes = sum(_WHOLE.fullmatch(text) is not None for text in texts)
        if field in OPERATIONS and {"contains", "all"} <= set(modifiers) and wholes > 1:
            return "asks one record for two operations"
    return ""


def _selections(detection: Any) -> Iterator[tuple[str, Any]]:
    """Yield the items of selections that must hold, unless the condition has alternatives or negations."""
    condition = str(detection.get("condition", "")).lower()
    if re.search(r"\bor\b|\bnot\b|\bany\b|\b1 of\b|\bthem\b", condition):
        return
    for name, selection in detection.items():
        if name != "condition" and isinstance(selection, dict):
            yield from ((key, wanted) for key, wanted in selection.items() if isinstance(key, str))
