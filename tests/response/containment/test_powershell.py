"""Commands into which nothing can be slipped: a value is one literal, or there is no command."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from seawall.response.containment.steps import fill_command, quote_literal

LITERAL = re.compile("'(?:[^'\u2018\u2019\u201a\u201b]|['\u2018\u2019\u201a\u201b]{2})*'")


@given(st.text(max_size=40))
def test_a_literal_is_one_literal(value: str) -> None:
    made = quote_literal(value)
    if made is not None:
        assert LITERAL.fullmatch(made)
        assert "\n" not in made


def test_a_value_that_is_no_name_gives_no_command() -> None:
    assert fill_command("Get-X {a}", a="a\nb") is None
    assert fill_command("Get-X {a}", a="") is None
    assert fill_command("Get-X {a} {b}", a="it's", b="{a}") == "Get-X 'it''s' '{a}'"
