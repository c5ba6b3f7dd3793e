"""Ways of changing usual records and their texts, for tests that read them by two ways."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from tests.events.test_okta_lines import VALUES, places

Record = dict[str, Any]
DAMAGE = st.lists(st.tuples(st.integers(0, 12_000), st.binary(max_size=6)), min_size=1, max_size=3)
"""Places in a text, and the bytes that are put there."""


def with_changed(data: st.DataObject, usual: Sequence[Record]) -> list[Record]:
    """Return the records, and up to five more that have any value in some place."""
    records = list(usual)
    for _ in range(data.draw(st.integers(1, 5))):
        record = copy.deepcopy(data.draw(st.sampled_from(records)))
        *path, last = data.draw(st.sampled_from(places(record)))
        owner: Any = record
        for step in path:
            owner = owner[step]
        owner[last] = data.draw(VALUES)
        records.append(record)
    return records


def put_damage(text: bytes, damage: Sequence[tuple[int, bytes]]) -> bytes:
    """Return a text with other bytes in some places."""
    for at, put in damage:
        text = text[: at % len(text)] + put + text[at % len(text) + len(put) :]
    return text
