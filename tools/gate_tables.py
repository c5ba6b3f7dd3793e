"""Generate the tables of docs/reference/gate.md from the code: `python -m tools.gate_tables` (or `--check`)."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from seawall.gate.identity import IDENTITY_HEADERS
from seawall.gate.path_rule import PathRule
from seawall.gate.refusals import GATE_REFUSALS
from seawall.gate.settings import AdminSettings, GateSettings, MetricsSettings, RiskSettings, StepUpSettings
from seawall.gate.transmitters import TRANSMITTER_SETTINGS
from tools import generated_tables
from tools.setting_rows import class_table, rows_table

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "gate.md"


def _rows(head: str, rows: Iterable[str]) -> str:
    count = head.count("|") - 1
    return "\n".join([head, "|" + "---|" * count, *rows])


def headers_table() -> str:
    """Return a table of the identity headers."""
    return _rows("| header | value |", [f"| `{one.name}` | {one.words} |" for one in IDENTITY_HEADERS])


def refusals_table() -> str:
    """Return a table of the gate's own refusals."""
    rows = [f"| `{code}` | {kind.status} | {kind.words} |" for code, kind in GATE_REFUSALS.items()]
    return _rows("| code | status | what it means |", rows)


def tables() -> dict[str, str]:
    """Return every generated table by the name in its markers."""
    return {
        "gate settings": class_table(GateSettings),
        "path settings": class_table(PathRule),
        "admin settings": class_table(AdminSettings),
        "metrics settings": class_table(MetricsSettings),
        "risk settings": class_table(RiskSettings),
        "step-up settings": class_table(StepUpSettings),
        "transmitter settings": rows_table(TRANSMITTER_SETTINGS),
        "identity headers": headers_table(),
        "gate refusals": refusals_table(),
    }


def rewritten(page: str) -> str:
    """Return the page with every table replaced. Raises `ValueError` if a marker is missing."""
    return generated_tables.rewritten(page, tables(), PAGE.name)


def main(arguments: list[str]) -> int:
    """Write the page, or with `--check` only report whether it would change."""
    return generated_tables.write_or_check({PAGE: rewritten(PAGE.read_text("utf-8"))}, arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
