"""Objects that compiled code joins are those of the plain way."""

from __future__ import annotations

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.events.formats.object_texts import objects
from seawall.events.json_lines.joins import join_objects
from tests.thoroughness import examples

VALUES = st.sampled_from(
    [None, "null", '""', "[]", "{}", "1", "12", "true", '"é"', '"null"', '{"a":[1,2]}', "[null]"]
)


@settings(max_examples=examples(200), deadline=None)
@given(st.integers(0, 5), st.integers(1, 4), st.integers(0, 2), st.data())
def test_objects_are_joined_as_in_the_plain_way(
    rows: int, columns: int, skipped: int, data: st.DataObject
) -> None:
    names = [f'n"{place}' * place for place in range(columns)]
    kept = [
        (name, pa.array(data.draw(st.lists(VALUES, min_size=rows + 2, max_size=rows + 2)), pa.string()).slice(skipped, rows))
        for name in names
    ]  # fmt: skip
    assert join_objects(kept, rows).to_pylist() == objects(kept, rows).to_pylist()


def test_nothing_is_joined_to_nothing() -> None:
    assert join_objects([], 3).to_pylist() == [None] * 3
