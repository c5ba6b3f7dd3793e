"""Fields in small or capital letters, as databases keep them, are read as the vendor's."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.events.support import read_all, rows, write_lines
from tests.events.test_ecs import ACTIVITIES, OFFICE, same

Spell = Callable[[str], str]


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()


SPELLINGS: dict[str, Spell] = {"small": str.lower, "capitals": str.upper, "snake": _snake}


def _top(record: dict[str, Any], spell: Spell) -> dict[str, Any]:
    return {spell(name): value for name, value in record.items()}


def _all(value: Any, spell: Spell) -> Any:
    if isinstance(value, dict):
        return {spell(name): _all(inner, spell) for name, inner in value.items()}
    return [_all(inner, spell) for inner in value] if isinstance(value, list) else value


def _read(
    folder: Path, record: dict[str, Any], spelt: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    found, problems, _ = read_all(write_lines(folder / "both.jsonl", [record, spelt]))
    assert not problems
    bare, made = rows(found)
    bare["source_line"] = 2
    return bare, made


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("record", OFFICE)
def test_audit_records(tmp_path: Path, record: dict[str, Any], spelling: str) -> None:
    bare, made = _read(tmp_path, record, _top(record, SPELLINGS[spelling]))
    same(bare, made)
    assert json.loads(made.get("parameters", "{}")) == json.loads(bare.get("parameters", "{}"))


@pytest.mark.parametrize("record", OFFICE)
def test_audit_records_of_athena(tmp_path: Path, record: dict[str, Any]) -> None:
    """Members of structures are in small letters as well."""
    bare, made = _read(tmp_path, record, _all(record, str.lower))
    same(bare, made)


WITH_ADDRESS = [param for param in ACTIVITIES if "ipAddress" in param.values[0]]


@pytest.mark.parametrize("record", WITH_ADDRESS)
def test_activities_of_athena(tmp_path: Path, record: dict[str, Any]) -> None:
    bare, made = _read(tmp_path, record, _all(record, str.lower))
    same(bare, made)
