"""Find files whose dates have the day first: `d/m/y` is read as `m/d/y` up to the twelfth, unless somebody says so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from seawall.events.masked_excerpts import file_problem
from seawall.events.problem import Problem

_DAY_FIRST = r"^\s*(1[3-9]|2\d|3[01])/\d\d?/\d{4}"
_COLUMNS = ("time", "CreationTime")
_REASON = (
    "dates have the day before the month: those up to the 12th were read with day and month exchanged; "
    "export times as yyyy-mm-dd"
)


def find_day_first(
    raw: Any, columns: Sequence[str], places: npt.NDArray[np.int64], names: Sequence[str]
) -> Iterator[Problem]:
    """Yield a problem for each file of a raw table with these columns that has such a date.

    `places` begin with the index of each row's file.
    """
    texts = raw.column(next(name for name in _COLUMNS if name in columns))
    files = places[:, 0]
    found_files = ([0], [0]) if len(names) == 1 else np.unique(files, return_index=True)
    for file, first in zip(*found_files, strict=True):
        if "/" not in (texts[int(first)].as_py() or "")[:4]:
            continue
        found = texts.filter(pa.array(files == file))
        if pc.any(pc.match_substring_regex(found, _DAY_FIRST)).as_py():
            yield file_problem(names[int(file)], "day-first", _REASON)
