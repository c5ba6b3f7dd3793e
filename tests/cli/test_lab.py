"""`seawall lab make` and `seawall demo` with the lab and the engine replaced."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

import seawall

from .conftest import Run


@pytest.fixture
def lab(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Replace the lab; returns the settings of every world it was asked for."""
    made: list[Any] = []
    fake, demo = ModuleType("seawall.lab.worlds"), ModuleType("seawall.lab.worlds.demo")

    def make_world(settings: Any, out: Path) -> SimpleNamespace:
        made.append(settings)
        (out / "logs").mkdir(parents=True)
        attacks = [{"events": ["e2", "e9"]}, {"events": ["nobody-saw-this"]}]
        (out / "truth.json").write_text(json.dumps({"settings": settings, "attacks": attacks}))
        return SimpleNamespace(out=out)

    def world_settings(**given: Any) -> dict[str, Any]:
        return given

    def demo_settings(seed: int = 1) -> dict[str, int]:
        return {"seed": seed}

    fake.make_world, fake.WorldSettings = make_world, world_settings  # type: ignore[attr-defined]
    demo.demo_settings = demo_settings  # type: ignore[attr-defined]
    fake.demo = demo  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "seawall.lab.worlds", fake)
    monkeypatch.setitem(sys.modules, "seawall.lab.worlds.demo", demo)
    monkeypatch.setattr(seawall, "lab", fake, raising=False)
    return made


def test_lab_make_passes_on_only_what_was_asked(run: Run, lab: list[Any]) -> None:
    assert run("lab", "make", "--out", "plain").code == 0
    assert run("lab", "make", "--out", "calm", "--quiet-world", "--accounts", "40", "--days", "20").code == 0
    assert run("lab", "make", "--out", "chosen", "--families", "token,consent", "--seed", "7").code == 0
    assert lab[0] == {"seed": 1}
    assert lab[1] == {"seed": 1, "accounts": 40, "days": 20, "attacks": 0}
    assert lab[2] == {"seed": 7, "families": ("token", "consent")}


def test_lab_make_answers_with_the_folder(run: Run, lab: list[Any]) -> None:
    got = run("lab", "make", "--out", "world")
    assert got.out == "world\n"
    assert got.err.splitlines()[-1] == "next: seawall scan world/logs --out world"
    assert json.loads(run("lab", "make", "--out", "again", "--json").out)["out"] == "again"


def test_demo_scans_what_it_made_and_compares_honestly(
    run: Run, lab: list[Any], engine: list[dict[str, Any]]
) -> None:
    got = run("demo", "--seed", "3", "--out", "shown")
    assert got.code == 0
    assert lab == [{"seed": 3}]
    assert engine[0]["paths"] == [Path("shown/logs")]
    assert "ann@contoso.example" in got.out
    assert "1 of 2 staged attacks are among the raised incidents" in got.err
    assert got.err.splitlines()[-1] == "next: seawall explain 1 --out shown"


def test_demo_json(run: Run, lab: list[Any], engine: list[dict[str, Any]]) -> None:
    document = json.loads(run("demo", "--json", "--quiet").out)
    assert (document["staged_attacks_raised"], document["staged_attacks"]) == (1, 2)
    assert document["raised"]


def test_demo_twice_scans_the_same_world_again(
    run: Run, lab: list[Any], engine: list[dict[str, Any]]
) -> None:
    run("demo", "--out", "shown", "--seed", "4")
    assert run("demo", "--out", "shown", "--seed", "4").code == 0
    assert len(lab) == 1
    assert len(engine) == 2
