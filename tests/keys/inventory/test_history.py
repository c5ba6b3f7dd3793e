"""The ledger's memory against a naive one that keeps every run whole."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from seawall.keys.inventory.entries import KeySetEntry
from seawall.keys.inventory.history import (
    DAY,
    LONG_ABSENCE,
    SHORT_ABSENCE,
    Listing,
    code_of_absence,
    compare,
    date,
    length,
)
from seawall.keys.inventory.store import InventoryKey, NamedKey

RUNS = st.lists(st.tuples(st.integers(60, 33 * DAY), st.sets(st.integers(0, 4)), st.booleans()), max_size=12)
"""Seconds since the run before, which keys are listed, and whether all of the set was examined."""


def _entry(number: int) -> KeySetEntry:
    return KeySetEntry(
        place=number, kid=f"kid{number}", kty="RSA", thumbprint=f"t{number}", identity=f"i{number}"
    )


def _expected(past: list[tuple[int, set[int], bool]], number: int) -> tuple[int, int]:
    """How often a key came back by the last run, and after how long at most: looked up in all runs."""
    returns, longest, known, missed = 0, 0, False, None
    for at, listed, complete in past:
        if number in listed:
            if missed is not None:
                returns, longest = returns + 1, max(longest, at - missed)
            known, missed = True, None
        elif complete and known and missed is None:
            missed = at
    return returns, longest


@given(RUNS)
def test_what_came_and_went_is_remembered_as_by_somebody_who_keeps_everything(
    runs: list[tuple[int, set[int], bool]],
) -> None:
    known: dict[str, InventoryKey] = {}
    kids: dict[tuple[str, str], NamedKey] = {}
    past: list[tuple[int, set[int], bool]] = []
    now = 1_000_000
    for wait, listed, complete in runs:
        now += wait
        listing = Listing("set", "set", None, tuple(_entry(n) for n in sorted(listed)), complete)
        change = compare(listing, known.values(), list(kids.values()), now, first=not past)
        found = {(finding.kind.code, finding.kid) for finding in change.findings}
        before = {n for _, earlier, _ in past for n in earlier}
        past.append((now, listed, complete))
        known |= {key.identity: key for key in change.keys}
        for n in range(5):
            returns, longest = _expected(past, n)
            code = (
                "returned" if longest >= LONG_ABSENCE
                else "returned-early" if longest >= SHORT_ABSENCE
                else "flapping"
            )  # fmt: skip
            backs = {"returned", "returned-early", "flapping"}
            assert {code for code, kid in found if kid == f"kid{n}" and code in backs} == (
                {code} if n in listed and returns else set()
            )
            assert (("new-key", f"kid{n}") in found) == (n in listed and n not in before and len(past) > 1)
            if n in before | listed:
                key = known[f"i{n}"]
                assert key.first_seen == next(at for at, seen, _ in past if n in seen)
                assert key.last_seen == next(at for at, seen, _ in reversed(past) if n in seen)
                assert (key.returns, key.longest_gap) == (returns, longest)
                assert not (n in listed and key.gone_since is not None)


def test_how_long_an_absence_must_be() -> None:
    codes = [
        code_of_absence(days * DAY - less)
        for days, less in ((0, 0), (7, 1), (7, 0), (30, 1), (30, 0), (400, 0))
    ]
    assert codes == ["flapping", "flapping", "returned-early", "returned-early", "returned", "returned"]


def test_lengths_and_dates_are_words() -> None:
    assert [length(seconds) for seconds in (0, 60, 3600, 7200, DAY, 400 * DAY)] == [
        "less than a minute", "1 minute", "1 hour", "2 hours", "1 day", "400 days",
    ]  # fmt: skip
    assert date(0) == "1970-01-01"
    assert date(1 << 62).endswith("seconds after 1970")
