"""Rules that run and can still never hit a record as its vendor writes it: what they ask for is kept nowhere, or nobody says it.

Such a rule is not left out, because somebody's own records may say what no vendor's do. It is told with its reason, and counted.
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
"""Fields, what a value of them looks like that no vendor writes, and why."""

_WHOLE = re.compile(r"(?i)(?:add|update|delete|remove|set|create|disable|enable|invite|consent|assign) \w+.*")
"""What begins as the name of an operation does."""


def find_doubt(detection: Any, tree: Node, looks: Sequence[tuple[str, tuple[str, ...]]]) -> str:
    """Return why a rule that runs can hit no record as its vendor writes it; empty where it may.

    It misses whatever takes knowledge of all that a vendor says: that no operation has the name which a rule asks for.
    """
    return _unkept(tree, looks) or _unsaid(detection)


def _unkept(tree: Node, looks: Sequence[tuple[str, tuple[str, ...]]]) -> str:
    """A field is kept by no source that knows the rule's records, except of records of other kinds than the rule's vendor's."""
    known = [(family, kinds) for family, kinds in looks if family != "other"]
    for name in list_needed_fields(tree) if known else ():
        answers = [one for family, _ in known for one in fields.find_answers(family, name)]
        if all(isinstance(one, fields.PathAnswer) and one.where for one in answers):
            return f"asks for {name}, which is kept of records of no known kind alone"
    return ""


def _unsaid(detection: Any) -> str:
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
    """Yield the items of selections that have to hold: those of a condition which names no alternatives and denies none."""
    condition = str(detection.get("condition", "")).lower()
    if re.search(r"\bor\b|\bnot\b|\bany\b|\b1 of\b|\bthem\b", condition):
        return
    for name, selection in detection.items():
        if name != "condition" and isinstance(selection, dict):
            yield from ((key, wanted) for key, wanted in selection.items() if isinstance(key, str))
