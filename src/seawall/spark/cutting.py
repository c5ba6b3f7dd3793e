"""Cut the days of a shelf that is too large for one task by account, and hand them to the tasks that score the parts.

One task codes them, so that all parts have the same codes, which are those of a shelf in one piece. It also drops duplicates,
merges twins and joins names: records that belong together may name different accounts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import zstandard

from seawall.detection.parts.rounds import place_accounts
from seawall.detection.ranking.engine import DetectionEngine
from seawall.events.array_state import State, StateInvalid
from seawall.events.coded_batch import CodedBatch
from seawall.spark.part_files import PartFiles
from seawall.storage import unpack


def write_parts(files: PartFiles, batch: CodedBatch, day: int, parts: int) -> None:
    """Write the events of a day, each part for itself; a part without events is written too."""
    part_of = place_accounts(batch, parts)
    for part in range(parts):
        rows = np.flatnonzero(part_of == part)
        files.write_day(part, day, batch.take(rows), rows.astype(np.int64))


def copy_states(
    files: PartFiles, states: Mapping[int, Path], make_engine: Callable[[], DetectionEngine]
) -> int:
    """Check the states of parts, write them for the tasks that score these, and return the number of parts.

    `states` are by place: those of the parts from 1 on, then what they have in common. Raises `StateInvalid`.
    """
    parts = len(states) - 1
    if sorted(states) != list(range(1, parts + 2)):
        raise StateInvalid("the states of some parts are missing", fix="scan again into another folder")
    for place, path in states.items():
        files.write(name_state(place), path.read_bytes())
    for part in range(parts):
        make_engine().restore(read_state(files, part, parts))
    return parts


def read_state(files: PartFiles, part: int, parts: int) -> State:
    """Return the state of a part. Raises `StateInvalid`."""
    try:
        own, shared = (
            unpack(zstandard.ZstdDecompressor().decompress(files.read(name_state(place))))
            for place in (part + 1, parts + 1)
        )
    except zstandard.ZstdError as error:
        raise StateInvalid("the state of a part is damaged", fix="scan again into another folder") from error
    return own | shared


def name_state(place: int) -> str:
    """Return the name of the file that holds a state."""
    return f"state-{place}"
