"""Return the values of a field in rows, for correlations and for comparisons between fields."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from seawall.detection.rules.sigma.fields import Answer, NameAnswer
from seawall.detection.rules.sigma.records import RuleRecords, renumber_codes
from seawall.events.grouping import Rows

Valued = tuple[Rows, list[tuple[str, ...]]]
"""For each row an index into a list of distinct tuples of values, and that list, which begins with ()."""


def code_values(records: RuleRecords, rows: Rows, answers: Sequence[Answer]) -> Valued:
    """Return for each row the distinct values that all answers give together."""
    if not answers:
        return np.zeros(len(rows), np.int64), [()]
    codes, found = _answer(records, rows, answers[0])
    for answer in answers[1:]:
        place, more = _answer(records, rows, answer)
        pairs, codes = renumber_codes(codes * len(more) + place, len(found) * len(more))
        both = (divmod(pair, len(more)) for pair in pairs.tolist())
        found = [(), *(tuple(dict.fromkeys((*found[one], *more[other]))) for one, other in both)]
        codes = codes + 1
    return codes, found


def list_row_values(records: RuleRecords, rows: Rows, answers: Sequence[Answer]) -> list[tuple[str, ...]]:
    """Return for each row the values of all answers, as a list of tuples."""
    codes, found = code_values(records, rows, answers)
    return [found[code] for code in codes.tolist()]


def _answer(records: RuleRecords, rows: Rows, answer: Answer) -> Valued:
    said: list[tuple[str, ...]]
    if isinstance(answer, NameAnswer):
        codes, names = records.code_column(answer.column)
        used, place = renumber_codes(codes[rows].astype(np.int64) + 1, len(names) + 1)
        found = [None, *names]
        said = [() if found[code] is None else (str(found[code]),) for code in used.tolist()]
    else:
        texts = records.texts(answer.column)
        numbers, _ = texts.numbers(rows)
        used, place = renumber_codes(numbers.astype(np.int64), len(texts))
        some, values = texts.inside(used, answer.path)
        holders = np.zeros(len(used), np.int64)
        holders[some] = np.arange(1, len(some) + 1)
        place, said = holders[place], [(), *values]
    if answer.spell is not None:
        said = [tuple(one for value in some for one in answer.spell(value)) for some in said]
    place = place + 1
    if answer.where:
        place = np.where(records.where(*answer.where)[rows], place, 0)
    return place, [(), *said]
