"""Count in logs what each rule asks for: its log, its operation, and every further condition, with and without its value.

A probe is a part of a rule that runs as if it were a rule. Equal parts of several rules are one probe.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from seawall.detection.rules.sigma import fields
from seawall.detection.rules.sigma.conditions import list_fields
from seawall.detection.rules.sigma.fields import NameAnswer
from seawall.detection.rules.sigma.model import (
    AllOf,
    AnyOf,
    FieldTest,
    Node,
    NotOf,
    SigmaRule,
    ValueTest,
)
from seawall.detection.rules.sigma.program import RuleProgram
from seawall.detection.rules.sigma.records import RuleRecords
from seawall.detection.rules.sigma.run import RuleSet
from seawall.detection.rules.sigma.spellings import FAMILIES
from seawall.detection.rules.sigma.texts import TextValues
from seawall.events.grouping import Rows

DAY = 86_400_000_000
OPERATION = "activity_name"
APPLICATION = "id.applicationName"
"""Field that names the log within Google Workspace, as `google_workspace.admin` does in a rule."""

OPTIONAL = (
    "parameters.", "modifiedproperties", "targetresources.modifiedproperties", "operationproperties.", "extendedproperties.",
    "additionaldetails", "debugcontext.debugdata.", "events.parameters.",
)  # fmt: skip
"""Beginnings of fields that stand in a record only where somebody set them, such as a parameter of a cmdlet."""

MOST_ALTERNATIVES = 20
MOST_NEEDS = 20
MOST_PROBES = 10_000
"""Beyond these, the further conditions of a rule are not counted: it is judged by its operation and its hits."""

MOST_VALUES = 200
"""Most distinct values of a field that are counted to show what stands there instead of the rule's value."""

LONGEST_VALUE = 60
SAMPLED = 1_000
"""Records of a batch whose values are counted."""


@dataclass(frozen=True, slots=True)
class Need:
    """Name a condition that every hit fulfils: the fields that it tests, and its probes. `passes` implies `present`.

    `wanted` are the values that the rule asks for, if it names them whole.
    """

    fields: tuple[str, ...]
    present: int
    passes: int
    wanted: tuple[str, ...] = ()

    @property
    def is_optional(self) -> bool:
        """Return whether records lack the fields unless somebody set them: their absence says nothing of the log."""
        return all(name.lower().removeprefix("properties.").startswith(OPTIONAL) for name in self.fields)


@dataclass(frozen=True, slots=True)
class Alternative:
    """One way for a rule to hit, in one family of sources.

    `log` is the probe of the records that the rule looks at, `operation` that of those with its operation, or None if the
    rule names none. `kinds` are those of the records (empty: all). `application` is the part of Google Workspace's log, or "".
    `is_extra` marks alerts and records of no known kind, for a rule that looks at another log.
    """

    family: str
    log: int
    operation: int | None
    needs: tuple[Need, ...]
    kinds: tuple[str, ...] = ()
    application: str = ""
    is_extra: bool = False


class RuleProbes:
    """Count the records of each probe by day. Days are numbers since 1970."""

    def __init__(self, rules: RuleSet) -> None:
        self._programs = {family: RuleProgram(family) for family in FAMILIES}
        self._keys: dict[tuple[str, tuple[str, ...], Node | None], int] = {}
        self._everything: dict[str, list[tuple[int, tuple[str, ...]]]] = defaultdict(list)
        self._shown: dict[int, tuple[str, int]] = {}
        self._counts: defaultdict[int, Counter[int]] = defaultdict(Counter)
        self._values: dict[int, Counter[str]] = defaultdict(Counter)
        self._texts: defaultdict[str, TextValues] = defaultdict(TextValues)
        self._sources: defaultdict[str, Counter[int]] = defaultdict(Counter)
        self.alternatives = [list(self._list_alternatives(rule)) for rule in rules.rules]
        self.wholes = [self._list_wholes(rule) for rule in rules.rules]

    def __len__(self) -> int:
        return len(self._keys)

    def observe(self, events: pa.Table) -> None:
        """Count n enriched events."""
        records = RuleRecords(events, self._texts)
        days = events["time"].cast(pa.int64()).fill_null(0).to_numpy() // DAY
        for family, program in self._programs.items():
            rows = np.flatnonzero(records.where("source", FAMILIES[family].sources))
            if not len(rows):
                continue
            _add(self._sources[family], days[rows])
            for probe, kinds in self._everything[family]:
                _add(self._counts[probe], days[_choose_kinds(records, rows, kinds)])
            present = {}
            for probe, hits in program.hits(records, rows):
                _add(self._counts[probe], days[hits])
                if probe in self._shown:
                    present[probe] = hits
            for probe, hits in present.items():
                self._show(program, records, hits[:SAMPLED], probe)
            program.forget()
        for values in self._texts.values():
            values.end_batch()

    def count(self, probe: int, days: range) -> int:
        """Return the records of a probe on the given days."""
        return _sum(self._counts.get(probe, {}), days)

    def count_source(self, family: str, days: range) -> int:
        """Return the records of a family of sources on the given days."""
        return _sum(self._sources.get(family, {}), days)

    def list_values(self, need: Need) -> tuple[tuple[str, int], ...]:
        """Return the most frequent values of a need's field where none passed, at most three, with their numbers."""
        return tuple(self._values[need.present].most_common(3))

    def _show(self, program: RuleProgram, records: RuleRecords, rows: Rows, probe: int) -> None:
        """Count the values of a field until its need passes."""
        field, passes = self._shown[probe]
        if passes in self._counts:
            del self._shown[probe]
            self._values.pop(probe, None)
            return
        counted = self._values[probe]
        codes, values = program.code_values(records, rows, field)
        for code, count in zip(*np.unique(codes, return_counts=True), strict=True):
            text = values[int(code)][0][:LONGEST_VALUE] if values[int(code)] else ""
            if text and (text in counted or len(counted) < MOST_VALUES):
                counted[text] += int(count)

    def _list_alternatives(self, rule: SigmaRule) -> Iterator[Alternative]:
        looks = fields.find_families(rule.product, rule.service)
        families = tuple(family for family, _ in looks)
        extra = _list_extra(families)
        application = rule.service.partition("google_workspace.")[2]
        for family, kinds in looks:
            for tree in _list_ways(rule.condition):
                operation = _keep_operations(tree, families)
                is_extra = family in extra
                if is_extra and operation is None:
                    continue  # these records say nothing of a rule for another log
                part = application if family == "google" else ""
                log = self._find_log(family, kinds, part)
                found = None if operation is None else self._probe(family, kinds, operation)
                needs = tuple(self._list_needs(family, kinds, tree, operation, families))
                yield Alternative(family, log, found, needs, kinds, part, is_extra)

    def _find_log(self, family: str, kinds: tuple[str, ...], application: str) -> int:
        if application:
            node = FieldTest(APPLICATION, ValueTest(frozenset({application})))
            return self._probe(family, kinds, node)
        key = (family, kinds, None)
        if key not in self._keys:
            self._keys[key] = len(self._keys)
            self._everything[family].append((self._keys[key], kinds))
        return self._keys[key]

    def _list_wholes(self, rule: SigmaRule) -> tuple[int, ...]:
        looks = fields.find_families(rule.product, rule.service)
        return tuple(self._probe(family, kinds, rule.condition) for family, kinds in looks)

    def _list_needs(
        self,
        family: str,
        kinds: tuple[str, ...],
        tree: Node,
        operation: Node | None,
        families: tuple[str, ...],
    ) -> Iterator[Need]:
        parts = tree.parts if isinstance(tree, AllOf) else (tree,)
        for part in parts[:MOST_NEEDS] if len(self._keys) < MOST_PROBES else ():
            names = list_fields(part)
            if not names or isinstance(part, NotOf) or _is_of_operations(part, families):
                continue
            if isinstance(part, FieldTest) and part.test.nothing:
                continue
            present = self._probe(family, kinds, _both(operation, _has_any(names)))
            passes = self._probe(family, kinds, _both(operation, part))
            if present != passes and len(names) == 1:
                self._shown.setdefault(present, (names[0], passes))
            yield Need(names, present, passes, _list_wanted(part))

    def _probe(self, family: str, kinds: tuple[str, ...], node: Node) -> int:
        """Return the number of a probe; add it to its program unless an equal one exists."""
        key = (family, kinds, node)
        if key not in self._keys:
            self._keys[key] = len(self._keys)
            self._programs[family].add(self._keys[key], node, kinds)
        return self._keys[key]


def _add(counts: Counter[int], days: Rows) -> None:
    for day, count in zip(*np.unique(days, return_counts=True), strict=True):
        counts[int(day)] += int(count)


def _sum(counts: Mapping[int, int], days: range) -> int:
    return sum(count for day, count in counts.items() if day in days)


def _choose_kinds(records: RuleRecords, rows: Rows, kinds: tuple[str, ...]) -> Rows:
    return rows[records.where("kind", kinds)[rows]] if kinds else rows


def _list_extra(families: Sequence[str]) -> tuple[str, ...]:
    """Return the families that a rule looks at only in case its records came without what names their log."""
    if "other" not in families:
        return ()
    is_for_alerts = set(families) <= {"alert", "other"}
    return ("other",) if is_for_alerts else ("alert", "other")


def _list_ways(tree: Node) -> tuple[Node, ...]:
    """Return the alternatives of a condition, or the condition itself if it has none or too many."""
    is_split = isinstance(tree, AnyOf) and 1 < len(tree.parts) <= MOST_ALTERNATIVES
    return tree.parts if is_split and isinstance(tree, AnyOf) else (tree,)


def _keep_operations(node: Node, families: tuple[str, ...]) -> Node | None:
    """Return a condition that holds wherever the node can hold, and that tests operations alone. None tests nothing."""
    if isinstance(node, FieldTest):
        return node if _is_operation(node.field, families) else None
    if isinstance(node, AllOf):
        parts = [kept for part in node.parts if (kept := _keep_operations(part, families)) is not None]
        return None if not parts else parts[0] if len(parts) == 1 else AllOf(tuple(parts))
    if isinstance(node, AnyOf):
        each = [_keep_operations(part, families) for part in node.parts]
        known = [kept for kept in each if kept is not None]
        return AnyOf(tuple(known)) if known and len(known) == len(each) else None
    if isinstance(node, NotOf):
        return node if _is_of_operations(node.part, families) else None
    return None


def _is_of_operations(node: Node, families: tuple[str, ...]) -> bool:
    names = list_fields(node)
    return bool(names) and all(_is_operation(name, families) for name in names)


def _is_operation(field: str, families: tuple[str, ...]) -> bool:
    """Return whether a field names the operation in any of the families."""
    return any(
        isinstance(answer, NameAnswer) and answer.column == OPERATION
        for family in families
        for answer in fields.find_answers(family, field)
    )


def _list_wanted(node: Node) -> tuple[str, ...]:
    is_whole = isinstance(node, FieldTest) and not (node.test.others or node.test.lowered)
    return tuple(sorted(node.test.exact)) if is_whole and isinstance(node, FieldTest) else ()


def _has_any(names: Sequence[str]) -> Node:
    each = tuple(NotOf(FieldTest(name, ValueTest(nothing=True))) for name in names)
    return each[0] if len(each) == 1 else AnyOf(each)


def _both(operation: Node | None, node: Node) -> Node:
    return node if operation is None else AllOf((operation, node))
