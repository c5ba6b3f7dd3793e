"""The types of the tools do not change by accident, and leave no room for log text outside fields marked as such."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from seawall.mcp.tool_table import TOOLS, AssistantTool, make_input_schema, make_output_schema

GOLDEN = Path(__file__).parent / "golden" / "tools.json"


def test_types_are_those_that_assistants_know() -> None:
    """SEAWALL_WRITE_GOLDEN=1 writes them anew, to be reviewed line by line."""
    made = {
        tool.name: {
            "description": tool.description,
            "role": tool.role,
            "input": make_input_schema(tool),
            "output": make_output_schema(tool),
        }
        for tool in TOOLS
    }
    if os.environ.get("SEAWALL_WRITE_GOLDEN"):
        GOLDEN.parent.mkdir(exist_ok=True)
        GOLDEN.write_text(json.dumps(made, indent=1, sort_keys=True) + "\n", "utf-8")
    assert made == json.loads(GOLDEN.read_text("utf-8"))


def list_strings(schema: Any, name: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every text of a schema with the name of the field that holds it."""
    if isinstance(schema, dict):
        if schema.get("type") == "string":
            yield name, schema
        for key, part in schema.items():
            if key == "properties":
                for field, inner in part.items():
                    yield from list_strings(inner, field)
            else:
                yield from list_strings(part, name if key in ("items", "anyOf", "prefixItems") else "")
    elif isinstance(schema, list):
        for part in schema:
            yield from list_strings(part, name)


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_a_text_of_an_answer_is_untrusted_or_of_a_fixed_form(tool: AssistantTool) -> None:
    texts = list(list_strings(make_output_schema(tool)))
    assert any(name == "untrusted" for name, _ in texts)
    for name, schema in texts:
        if name == "untrusted":
            assert schema["maxLength"] == 600
        else:
            pattern = schema["pattern"]
            assert pattern[0] == "^"
            assert pattern[-1] == "$"
            assert " " not in pattern


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_arguments_are_fixed_and_bounded(tool: AssistantTool) -> None:
    schema = make_input_schema(tool)
    assert schema["additionalProperties"] is False
    for one in _list_parts(schema):
        if one.get("type") == "string":
            assert "pattern" in one or "maxLength" in one
        if one.get("type") == "integer":
            assert {"minimum", "maximum"} <= set(one)
        assert one.get("type") != "array"


def _list_parts(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        yield schema
        for part in schema.values():
            yield from _list_parts(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from _list_parts(part)


def test_no_tool_speaks_of_writing_or_queries() -> None:
    names = {name for tool in TOOLS for name in tool.arguments.__struct_fields__}
    assert not names & {"sql", "query", "path", "file", "command", "url"}
    assert len({tool.name for tool in TOOLS}) == len(TOOLS) == 10
