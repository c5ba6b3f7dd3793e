"""Read several short texts of lines together, because column-wise reading has a high fixed cost.

The records of all texts are numbered consecutively. `split_batches` then gives each text the batches that it would have had
alone.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa

from seawall.events.batches import EventBatch, RecordBuffer, flush
from seawall.events.event_table import constant_name
from seawall.events.formats.limits import Limits
from seawall.events.formats.line_formats import find_line_format
from seawall.events.formats.many_lines import FEWEST_BYTES, ManyLines, Taken
from seawall.events.formats.mixed_formats import ColumnReaders
from seawall.events.formats.record_numbers import RecordNumbers
from seawall.events.problem import Problem

_HEAD = 1 << 15


@dataclass(frozen=True, slots=True)
class CombinedBatches:
    """Hold the batches of all texts, and the number before each text's first record, with one more at the end."""

    batches: list[EventBatch]
    before: list[int]


@dataclass(frozen=True, slots=True)
class NamedText:
    """Hold the name of a text in events, and its size in bytes."""

    name: str
    size: int


def read_together(texts: Sequence[bytes], limits: Limits) -> CombinedBatches:
    """Read every record of texts of JSON lines."""
    numbers = RecordNumbers(1)
    is_large = sum(map(len, texts)) >= FEWEST_BYTES
    form = _find_format(texts, limits.depth) if is_large else None
    rows = RecordBuffer("", limits)
    reader = ManyLines(rows, limits, ColumnReaders(limits))
    reader.begin("", form, numbers)
    before: list[int] = []
    found: list[Taken] = []
    for text in texts:
        before.append(next(numbers))
        found += reader.add([text])
        found += reader.finish()
    found += flush(rows)
    before.append(next(numbers))
    return CombinedBatches(
        [EventBatch(events, tuple(wrong), records, 0) for events, wrong, records in found], before
    )


def _find_format(texts: Sequence[bytes], depth: int) -> str | None:
    """Return the format that most bytes have."""
    sizes: Counter[str | None] = Counter()
    for text in texts:
        sizes[find_line_format(text[:_HEAD], depth)] += len(text)
    return sizes.most_common(1)[0][0]


def split_batches(together: CombinedBatches, texts: Sequence[NamedText]) -> list[list[EventBatch]]:
    """Return the batches of each text, with its own name and record numbers."""
    found: list[list[EventBatch]] = [[] for _ in texts]
    for batch in together.batches:
        lines = batch.events.column("source_line").to_numpy()
        cuts = np.searchsorted(lines, together.before, "right").tolist()
        problems = _by_text(batch.problems, together.before, len(texts))
        for place, (start, end) in enumerate(pairwise(cuts)):
            wrong = problems[place]
            if end > start or wrong:
                events = _rename(
                    batch.events.slice(start, end - start), texts[place].name, together.before[place]
                )
                mine = [_move(problem, texts[place].name, together.before[place]) for problem in wrong]
                records = end - start + sum(problem.counts_as_record for problem in wrong)
                found[place].append(EventBatch(events, tuple(mine), records, 0))
    for batches, text in zip(found, texts, strict=True):
        if batches:
            batches[-1] = replace(batches[-1], bytes_read=text.size)
    return found


def _by_text(problems: Sequence[Problem], before: list[int], texts: int) -> list[list[Problem]]:
    found: list[list[Problem]] = [[] for _ in range(texts)]
    for problem in problems:
        found[bisect_right(before, problem.line) - 1].append(problem)
    return found


def _move(problem: Problem, name: str, before: int) -> Problem:
    return replace(problem, source_file=name, line=problem.line - before)


def _rename(events: Any, name: str, before: int) -> Any:
    schema = events.schema
    lines = events.column("source_line").to_numpy() - before
    events = events.set_column(
        schema.get_field_index("source_line"), schema.field("source_line"), pa.array(lines, pa.int64())
    )
    return events.set_column(
        schema.get_field_index("source_file"), schema.field("source_file"), constant_name(name, len(lines))
    )
