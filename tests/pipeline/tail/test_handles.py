"""Nothing that is no file is waited for, and only so many files are open."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from seawall.pipeline.tail.handles import FileHandleCache
from seawall_base.regular_files import open_regular


def test_a_pipe_without_a_writer_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="not a regular file"):
        open_regular(tmp_path / "pipe")
    with pytest.raises(OSError, match="not a regular file"):
        open_regular(tmp_path)


def test_the_longest_unused_is_closed(tmp_path: Path) -> None:
    handles = FileHandleCache(2)
    opened = []
    for name in "abc":
        (tmp_path / name).write_text(name)
        opened.append(handles.get(name, tmp_path / name))
        handles.get("a", tmp_path / "a")
    assert "b" not in handles
    assert handles.get("a", tmp_path / "a") == opened[0]
    assert os.pread(handles.get("c", tmp_path / "c"), 9, 0) == b"c"
    handles.close()
    with pytest.raises(OSError, match="Bad file"):
        os.fstat(opened[0])
    handles.drop("a")
