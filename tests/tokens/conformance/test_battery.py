"""The battery itself: names, words and sources, and that each case makes what it says."""

from __future__ import annotations

import re

import pytest

from seawall_base.errors import UsageError
from seawall_tokens.conformance.battery import cases, families
from seawall_tokens.conformance.case import HARMS, Case
from seawall_tokens.conformance.token_factory import TokenFactory
from seawall_tokens.conformance.verifier import CAPABILITIES
from tests.every import check_every

EVERY = cases()


def named(case: Case) -> str:
    return case.name


def test_there_are_enough() -> None:
    assert sum(case.is_hostile for case in EVERY) >= 100
    assert sum(not case.is_hostile for case in EVERY) >= 30


def test_names_are_unique_and_plain() -> None:
    names = [case.name for case in EVERY]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z0-9_]+(?:-[a-z0-9_]+)*", name) for name in names)
    assert not set(names) & {family.name for family in families()}


def _says_what_it_stands_for(case: Case) -> None:
    assert case.attack
    assert case.source
    assert case.needs <= CAPABILITIES.keys()
    assert (case.harm in HARMS) is case.is_hostile
    assert all(re.fullmatch(r"[a-z0-9]+(?:-[a-z0-9]+)*", code) for code in case.codes)


def test_a_case_says_what_it_stands_for() -> None:
    check_every(EVERY, _says_what_it_stands_for, name=named)


def _can_be_made_anew(case: Case) -> None:
    first, second = case.build(TokenFactory()), case.build(TokenFactory())
    assert isinstance(first.token, str)
    assert len(first.token) < 20_000_000
    assert first.context.issuers
    assert first.times == second.times


def test_a_case_can_be_made_anew() -> None:
    check_every(EVERY, _can_be_made_anew, name=named)


def test_no_two_attacks_read_the_same() -> None:
    words = [case.attack for case in EVERY]
    assert len(set(words)) == len(words)


def test_some_can_be_chosen() -> None:
    assert {case.family for case in cases(("form",))} == {"form"}
    assert [case.name for case in cases(("storm-0558",))] == ["storm-0558"]
    with pytest.raises(UsageError, match="no such family or case: nothing"):
        cases(("nothing",))
