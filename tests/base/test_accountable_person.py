"""Who is accountable has a name; what an example shows in place of one is refused."""

from __future__ import annotations

import pytest

from seawall_base.accountable_person import is_placeholder, require_person
from seawall_base.errors import UsageError

PLACEHOLDERS = [
    "YOUR NAME", "your name", "Your  Name ", "YOUR_NAME", "your-name", "<name>", "<Ann Example>", "[name]", "{{ name }}", "$NAME",
    "%NAME%", "NAME", "name of the approver", "tbd", "N/A", "n.a.", "xxx", "XXXX", "x", "---", "???", "...", "none",
    "null", "Firstname Lastname", "first and last name", "insert your name here", "Ihr Name", "votre nom",
    "ＹＯＵＲ ＮＡＭＥ", "placeholder", "someone", "Name (1)", "12345",
]  # fmt: skip


@pytest.mark.parametrize("name", PLACEHOLDERS)
def test_a_placeholder_is_refused(name: str) -> None:
    assert is_placeholder(name)
    with pytest.raises(UsageError, match="--approver"):
        require_person(name, "--approver")


@pytest.mark.parametrize("name", [None, "", " ", "a\nb", "a" * 201, "\x1b[31mAnn"])
def test_what_is_no_name_at_all_is_refused(name: str | None) -> None:
    with pytest.raises(UsageError, match="--by"):
        require_person(name, "--by")


@pytest.mark.parametrize(
    "name",
    [
        "Ann Example",
        "Eva Muster",
        "service desk",
        "Bo",
        "Null O'Brien",
        "Tu Nguyen",
        "李雷",
        "王",
        "Ann (SOC)",
        "ann@example.org",
        "R2D2 Jones",
    ],
)
def test_a_name_is_taken(name: str) -> None:
    assert require_person(f" {name} ", "--by") == name
