"""An Okta record's text gives the row that its object gives, whatever stands in it."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seawall.events.formats.json_values import NotJson, TooDeep, parse
from seawall.events.okta import system_log as okta
from seawall.events.okta.bulk_lines import quick_row
from seawall.events.vendor_detection import recognise
from tests.events.support import read_all, rows
from tests.thoroughness import examples

GOLDEN = Path(__file__).parent / "golden" / "okta"
SAMPLES = {
    path.stem: json.loads(path.read_text()) for path in sorted(GOLDEN.glob("*.json")) if "." not in path.stem
}
OKTAS = [
    name for name, record in SAMPLES.items() if {"uuid", "published", "eventType", "actor"} <= record.keys()
]
SCALARS = st.none() | st.booleans() | st.sampled_from([0, 1, -0.0, 1.5, 10**30]) | st.text(max_size=8) | st.sampled_from(
    ["", "0", "null", "[]", "{}", '{"id":"x"}', '[{"ip":"1.2.3.4"}]', "trsX", "unknown", "Mara.Lind@Example.org", "\u2028\u0000"]
)  # fmt: skip
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)


def assert_same(text: bytes, depth: int = 64) -> bool:
    """Compare with the general way; whether the text was read in the quick one."""
    quick = quick_row(text, depth)
    if quick is None:
        return False
    record = parse(text, depth)
    source, inner = recognise(record, depth)
    assert source.NAME == okta.NAME
    assert inner is record
    assert quick == okta.row(record)
    return True


@pytest.mark.parametrize("name", OKTAS)
def test_a_sample_is_the_same_both_ways(name: str) -> None:
    assert assert_same(json.dumps(SAMPLES[name]).encode())
    assert assert_same(json.dumps(SAMPLES[name], indent=2, ensure_ascii=False).encode())


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where something stands in a record."""
    found = [path] if path else []
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return found + [place for name, member in inner for place in places(member, (*path, name))]


@settings(max_examples=examples(400), deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_any_value_in_any_place(data: st.DataObject) -> None:
    record = copy.deepcopy(SAMPLES[data.draw(st.sampled_from(OKTAS))])
    for _ in range(data.draw(st.integers(1, 3))):
        *path, last = data.draw(st.sampled_from(places(record)))
        owner = record
        for step in path:
            owner = owner[step]
        owner[last] = data.draw(VALUES)
    assert_same(json.dumps(record, ensure_ascii=data.draw(st.booleans())).encode("utf-8", "surrogatepass"))


@settings(max_examples=examples(400), deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.sampled_from(OKTAS),
    st.lists(st.tuples(st.integers(0, 4_000), st.binary(max_size=6)), min_size=1, max_size=3),
)
def test_any_damage(name: str, damage: list[tuple[int, bytes]]) -> None:
    text = json.dumps(SAMPLES[name]).encode()
    for at, put in damage:
        text = text[: at % len(text)] + put + text[at % len(text) + len(put) :]
    try:
        parse(text, 64)
    except (NotJson, TooDeep):
        assert quick_row(text, 64) is None
    else:
        assert_same(text)


def test_what_is_nested_deeper_than_may_be_is_left_to_the_general_way() -> None:
    deep: Any = "x"
    for _ in range(70):
        deep = [deep]
    assert quick_row(json.dumps({**SAMPLES[OKTAS[0]], "debugContext": deep}).encode(), 64) is None


@pytest.mark.parametrize("shape", ["lines", "array", "page"])
def test_files_give_the_same_in_any_shape(
    shape: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = [SAMPLES[name] for name in OKTAS] * 3
    whole: Any = {"value": records} if shape == "page" else records
    text = "\n".join(map(json.dumps, records)) if shape == "lines" else json.dumps(whole)
    (tmp_path / "log.json").write_text(text)
    quick, problems, count = read_all(tmp_path / "log.json")
    assert not problems
    assert count == len(records)
    monkeypatch.setattr("seawall.events.formats.row_reader.quick_row", lambda text, depth: None)
    general, _, _ = read_all(tmp_path / "log.json")
    assert rows(quick) == rows(general)
