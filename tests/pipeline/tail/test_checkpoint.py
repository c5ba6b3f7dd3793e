"""What is kept of a file comes back as it was, and nothing else is taken for it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.events.formats.growing_text import ReadPosition
from seawall.pipeline.live.errors import CheckpointInvalid
from seawall.pipeline.tail.checkpoint import FileState, restore_state

TABLE = ReadPosition("table", 100, 7, ("time", "user"), ",", is_started=True, reach=65536)
STATE = FileState("/logs/a", 1, 2, TABLE, ("x" * 32,), "y" * 32, gone=3)


@pytest.mark.parametrize(
    "state", [STATE, FileState("", 0, 0), FileState("ä", 1, 1, ReadPosition("whole"), is_done=True)]
)
def test_a_state_comes_back(state: FileState) -> None:
    assert restore_state(json.loads(json.dumps(state.plain()))) == state


DAMAGE: dict[str, dict[str, Any]] = {
    "negative offset": {"place": {**STATE.plain()["place"], "offset": -1}},
    "offset as text": {"place": {**STATE.plain()["place"], "offset": "1"}},
    "unknown shape": {"place": {**STATE.plain()["place"], "shape": "tree"}},
    "record number zero": {"place": {**STATE.plain()["place"], "number": 0}},
    "table without header": {"place": {**STATE.plain()["place"], "header": []}},
    "long delimiter": {"place": {**STATE.plain()["place"], "delimiter": ",,"}},
    "header of numbers": {"place": {**STATE.plain()["place"], "header": [1, 2]}},
    "place as text": {"place": "here"},
    "too many heads": {"heads": ["x"] * 9},
    "heads as text": {"heads": "x"},
    "truth as number": {"is_done": 1},
    "number as truth": {"gone": True},
    "path as number": {"path": 1},
}


@pytest.mark.parametrize("name", sorted(DAMAGE))
def test_damage_is_refused(name: str) -> None:
    with pytest.raises(CheckpointInvalid):
        restore_state({**STATE.plain(), **DAMAGE[name]})


@pytest.mark.parametrize("name", sorted(STATE.plain()))
def test_nothing_may_be_missing(name: str) -> None:
    with pytest.raises(CheckpointInvalid):
        restore_state({key: value for key, value in STATE.plain().items() if key != name})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3), lambda inner: st.lists(inner, max_size=2)
)


@given(st.sampled_from(sorted(STATE.plain())), JSON)
def test_any_value_is_read_or_refused(name: str, value: Any) -> None:
    try:
        state = restore_state({**STATE.plain(), name: value})
    except CheckpointInvalid:
        return
    assert restore_state(state.plain()) == state
