"""The journal: whatever is done to its file, what reads is what was written."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.response.containment.journal import Entry, open_journal, read_journal
from seawall.response.errors import JournalBroken
from seawall_base.errors import OutputUnwritable
from tests.edits import edited


def clock() -> str:
    return "2026-11-26T00:00:00Z"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Entry]]:
    path = tmp_path_factory.mktemp("plan") / "journal"
    with open_journal(path, clock=clock) as journal:
        for number in range(4):
            journal.append("intent", step=f"step-{number}", phase="apply")
    return path, read_journal(path)


@given(data=st.data())
def test_an_edit_shows_unless_it_is_of_the_end(whole: tuple[Path, list[Entry]], data: st.DataObject) -> None:
    """No line holds the digest of the last one: what was made of it, or that it is gone, shows against a noted head alone."""
    path, entries = whole
    other = path.with_name("edited")
    other.write_bytes(edited(path.read_bytes(), data))
    other.chmod(0o600)
    try:
        found = read_journal(other)
    except JournalBroken:
        return
    assert found[:-1] == entries[: len(found) - 1] or not found
    with open_journal(other, clock=clock) as journal, open_journal(path, clock=clock) as before:
        is_same = found == entries and other.read_bytes() == path.read_bytes()
        assert (journal.head == before.head) == is_same


def test_nothing_follows_a_line_that_was_not_written_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk may take half of a line. Another line behind it would be one with it, which nothing could read."""
    path = tmp_path / "journal"
    write = os.write

    def half(descriptor: int, line: bytes) -> int:
        if len(line) < 40:
            raise OSError(28, "No space left on device")
        return write(descriptor, line[: len(line) // 2])

    with open_journal(path, clock=clock) as journal:
        journal.append("opened")
        monkeypatch.setattr(os, "write", half)
        with pytest.raises(OutputUnwritable, match="No space left"):
            journal.append("intent")
        monkeypatch.undo()
        with pytest.raises(OutputUnwritable, match="was not written whole"):
            journal.append("intent")
    assert [entry["event"] for entry in read_journal(path)] == ["opened"]
    with open_journal(path, clock=clock) as journal:
        journal.append("intent")
    assert [entry["event"] for entry in read_journal(path)] == ["opened", "torn", "intent"]
