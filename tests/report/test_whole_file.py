"""A file is written whole, for its owner alone, or not at all; what cannot be written is said in words."""

from __future__ import annotations

from pathlib import Path

import pytest

from seawall.response.notification.drafts import write_file
from seawall_base.durable_file import write_whole
from seawall_base.errors import OutputUnwritable


def test_it_is_the_owners_and_replaces_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")
    path.chmod(0o644)
    write_whole(path, b"new", fix="")
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"new", 0o600)
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_bytes(b"keep")
    (tmp_path / "a.part").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OutputUnwritable):
        write_whole(tmp_path / "a", b"new", fix="")
    assert (tmp_path / "elsewhere").read_bytes() == b"keep"
    (tmp_path / "b").symlink_to(tmp_path / "elsewhere")
    write_whole(tmp_path / "b", b"new", fix="")
    assert (tmp_path / "elsewhere").read_bytes() == b"keep"


@pytest.mark.parametrize(
    "write", [write_file, lambda path, content: write_whole(path, content, fix="")], ids=["letter", "file"]
)
def test_a_folder_that_is_a_file_is_said_in_words(write: object, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"keep")
    with pytest.raises(OutputUnwritable):
        write(tmp_path / "file" / "a", b"new")  # type: ignore[operator]
    assert (tmp_path / "file").read_bytes() == b"keep"
