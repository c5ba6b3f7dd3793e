"""docs/how-to/conformance.md and docs/reference/conformance-cases.md are those of the code."""

from __future__ import annotations

import importlib.util
import re
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest
from tools import conformance_tables as tables

from seawall_tokens.conformance import Verifier
from seawall_tokens.conformance.battery import cases
from seawall_tokens.conformance.run import run_case

ROOT = Path(__file__).parents[2]


def _module(path: str) -> Any:
    spec = importlib.util.spec_from_file_location(Path(path).stem, ROOT / path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


PAGE = tables.PAGE.read_text("utf-8")


def test_the_pages_are_those_of_the_code() -> None:
    assert tables.main(["--check"]) == 0, "run: python -m tools.conformance_tables"


def test_every_case_is_listed_once() -> None:
    text = tables.CASES.read_text("utf-8")
    for case in cases():
        assert text.count(f"\n| `{case.name}` |") == 1


def test_a_page_without_markers_is_refused() -> None:
    with pytest.raises(ValueError, match="no markers"):
        tables.rewritten("# nothing")


def test_the_example_is_a_verifier() -> None:
    """What the page shows runs, lets the replica in as the page says, and refuses what a signature check refuses."""
    code, *_ = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    names: dict[str, Any] = {}
    exec(code, names)
    verifier = names["verifier"]
    assert isinstance(verifier, Verifier)
    outcomes = {
        case.name: run_case(verifier, case).outcome
        for case in cases(("form-sound", "storm-0558", "stranger"))
    }
    assert outcomes == {"form-sound": "accepted", "storm-0558": "accepted", "stranger": "refused"}
    controls = {run_case(verifier, case).outcome for case in cases() if not case.is_hostile}
    assert controls == {"accepted", "not-covered"}


def test_the_table_of_libraries_has_every_peer() -> None:
    """The bench's adapters work: a sound token is accepted, a stranger's refused, and the replica as the table says."""
    bench = _module("bench/conformance_peers.py")
    table = PAGE.partition(bench.BEGIN)[2].partition(bench.END)[0]
    chosen = cases(("form-sound", "storm-0558", "stranger"))
    with warnings.catch_warnings(record=True):  # Authlib shows its own whatever the filter says
        warnings.simplefilter("ignore")
        for make in bench.PEERS:
            for peer in make():
                library, settings = peer.library.split()[0], peer.settings
                assert re.search(rf"^\| {re.escape(library)} [\d.]+ \| {settings} \|", table, re.MULTILINE)
                outcomes = [run_case(peer.verifier, case).outcome for case in chosen]
                storm = "refused" if library == "Seawall" else "accepted"
                assert dict(zip([case.name for case in chosen], outcomes, strict=True)) == {
                    "form-sound": "accepted",
                    "stranger": "refused",
                    "storm-0558": storm,
                }


def test_other_implementations_take_the_controls() -> None:
    """What the kit calls sound is sound to libraries that share nothing with it."""
    bench = _module("bench/conformance_peers.py")
    controls = [case for case in cases() if not case.is_hostile]
    for make in (bench.pyjwt, bench.jwcrypto):
        _, careful = make()
        outcomes = {case.name: run_case(careful.verifier, case).outcome for case in controls}
        assert set(outcomes.values()) == {"accepted", "not-covered"}
        assert sum(outcome == "accepted" for outcome in outcomes.values()) > 30
