"""No character that steers a screen or hides from the eye gets through."""

from __future__ import annotations

import sys
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from seawall_base.safe_text import visible

DRAWN = {chr(code) for code in (*range(0x600, 0x606), 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD)}
"""Format characters that fonts draw: they hide nothing."""


def test_every_control_format_and_separator_is_replaced() -> None:
    for code in range(sys.maxunicode + 1):
        character = chr(code)
        if unicodedata.category(character) in {"Cc", "Cf", "Cs", "Zl", "Zp"} and character not in DRAWN:
            if 0x13430 <= code <= 0x1343F:  # Egyptian hieroglyph joiners
                continue
            assert visible(character) != character, hex(code)


@given(st.text())
def test_the_result_is_stable_and_encodable(text: str) -> None:
    once = visible(text)
    assert visible(once) == once
    once.encode()


def test_examples() -> None:
    assert visible("a\x1b[31mb\n") == "a⟨U+001B⟩[31mb⟨U+000A⟩"
    assert visible("gpj\u202eexe") == "gpj⟨U+202E⟩exe"
    assert visible("Zoë 中文 ünï") == "Zoë 中文 ünï"
    assert visible("x" * 30, limit=10) == "x" * 10 + "… (20 more characters)"
