"""Writes the tables of docs/reference/gate.md from the code: `python -m tools.gate_tables` (or `--check`)."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from seawall.gate.identity import IDENTITY_HEADERS
from seawall.gate.path_rule import PathRule
from seawall.gate.refusals import GATE_REFUSALS
from seawall.gate.settings import AdminSettings, GateSettings, MetricsSettings, RiskSettings, StepUpSettings
from seawall.gate.transmitters import TRANSMITTER_SETTINGS
from seawall.web.peers import Peers
from seawall_base.settings_table import settings_of
from seawall_tokens.verify.claim_conditions import Conditions
from tools import generated_tables

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "gate.md"


def spelled(value: Any) -> str:
    """A default as it would stand in the file."""
    if value is None or value == "":
        return ""
    if isinstance(value, Conditions):
        return ""
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, Peers):
        value = value.texts
    if isinstance(value, (list, tuple)):
        inner = ", ".join(f'"{one}"' for one in value)
        return f"`[{inner}]`"
    if isinstance(value, (int, float)):
        return f"`{value}`"
    return f'`"{value}"`'


def _rows(head: str, rows: Iterable[str]) -> str:
    count = head.count("|") - 1
    return "\n".join([head, "|" + "---|" * count, *rows])


def settings_table(kind: type) -> str:
    """One row for each setting of a table of the policy file."""
    rows = [
        f"| `{setting.name}` | {spelled(setting.default)} | {setting.meaning.words} |"
        for setting in settings_of(kind)
        if setting.shape == "value"
    ]
    return _rows("| setting | default | meaning |", rows)


def transmitter_table() -> str:
    """One row for each setting of a transmitter that an issuer does not have."""
    rows = [
        f"| `{one.name}` | {'(needed)' if one.needed else spelled(one.default)} | {one.meaning} |"
        for one in TRANSMITTER_SETTINGS
    ]
    return _rows("| setting | default | meaning |", rows)


def headers_table() -> str:
    """One row for each header about the token."""
    return _rows("| header | value |", [f"| `{one.name}` | {one.words} |" for one in IDENTITY_HEADERS])


def refusals_table() -> str:
    """One row for each reason of the gate's own."""
    rows = [f"| `{code}` | {kind.status} | {kind.words} |" for code, kind in GATE_REFUSALS.items()]
    return _rows("| code | status | what it means |", rows)


def tables() -> dict[str, str]:
    """Every generated table by the name in its markers."""
    return {
        "gate settings": settings_table(GateSettings),
        "path settings": settings_table(PathRule),
        "admin settings": settings_table(AdminSettings),
        "metrics settings": settings_table(MetricsSettings),
        "risk settings": settings_table(RiskSettings),
        "step-up settings": settings_table(StepUpSettings),
        "transmitter settings": transmitter_table(),
        "identity headers": headers_table(),
        "gate refusals": refusals_table(),
    }


def rewritten(page: str) -> str:
    """The page with every table anew. Raises `ValueError` when a marker is missing."""
    return generated_tables.rewritten(page, tables(), PAGE.name)


def main(arguments: list[str]) -> int:
    """Write the page, or with `--check` only say whether it would change."""
    return generated_tables.write_or_check({PAGE: rewritten(PAGE.read_text("utf-8"))}, arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
