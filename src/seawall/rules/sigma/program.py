"""Rules made ready for the records of one family: which of them can hit at all, and which rows each hits.

A condition is asked twice. First of the distinct values of a batch alone: most rules name an operation that the batch does not
have, and end there. Then of rows, the cheapest questions first, each of the rows that passed those before.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from seawall.rules.sigma import fields
from seawall.rules.sigma.facets import NameFacet, Spell, TextFacet
from seawall.rules.sigma.fields import Answer, Inside, Named
from seawall.rules.sigma.model import Every, Keyword, Leaf, Node, Not, Same, Test
from seawall.rules.sigma.records import Records
from seawall.rules.sigma.values import parsed, values
from seawall.schema.batches import Bools
from seawall.schema.ordering import Rows

EARLY = ("kind", "source", "activity_name", "status", "status_code", "auth_protocol", "org_uid")
"""Name columns with few values: asked first."""


class Program:
    """The questions of all rules that look at one family's records, shared where rules ask the same."""

    def __init__(self, family: str) -> None:
        self.family = family
        self._names: dict[tuple[str, Spell | None], NameFacet] = {}
        self._texts: dict[str, TextFacet] = {}
        self._rules: list[tuple[int, Step]] = []

    def add(self, number: int, condition: Node, kinds: tuple[str, ...]) -> None:
        """Add a rule, which looks at events of the given kinds (empty: all)."""
        step = self._step(condition)
        if kinds:
            kind = self._leaf((Named("kind"),), Test(frozenset(kinds)))
            step = EveryStep.of_parts((kind, step))
        self._rules.append((number, step))

    def hits(self, records: Records, rows: Rows) -> Iterator[tuple[int, Rows]]:
        """Yield each rule that hits, and the rows of the family that it hits."""
        for number, step in self._rules:
            if not step.can(records):
                continue
            found = rows[step.of(records, rows)]
            if len(found):
                yield number, found

    def coded(self, records: Records, rows: Rows, field: str) -> tuple[Rows, list[tuple[str, ...]]]:
        """Return for each row the place of a field's values, and all that there are; the first are none."""
        codes = np.zeros(len(rows), np.int64)
        found: list[tuple[str, ...]] = [()]
        for answer in fields.answers(self.family, field):
            place, more = _answer_codes(records, rows, answer)
            pairs, inverse = np.unique(codes * len(more) + place, return_inverse=True)
            both = (divmod(pair, len(more)) for pair in pairs.tolist())
            found = [(), *(tuple(dict.fromkeys((*found[one], *more[other]))) for one, other in both)]
            codes = inverse.reshape(-1) + 1
        return codes, found

    def forget(self) -> None:
        """Let go of the last batch."""
        for name in self._names.values():
            name.forget()
        for text in self._texts.values():
            text.forget()

    def _step(self, node: Node) -> Step:
        if isinstance(node, Leaf):
            return self._leaf(fields.answers(self.family, node.field), node.test)
        if isinstance(node, Keyword):
            return self._leaf(fields.keywords(), node.test)
        if isinstance(node, Same):
            return SameStep(
                fields.answers(self.family, node.field), fields.answers(self.family, node.other), node
            )
        if isinstance(node, Not):
            return NotStep(self._step(node.part))
        parts = tuple(self._step(part) for part in node.parts)
        return EveryStep.of_parts(parts) if isinstance(node, Every) else EitherStep(parts)

    def _leaf(self, answers: Sequence[Answer], test: Test) -> LeafStep:
        found = []
        for answer in answers:
            facet: NameFacet | TextFacet
            if isinstance(answer, Named):
                key = (answer.column, answer.spell)
                facet = self._names.setdefault(key, NameFacet(*key))
                found.append(Question(facet, facet.add(test), ()))
            else:
                facet = self._texts.setdefault(answer.column, TextFacet(answer.column))
                asked = test if answer.spell is None else _spelled(test, answer.spell)
                found.append(Question(facet, facet.add(answer.path, asked), answer.kinds))
        return LeafStep(tuple(found), test.nothing)


@dataclass(frozen=True, slots=True)
class Question:
    """A place in a facet; asked of events of some kinds alone, where `kinds` names any."""

    facet: NameFacet | TextFacet
    place: int
    kinds: tuple[str, ...]

    def of(self, records: Records, rows: Rows, *, is_nothing: bool) -> Bools:
        """Return which rows pass, or have nothing to be asked."""
        ask = self.facet.is_nothing if is_nothing else self.facet.passes
        if not self.kinds:
            return ask(records, rows, self.place)
        result = np.full(len(rows), is_nothing)
        mine = np.flatnonzero(records.where("kind", self.kinds)[rows])
        if len(mine):
            result[mine] = ask(records, rows[mine], self.place)
        return result

    def can(self, records: Records) -> bool:
        """Return whether any event can pass."""
        if self.kinds and not records.where("kind", self.kinds).any():
            return False
        return self.facet.can_pass(records, self.place)


class LeafStep:
    """A test of a field: a value of any of its answers passes, or (`nothing`) none of them has any."""

    def __init__(self, questions: tuple[Question, ...], nothing: bool) -> None:
        self._questions, self._nothing = questions, nothing
        self.cost: int = max((_cost(question.facet) for question in questions), default=0)

    def can(self, records: Records) -> bool:
        """Return whether any event can pass."""
        return self._nothing or any(question.can(records) for question in self._questions)

    def of(self, records: Records, rows: Rows) -> Bools:
        """Return which rows pass."""
        result = np.zeros(len(rows), bool)
        for question in self._questions:
            result |= question.of(records, rows, is_nothing=False)
        if self._nothing:
            none = np.ones(len(rows), bool)
            for question in self._questions:
                none &= question.of(records, rows, is_nothing=True)
            result |= none
        return result


class SameStep:
    """Two fields of which values are compared, row by row."""

    cost = 9

    def __init__(self, left: Sequence[Answer], right: Sequence[Answer], node: Same) -> None:
        self._left, self._right, self._node = left, right, node

    def can(self, records: Records) -> bool:
        """Return whether any event can pass."""
        del records
        return bool(self._left) and bool(self._right)

    def of(self, records: Records, rows: Rows) -> Bools:
        """Return which rows pass."""
        left, right = _row_values(records, rows, self._left), _row_values(records, rows, self._right)
        return np.array([self._holds(a, b) for a, b in zip(left, right, strict=True)], bool)

    def _holds(self, left: tuple[str, ...], right: tuple[str, ...]) -> bool:
        pairs = ((one.lower(), other.lower()) for one in left for other in right)
        if self._node.starts:
            return any(one.startswith(other) for one, other in pairs)
        if self._node.ends:
            return any(one.endswith(other) for one, other in pairs)
        return any(one == other for one, other in pairs)


class NotStep:
    """What does not pass."""

    def __init__(self, part: Step) -> None:
        self._part = part
        self.cost: int = part.cost

    def can(self, records: Records) -> bool:
        """Return whether any event can pass."""
        del records
        return True

    def of(self, records: Records, rows: Rows) -> Bools:
        """Return which rows pass."""
        return ~self._part.of(records, rows) if self._part.can(records) else np.ones(len(rows), bool)


class EveryStep:
    """What passes all parts, the cheapest first."""

    def __init__(self, parts: tuple[Step, ...]) -> None:
        self.parts = tuple(sorted(parts, key=lambda part: part.cost))
        self.cost: int = self.parts[-1].cost

    @classmethod
    def of_parts(cls, parts: tuple[Step, ...]) -> EveryStep:
        """Return the step of parts, those of inner ones among them."""
        flat = (inner for part in parts for inner in (part.parts if isinstance(part, EveryStep) else (part,)))
        return cls(tuple(flat))

    def can(self, records: Records) -> bool:
        """Return whether any event can pass."""
        return all(part.can(records) for part in self.parts)

    def of(self, records: Records, rows: Rows) -> Bools:
        """Return which rows pass."""
        left = np.arange(len(rows))
        for part in self.parts:
            left = left[part.of(records, rows[left])]
            if not len(left):
                break
        result = np.zeros(len(rows), bool)
        result[left] = True
        return result


class EitherStep:
    """What passes any part."""

    def __init__(self, parts: tuple[Step, ...]) -> None:
        self._parts = tuple(sorted(parts, key=lambda part: part.cost))
        self.cost: int = max(part.cost for part in parts)

    def can(self, records: Records) -> bool:
        """Return whether any event can pass."""
        return any(part.can(records) for part in self._parts)

    def of(self, records: Records, rows: Rows) -> Bools:
        """Return which rows pass."""
        result = np.zeros(len(rows), bool)
        for part in self._parts:
            open_ = np.flatnonzero(~result)
            if len(open_) and part.can(records):
                result[open_] = part.of(records, rows[open_])
        return result


Step = LeafStep | SameStep | NotStep | EveryStep | EitherStep


def _spelled(test: Test, spell: Spell) -> Test:
    """Return the test of values that are spelled before they are asked."""
    return Test(others=(lambda value: any(map(test.of, spell(value))),), nothing=test.nothing)


def _cost(facet: NameFacet | TextFacet) -> int:
    if isinstance(facet, TextFacet):
        return 5
    return EARLY.index(facet.column) - 10 if facet.column in EARLY else 1


def _row_values(records: Records, rows: Rows, answers: Sequence[Answer]) -> list[tuple[str, ...]]:
    """Return for each row the values of all answers, without repetitions."""
    columns = [_answer_values(records, rows, answer) for answer in answers]
    return [
        tuple(dict.fromkeys(text for column in columns for text in column[at])) for at in range(len(rows))
    ]


def _answer_values(records: Records, rows: Rows, answer: Answer) -> list[tuple[str, ...]]:
    codes, found = _answer_codes(records, rows, answer)
    return [found[code] for code in codes.tolist()]


def _answer_codes(records: Records, rows: Rows, answer: Answer) -> tuple[Rows, list[tuple[str, ...]]]:
    """Return for each row the place of an answer's values, and all that there are; the first are none."""
    if isinstance(answer, Named):
        codes, found = records.coded(answer.column)
        spelled = [
            () if value is None else (value,) if answer.spell is None else tuple(answer.spell(value))
            for value in found
        ]
        return codes[rows].astype(np.int64) + 1, [(), *spelled]
    codes, distinct = records.distinct(answer.column, rows)
    said = [_inside(text or "", answer) for text in distinct]
    place = codes.astype(np.int64) + 1
    if answer.kinds:
        place = np.where(records.where("kind", answer.kinds)[rows], place, 0)
    return place, [(), *said]


def _inside(text: str, answer: Inside) -> tuple[str, ...]:
    try:
        found = (text,) * bool(text) if not answer.path else tuple(values(parsed(text), answer.path))
    except RecursionError:
        return ()
    return found if answer.spell is None else tuple(one for value in found for one in answer.spell(value))
