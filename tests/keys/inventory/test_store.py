"""The ledger on disk: a run is remembered whole or not at all, and what is no sound ledger is refused and left alone."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest

from seawall.keys.errors import KeyInventoryBroken
from seawall.keys.inventory import store as store_module
from seawall.keys.inventory.store import InventoryKey, KeyInventory

KEY = InventoryKey(
    set_name="https://a", identity="id", thumbprint="t", kid="k", kty="RSA", curve=None, algorithm="RS256",
    issuer="https://i", modulus=(1 << 2047) + 1, not_before=-5, not_after=2**40, first_seen=10, last_seen=20,
    gone_since=None, returns=1, longest_gap=7,
)  # fmt: skip


def _make(path: Path) -> None:
    with KeyInventory.open(path) as ledger:
        ledger.remember_set("https://a", "https://i", 20)
        ledger.remember_keys([KEY])
        ledger.remember_kids("https://a", [("k", "id")], 20)
        ledger.commit()


def test_what_was_committed_is_there_again(tmp_path: Path) -> None:
    path = tmp_path / "keys.db"
    _make(path)
    with KeyInventory.open(path) as ledger:
        assert not ledger.fresh
        assert ledger.known_keys() == [KEY]
        assert ledger.sets()["https://a"].issuer == "https://i"
        assert [(name.kid, name.identity, name.first_seen) for name in ledger.kids("https://a")] == [
            ("k", "id", 20)
        ]
    assert path.stat().st_mode & 0o777 == 0o600


def test_what_was_not_committed_never_was(tmp_path: Path) -> None:
    path = tmp_path / "keys.db"
    _make(path)
    with KeyInventory.open(path) as ledger:
        ledger.remember_set("https://b", None, 30)
    with KeyInventory.open(path) as ledger:
        assert set(ledger.sets()) == {"https://a"}


def _other_database(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE bookmarks (url TEXT)")
    connection.commit()
    connection.close()


def _newer(path: Path) -> None:
    _make(path)
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()


def _trigger(path: Path) -> None:
    _make(path)
    connection = sqlite3.connect(path)
    connection.execute("CREATE TRIGGER t AFTER INSERT ON keys BEGIN DELETE FROM keys; END")
    connection.close()


def _damaged(path: Path) -> None:
    _make(path)
    data = bytearray(path.read_bytes())
    for page in range(4096, len(data), 4096):
        data[page : page + 64] = b"\xff" * 64
    path.write_bytes(data)


def _cut_off(path: Path) -> None:
    _make(path)
    path.write_bytes(path.read_bytes()[:5000])


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.write_bytes(b""),
        lambda path: path.write_text("my notes"),
        lambda path: path.write_bytes(b"SQLite format 3\0" + b"\0" * 4000),
        _other_database,
        _newer,
        _trigger,
        _damaged,
        _cut_off,
    ],
    ids=["empty", "text", "zeros", "other database", "newer", "trigger", "damaged", "cut off"],
)
def test_what_is_no_sound_ledger_is_refused_and_left_as_it_is(tmp_path: Path, spoil: object) -> None:
    path = tmp_path / "keys.db"
    spoil(path)  # type: ignore[operator]
    before = path.read_bytes()
    with pytest.raises(KeyInventoryBroken) as raised:
        KeyInventory.open(path)
    assert raised.value.fix
    assert path.read_bytes() == before


def test_a_folder_or_a_place_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KeyInventoryBroken):
        KeyInventory.open(tmp_path)
    with pytest.raises(KeyInventoryBroken):
        KeyInventory.open(tmp_path / "absent" / "keys.db")


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_a_ledger_that_others_could_change_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "keys.db"
    _make(path)
    path.chmod(mode)
    with pytest.raises(KeyInventoryBroken) as raised:
        KeyInventory.open(path)
    assert "chmod 600" in raised.value.fix
    path.chmod(0o644)
    with KeyInventory.open(path) as ledger:
        assert not ledger.fresh


def test_two_audits_do_not_write_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "keys.db"
    _make(path)
    monkeypatch.setattr(store_module, "BUSY_SECONDS", 0.05)
    with KeyInventory.open(path), pytest.raises(KeyInventoryBroken, match="in use"):
        KeyInventory.open(path)


def test_the_second_waits_for_the_first(tmp_path: Path) -> None:
    path = tmp_path / "keys.db"
    _make(path)
    first = KeyInventory.open(path)
    done: list[str] = []

    def second() -> None:
        with KeyInventory.open(path) as ledger:
            done.extend(ledger.sets())

    thread = threading.Thread(target=second)
    thread.start()
    first.remember_set("https://b", None, 30)
    first.commit()
    first.__exit__()
    thread.join(60)
    assert sorted(done) == ["https://a", "https://b"]


def test_a_ledger_that_could_not_be_begun_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "SCHEMA", "CREATE NONSENSE")
    path = tmp_path / "keys.db"
    with pytest.raises(KeyInventoryBroken):
        KeyInventory.open(path)
    assert not path.exists()
