"""`seawall erase`: a rehearsal changes nothing, the receipt names nobody, and what cannot be searched fails the command."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.pipeline.erasure.places import (
    ANNA,
    BOB,
    DISPLAY,
    find_needles,
    make_opaque,
    make_results,
    make_store,
)


@pytest.fixture
def places(tmp_path: Path) -> tuple[str, ...]:
    make_store(tmp_path / "store")
    make_results(tmp_path / "out")
    return ("--store", str(tmp_path / "store"), "--results", str(tmp_path / "out"), "--also", DISPLAY)


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_rehearsal_counts_and_changes_nothing(run: Run, places: tuple[str, ...], tmp_path: Path) -> None:
    before = contents(tmp_path / "out")
    got = run("erase", ANNA, *places, "--dry-run")
    assert got.code == 0
    assert got.out.startswith("would be erased: the name in ")
    assert "receipt:" not in got.out
    assert contents(tmp_path / "out") == before


def test_the_receipt_and_the_output_name_nobody(run: Run, places: tuple[str, ...], tmp_path: Path) -> None:
    got = run("erase", ANNA, *places, "--reference", "request 17")
    assert got.code == 0, got.err
    assert "the name occurs in none" in got.out
    receipt = Path(got.out.split("receipt: ")[1].split(" (no name in it)")[0])
    assert json.loads(receipt.read_text("utf-8"))["reference"] == "request 17"
    assert not find_needles(tmp_path / "out")
    assert not any(needle in got.out.casefold() for needle in ("anna", "berger"))
    assert BOB.encode() in (tmp_path / "out" / "report.html").read_bytes()


def test_what_cannot_be_searched_fails_until_it_is_deleted(
    run: Run, places: tuple[str, ...], tmp_path: Path
) -> None:
    make_opaque(tmp_path / "out")
    got = run("erase", ANNA, *places, "--json")
    document = json.loads(got.out)
    assert (got.code, document["state"]) == (1, "incomplete")
    assert {Path(one["what"]).name for one in document["left"]} == {"letter.pdf", "with.zip"}
    text = run("erase", ANNA, *places)
    assert (text.code, "NOT ERASED" in text.out, "occurs in none" in text.out) == (1, True, False)
    assert run("erase", ANNA, *places, "--delete-unreadable").code == 0
    assert not (tmp_path / "out" / "with.zip").exists()


def test_a_name_of_one_letter_is_refused(run: Run, places: tuple[str, ...]) -> None:
    got = run("erase", "a", *places)
    assert (got.code, "the name of the account is too short" in got.err) == (2, True)
