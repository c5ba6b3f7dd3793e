"""Checks over a table fail for each case that fails, and for a table without cases."""

from __future__ import annotations

import pytest

from tests.every import check_every


def _is_small(number: int) -> None:
    if number == 7:
        raise ValueError("seven")
    assert number < 5, "large"


def test_every_case_is_checked_and_those_that_fail_are_named() -> None:
    check_every(range(5), _is_small)
    with pytest.raises(
        AssertionError, match=r"(?s)3 of 8 fail\nno5: .*large.*\nno6: .*\nno7: ValueError: seven$"
    ):
        check_every(range(8), _is_small, name=lambda number: f"no{number}")


def test_a_long_list_of_failures_is_cut() -> None:
    with pytest.raises(AssertionError, match=r"(?s)30 of 35 fail.*\nand 10 more$"):
        check_every([*range(5), *[6] * 30], _is_small)


def test_no_case_is_a_failure() -> None:
    with pytest.raises(AssertionError, match="there is no case"):
        check_every([], _is_small)
