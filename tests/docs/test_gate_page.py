"""The pages of the gate: tables are those of the code, policy examples are taken, metrics and codes exist."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from tools import gate_tables

from seawall.gate.metrics import Metrics
from seawall.gate.settings_file import load_settings
from seawall_base.toml_lines import toml_lines

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "how-to" / "gate.md").read_text("utf-8")
REFERENCE = gate_tables.PAGE.read_text("utf-8")
PAGE = f"{GUIDE}\n{REFERENCE}"


def test_the_tables_are_those_of_the_code() -> None:
    assert gate_tables.rewritten(REFERENCE) == REFERENCE, "run: python -m tools.gate_tables"


@pytest.mark.parametrize("text", re.findall(r"^```toml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))
def test_every_example_is_taken(tmp_path: Path, text: str) -> None:
    load_settings(tmp_path / "policy.toml", tomllib.loads(text)["gate"], toml_lines(text))


def test_the_metrics_are_those_of_the_code() -> None:
    named = set(re.findall(r"^\| `(seawall_gate_\w+)` \|", PAGE, re.MULTILINE))
    made = set()
    for family in Metrics().registry.collect():
        made.add(f"{family.name}_total" if family.type == "counter" else family.name)
    assert named == made


def test_every_fault_is_named() -> None:
    source = (ROOT / "src/seawall/gate/worker.py").read_text("utf-8")
    for code in ("policy-stale", "log-failing", "step-up-broken"):
        assert f'"{code}"' in source
        assert f"`{code}`" in PAGE
