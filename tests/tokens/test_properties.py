"""Whatever is done to a valid token, it verifies no more; whatever is given, nothing but a refusal is raised."""

from __future__ import annotations

import base64
import json
import warnings
from typing import Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from joserfc import jws
from joserfc.errors import SecurityWarning
from joserfc.jwk import KeySet

from seawall_tokens import verify_access_token, verify_jws
from seawall_tokens.refusals import Internal, Refusal
from tests.thoroughness import examples
from tests.tokens import minting
from tests.tokens.jose import keys
from tests.tokens.minting import NOW, claims, entry, header, policy, token

SIGNERS: dict[str, keys.Private] = {
    "RS256": keys.rsa_key(),
    "PS256": keys.rsa_key(2),
    "ES256": keys.ec_key(),
    "EdDSA": keys.ed25519_key(),
}
SOURCE = minting.source(*(keys.jwk(key, kid=name) for name, key in SIGNERS.items()))
JWKS = {"keys": [keys.jwk(key, kid=name, alg=name) for name, key in SIGNERS.items()]}
RULES = policy(keys=SOURCE, algorithms=frozenset({"PS256", "ES256", "EdDSA"}))
PLAIN = policy(keys=SOURCE)
TOKENS = {name: token(head=header(alg=name, kid=name), key=key) for name, key in SIGNERS.items()}
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

algorithms = st.sampled_from(sorted(TOKENS))


def refused(text: Any, jws: bool = True) -> bool:
    """Whether both verifiers refuse, with a refusal that they know."""
    found = []
    for rules in (RULES, PLAIN):
        try:
            verify_access_token(text, rules, NOW)
        except Internal as unexpected:
            raise AssertionError("refused for want of understanding") from unexpected
        except Refusal:
            found.append(True)
        else:
            found.append(False)
    if jws:
        try:
            verify_jws(text, JWKS)
        except Internal as unexpected:
            raise AssertionError("refused for want of understanding") from unexpected
        except Refusal:
            found.append(True)
        else:
            found.append(False)
    return all(found)


def test_the_tokens_are_valid_before_anything_is_done_to_them() -> None:
    for name, text in TOKENS.items():
        assert verify_access_token(text, PLAIN if name == "RS256" else RULES, NOW).subject == "person"
        assert json.loads(verify_jws(text, JWKS).payload) == claims()


@settings(max_examples=examples(400))
@given(algorithms, st.data())
def test_a_changed_letter_is_refused(name: str, data: st.DataObject) -> None:
    text = TOKENS[name]
    place = data.draw(st.integers(0, len(text) - 1))
    letter = data.draw(st.sampled_from(ALPHABET + ".=+/ \n\0é?"))
    assume(letter != text[place])
    assert refused(text[:place] + letter + text[place + 1 :])


@settings(max_examples=examples(300))
@given(algorithms, st.data())
def test_inserted_and_deleted_letters_are_refused(name: str, data: st.DataObject) -> None:
    text = TOKENS[name]
    place = data.draw(st.integers(0, len(text)))
    count = data.draw(st.integers(0, 5))
    inserted = data.draw(st.text(ALPHABET + ".= ", max_size=4))
    changed = text[:place] + inserted + text[place + count :]
    assume(changed != text)
    assert refused(changed)


@settings(max_examples=examples(200))
@given(algorithms, st.integers(0, 2), st.data())
def test_a_flipped_bit_of_any_segment_is_refused(name: str, number: int, data: st.DataObject) -> None:
    segments = TOKENS[name].split(".")
    octets = bytearray(base64.urlsafe_b64decode(segments[number] + "=="))
    place = data.draw(st.integers(0, len(octets) * 8 - 1))
    octets[place // 8] ^= 1 << (place % 8)
    segments[number] = keys.text(bytes(octets))
    assert refused(".".join(segments))


@settings(max_examples=examples(100))
@given(algorithms, algorithms, st.permutations([0, 1, 2]), st.lists(st.booleans(), min_size=3, max_size=3))
def test_segments_of_two_tokens_do_not_mix(one: str, two: str, order: list[int], mix: list[bool]) -> None:
    first, second = TOKENS[one].split("."), TOKENS[two].split(".")
    changed = ".".join((first if mine else second)[number] for number, mine in zip(order, mix, strict=True))
    assume(changed not in TOKENS.values())
    assert refused(changed)


def test_every_other_spelling_of_a_segment_is_refused() -> None:
    for text in TOKENS.values():
        first, second, third = text.split(".")
        for changed in (
            f"{first}=.{second}.{third}", f"{first}.{second}=.{third}", f"{first}.{second}.{third}=",
            f"{first}.{second}.{third}==", f"{first}.{second}.{third}\n", f"\n{text}", f"{text} ", f"{text}.",
            f".{text}", text.replace("-", "+").replace("_", "/") + "+", text.upper(), text.swapcase(), text[::-1],
            f"{first}.\n{second}.{third}", f"{first}.{second}\r\n.{third}", f"\ufeff{text}", text + "\0",
        ):  # fmt: skip
            assert refused(changed), changed
        for number in range(3):
            octets = base64.urlsafe_b64decode(text.split(".")[number] + "==")
            for last in ALPHABET:
                segments = text.split(".")
                segments[number] = segments[number][:-1] + last
                if base64.urlsafe_b64decode(segments[number] + "==") == octets and ".".join(segments) != text:
                    assert refused(".".join(segments))


@settings(max_examples=examples(100))
@given(algorithms, st.sampled_from(["RS256", "PS256", "ES256", "EdDSA", "HS256", "none", "RS384", ""]))
def test_the_same_signature_under_another_algorithm_is_refused(name: str, other: str) -> None:
    assume(other != name)
    _, second, third = TOKENS[name].split(".")
    for head in (header(alg=other, kid=name), header(alg=other, kid=other), header(alg=other, kid=...)):
        assert refused(f"{keys.text(json.dumps(head).encode())}.{second}.{third}")
        assert refused(f"{keys.text(json.dumps(head).encode())}.{second}.")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
HEADER_NAMES = ["alg", "kid", "typ", "crit", "jwk", "jku", "x5c", "x5u", "b64", "zip", "enc", "cty", "x5t"]
CLAIM_NAMES = ["iss", "aud", "sub", "exp", "nbf", "iat", "jti", "uti", "client_id", "azp", "tid", "oid", "sid", "acr",
               "amr", "auth_time", "cnf", "scope", "act"]  # fmt: skip


@settings(max_examples=examples(300))
@given(st.text() | st.binary() | JSON)
@example("." * 10_000)
@example("a." * 3)
@example(b"\xff.\xff.\xff")
def test_arbitrary_input_is_refused(text: Any) -> None:
    assert refused(text, jws=isinstance(text, (str, bytes)))


@settings(max_examples=examples(200))
@given(st.dictionaries(st.sampled_from(HEADER_NAMES) | st.text(max_size=4), JSON, max_size=6), st.booleans())
def test_headers_of_any_kind_raise_nothing_but_refusals(members: dict[str, Any], beside: bool) -> None:
    members = (header(kid="RS256") | members) if beside else members
    if not refused(token(head=json.dumps(members).encode())):
        assert members["alg"] == "RS256"
        assert not {"crit", "jwk", "jku", "x5c", "x5u", "b64", "zip", "enc"} & set(members)


@settings(max_examples=examples(300))
@given(st.dictionaries(st.sampled_from(CLAIM_NAMES), JSON, max_size=4))
def test_claims_of_any_kind_raise_nothing_but_refusals(said: dict[str, Any]) -> None:
    """Signed by the right key, so that every check after the signature is reached."""
    demanding = policy(keys=SOURCE, acr_values=("c1",), required_amr=frozenset({"pwd"}), max_authentication_age=60,
                       required_claims=())  # fmt: skip
    text = token(
        json.dumps(claims(acr="c1", amr=["pwd"], auth_time=NOW) | said).encode(), header(kid="RS256")
    )
    for rules in (demanding, PLAIN):
        try:
            accepted = verify_access_token(text, rules, NOW)
        except Internal as unexpected:
            raise AssertionError("refused for want of understanding") from unexpected
        except Refusal:
            continue
        assert type(accepted.claims["exp"]) in {int, float}
        assert accepted.claims["exp"] > NOW - 60
        audience = accepted.claims["aud"]
        assert audience == minting.AUDIENCE or minting.AUDIENCE in audience


@settings(max_examples=examples(60))
@given(st.binary(max_size=200))
def test_payloads_of_any_kind_raise_nothing_but_refusals(payload: bytes) -> None:
    assert refused(token(payload, header(kid="RS256")), jws=False)
    # As a mere JWS any payload is as good as any other.
    assert verify_jws(token(payload, header(kid="RS256")), JWKS).payload == payload


@settings(max_examples=examples(150))
@given(JSON | st.binary(max_size=100) | st.dictionaries(st.just("keys"), st.lists(JSON, max_size=3)))
def test_keys_of_any_kind_raise_nothing_but_refusals(jwks: Any) -> None:
    with pytest.raises(Refusal) as raised:
        verify_jws(TOKENS["RS256"], jwks)
    assert raised.value.code != "internal"


def test_the_header_cache_is_bounded_and_does_not_mix_headers() -> None:
    for number in range(3000):
        assert refused(token(head=header(kid=f"name-{number}"))) if number % 500 == 0 else True
        with pytest.raises(Refusal):
            verify_access_token(
                f"{keys.text(json.dumps(header(kid=str(number))).encode())}.e30.AA", PLAIN, NOW
            )
    assert verify_access_token(TOKENS["RS256"], PLAIN, NOW).header["kid"] == "RS256"


def test_a_policy_that_was_read_anew_is_not_confused_with_the_old_one() -> None:
    """What is remembered of policies and keys hangs on the objects; thousands of them share no memory by accident."""
    for number in range(600):
        mine = f"https://api.example/{number}"
        rules = policy(keys=minting.rsa_source(number % 2), audiences=frozenset({mine}))
        good = token(claims(aud=mine), key=keys.rsa_key(number % 2)) if number < 4 else None
        if good is not None:
            assert verify_access_token(good, rules, NOW)
            continue
        with pytest.raises(Refusal):
            verify_access_token(token(), rules, NOW)
    assert entry().audiences == frozenset({minting.AUDIENCE})


@settings(max_examples=examples(200))
@given(
    algorithms,
    st.sampled_from(["RS256", "RS384", "PS256", "PS512", "ES256", "EdDSA", "Ed25519", "HS256", "none"]),
    st.sampled_from(sorted(SIGNERS)),
    st.binary(max_size=12),
    st.booleans(),
)
def test_joserfc_accepts_whatever_is_accepted_here(
    signer: str, alg: str, kid: str, payload: bytes, named: bool
) -> None:
    """An independent judge: a JWS that is valid for us and not for it would be a fault of ours."""
    head = header(alg=alg, kid=kid if named else ...)
    try:
        signature = minting.sign(
            SIGNERS[signer], alg, b".".join(text.encode() for text in _two(head, payload))
        )
    except (TypeError, ValueError):
        signature = b""
    text = ".".join((*_two(head, payload), keys.text(signature)))
    try:
        accepted = verify_jws(text, JWKS).payload
    except Refusal:
        assert not (signer == kid == alg and named), "signed as it should be"
        return
    keyset = KeySet.import_key_set({"keys": [dict(jwk) for jwk in JWKS["keys"]]})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SecurityWarning)  # RFC 9864 prefers the name Ed25519 to EdDSA
        theirs = jws.deserialize_compact(text, keyset, algorithms=["RS256", "PS256", "ES256", "EdDSA"])
    assert theirs.payload == accepted == payload


def _two(head: dict[str, Any], payload: bytes) -> tuple[str, str]:
    return keys.text(json.dumps(head).encode()), keys.text(payload)
