"""One test for a table of cases: each case is checked, and the failure names those that do not hold."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

T = TypeVar("T")

_MOST = 20


def check_every(cases: Iterable[T], check: Callable[[T], None], *, name: Callable[[T], str] = str) -> None:
    """Call `check` with each case. Raise `AssertionError` that names the cases for which it raised, and why.

    A test per case takes two milliseconds of processor time and more, and each process collects it: for a thousand quick
    checks that is most of what they cost.
    """
    count, failed = 0, list[str]()
    for case in cases:
        count += 1
        try:
            check(case)
        except Exception as error:  # noqa: BLE001 - whatever one case raises, the others are checked
            failed.append(f"{name(case)}: {type(error).__name__}: {error}")
    assert count, "there is no case"
    rest = len(failed) - _MOST
    more = [f"and {rest} more"] if rest > 0 else []
    assert not failed, "\n".join([f"{len(failed)} of {count} fail", *failed[:_MOST], *more])
