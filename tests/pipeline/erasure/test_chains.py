"""Chains that lost a name: verified as before, and whatever is changed afterwards shows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.pipeline.erasure.chains import erase_from_journal, erase_from_register
from seawall.response.containment.journal import open_journal, read_journal
from seawall.response.errors import JournalBroken, RegisterBroken
from seawall.response.notification.register import NotificationRegister
from seawall_base.hash_chain import ChainBroken, ChainHead, ChainLink, read_vouchers, verify
from seawall_base.name_erasure import NameErasure

ANNA = "anna.berger@x.example"
ERASURE = NameErasure(ANNA, "erased-1")


def write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    path.chmod(0o600)
    return path


def journal(path: Path, subjects: list[str]) -> str:
    with open_journal(path, clock=lambda: "2026-03-01T00:00:00Z") as made:
        for subject in subjects:
            made.append("torn", subject=subject)
        return made.head


@pytest.fixture(scope="module")
def erased(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("journal") / "journal"
    journal(path, [ANNA, "bob", ANNA])
    return erase_from_journal(path.read_bytes(), ERASURE, at=0)[0]


def test_a_journal_goes_on_after_the_erasure(erased: bytes, tmp_path: Path) -> None:
    path = write(tmp_path / "journal", erased)
    with open_journal(path, clock=lambda: "2026-03-02T00:00:00Z") as made:
        made.append("torn", subject="carla")
    entries = read_journal(path)
    assert [one["event"] for one in entries] == ["torn", "torn", "torn", "erased", "torn"]
    assert [one.get("subject") for one in entries] == [
        "erased-1@x.example",
        "bob",
        "erased-1@x.example",
        None,
        "carla",
    ]


def test_a_second_erasure_vouches_anew(erased: bytes, tmp_path: Path) -> None:
    again, count = erase_from_journal(erased, NameErasure("bob", "erased-2"), at=0)
    assert count == 1
    third, count = erase_from_journal(again, NameErasure("erased-1@x.example", "erased-3"), at=0)
    assert count == 3  # the line that vouched holds the token
    assert read_journal(write(tmp_path / "journal", third))[2]["subject"] == "erased-3@x.example"
    assert erase_from_journal(third, ERASURE, at=0) == (third, 0)


@given(data=st.data())
def test_whatever_is_changed_in_an_erased_journal_shows(
    erased: bytes, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    lines = erased.splitlines(keepends=True)
    number = data.draw(st.integers(0, len(lines) - 2))
    entry = json.loads(lines[number])
    entry["subject"] = data.draw(
        st.text(min_size=1, max_size=10).filter(lambda text: text != entry.get("subject"))
    )
    lines[number] = json.dumps(entry).encode() + b"\n"
    path = write(tmp_path_factory.mktemp("edited") / "journal", b"".join(lines))
    with pytest.raises(JournalBroken):
        read_journal(path)


def test_a_line_cannot_call_itself_erased(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    journal(path, ["ann", "bob"])
    lines = path.read_bytes().splitlines(keepends=True)
    first, second = json.loads(lines[0]), json.loads(lines[1])
    first |= {"subject": "eve", "erased_from": second["previous"]}
    write(path, json.dumps(first).encode() + b"\n" + lines[1])
    with pytest.raises(JournalBroken, match="entry 1 was changed"):
        read_journal(path)


def test_a_register_goes_on_and_shows_changes(tmp_path: Path) -> None:
    with NotificationRegister.writing(tmp_path, at=1) as register:
        register.append("letter", at=1, recipient=ANNA)
        noted = register.head
    path = tmp_path / "register.jsonl"
    content, count = erase_from_register(path, path.read_bytes(), ERASURE, at=2)
    assert count == 1
    write(path, content)
    with NotificationRegister.writing(tmp_path, at=3) as register:
        register.check(noted)
        register.append("noted", at=3, recipient="bob")
    assert [one.action for one in NotificationRegister.read(tmp_path).entries] == [
        "letter",
        "erased",
        "noted",
    ]
    write(path, path.read_bytes().replace(b"erased-1@x.example", b"somebody@x.example", 1))
    with pytest.raises(RegisterBroken, match="entry 1 was changed"):
        NotificationRegister.read(tmp_path)


def test_only_a_later_entry_vouches() -> None:
    links = [ChainLink(1, "0" * 64, "a" * 64, "b" * 64)]
    assert verify(links, vouched={1: "b" * 64}) == ChainHead(1, "a" * 64)
    with pytest.raises(ChainBroken):
        verify(links, vouched={1: "c" * 64})
    assert read_vouchers(
        [(3, {"1": "x", "3": "y", "4": "z", "no": "w", "2": 5}), (4, {"1": "q"}), (5, "bad")]
    ) == {1: "q"}
