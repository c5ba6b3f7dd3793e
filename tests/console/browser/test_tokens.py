"""The colours: every pair that carries words or meaning has the contrast that WCAG 2.2 AA asks for, light and dark."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TOKENS = Path(__file__).parents[3] / "console" / "src" / "design" / "tokens.css"
TEXT, MARK = 4.5, 3.0
GROUNDS = ("page", "surface", "raised", "sunk", "hover", "selected", "accent-wash")
SEVERITIES = ("critical", "high", "medium", "low")

WORDS = [
    *[
        ("ink", ground)
        for ground in (*GROUNDS, *(f"{severity}-wash" for severity in SEVERITIES), "good-wash")
    ],
    *[("soft", ground) for ground in GROUNDS],
    *[("accent", ground) for ground in GROUNDS],
    ("accent-ink", "accent"),
    *[
        (severity, ground)
        for severity in SEVERITIES
        for ground in ("surface", "selected", "hover", f"{severity}-wash")
    ],
    *[("theirs", ground) for ground in ("surface", "page", "sunk", "hover")],
    *[("good", ground) for ground in ("surface", "good-wash")],
]
MARKS = [
    *[
        (mark, ground)
        for mark in ("own", "theirs", "line-strong", "focus")
        for ground in ("surface", "page", "sunk", "raised")
    ],
    ("good", "surface"),
]


def colours() -> dict[str, tuple[str, str]]:
    """Light and dark of each token that is a plain colour."""
    found = re.findall(
        r"--([a-z-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);", TOKENS.read_text(encoding="utf-8")
    )
    return {name: (light, dark) for name, light, dark in found}


def luminance(colour: str) -> float:
    """Relative luminance of WCAG 2."""

    def linear(channel: int) -> float:
        share = channel / 255
        return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4

    red, green, blue = (linear(int(colour[at : at + 2], 16)) for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast ratio of WCAG 2, 1 to 21."""
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_the_measure_itself() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_words_and_marks_stand_out(theme: int) -> None:
    known = colours()
    weak = [
        f"{front} on {ground}: {ratio:.2f} < {least}"
        for pairs, least in ((WORDS, TEXT), (MARKS, MARK))
        for front, ground in pairs
        if (ratio := contrast(known[front][theme], known[ground][theme])) < least
    ]
    assert weak == []


def test_severities_differ_in_more_than_hue() -> None:
    """Worst to least, light theme: a drawing in grey still has four shapes (design/marks.tsx) and no two are one colour."""
    known = colours()
    assert len({known[severity] for severity in SEVERITIES}) == len(SEVERITIES)
    shapes = (TOKENS.parent / "marks.tsx").read_text(encoding="utf-8")
    drawn = re.findall(r"^  (critical|high|medium|low): ", shapes, flags=re.MULTILINE)
    assert sorted(drawn) == sorted(SEVERITIES)
