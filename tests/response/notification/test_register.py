"""The register: what is in it stays, what was changed shows, and only one writes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.response.errors import RegisterBroken, RegisterInUse
from seawall.response.notification.register import NAME, NotificationRegister
from seawall.response.notification.tracking import list_deliveries
from seawall_base.hash_chain import START, ChainHead, parse_head
from tests.edits import edited

AT = 1_795_000_000_000_000


def filled(folder: Path, count: int = 3) -> NotificationRegister:
    with NotificationRegister.writing(folder, at=AT) as register:
        for number in range(count):
            register.append("intent", at=AT + number, recipient=f"r{number}", version=1, way="mail", target="a@b.example",
                            by="Eva \ud800\u202e", details={"key": f"<{number}@x>"})  # fmt: skip
    return NotificationRegister.read(folder)


def test_it_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    assert NotificationRegister.read(tmp_path).head == ChainHead(0, START)
    register = filled(tmp_path)
    assert [entry.recipient for entry in register.entries] == ["r0", "r1", "r2"]
    assert register.entries[0].by == "Eva ?\u202e"
    assert parse_head(str(register.head)) == register.head
    assert (tmp_path / NAME).stat().st_mode & 0o077 == 0
    register.check(register.head)


def lines(folder: Path) -> list[bytes]:
    return (folder / NAME).read_bytes().splitlines(keepends=True)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("recipient", "other"),
        ("at", "2026-01-01T00:00:00Z"),
        ("details", {}),
        ("action", "acknowledged"),
        ("version", 2),
        ("by", ""),
    ],
)
def test_a_change_shows(tmp_path: Path, name: str, value: object) -> None:
    filled(tmp_path)
    first, *rest = lines(tmp_path)
    changed = json.dumps({**json.loads(first), name: value}, separators=(",", ":")).encode() + b"\n"
    (tmp_path / NAME).write_bytes(b"".join([changed, *rest]))
    with pytest.raises(RegisterBroken, match="entry 1 was changed"):
        NotificationRegister.read(tmp_path)


def test_a_line_that_is_gone_or_strange_shows(tmp_path: Path) -> None:
    filled(tmp_path)
    whole = lines(tmp_path)
    for content, what in (
        (whole[:1] + whole[2:], "entry 2 is missing"),
        (whole[1:], "entry 1 is missing"),
        ([whole[0], whole[0]], "entry 2 is missing"),
        ([*whole, b"nonsense\n"], "line 4 is no entry"),
        ([*whole, b"\n"], "line 4 is no entry"),
        ([b"[" * 5000 + b"\n"], "line 1 is no entry"),
    ):
        (tmp_path / NAME).write_bytes(b"".join(content))
        with pytest.raises(RegisterBroken, match=what):
            NotificationRegister.read(tmp_path)


def test_what_is_cut_off_the_end_shows_against_a_head_that_was_noted(tmp_path: Path) -> None:
    noted = filled(tmp_path).head
    (tmp_path / NAME).write_bytes(b"".join(lines(tmp_path)[:2]))
    shortened = NotificationRegister.read(tmp_path)
    with pytest.raises(RegisterBroken, match="noted elsewhere"):
        shortened.check(noted)


def test_a_line_that_a_crash_cut_off_is_set_aside_and_told(tmp_path: Path) -> None:
    filled(tmp_path)
    with (tmp_path / NAME).open("ab") as file:
        file.write(b'{"sequence":4,"at":"20')
    assert len(NotificationRegister.read(tmp_path).entries) == 3
    with NotificationRegister.writing(tmp_path, at=AT + 9) as register:
        register.append("noted", at=AT + 10)
    again = NotificationRegister.read(tmp_path)
    assert [entry.action for entry in again.entries[3:]] == ["repaired", "noted"]
    assert again.entries[3].details["bytes"] == 22


def test_one_writes(tmp_path: Path) -> None:
    with NotificationRegister.writing(tmp_path, at=AT):
        code = (
            "import sys; from pathlib import Path; from seawall.response.notification.register import NotificationRegister\n"
            "with NotificationRegister.writing(Path(sys.argv[1]), at=1): pass"
        )
        other = subprocess.run(
            [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=False
        )
        assert "RegisterInUse" in other.stderr
        with pytest.raises(RegisterInUse), NotificationRegister.writing(tmp_path, at=AT):
            pass


def test_a_link_is_no_register(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_bytes(b"")
    (tmp_path / NAME).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RegisterBroken):
        NotificationRegister.read(tmp_path)
    with pytest.raises(RegisterBroken), NotificationRegister.writing(tmp_path, at=AT):
        pass


def test_a_full_disk_is_an_error_before_anything_is_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with NotificationRegister.writing(tmp_path, at=AT) as register:
        monkeypatch.setattr(
            os, "write", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device"))
        )
        with pytest.raises(RegisterBroken, match="No space"):
            register.append("intent", at=AT)
        assert not register.entries


def test_states_follow_from_what_was_written(tmp_path: Path) -> None:
    where = {"recipient": "anna", "version": 1, "way": "mail", "target": "a@b.example"}

    def state(*actions: str) -> tuple[str, int]:
        folder = tmp_path / "-".join(actions)
        folder.mkdir()
        with NotificationRegister.writing(folder, at=AT) as register:
            for number, action in enumerate(actions):
                register.append(action, at=AT + number, **where)  # type: ignore[arg-type]
        found = list_deliveries(NotificationRegister.read(folder).entries)
        return found[0].state, found[0].attempts

    assert state("intent") == ("unsure", 1)
    assert state("intent", "sent") == ("sent", 1)
    assert state("intent", "unsure") == ("unsure", 1)
    assert state("intent", "failed", "intent", "sent") == ("sent", 2)
    assert state("intent", "sent", "bounced") == ("bounced", 1)
    assert state("intent", "sent", "noted") == ("sent", 1)
    assert state("intent", "sent", "acknowledged") == ("acknowledged", 1)
    assert state("intent", "unsure", "acknowledged") == ("acknowledged", 1)
    assert state("intent", "failed", "acknowledged") == ("failed", 1)
    assert state("intent", "sent", "acknowledged", "bounced") == ("acknowledged", 1)
    assert state("intent", "sent", "intent") == ("unsure", 2)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> NotificationRegister:
    return filled(tmp_path_factory.mktemp("case"), 4)


@given(data=st.data())
def test_whatever_is_done_to_the_file_what_reads_is_what_was_written(
    written: NotificationRegister, data: st.DataObject
) -> None:
    """Cutting the end off does not show in the file, and a blank within a line changes nothing that it says."""
    content = edited(written.path.read_bytes(), data)
    folder = written.path.parent / "edited"
    folder.mkdir(exist_ok=True)
    (folder / NAME).write_bytes(content)
    try:
        found = NotificationRegister.read(folder)
    except RegisterBroken:
        return
    assert found.entries == written.entries[: len(found.entries)]
    if len(found.entries) < len(written.entries):
        with pytest.raises(RegisterBroken):
            found.check(written.head)
