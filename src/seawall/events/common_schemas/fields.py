"""Read and write fields of nested objects by path, and fill fields of a record by a table."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

Table = Sequence[tuple[str, str]]
"""Fields of the vendor's record, each with the fields of the common schema that hold it: the first with a value is taken."""

_MOST_STEPS = 16
"""Steps of a dotted name. A longer name is no path."""
_EMPTY: tuple[Any, ...] = (None, "", [], {})
_SNAKE = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)+")
_STEP = re.compile(r"_([a-z0-9])")


def nest(record: dict[str, Any]) -> dict[str, Any]:
    """Return a record whose dotted names are paths: `{"a.b": 1}` becomes `{"a": {"b": 1}}`; a list of one scalar there is it."""
    if not any("." in name for name in record):
        return record
    found = {name: value for name, value in record.items() if "." not in name}
    owned = set[int]()
    for name, value in record.items():
        if "." in name:
            is_lone = isinstance(value, list) and len(value) == 1 and not isinstance(value[0], dict | list)
            steps = name.split(".")
            steps = steps if len(steps) <= _MOST_STEPS else [name]
            _put(found, steps, value[0] if is_lone else value, owned)
    return found


_steps = cache(lambda path: tuple(path.split(".")))
_paths = cache(lambda sources: tuple(sources.split()))


def find(record: Any, path: str) -> Any:
    """Return the value at a path, None if there is none."""
    for step in _steps(path):
        if not isinstance(record, dict):
            return None
        record = record.get(step)
    return record


def put(record: dict[str, Any], path: str, value: Any) -> None:
    """Write a value at a path, unless something other than an object is on the way. Objects on the way are copied."""
    steps = path.split(".")
    if len(steps) > _MOST_STEPS:
        record[path] = value
    else:
        _put(record, steps, value, set())


def _put(record: dict[str, Any], steps: Sequence[str], value: Any, owned: set[int]) -> None:
    """Do the same, without copying objects whose ids are owned; those that are copied become so."""
    for step in steps[:-1]:
        inner = record.get(step)
        if inner is not None and not isinstance(inner, dict):
            return
        if inner is None or id(inner) not in owned:
            record[step] = inner = dict(inner or {})
            owned.add(id(inner))
        record = inner
    record[steps[-1]] = value


def fill(found: dict[str, Any], record: dict[str, Any], table: Table) -> dict[str, Any]:
    """Return a vendor's record, in which empty fields are filled from a record of the common schema."""
    owned = set[int]()
    for target, sources in table:
        if find(found, target) not in _EMPTY:
            continue
        for path in _paths(sources):
            value = find(record, path)
            if value not in _EMPTY:
                _put(found, _steps(target), value, owned)
                break
    return found


def in_capitals(value: Any, names: Mapping[str, str]) -> Any:
    """Return a value whose names in small letters are the vendor's: `user_id` is `userId`, unless `names` has another."""
    if isinstance(value, dict):
        return {_capital(name, names): in_capitals(inner, names) for name, inner in value.items()}
    return [in_capitals(inner, names) for inner in value] if isinstance(value, list) else value


def _capital(name: str, names: Mapping[str, str]) -> str:
    if name in names:
        return names[name]
    return _STEP.sub(lambda step: step[1].upper(), name) if _SNAKE.fullmatch(name) else name


def remove(record: dict[str, Any], path: str) -> None:
    """Remove the value at a path, and the objects on the way that are empty then. Objects on the way are copied."""
    name, _, rest = path.partition(".")
    inner = record.get(name)
    if rest and isinstance(inner, dict):
        record[name] = inner = dict(inner)
        remove(inner, rest)
    if not rest or inner == {}:
        record.pop(name, None)


def in_order(value: Any) -> Any:
    """Return the list that an object with the names `0`, `1`, … stands for; any other value unchanged."""
    if isinstance(value, dict) and value and all(name.isdecimal() and len(name) < 6 for name in value):
        return [value[name] for name in sorted(value, key=int)]
    return value
