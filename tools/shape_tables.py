"""Generate the tables of docs/reference/export-shapes.md: `python -m tools.shape_tables` (or `--check`).

The shapes are those of tests/events/export_shapes.toml; what a shape states is read from its event.
"""

from __future__ import annotations

import json
import sys
import tomllib
from itertools import groupby
from pathlib import Path
from typing import Any

from tools import generated_tables

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "reference" / "export-shapes.md"
SHAPES = ROOT / "tests" / "events" / "export_shapes.toml"
GOLDEN = ROOT / "tests" / "events" / "golden"

FACTS = {
    "time": ("time",),
    "account": ("account",),
    "client address": ("src_ip",),
    "application": ("app_uid", "app_name"),
    "operation": ("activity_name",),
    "outcome": ("status",),
    "session": ("session_uid",),
    "token": ("token_uid",),
    "device": ("device_uid",),
}
"""Columns of the event that state each fact of the table; one is enough."""


def read_shapes() -> list[dict[str, str]]:
    """Return the shapes in the order of the table."""
    shapes: list[dict[str, str]] = tomllib.loads(SHAPES.read_text("utf-8"))["shapes"]
    return shapes


def read_event(shape: dict[str, str]) -> dict[str, Any]:
    """Return the event that the sample of a shape becomes."""
    event: dict[str, Any] = json.loads(
        (GOLDEN / shape["sample"]).with_suffix(".event.json").read_text("utf-8")
    )
    return event


def list_facts(event: dict[str, Any]) -> list[str]:
    """Return the facts that an event states."""
    return [
        name for name, columns in FACTS.items() if any(event.get(column) is not None for column in columns)
    ]


def tables() -> dict[str, str]:
    """Return the generated table by the name in its markers."""
    lines: list[str] = []
    for group, shapes in groupby(read_shapes(), key=lambda shape: shape["group"]):
        lines += [
            f"### {group}",
            "",
            "| from | shape | becomes | states | fields come from |",
            "|---|---|---|---|---|",
        ]
        for shape in shapes:
            event = read_event(shape)
            cells = (
                shape["from"],
                f"{shape['shape']} (`{shape['sample']}`)",
                f"`{event['source']}`, `{event['kind']}`",
                ", ".join(list_facts(event)),
                shape["document"],
            )
            lines.append("| " + " | ".join(cells) + " |")
        lines.append("")
    return {"shapes": "\n".join(lines).rstrip()}


def rewritten(page: str) -> str:
    """Return the page with its table replaced."""
    return generated_tables.rewritten(page, tables(), PAGE.name)


def main(arguments: list[str]) -> int:
    """Write the page, or with `--check` only report whether it would change."""
    return generated_tables.write_or_check({PAGE: rewritten(PAGE.read_text("utf-8"))}, arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
