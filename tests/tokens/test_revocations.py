"""What is revoked is refused, nothing else is, and a reader never sees half of a change."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall_base.settings_values import InvalidValue
from seawall_tokens import refusals
from seawall_tokens.errors import RevocationInvalid
from seawall_tokens.policy.settings import ISSUER_SETTINGS
from seawall_tokens.revocation.entry import ANY_ISSUER, KINDS, LONGEST_TOKEN, Revocation
from seawall_tokens.revocation.snapshot import EMPTY, SHARDS, SMALL, Revocations, weights

ISSUER = "https://issuer.example"
TOKEN: dict[str, Any] = {
    "issuer": ISSUER,
    "kid": "k1",
    "thumbprint": "t1",
    "subject": "alice",
    "session": "s1",
    "token_id": "j1",
    "issued_at": 1_000.0,
    "client": "c1",
}


def entry(kind: Any, value: str = "", *, issuer: str = ANY_ISSUER, **more: Any) -> Revocation:
    return Revocation(
        kind=kind, value=value, issuer=issuer, **{"reason": "test", "who": "tester", "at": 500.0, **more}
    )


def outcome(revocations: Revocations, **changes: Any) -> str:
    try:
        revocations.refuse(**{**TOKEN, **changes})
    except refusals.Refusal as refusal:
        return refusal.code
    return ""


def of(*entries: Revocation, now: float = 600.0) -> Revocations:
    return Revocations.of(entries, now=now)


CASES = [
    (entry("kid", "k1"), "revoked-key", {"kid": "k2"}),
    (entry("kid", "k1", issuer=ISSUER), "revoked-key", {"issuer": "https://other.example"}),
    (entry("thumbprint", "t1"), "revoked-thumbprint", {"thumbprint": "t2"}),
    (entry("issuer", issuer=ISSUER), "revoked-issuer", {"issuer": ISSUER + "/x"}),
    (entry("subject", "alice", issuer=ISSUER), "revoked-subject", {"subject": "alicia"}),
    (entry("subject", "alice", issuer=ISSUER), "revoked-subject", {"issuer": "https://other.example"}),
    (entry("subject", "alice"), "revoked-subject", {"subject": None}),
    (entry("session", "s1", issuer=ISSUER), "revoked-session", {"session": "s2"}),
    (entry("session", "s1"), "revoked-session", {"session": None}),
    (entry("token-id", "j1"), "revoked-token", {"token_id": "j2"}),
    (entry("client", "c1", issuer=ISSUER), "revoked-client", {"client": "c2"}),
    (entry("not-before", issuer=ISSUER, not_before=1_000.5), "revoked-not-before", {"issued_at": 1_000.5}),
    (entry("not-before", not_before=1_000.5), "revoked-not-before", {"issued_at": 2_000}),
    (entry("not-before", "alice", issuer=ISSUER, not_before=1_000.5), "revoked-not-before", {"subject": "bob"}),
]  # fmt: skip


@pytest.mark.parametrize(("revoked", "code", "harmless"), CASES)
def test_a_revocation_refuses_what_it_names_and_nothing_beside_it(
    revoked: Revocation, code: str, harmless: dict[str, Any]
) -> None:
    assert outcome(of(revoked)) == code
    assert outcome(of(revoked), **harmless) == ""


def test_nothing_revoked_refuses_nothing() -> None:
    assert outcome(Revocations.empty) == ""
    assert outcome(of()) == ""


def test_the_empty_revocations_cannot_be_filled_for_everybody() -> None:
    with pytest.raises(TypeError):
        Revocations.empty.swap(of(entry("kid", "k1")).view)
    with pytest.raises(TypeError):
        Revocations.empty.keep_fresh(1)


@pytest.mark.parametrize("issued_at", [None, math.nan, 999])
def test_not_before_refuses_a_token_without_a_usable_time(issued_at: float | None) -> None:
    revoked = of(entry("not-before", issuer=ISSUER, not_before=1_000))
    assert outcome(revoked, issued_at=issued_at) == "revoked-not-before"


def test_the_later_of_two_bounds_counts() -> None:
    entries = [entry("not-before", issuer=ISSUER, not_before=bound) for bound in (900, 1_500, 950)]
    assert outcome(of(*entries)) == "revoked-not-before"


def test_the_object_id_is_a_second_name_of_the_subject() -> None:
    assert outcome(of(entry("subject", "o1", issuer=ISSUER)), object_id="o1") == "revoked-subject"
    assert outcome(of(entry("not-before", "o1", not_before=2_000)), object_id="o1") == "revoked-not-before"
    assert outcome(of(entry("subject", "o1", issuer=ISSUER)), object_id="o2") == ""


@pytest.mark.parametrize("claim", ["subject", "session", "token_id", "client", "object_id"])
@pytest.mark.parametrize("value", [5, ["alice"], {"a": 1}, True, b"alice"])
def test_what_is_no_text_refuses(claim: str, value: object) -> None:
    assert outcome(of(entry("kid", "elsewhere")), **{claim: value}) == "claim-malformed"


def test_an_ended_revocation_refuses_no_more() -> None:
    ending = entry("kid", "k1", expires=700.0)
    assert outcome(of(ending, now=699.0)) == "revoked-key"
    assert outcome(of(ending, now=700.0)) == ""
    assert outcome(of(ending, entry("kid", "k1"), now=700.0)) == "revoked-key"


def test_a_view_that_nobody_confirms_in_time_refuses_everything() -> None:
    revocations = Revocations()
    revocations.keep_fresh(60)
    assert outcome(revocations) == ""
    revocations.keep_fresh(-1)
    assert revocations.stale
    assert outcome(revocations) == "revocations-unavailable"


NAMES = st.sampled_from(["a", "b", "c", "*", "", "é"])
ISSUERS = st.sampled_from([ANY_ISSUER, "i1", "i2"])


@st.composite
def entries(draw: st.DrawFn) -> Revocation:
    kind = draw(st.sampled_from(KINDS))
    issuer = draw(ISSUERS)
    value = draw(NAMES)
    if kind == "issuer":
        issuer, value = draw(st.sampled_from(["i1", "i2"])), ""
    elif kind == "thumbprint":
        issuer, value = ANY_ISSUER, value or "a"
    elif kind != "not-before":
        value = value or "a"
    bound = draw(st.integers(0, 20)) if kind == "not-before" else None
    return entry(
        kind, value, issuer=issuer, not_before=bound, at=0, expires=draw(st.none() | st.integers(1, 20))
    )


TOKENS = st.fixed_dictionaries(
    {
        "issuer": st.sampled_from(["i1", "i2", "i3"]),
        "kid": NAMES,
        "thumbprint": NAMES,
        "subject": st.none() | NAMES,
        "session": st.none() | NAMES,
        "token_id": st.none() | NAMES,
        "issued_at": st.none() | st.integers(0, 20),
        "client": st.none() | NAMES,
    }
)
MATCHES: dict[str, Callable[[Revocation, dict[str, Any]], bool]] = {
    "kid": lambda e, t: e.value == t["kid"],
    "thumbprint": lambda e, t: e.value == t["thumbprint"],
    "issuer": lambda e, t: True,
    "subject": lambda e, t: e.value == t["subject"],
    "session": lambda e, t: e.value == t["session"],
    "token-id": lambda e, t: e.value == t["token_id"],
    "client": lambda e, t: e.value == t["client"],
    "not-before": lambda e, t: (
        e.value in ("", t["subject"]) and (t["issued_at"] is None or t["issued_at"] < (e.not_before or 0))
    ),
}


@given(st.lists(entries(), max_size=12), TOKENS, st.integers(0, 20))
def test_it_refuses_exactly_what_a_list_read_from_end_to_end_refuses(
    revoked: list[Revocation], token: dict[str, Any], now: int
) -> None:
    expected = any(
        (one.expires is None or one.expires > now)
        and one.issuer in (ANY_ISSUER, token["issuer"])
        and MATCHES[one.kind](one, token)
        for one in revoked
    )
    assert bool(outcome(Revocations.of(revoked, now=now), **token)) is expected


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.binary(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


@given(st.lists(entries(), max_size=4), st.dictionaries(st.sampled_from([*TOKEN, "object_id"]), ANYTHING))
def test_nothing_but_refusals_escapes(revoked: list[Revocation], changes: dict[str, Any]) -> None:
    assert isinstance(outcome(Revocations.of(revoked, now=-1), **changes), str)


@given(st.lists(entries(), max_size=12), st.lists(entries(), max_size=6))
def test_a_change_and_its_contrary_lead_back(first: list[Revocation], second: list[Revocation]) -> None:
    before = EMPTY.apply_changes(weights(first, now=-1))
    extra = {
        key: weight for key, weight in weights(second, now=-1).items() if key not in weights(first, now=-1)
    }
    after = before.apply_changes(extra)
    assert after.count == before.count + len(extra)
    back = after.apply_changes(dict.fromkeys(extra))
    assert back.count == before.count
    assert back.scopes.keys() == before.scopes.keys()
    assert EMPTY.count == 0


def test_a_large_table_is_changed_in_parts_and_the_old_view_stays() -> None:
    many = {("token-id", ANY_ISSUER, f"id-{number}"): 1.0 for number in range(SMALL + 1)}
    large = EMPTY.apply_changes(many)  # type: ignore[arg-type]
    table = large.anywhere.table("token-id")
    assert (large.count, table.count, len(table.parts)) == (SMALL + 1, SMALL + 1, SHARDS)
    smaller = large.apply_changes({("token-id", ANY_ISSUER, "id-7"): None})
    assert outcome(Revocations(smaller), token_id="id-7") == ""
    assert outcome(Revocations(smaller), token_id="id-8") == "revoked-token"
    assert outcome(Revocations(large), token_id="id-7") == "revoked-token"
    parts = smaller.anywhere.table("token-id").parts
    assert sum(new is not old for new, old in zip(parts, table.parts, strict=True)) == 1


def test_readers_see_the_whole_of_a_change_or_nothing() -> None:
    both = EMPTY.apply_changes({("kid", ANY_ISSUER, "k1"): 1.0, ("token-id", ANY_ISSUER, "j1"): 1.0})
    revocations = Revocations()
    stop = threading.Event()
    seen: set[tuple[bool, bool]] = set()

    def read() -> None:
        while not stop.is_set():
            view = revocations.view
            seen.add(
                (bool(outcome(Revocations(view), token_id=None)), bool(outcome(Revocations(view), kid="k")))
            )

    reader = threading.Thread(target=read)
    reader.start()
    for _ in range(2_000):
        revocations.swap(both)
        revocations.swap(EMPTY)
    stop.set()
    reader.join()
    assert seen <= {(True, True), (False, False)}


BAD: list[dict[str, Any]] = [
    {"kind": "nothing", "value": "x"},
    {"kind": "kid"},
    {"kind": "kid", "value": "x", "reason": " "},
    {"kind": "kid", "value": "x", "who": ""},
    {"kind": "kid", "value": "x" * 1025},
    {"kind": "kid", "value": "x\0y"},
    {"kind": "kid", "value": "\ud800"},
    {"kind": "kid", "value": 7},
    {"kind": "kid", "value": "x", "issuer": ""},
    {"kind": "kid", "value": "x", "not_before": 7.0},
    {"kind": "kid", "value": "x", "expires": 500.0},
    {"kind": "kid", "value": "x", "expires": math.nan},
    {"kind": "kid", "value": "x", "at": -1.0},
    {"kind": "kid", "value": "x", "at": math.inf},
    {"kind": "issuer", "issuer": "*"},
    {"kind": "issuer", "issuer": "i", "value": "x"},
    {"kind": "thumbprint", "value": "x", "issuer": "i"},
    {"kind": "not-before", "issuer": "i"},
    {"kind": "not-before", "issuer": "i", "not_before": True},
]


@pytest.mark.parametrize("fields", BAD)
def test_an_entry_that_would_revoke_something_else_is_no_entry(fields: dict[str, Any]) -> None:
    with pytest.raises(RevocationInvalid):
        Revocation(**{"reason": "test", "who": "tester", "at": 500.0, **fields})


def test_a_revoked_token_is_remembered_for_as_long_as_any_policy_file_lets_it_live() -> None:
    setting = next(setting for setting in ISSUER_SETTINGS if setting.name == "max_lifetime")
    skew = next(setting for setting in ISSUER_SETTINGS if setting.name == "clock_skew")
    assert setting.read("366d") + 2 * skew.read("600s") <= LONGEST_TOKEN
    with pytest.raises(InvalidValue):
        setting.read("367d")
