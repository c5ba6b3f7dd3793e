"""A bound token without its proof is refused, whatever is tried; with it, it passes."""

from __future__ import annotations

import base64
import hashlib
import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from seawall_tokens.jose import base64url
from seawall_tokens.policy.issuer_policy import IssuerPolicy
from seawall_tokens.refusals import Refusal
from seawall_tokens.verify.replay import MemoryReplayGuard, Nonces, ReplayGuard, SharedReplayGuard
from seawall_tokens.verify.request_binding import RequestBinding
from seawall_tokens.verify.sender import check_sender
from tests.thoroughness import examples
from tests.tokens.proofs import certificate, compact, hash_of, proof, public

KEY = ECKey.generate_key("P-256")
OTHER = ECKey.generate_key("P-256")
TOKEN = "header.payload.signature"
NOW = 1_000.0
BOUND = {"cnf": {"jkt": KEY.thumbprint()}}
CERTIFICATE = certificate()
MTLS = {"cnf": {"x5t#S256": base64url.encode(hashlib.sha256(CERTIFICATE).digest())}}
REQUEST: dict[str, Any] = {"method": "GET", "url": "https://api.example/mail", "scheme": "DPoP"}
NONCES = Nonces([bytes(range(32))])


class NoKeys:
    def lookup(self, issuer: str, kid: str, now: float) -> Any:
        raise NotImplementedError


def policy(**more: Any) -> IssuerPolicy:
    return IssuerPolicy(
        name="test", issuer="https://issuer.example", audiences=frozenset({"api"}), keys=NoKeys(), **more
    )


POLICY = policy()


def code(
    claims: dict[str, Any],
    *,
    rule: IssuerPolicy = POLICY,
    replay: ReplayGuard | None = None,
    now: float = NOW,
    bare: bool = False,
    **request: Any,
) -> str:
    binding = None if bare else RequestBinding(**{**REQUEST, **request})
    try:
        check_sender(TOKEN, claims, rule, binding, MemoryReplayGuard() if replay is None else replay, now)
    except Refusal as refusal:
        return refusal.code if refusal.check == 12 else f"check {refusal.check}"
    return ""


def test_a_bound_token_with_its_proof_passes() -> None:
    assert code(BOUND, proofs=(proof(KEY, TOKEN),)) == ""


@pytest.mark.parametrize(
    ("made", "algorithm"),
    [
        (RSAKey.generate_key(2048), "PS256"),
        (RSAKey.generate_key(2048), "RS256"),
        (ECKey.generate_key("P-384"), "ES384"),
        (ECKey.generate_key("P-521"), "ES512"),
        (OKPKey.generate_key("Ed25519"), "EdDSA"),
        (OKPKey.generate_key("Ed25519"), "Ed25519"),
        (OKPKey.generate_key("Ed448"), "Ed448"),
    ],
)
def test_every_asymmetric_algorithm_proves(made: Any, algorithm: str) -> None:
    given_proof = proof(made, TOKEN, header={"alg": algorithm})
    assert code({"cnf": {"jkt": made.thumbprint()}}, proofs=(given_proof,)) == ""


def test_the_proof_that_rfc_9449_prints_passes() -> None:
    """Section 7.1, figure 12: its token, key, method, address and moment."""
    printed = (
        "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0Rs"
        "cEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2"
        "In19.eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9wcm90"
        "ZWN0ZWRyZXNvdXJjZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFF"
        "byJ9.2oW9RP35yRqzhrtNP86L-Ey71EOptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA"
    )
    binding = RequestBinding(
        method="GET", url="https://resource.example.org/protectedresource", scheme="DPoP", proofs=(printed,)
    )
    claims = {"cnf": {"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}}
    guard = MemoryReplayGuard()
    check_sender("Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU", claims, POLICY, binding, guard, 1_562_262_618)
    assert guard.remembered_proofs == 1


def test_a_bearer_token_passes_where_the_policy_lets_it() -> None:
    assert code({}, scheme="Bearer") == ""
    assert code({}, bare=True) == ""


@pytest.mark.parametrize(
    ("demand", "claims", "expected"),
    [
        ("optional", {}, ""),
        ("dpop", {}, "sender-missing"),
        ("mtls", {}, "sender-missing"),
        ("required", {}, "sender-missing"),
        ("dpop", MTLS, "sender-missing"),
        ("mtls", BOUND, "sender-missing"),
        ("mtls", MTLS, ""),
        ("required", MTLS, ""),
    ],
)
def test_the_policy_says_what_a_token_must_be_bound_to(demand: Any, claims: Any, expected: str) -> None:
    assert code(claims, rule=policy(sender=demand), scheme="Bearer", certificate=CERTIFICATE) == expected


def test_a_bound_token_is_no_bearer_token() -> None:
    good = proof(KEY, TOKEN)
    assert code(BOUND, scheme="Bearer") == "sender-downgrade"
    assert code(BOUND, scheme="Bearer", proofs=(good,)) == "sender-downgrade"
    assert code(BOUND, bare=True) == "sender-downgrade"
    assert code(MTLS, bare=True) == "sender-downgrade"


def test_a_bearer_token_is_no_bound_token() -> None:
    assert code({}, proofs=(proof(KEY, TOKEN),)) == "dpop-unbound"
    assert code(MTLS, certificate=CERTIFICATE) == "dpop-unbound"


@pytest.mark.parametrize(
    "cnf",
    [
        None,
        {},
        [],
        "x",
        {"jwk": public(KEY)},
        {"kid": "k"},
        {"jkt": KEY.thumbprint(), "jku": "https://attacker.example"},
        {"jkt": KEY.thumbprint(), "kid": "k" * 43},
        {"jkt": 5},
        {"jkt": ""},
        {"jkt": KEY.thumbprint() + "="},
        {"x5t": "a" * 27},
        {"x5t#S256": None},
    ],
)
def test_a_binding_that_is_not_understood_refuses(cnf: object) -> None:
    assert code({"cnf": cnf}, proofs=(proof(KEY, TOKEN),)) == "sender-binding-unknown"


GOOD = proof(KEY, TOKEN)
HEAD, BODY, SIGNATURE = GOOD.split(".")
RSA = RSAKey.generate_key(2048)
SYMMETRIC = OctKey.generate_key(256)
BAD_PROOFS: list[tuple[tuple[str, ...], str]] = [
    ((), "dpop-missing"),
    ((GOOD, proof(KEY, TOKEN, jti="two")), "dpop-malformed"),
    ((GOOD, GOOD), "dpop-malformed"),
    ((f"{GOOD},{GOOD}",), "dpop-malformed"),
    (("",), "dpop-malformed"),
    (("a.b",), "dpop-malformed"),
    (("..",), "dpop-malformed"),
    ((GOOD + ".",), "dpop-malformed"),
    ((GOOD + "=",), "dpop-malformed"),
    ((" " + GOOD,), "dpop-malformed"),
    ((GOOD + "é",), "dpop-malformed"),
    ((GOOD * 40,), "dpop-malformed"),
    ((f"{HEAD}.{BODY}.",), "dpop-signature-invalid"),
    ((f"{HEAD}.{BODY}.{proof(KEY, TOKEN).split('.')[2][:-4]}AAAA",), "dpop-signature-invalid"),
    ((compact(OTHER, {"typ": "dpop+jwt", "alg": "ES256", "jwk": public(KEY)}, json.loads(base64url.decode(BODY))),),
     "dpop-signature-invalid"),
    ((proof(OTHER, TOKEN),), "dpop-key-mismatch"),
    ((proof(KEY, TOKEN, header={"typ": "JWT"}),), "dpop-type-wrong"),
    ((proof(KEY, TOKEN, header={"typ": "DPoP+JWT"}),), "dpop-type-wrong"),
    ((proof(KEY, TOKEN, without="typ"),), "dpop-type-wrong"),
    ((proof(KEY, TOKEN, without="jwk"),), "dpop-malformed"),
    ((proof(KEY, TOKEN, header={"jwk": [public(KEY)]}),), "dpop-malformed"),
    ((proof(KEY, TOKEN, header={"crit": ["exp"]}),), "dpop-malformed"),
    ((proof(KEY, TOKEN, header={"jku": "https://attacker.example/jwks"}),), "dpop-malformed"),
    ((proof(KEY, TOKEN, header={"x5c": ["AAAA"]}),), "dpop-malformed"),
    ((proof(KEY, TOKEN, header={"jwk": KEY.as_dict(private=True)}),), "dpop-key-unfit"),
    ((proof(KEY, TOKEN, header={"jwk": {**public(KEY), "use": "enc"}}),), "dpop-key-unfit"),
    ((compact(SYMMETRIC, {"typ": "dpop+jwt", "alg": "HS256", "jwk": SYMMETRIC.as_dict()}, {}),), "dpop-key-unfit"),
    ((f"{base64url.encode(json.dumps({'typ': 'dpop+jwt', 'alg': 'none', 'jwk': public(KEY)}).encode())}.{BODY}.",),
     "dpop-alg-not-allowed"),
    ((compact(KEY, {"typ": "dpop+jwt", "alg": ["ES256"], "jwk": public(KEY)}, {}, "ES256"),), "dpop-alg-not-allowed"),
    ((compact(RSA, {"typ": "dpop+jwt", "alg": "ES256", "jwk": public(RSA)}, {}, "RS256"),), "dpop-alg-not-allowed"),
    ((compact(KEY, [], {}, "ES256"),), "dpop-malformed"),
    ((compact(KEY, {"typ": "dpop+jwt", "alg": "ES256", "jwk": public(KEY)}, [1]),), "dpop-malformed"),
    ((proof(KEY, TOKEN, htm="POST"),), "dpop-method-mismatch"),
    ((proof(KEY, TOKEN, htm="get"),), "dpop-method-mismatch"),
    ((proof(KEY, TOKEN, htm=["GET"]),), "dpop-method-mismatch"),
    ((proof(KEY, TOKEN, without="htm"),), "dpop-method-mismatch"),
    ((proof(KEY, TOKEN, htu="https://api.example/other"),), "dpop-url-mismatch"),
    ((proof(KEY, TOKEN, htu="http://api.example/mail"),), "dpop-url-mismatch"),
    ((proof(KEY, TOKEN, htu="https://api.example:8443/mail"),), "dpop-url-mismatch"),
    ((proof(KEY, TOKEN, htu="https://api.example/mail/"),), "dpop-url-mismatch"),
    ((proof(KEY, TOKEN, htu="https://api.example@evil.example/mail"),), "dpop-url-mismatch"),
    ((proof(KEY, TOKEN, htu="/mail"),), "dpop-url-mismatch"),
    ((proof(KEY, TOKEN, htu=7),), "dpop-url-mismatch"),
    ((proof(KEY, TOKEN, without="htu"),), "dpop-url-mismatch"),
    ((proof(KEY, TOKEN, ath=hash_of("another")),), "dpop-token-mismatch"),
    ((proof(KEY, TOKEN, ath=TOKEN),), "dpop-token-mismatch"),
    ((proof(KEY, TOKEN, without="ath"),), "dpop-token-mismatch"),
    ((proof(KEY, TOKEN, iat=879),), "dpop-stale"),
    ((proof(KEY, TOKEN, iat=1_061),), "dpop-stale"),
    ((proof(KEY, TOKEN, iat="1000"),), "dpop-malformed"),
    ((proof(KEY, TOKEN, iat=True),), "dpop-malformed"),
    ((proof(KEY, TOKEN, iat=math.nan),), "dpop-malformed"),
    ((proof(KEY, TOKEN, without="iat"),), "dpop-malformed"),
    ((proof(KEY, TOKEN, filler="x" * 6_000),), "dpop-malformed"),
    ((proof(KEY, TOKEN, jti=""),), "dpop-malformed"),
    ((proof(KEY, TOKEN, jti=5),), "dpop-malformed"),
    ((proof(KEY, TOKEN, jti="x" * 257),), "dpop-malformed"),
    ((proof(KEY, TOKEN, without="jti"),), "dpop-malformed"),
]  # fmt: skip


@pytest.mark.parametrize(("proofs", "expected"), BAD_PROOFS)
def test_a_bad_proof_refuses(proofs: tuple[str, ...], expected: str) -> None:
    guard = MemoryReplayGuard()
    assert code(BOUND, proofs=proofs, replay=guard) == expected
    assert guard.remembered_proofs == 0


def test_a_weak_proof_key_is_refused() -> None:
    with pytest.warns(match="2048"):
        weak = RSAKey.generate_key(1024)
    assert code(
        {"cnf": {"jkt": weak.thumbprint()}}, proofs=(proof(weak, TOKEN, header={"alg": "PS256"}),)
    ) == ("dpop-key-unfit")


def test_a_large_proof_of_less_than_the_limit_passes() -> None:
    assert code(BOUND, proofs=(proof(KEY, TOKEN, filler="x" * 5_000),)) == ""


def test_duplicate_members_are_refused() -> None:
    body = base64url.encode(b'{"htm":"POST","htm":"GET"}')
    assert code(BOUND, proofs=(f"{HEAD}.{body}.{SIGNATURE}",)) == "dpop-malformed"
    head = base64url.encode(b'{"alg":"none","alg":"ES256"}')
    assert code(BOUND, proofs=(f"{head}.{BODY}.{SIGNATURE}",)) == "dpop-malformed"


@pytest.mark.parametrize("iat", [880, 940, 1_000, 1_060, 999.5])
def test_the_window_is_a_minute_and_the_skew(iat: float) -> None:
    assert code(BOUND, proofs=(proof(KEY, TOKEN, iat=iat),)) == ""


def test_a_proof_counts_once(tmp_path: Path) -> None:
    shared = [SharedReplayGuard(tmp_path / "proofs.db") for _ in range(2)]
    for first, second in ((MemoryReplayGuard(),) * 2, shared):
        assert code(BOUND, proofs=(GOOD,), replay=first) == ""
        assert code(BOUND, proofs=(GOOD,), replay=second) == "dpop-replayed"
        # Another signature of the same claims is another text, and the same proof.
        assert code(BOUND, proofs=(proof(KEY, TOKEN),), replay=second, now=NOW + 120) == "dpop-replayed"
        # A request that came before another, and is judged after the other has swept what ended.
        assert (
            code(BOUND, proofs=(proof(KEY, TOKEN, jti="late", iat=NOW + 5),), replay=second, now=NOW + 125.5)
            == "dpop-stale"
        )
        assert (
            code(BOUND, proofs=(proof(KEY, TOKEN, jti="new", iat=NOW + 121),), replay=second, now=NOW + 121)
            == ""
        )
        assert code(BOUND, proofs=(GOOD,), replay=first, now=NOW + 119.9) == "dpop-replayed"
        assert code(BOUND, proofs=(proof(KEY, TOKEN, jti="two"),), replay=second) == ""
        mine = {"cnf": {"jkt": OTHER.thumbprint()}}
        assert code(mine, proofs=(proof(OTHER, TOKEN),), replay=second) == ""
    for guard in shared:
        guard.close()


def test_without_a_guard_nothing_passes() -> None:
    binding = RequestBinding(**REQUEST, proofs=(GOOD,))
    with pytest.raises(Refusal) as caught:
        check_sender(TOKEN, BOUND, POLICY, binding, None, NOW)
    assert caught.value.code == "dpop-replay-unknown"


def test_a_nonce_is_asked_for_and_checked() -> None:
    assert code(BOUND, proofs=(GOOD,), nonces=NONCES) == "dpop-nonce-required"
    for nonce, expected in [
        (NONCES.issue(NOW), ""),
        (NONCES.issue(NOW - 300), ""),
        (NONCES.issue(NOW - 600), "dpop-nonce-wrong"),
        (NONCES.issue(NOW + 300), "dpop-nonce-wrong"),
        (Nonces([bytes(32)]).issue(NOW), "dpop-nonce-wrong"),
        ("", "dpop-nonce-wrong"),
        ("é", "dpop-nonce-wrong"),
        (5, "dpop-nonce-wrong"),
    ]:
        assert code(BOUND, proofs=(proof(KEY, TOKEN, nonce=nonce),), nonces=NONCES) == expected


def test_mutual_tls() -> None:
    assert code(MTLS, scheme="Bearer", certificate=CERTIFICATE) == ""
    assert code(MTLS, scheme="Bearer") == "mtls-missing"
    assert code(MTLS, scheme="Bearer", certificate=certificate()) == "mtls-mismatch"
    assert code(MTLS, scheme="Bearer", certificate=CERTIFICATE + b"\0") == "mtls-malformed"


def test_both_bindings_are_proved_when_there_are_both() -> None:
    both = {"cnf": {**BOUND["cnf"], **MTLS["cnf"]}}
    assert code(both, proofs=(GOOD,), certificate=CERTIFICATE) == ""
    assert code(both, proofs=(GOOD,)) == "mtls-missing"
    assert code(both, certificate=CERTIFICATE) == "dpop-missing"
    assert code(both, scheme="Bearer", certificate=CERTIFICATE) == "sender-downgrade"


TEXT = base64.b64encode(CERTIFICATE)
LINES = base64.encodebytes(CERTIFICATE).strip()
PEM = b"-----BEGIN CERTIFICATE-----\n" + LINES + b"\n-----END CERTIFICATE-----\n"
ESCAPED = b"".join(b"%%%02X" % octet if octet in b"\n+/= " else bytes([octet]) for octet in PEM)


@pytest.mark.parametrize(
    "form",
    [
        CERTIFICATE,
        PEM,
        ESCAPED,
        PEM.replace(b"\n", b" "),
        PEM.replace(b"\n", b"\t"),
        TEXT,
        b":" + TEXT + b":",
    ],
    ids=["DER", "PEM", "nginx", "blanks", "tabs", "base64", "RFC 9440"],
)
def test_a_certificate_is_taken_as_proxies_hand_it_on(form: bytes) -> None:
    assert code(MTLS, scheme="Bearer", certificate=form) == ""


@pytest.mark.parametrize(
    "form",
    [b"", b"x", PEM + PEM, b"0" * 70_000, PEM[:-10], b":" + TEXT, CERTIFICATE[:-1], b"\x30\x80", b"-----BEGIN CERTIFICATE-----",
     TEXT[:-4], base64.b64encode(CERTIFICATE + CERTIFICATE)],
)  # fmt: skip
def test_what_is_no_single_certificate_refuses(form: bytes) -> None:
    assert code(MTLS, scheme="Bearer", certificate=form) == "mtls-malformed"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
HEADS = st.dictionaries(st.sampled_from(["typ", "alg", "jwk", "crit", "kid"]), JSON | st.just(public(KEY)))
BODIES = st.dictionaries(st.sampled_from(["jti", "htm", "htu", "iat", "ath", "nonce"]), JSON)


@given(HEADS, BODIES, st.binary(max_size=70))
def test_no_made_up_proof_passes_and_only_refusals_escape(head: Any, body: Any, signature: bytes) -> None:
    texts = (json.dumps({"typ": "dpop+jwt", "alg": "ES256", "jwk": public(KEY)} | head), json.dumps(body))
    made = ".".join(base64url.encode(part.encode("utf-8", "replace")) for part in texts)
    assert code(BOUND, proofs=(f"{made}.{base64url.encode(signature)}",), nonces=NONCES) != ""


@given(
    st.dictionaries(
        st.just("cnf"), JSON | st.dictionaries(st.sampled_from(["jkt", "x5t#S256", "x"]), JSON), min_size=1
    )
)
def test_no_made_up_binding_passes(claims: dict[str, Any]) -> None:
    assert code(claims, proofs=(GOOD,), certificate=CERTIFICATE) != ""


@given(st.binary(max_size=300))
def test_no_other_octets_pass_as_the_certificate(form: bytes) -> None:
    assert code(MTLS, scheme="Bearer", certificate=form) in {"mtls-malformed", "mtls-mismatch"}


@given(st.integers(0, len(GOOD) - 1), st.characters(min_codepoint=32, max_codepoint=126))
@settings(max_examples=examples(300))
def test_no_changed_letter_of_a_proof_passes(place: int, letter: str) -> None:
    changed = GOOD[:place] + letter + GOOD[place + 1 :]
    assert (code(BOUND, proofs=(changed,)) == "") is (changed == GOOD)
