"""What version 0.1 wrote before its modules were moved, unpacked into a folder of the test, and the command line there."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from seawall.storage.database.upgrading import upgrade
from seawall.storage.location import database_place
from tests.cli.conftest import Run, run
from tests.gate.step_up.device import Device

__all__ = ["Unpack", "VerbInJson", "device_of", "run"]

HERE = Path(__file__).parent
MOMENT = 1_727_784_000
"""1 October 2024, 12:00 UTC: when all fixtures were made. Seconds."""

Unpack = Callable[..., Path]
VerbInJson = Callable[..., Any]


def device_of(held: dict[str, Any], domain: str) -> Device:
    """Return the authenticator that was registered when the fixtures were made."""
    device = Device(domain, held["counter"])
    device.id = bytes.fromhex(held["id"])
    device.key = ec.derive_private_key(int(held["key"], 16), ec.SECP256R1())
    return device


@pytest.fixture
def unpack(tmp_path: Path) -> Unpack:
    """Unpack one archive of fixtures, or some top-level names of it, and return the folder, in which verbs run.

    The database of `store` is migrated, as `watch` and `serve` do when they start.
    """

    def unpacked(kind: str, *names: str) -> Path:
        with tarfile.open(HERE / "fixtures" / f"{kind}.tar.xz") as archive:
            members = [one for one in archive if not names or one.name.partition("/")[0] in names]
            assert members
            archive.extractall(tmp_path, members, filter="tar")
        if any(one.name == "store/seawall.db" for one in members):
            upgrade(database_place(tmp_path / "store", None), copies=tmp_path)
        return tmp_path

    return unpacked


@pytest.fixture
def answer(run: Run) -> VerbInJson:
    """Run a verb with `--json`, and return its document."""

    def asked(*words: object, code: int = 0) -> Any:
        done = run(*map(str, words), "--json")
        assert done.code == code, done.err
        return json.loads(done.out)

    return asked


@pytest.fixture(scope="session")
def rescored() -> dict[str, dict[str, Any]]:
    """What the code of then found, by what it looked through, and by the incident's id."""
    found: dict[str, dict[str, Any]] = json.loads((HERE / "rescored.json").read_text("utf-8"))
    return found
