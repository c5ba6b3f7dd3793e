"""Edits of a file as somebody would make them who wants a line to be forgotten, or a disk that fails."""

from __future__ import annotations

from hypothesis import strategies as st


def edited(content: bytes, data: st.DataObject) -> bytes:
    """Return the content with one to three edits: bytes changed, lines taken out, moved or repeated, the end cut off."""
    for _ in range(data.draw(st.integers(1, 3))):
        content = data.draw(st.sampled_from((_bytes, _lines, _cut)))(content, data)
    return content


def _bytes(content: bytes, data: st.DataObject) -> bytes:
    start = data.draw(st.integers(0, len(content)))
    new = data.draw(
        st.binary(max_size=3) | st.sampled_from((b"0", b"1", b'"', b" ", b"\n", b"\r", b"a", b"{}"))
    )
    return content[:start] + new + content[start + data.draw(st.integers(0, 3)) :]


def _lines(content: bytes, data: st.DataObject) -> bytes:
    lines = content.splitlines(keepends=True)
    order = data.draw(st.lists(st.sampled_from(range(len(lines) or 1)), max_size=len(lines) + 1))
    return b"".join(lines[one] for one in order if lines)


def _cut(content: bytes, data: st.DataObject) -> bytes:
    return content[: data.draw(st.integers(0, len(content)))]
