"""A scope is written and read back as it was; anything else is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.collection.coverage_gap import CoverageGap
from seawall.response.scope.document import read_scope, scope_from_document, scope_to_document, write_scope
from seawall.response.scope_values import Indicator, Message, Scope, ScopeSubject, SearchStep, SyncedFolder
from seawall_base.errors import InputUnreadable

T = 1_780_000_000_000_000
SEED = Indicator("address", "192.0.2.7", T, T + 5, "contoso")
SCOPE = Scope(
    T, T + 9_000_000, (SEED,), (SearchStep(0, SEED, None, is_followed=True, reason="a seed", events=3, accounts=1),),
    (ScopeSubject("account", "contoso", "anna@contoso.example", "touched", ("proved",), first=T, last=T + 1),),
    (ScopeSubject("mailbox", "contoso", "anna@contoso.example", "touched", ("read",),
                  (CoverageGap(T, T + 1, "mail", "gap", "x"),),
             ("r1",), 1, T, T + 1, 1, 0, (SyncedFolder("anna@contoso.example", "\\Inbox", ("r2",), T, T + 1),), True),),
    (ScopeSubject("organisation", "contoso", "contoso", "not_touched", ("covered",)),),
    (Message("anna@contoso.example", "<1@x>", "\\Inbox", "r1", T + 1, "contoso", 12),), ("logs/",), True,
)  # fmt: skip


def test_it_comes_back_as_it_was(tmp_path: Path) -> None:
    write_scope(tmp_path / "scope.json", SCOPE)
    assert read_scope(tmp_path / "scope.json") == SCOPE
    plain = json.loads((tmp_path / "scope.json").read_bytes())
    assert plain["schema_version"] == 1
    assert plain["start"].endswith("Z")
    assert plain["messages"][0]["time"].endswith("Z")


@given(st.text(st.characters(codec=None), max_size=40))
def test_any_name_is_written(name: str) -> None:
    scope = Scope(T, T, (), (), (ScopeSubject("account", "t", name, "possible", (name,)),), (), ())
    encoded = json.dumps(scope_to_document(scope))
    again = scope_from_document(json.loads(encoded))
    assert again.accounts[0].name == name.encode("utf-8", "replace").decode()


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"{}", b'{"start": 5}', b"[" * 100_000, b'{"start": "yesterday"}', b"\xff\xfe"],
    ids=["empty", "list", "nothing", "number", "deep", "words", "no-utf8"],
)
def test_anything_else_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "scope.json").write_bytes(content)
    with pytest.raises(InputUnreadable):
        read_scope(tmp_path / "scope.json")


def test_a_verdict_that_is_none_is_refused(tmp_path: Path) -> None:
    document = scope_to_document(SCOPE)
    document["accounts"][0]["verdict"] = "certainly_not"
    (tmp_path / "scope.json").write_text(json.dumps(document))
    with pytest.raises(InputUnreadable, match="certainly_not"):
        read_scope(tmp_path / "scope.json")


def test_what_is_missing_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputUnreadable, match="No such file"):
        read_scope(tmp_path / "scope.json")
