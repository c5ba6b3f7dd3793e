"""Conditions on claims allow exactly what they list: value and type, an element of an array, never what is absent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall_base.errors import PolicyInvalid
from seawall_tokens.policy.file import load_policy
from seawall_tokens.verify.claim_conditions import Conditions
from tests.tokens.jose import keys
from tests.tokens.judging import code
from tests.tokens.minting import AUDIENCE, ISSUER, claims, policy, token
from tests.tokens.test_profiles import policy_of, published


@pytest.mark.parametrize(
    ("allowed", "value", "verdict"),
    [
        (["example.org"], "example.org", "accepted"),
        (["a", "b"], "b", "accepted"),
        (["admin"], ["user", "admin"], "accepted"),
        ([1], 1, "accepted"),
        ([True], True, "accepted"),
        ([False], False, "accepted"),
        (["example.org"], ..., "claim-missing"),
        (["example.org"], "Example.org", "claim-not-allowed"),
        (["example.org"], "evil-example.org", "claim-not-allowed"),
        (["example.org"], "example.org ", "claim-not-allowed"),
        (["example.org"], "", "claim-not-allowed"),
        (["example.org"], None, "claim-not-allowed"),
        (["example.org"], [], "claim-not-allowed"),
        (["example.org"], [["example.org"]], "claim-not-allowed"),
        (["example.org"], {"example.org": True}, "claim-not-allowed"),
        (["example.org"], "other.org example.org", "claim-not-allowed"),
        ([1], True, "claim-not-allowed"),
        ([1], "1", "claim-not-allowed"),
        ([1], 1.0, "claim-not-allowed"),
        ([True], 1, "claim-not-allowed"),
        ([True], "true", "claim-not-allowed"),
        (["true"], True, "claim-not-allowed"),
        ([0], False, "claim-not-allowed"),
        ([0], None, "claim-not-allowed"),
    ],
)
def test_what_meets_a_condition(allowed: list[Any], value: Any, verdict: str) -> None:
    rules = policy(conditions=Conditions.of({"hd": allowed}))
    assert code(token(claims(hd=value)), rules) == verdict


def test_every_condition_must_be_met() -> None:
    rules = policy(conditions=Conditions.of({"hd": ["example.org"], "email_verified": [True]}))
    assert code(token(claims(hd="example.org", email_verified=True)), rules) == "accepted"
    assert code(token(claims(hd="example.org", email_verified=False)), rules) == "claim-not-allowed"
    assert code(token(claims(hd="example.org")), rules) == "claim-missing"


JSON: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(JSON, st.lists(st.text(min_size=1) | st.integers() | st.booleans(), min_size=1, max_size=4))
def test_no_value_meets_a_condition_that_does_not_list_it(value: Any, allowed: list[Any]) -> None:
    conditions = Conditions.of({"x": allowed})
    items = value if isinstance(value, list) else [value]
    listed = any(
        isinstance(item, str | int | bool) and any(type(item) is type(one) and item == one for one in allowed)
        for item in items
    )
    assert (conditions.unmet({"x": value}) is None) == listed
    assert conditions.unmet({}) == "x"


def _policy(folder: Path, *lines: str) -> Any:
    setting = published(folder, keys.jwk(keys.rsa_key(), kid="one"))
    return policy_of(folder, f'issuer = "{ISSUER}"\naudiences = ["{AUDIENCE}"]\n{setting}' + "\n".join(lines))


def test_conditions_are_written_in_the_policy(tmp_path: Path) -> None:
    rules = _policy(
        tmp_path,
        'claims.hd = "example.org"',
        'claims."https://x/y.z" = [7, "seven"]',
        "claims.verified = true",
    )
    said: dict[str, Any] = {"hd": "example.org", "https://x/y.z": 7, "verified": True}
    assert code(token(claims(**said)), rules) == "accepted"
    for name in said:
        assert code(token(claims(**said | {name: "no"})), rules) == "claim-not-allowed"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("claims = {}", "is empty"),
        ('claims = "hd"', "is a text where conditions are needed"),
        ("claims.hd = []", "has no value"),
        ('claims.hd = ""', "no value to compare with"),
        ("claims.hd = 1.5", "no value to compare with"),
        ("claims.hd = 2026-01-01", "no value to compare with"),
        ('claims.hd = ["a", "a"]', "listed twice"),
        ('claims.hd = [["a"]]', "no value to compare with"),
        ('claims.kubernetes.io = "a"', 'quote names that hold a dot: claims."a.b"'),
    ],
)
def test_a_condition_that_makes_no_sense_is_said(tmp_path: Path, line: str, words: str) -> None:
    with pytest.raises(PolicyInvalid, match=r"policy\.toml:5") as invalid:
        _policy(tmp_path, line)
    assert words in str(invalid.value)


def test_conditions_may_be_a_table_of_their_own(tmp_path: Path) -> None:
    published(tmp_path, keys.jwk(keys.rsa_key(), kid="one"))
    (tmp_path / "p.toml").write_text(
        f'[[issuer]]\nissuer = "{ISSUER}"\naudiences = ["{AUDIENCE}"]\njwks_file = "keys.json"\n'
        '[issuer.claims]\nhd = ["a", "b"]\n'
    )
    assert load_policy(tmp_path / "p.toml").issuers[0].conditions == Conditions.of({"hd": ["a", "b"]})
