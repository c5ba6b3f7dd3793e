"""Lines that begin a key and hold none cost no search of their own."""

from __future__ import annotations

from typing import Any

import pytest

from seawall.keys.leaks.key_formats import pem

LINE = b"-----BEGIN PRIVATE KEY-----\n"


@pytest.mark.parametrize("lines", [2, 50, 400])
def test_only_the_last_of_many_lines_is_searched(monkeypatch: pytest.MonkeyPatch, lines: int) -> None:
    searched = list[int]()

    def note(_data: bytes, anchor: int, *_more: Any) -> None:
        searched.append(anchor)
        raise LookupError

    monkeypatch.setattr(pem, "around", note)
    data = LINE * lines
    inside: Any = None  # asked only where a block is read
    for number in range(lines):
        try:
            hits = list(pem.read(data, number * len(LINE) + data.index(b"PRIVATE"), inside))
        except LookupError:
            continue
        assert hits == []
    assert searched == [(lines - 1) * len(LINE) + data.index(b"PRIVATE")]
