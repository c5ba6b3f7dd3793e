"""Compile the rules of one family of sources, and find the records that they hit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from seawall.detection.rules.sigma import fields
from seawall.detection.rules.sigma.column_tests import NameColumnTests, Spell, TextColumnTests
from seawall.detection.rules.sigma.fields import Answer, NameAnswer, PathAnswer
from seawall.detection.rules.sigma.model import (
    AllOf,
    FieldComparison,
    FieldTest,
    KeywordTest,
    Node,
    NotOf,
    ValueTest,
)
from seawall.detection.rules.sigma.records import RuleRecords
from seawall.detection.rules.sigma.rows import Valued, code_values
from seawall.detection.rules.sigma.selectors import Selectors
from seawall.detection.rules.sigma.steps import (
    ColumnTest,
    EitherStep,
    EveryStep,
    LeafStep,
    NotStep,
    SameStep,
    Step,
)
from seawall.events.grouping import Rows


class RuleProgram:
    """Hold the tests of all rules on one family's records. Equal tests of several rules run once."""

    def __init__(self, family: str) -> None:
        self.family = family
        self._names: dict[tuple[str, Spell | None], NameColumnTests] = {}
        self._texts: dict[tuple[str, str], TextColumnTests] = {}
        self._rules: list[tuple[int, Step]] = []
        self._asked: list[PathAnswer] = []
        self.selectors = Selectors()

    def add(self, number: int, condition: Node, kinds: tuple[str, ...]) -> None:
        """Add a rule, restricted to events of the given kinds (empty: all)."""
        self._asked.clear()
        step = self._step(condition)
        if kinds:
            step = EveryStep((self._leaf((NameAnswer("kind"),), ValueTest(frozenset(kinds))), step))
        self._rules.append((number, step))
        self.selectors.add(step, self._asked)

    def hits(self, records: RuleRecords, rows: Rows) -> Iterator[tuple[int, Rows]]:
        """Yield each rule that hits, with the rows that it hits in arbitrary order. `rows` are the family's rows."""
        for place, sure, asked in self.selectors.open(records, rows):
            number, step = self._rules[place]
            found = sure
            if len(asked):
                found = np.concatenate([sure, asked[step.of(records, asked)]])
            if len(found):
                yield number, found

    def code_values(self, records: RuleRecords, rows: Rows, field: str) -> Valued:
        """Return for each row an index into a list of distinct values of a field, and that list, which begins with ()."""
        return code_values(records, rows, fields.find_answers(self.family, field))

    def forget(self) -> None:
        """Drop the last batch."""
        for name in self._names.values():
            name.forget()
        for text in self._texts.values():
            text.forget()

    def _step(self, node: Node) -> Step:
        if isinstance(node, FieldTest):
            return self._leaf(fields.find_answers(self.family, node.field), node.test)
        if isinstance(node, KeywordTest):
            return self._leaf(fields.find_keyword_columns(), node.test)
        if isinstance(node, FieldComparison):
            return SameStep(
                fields.find_answers(self.family, node.field),
                fields.find_answers(self.family, node.other),
                node,
            )
        if isinstance(node, NotOf):
            return NotStep(self._step(node.part))
        parts = tuple(self._step(part) for part in node.parts)
        return EveryStep(parts) if isinstance(node, AllOf) else EitherStep(parts)

    def _leaf(self, answers: Sequence[Answer], test: ValueTest) -> LeafStep:
        found = []
        for answer in answers:
            tests: NameColumnTests | TextColumnTests
            if isinstance(answer, NameAnswer):
                key = (answer.column, answer.spell)
                tests = self._names.setdefault(key, NameColumnTests(*key))
                found.append(ColumnTest(tests, tests.add(test), answer.where))
            else:
                at = (answer.column, answer.path)
                tests = self._texts.setdefault(at, TextColumnTests(*at))
                self._asked.append(answer)
                asked = test if answer.spell is None else _spell(test, answer.spell)
                found.append(ColumnTest(tests, tests.add(asked), answer.where))
        return LeafStep(tuple(found), asks=test.asks, nothing=test.nothing)


def _spell(test: ValueTest, spell: Spell) -> ValueTest:
    """Return a test that converts the spelling of values first."""
    return ValueTest(others=(lambda value: any(map(test.of, spell(value))),), nothing=test.nothing)
