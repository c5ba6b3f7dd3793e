"""Every check of an access token, one by one: what it lets through and what it refuses, with its code."""

from __future__ import annotations

import base64
import json
import traceback
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from seawall.jose.key import parse_key, read_key
from seawall.tokens.examination import CHECKS, examine
from seawall.tokens.policy import ANY_TENANT, CONSUMER_TENANT, Policy
from seawall.tokens.refusals import REFUSALS, Internal, Refusal
from seawall.tokens.verify import verify_access_token
from tests.jose import keys
from tests.tokens import minting
from tests.tokens.minting import AUDIENCE, ISSUER, NOW, claims, entry, header, policy, token

TENANT = "b1f0e8c2-6d0a-4a7e-9a55-0c1d2e3f4a5b"
OTHER = "0d6f7e11-5a77-4d0e-8a4c-5b6a7c8d9e0f"
COMMON = "https://login.example/{tenantid}/v2.0"


def code(text: Any, rules: Policy | None = None, now: float = NOW) -> str:
    """The code of the refusal, or `accepted`; and what explains says the same as what verifies."""
    rules = rules or policy()
    explained = examine(text, rules, now)
    expected = "accepted" if explained.refusal is None else explained.refusal.code
    try:
        verify_access_token(text, rules, now)
    except Refusal as refusal:
        judged = refusal.code
    else:
        judged = "accepted"
    assert judged == expected
    return judged


def test_a_good_token_is_accepted_with_what_it_says() -> None:
    rules = policy()
    accepted = verify_access_token(token(), rules, NOW)
    assert accepted.claims == claims()
    assert accepted.header == header()
    assert (accepted.issuer, accepted.subject, accepted.client, accepted.tenant) == (
        ISSUER,
        "person",
        "application",
        None,
    )
    assert accepted.policy is rules.issuers[0]
    assert accepted.key.kid == "one"
    with pytest.raises(TypeError):
        accepted.claims["sub"] = "other"  # type: ignore[index]
    assert "person" not in repr(accepted)
    assert verify_access_token(token().encode(), rules, NOW).subject == "person"


def _with_segment(number: int, change: Callable[[str], str]) -> str:
    segments = token().split(".")
    segments[number] = change(segments[number])
    return ".".join(segments)


def _deep(levels: int) -> dict[str, Any]:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return claims(extra=value)


NO_TEXTS: list[Any] = [7, None, ["a"], {}, True, ""]
NO_TIMES: list[Any] = ["1", True, [], {}, -1, (NOW + 10) * 1000, 1e300]

WRITTEN: list[tuple[Any, str]] = [
    ("", "token-missing"),
    (b"", "token-missing"),
    (None, "token-missing"),
    (7, "token-missing"),
    ("a" * 20_000, "token-too-large"),
    (token(claims(filler="a" * 20_000)), "token-too-large"),
    (token(head=header(filler="a" * 5000)), "token-too-large"),
    ("a", "segments-not-three"),
    ("a.b", "segments-not-three"),
    ("a.b.c.d", "segments-not-three"),
    (token() + ".", "segments-not-three"),
    ("Bearer " + token(), "base64url-invalid"),
    (token() + "\n", "base64url-invalid"),
    (" " + token(), "base64url-invalid"),
    (token() + "=", "base64url-invalid"),
    (token().replace(".", ".\u200b", 1), "base64url-invalid"),
    (token().encode("utf-16"), "base64url-invalid"),
    (_with_segment(1, lambda text: text + "=="), "base64url-invalid"),
    (_with_segment(0, lambda text: text[:-1] + "*"), "base64url-invalid"),
    (_with_segment(2, lambda text: text.replace("-", "+").replace("_", "/") + "+A"), "base64url-invalid"),
    (token(head=b"{"), "header-not-json"),
    (token(head=b"[]"), "header-not-json"),
    (token(head=b'"x"'), "header-not-json"),
    (token(head=b"\xff"), "header-not-json"),
    (token(head=b"\xef\xbb\xbf" + json.dumps(header()).encode()), "header-not-json"),
    (token(b"{'a':1}"), "payload-not-json"),
    (token(b"\xef\xbb\xbf{}"), "payload-not-json"),
    (token(b"\x80"), "payload-not-json"),
    (token(json.dumps(claims(sub="\ud800")).encode()), "payload-not-json"),
    (token(b'{"iss":"x","iss":"y"}'), "json-duplicate-member"),
    (token(head=b'{"alg":"RS256","kid":"one","typ":"at+jwt","alg":"none"}'), "json-duplicate-member"),
    (token(_deep(20)), "json-too-deep"),
    (token(b'{"exp":NaN}'), "json-number-invalid"),
    (token(b'{"exp":1e999}'), "json-number-invalid"),
    (token(b'{"exp":99999999999999999999}'), "json-number-invalid"),
    ('{"payload":"e30","signatures":[]}', "json-serialisation"),
    (' {"protected":"e30","payload":"e30","signature":""}', "json-serialisation"),
    (token(head=header(kid=1)), "header-malformed"),
    (token(head=header(typ=["at+jwt"])), "header-malformed"),
    (token(head=header(alg=["RS256"])), "header-malformed"),
    (token(head=header(kid="k" * 2000)), "header-malformed"),
    (token(head=header(zip="DEF")), "header-malformed"),
    (token(b"[]"), "claims-not-object"),
    (token(b'"claims"'), "claims-not-object"),
    (token(b"null"), "claims-not-object"),
    ("a.b.c.d.e", "encrypted-token"),
    (token(head=header(enc="A256GCM")), "encrypted-token"),
    (_with_segment(1, lambda _: ""), "detached-payload"),
    (token(head=header(b64=False)), "detached-payload"),
]


@pytest.mark.parametrize(("text", "expected"), WRITTEN)
def test_check_1_the_written_form(text: Any, expected: str) -> None:
    assert code(text) == expected


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (header(alg=...), "alg-missing"),
        (header(alg=""), "alg-missing"),
        *[(header(alg=alg), "alg-none") for alg in ("none", "None", "NONE", "nOnE", " none ")],
        *[(header(alg=alg), "alg-symmetric") for alg in ("HS256", "HS384", "HS512", "hs256")],
        *[
            (header(alg=alg), "alg-not-allowed")
            for alg in ("rs256", "RS256 ", "RS384", "PS256", "ES256", "RSA-OAEP", "dir", "\0")
        ],
    ],
)
def test_check_2_the_algorithm(head: dict[str, Any], expected: str) -> None:
    assert code(token(head=head, algorithm="RS256")) == expected


def test_check_2_a_public_key_is_no_shared_secret() -> None:
    jwk = keys.jwk(keys.rsa_key(), kid="one")
    modulus = base64.urlsafe_b64decode(jwk["n"] + "==")
    assert code(token(head=header(alg="HS256"), key=modulus)) == "alg-symmetric"


def test_check_2_one_key_has_one_algorithm() -> None:
    both = frozenset({"RS256", "PS256"})
    cases: list[tuple[dict[str, str], str, str]] = [
        ({}, "RS256", "PS256"),
        ({"alg": "RS256"}, "RS256", "PS256"),
        ({"alg": "PS256"}, "PS256", "RS256"),
    ]
    for members, bound, other in cases:
        rules = policy(keys=minting.rsa_source(**members), algorithms=both)
        assert code(token(head=header(alg=bound)), rules) == "accepted"
        assert code(token(head=header(alg=other)), rules) == "alg-key-mismatch"
    # A key's alg is not widened by a policy that does not allow it.
    rules = policy(keys=minting.rsa_source(alg="PS256"), algorithms=frozenset({"RS256"}))
    assert code(token(), rules) == "alg-key-mismatch"


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [
        (keys.rsa_key(), "RS256"), (keys.rsa_key(), "RS384"), (keys.rsa_key(), "RS512"),
        (keys.rsa_key(), "PS256"), (keys.rsa_key(), "PS384"), (keys.rsa_key(), "PS512"),
        (keys.ec_key(), "ES256"), (keys.ec_key(0, "P-384"), "ES384"), (keys.ec_key(0, "P-521"), "ES512"),
        (keys.ed25519_key(), "EdDSA"), (keys.ed25519_key(), "Ed25519"), (keys.ed448_key(), "EdDSA"),
        (keys.ed448_key(), "Ed448"),
    ],
)  # fmt: skip
def test_check_2_every_algorithm_verifies_with_its_own_key_alone(key: keys.Private, algorithm: str) -> None:
    jwk = keys.jwk(key, kid="one")
    rules = policy(keys=minting.source(jwk), algorithms=frozenset({algorithm}))
    good = token(head=header(alg=algorithm), key=key)
    assert code(good, rules) == "accepted"
    first, second, third = good.split(".")
    signature = base64.urlsafe_b64decode(third + "==")
    for wrong in (
        b"",
        signature[:-1],
        signature + b"\0",
        b"\0" + signature,
        bytes(len(signature)),
        signature[::-1],
    ):
        assert code(f"{first}.{second}.{keys.text(wrong)}", rules) == "signature-invalid"
    others: dict[str, keys.Private] = {"RSA": keys.ec_key(1), "EC": keys.rsa_key(1), "OKP": keys.ec_key(1)}
    another = others[jwk["kty"]]
    elsewhere = policy(keys=minting.source(keys.jwk(another, kid="one")), algorithms=frozenset({algorithm}))
    assert code(good, elsewhere) == "alg-key-mismatch"


def test_check_2_ecdsa_signatures_have_one_form() -> None:
    key = keys.ec_key()
    rules = policy(keys=minting.source(keys.jwk(key, kid="one")), algorithms=frozenset({"ES256"}))
    first, second, third = token(head=header(alg="ES256"), key=key).split(".")
    signature = base64.urlsafe_b64decode(third + "==")
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:])
    for wrong in (
        encode_dss_signature(r, s),
        (0).to_bytes(32) + s.to_bytes(32),
        r.to_bytes(32) + (0).to_bytes(32),
        bytes(64),
        order.to_bytes(32) + s.to_bytes(32),
        r.to_bytes(33) + s.to_bytes(33),
    ):
        assert code(f"{first}.{second}.{keys.text(wrong)}", rules) == "signature-invalid"


def test_check_2_the_signature_covers_header_and_claims() -> None:
    first, second, third = token().split(".")
    other_first, other_second, _ = token(claims(sub="admin"), header(x="y")).split(".")
    assert code(f"{first}.{other_second}.{third}") == "signature-invalid"
    assert code(f"{other_first}.{second}.{third}") == "signature-invalid"
    assert code(token(key=keys.rsa_key(1))) == "signature-invalid"


@pytest.mark.parametrize(
    ("member", "expected"),
    [
        ({"crit": ["exp"]}, "crit-unknown"),
        ({"crit": []}, "crit-unknown"),
        ({"crit": None}, "crit-unknown"),
        ({"jwk": keys.jwk(keys.rsa_key(1))}, "header-key-present"),
        ({"jwk": None}, "header-key-present"),
        ({"jku": "https://evil.example/keys"}, "header-key-url"),
        ({"x5c": []}, "header-certificate"),
        ({"x5u": "https://evil.example/certificate"}, "header-certificate-url"),
    ],
)
def test_check_3_the_header_asks_for_nothing(member: dict[str, Any], expected: str) -> None:
    assert code(token(head=header(**member))) == expected
    assert code(token(head=header(x5t="AAAA", cty="x", unknown={"a": [1]}))) == "accepted"


def test_check_4_the_key_is_found_by_issuer_and_name() -> None:
    assert code(token(claims(iss="https://evil.example/"))) == "issuer-unknown"
    assert code(token(claims(iss=ISSUER[:-1]))) == "issuer-unknown"
    assert code(token(claims(iss=...))) == "claim-missing"
    assert code(token(claims(iss=[ISSUER]))) == "claim-malformed"
    assert code(token(claims(iss=None))) == "claim-malformed"
    assert code(token(head=header(kid=...))) == "kid-missing"
    assert code(token(head=header(kid=""))) == "kid-missing"
    for kid in ("two", "ONE", "one ", "one\0", "../one", "one' or '1'='1"):
        assert code(token(head=header(kid=kid))) == "key-unknown"


def test_check_4_another_issuers_key_of_the_same_name_is_not_used() -> None:
    other = entry(name="two", issuer="https://two.example/", keys=minting.rsa_source(1))
    rules = Policy((entry(), other))
    assert code(token(key=keys.rsa_key(1)), rules) == "signature-invalid"
    assert code(token(claims(iss="https://two.example/"), key=keys.rsa_key(1)), rules) == "accepted"


def test_check_4_a_source_that_gives_another_key_is_not_believed() -> None:
    wrong = minting.rsa_source()
    wrong.held["two"] = wrong.held["one"]
    assert code(token(head=header(kid="two")), policy(keys=wrong)) == "key-unknown"


def _tenanted(key_issuer: str | None = COMMON, **changes: Any) -> Policy:
    members: dict[str, Any] = {} if key_issuer is None else {"issuer": key_issuer}
    values = {
        "issuer": COMMON,
        "tenants": ANY_TENANT,
        "key_issuer": "required",
        "keys": minting.rsa_source(**members),
    }
    return policy(**(values | changes))


def _of_tenant(tenant: Any = TENANT, segment: str | None = None, **changes: Any) -> str:
    named = COMMON.replace("{tenantid}", segment if segment is not None else str(tenant))
    return token(claims(iss=named, tid=tenant, **changes))


def test_check_4_the_key_signs_for_the_issuer() -> None:
    assert code(_of_tenant(), _tenanted()) == "accepted"
    assert code(_of_tenant(), _tenanted(COMMON.replace("{tenantid}", TENANT))) == "accepted"
    assert code(_of_tenant(), _tenanted(None)) == "key-issuer-missing"
    assert code(_of_tenant(), _tenanted("https://sts.example/{tenantid}/")) == "key-issuer-mismatch"
    assert code(_of_tenant(), _tenanted(COMMON.replace("{tenantid}", OTHER))) == "key-issuer-mismatch"
    single = policy(keys=minting.rsa_source(issuer="https://elsewhere.example/"))
    assert code(token(), single) == "key-issuer-mismatch"
    assert code(token(), policy(keys=minting.rsa_source(issuer=ISSUER))) == "accepted"


def test_check_4_storm_0558() -> None:
    """A key of the issuer of personal accounts signed for organisations' mailboxes: the same set listed both."""
    consumer = COMMON.replace("{tenantid}", CONSUMER_TENANT)
    assert code(_of_tenant(), _tenanted(consumer)) == "key-issuer-mismatch"
    # Had it named its own issuer, the consumer tenant is not one of organisations.
    assert code(_of_tenant(CONSUMER_TENANT), _tenanted(consumer)) == "consumer-tenant"


def test_check_5_the_state_of_the_key() -> None:
    jwk = parse_key(keys.jwk(keys.rsa_key(), kid="one"))
    for held, changes, expected in (
        ({"state": "active"}, {}, "accepted"),
        ({"state": "retired"}, {}, "key-retired"),
        ({"state": "revoked"}, {}, "key-revoked"),
        ({"held_until": NOW + 1}, {}, "key-quarantined"),
        ({"held_until": NOW}, {}, "accepted"),
        ({"first_seen": NOW - 100}, {"max_key_age": 100}, "accepted"),
        ({"first_seen": NOW - 101}, {"max_key_age": 100}, "key-too-old"),
    ):
        found = minting.Keys()
        found.add(jwk, **held)
        assert code(token(), policy(keys=found, **changes)) == expected


@pytest.mark.parametrize(
    ("begins", "ends", "age", "expected"),
    [
        (NOW - 1000, NOW + 1000, None, "accepted"),
        (NOW - 1000, NOW, None, "accepted"),
        (NOW - 1000, NOW - 1, None, "key-expired"),
        (NOW + 60, NOW + 1000, None, "accepted"),
        (NOW + 61, NOW + 1000, None, "key-not-yet-valid"),
        (NOW - 200_000, NOW + 1000, 100_000, "key-too-old"),
        (NOW - 90_000, NOW + 1000, 100_000, "accepted"),
    ],
)
def test_check_5_the_certificate_dates_the_key(
    begins: int, ends: int, age: int | None, expected: str
) -> None:
    certificate = base64.b64encode(keys.certificate(keys.rsa_key(), begins, ends)).decode()
    assert code(token(), policy(keys=minting.rsa_source(x5c=[certificate]), max_key_age=age)) == expected


def test_check_6_unfit_keys_are_refused_whoever_supplies_them() -> None:
    weak = keys.rsa_key(0, 1024)
    rules = policy(keys=minting.source(keys.jwk(weak, kid="one")))
    assert code(token(key=weak), rules) == "key-unfit"
    for members in ({"use": "enc"}, {"key_ops": ["encrypt"]}, {"use": "sig", "key_ops": []}):
        assert code(token(), policy(keys=minting.rsa_source(**members))) == "key-use-wrong"
    assert code(token(), policy(keys=minting.rsa_source(use="sig", key_ops=["verify"]))) == "accepted"
    small = keys.jwk(keys.ed25519_key(), kid="one") | {"x": keys.text(bytes(31) + b"\x80")}
    with pytest.raises(ValueError, match="fitness"):
        read_key(small)


@pytest.mark.parametrize(
    ("typ", "types", "expected"),
    [
        ("at+jwt", {"at+jwt"}, "accepted"),
        ("AT+JWT", {"at+jwt"}, "accepted"),
        ("application/at+jwt", {"at+jwt"}, "accepted"),
        ("JWT", {"jwt"}, "accepted"),
        (..., {""}, "accepted"),
        (..., {"at+jwt"}, "type-missing"),
        *[(typ, {"at+jwt"}, "type-wrong") for typ in ("JWT", "dpop+jwt", "secevent+jwt", "logout+jwt", "at+jwt ", "",
                                                     "at+JW\u0130", "application/application/at+jwt", "text/at+jwt")],
        ("", {""}, "type-wrong"),
        ("JWT", {""}, "type-wrong"),
    ],
)  # fmt: skip
def test_check_7_the_kind_of_token(typ: Any, types: set[str], expected: str) -> None:
    assert code(token(head=header(typ=typ)), policy(token_types=frozenset(types))) == expected


def test_check_8_issuer_and_tenant() -> None:
    assert code(_of_tenant(OTHER), _tenanted()) == "accepted"
    assert (
        code(_of_tenant(OTHER, TENANT), _tenanted(COMMON.replace("{tenantid}", TENANT))) == "tenant-mismatch"
    )
    # Against a key of the template the mismatch shows at the key already.
    assert code(_of_tenant(OTHER, TENANT), _tenanted()) == "key-issuer-mismatch"
    assert code(_of_tenant("common"), _tenanted()) == "tenant-malformed"
    assert code(_of_tenant(TENANT + "0"), _tenanted()) == "tenant-malformed"
    assert code(_of_tenant(7), _tenanted()) == "tenant-malformed"
    named = COMMON.replace("{tenantid}", TENANT)
    assert code(token(claims(iss=named)), _tenanted()) == "tenant-missing"
    assert code(token(claims(iss=named)), _tenanted(named)) == "tenant-missing"
    allowed = frozenset({TENANT})
    assert code(_of_tenant(TENANT), _tenanted(tenants=allowed)) == "accepted"
    assert code(_of_tenant(OTHER), _tenanted(tenants=allowed)) == "tenant-not-allowed"


def test_check_8_one_tenant_with_its_own_issuer() -> None:
    named = COMMON.replace("{tenantid}", TENANT)
    rules = policy(issuer=named, tenants=frozenset({TENANT, OTHER}))
    assert code(token(claims(iss=named, tid=TENANT)), rules) == "accepted"
    assert code(token(claims(iss=named, tid=OTHER)), rules) == "tenant-mismatch"
    assert code(token(claims(iss=named)), rules) == "tenant-missing"


def test_check_8_the_consumer_tenant_only_at_its_own_issuer() -> None:
    for spelling in (CONSUMER_TENANT, CONSUMER_TENANT.upper()):
        assert code(_of_tenant(spelling), _tenanted()) == "consumer-tenant"
        assert code(token(claims(tid=spelling))) == "consumer-tenant"
    named = COMMON.replace("{tenantid}", CONSUMER_TENANT)
    own = policy(issuer=named, consumer_issuer=True, tenants=frozenset({CONSUMER_TENANT}))
    assert code(token(claims(iss=named, tid=CONSUMER_TENANT)), own) == "accepted"
    other = policy(consumer_issuer=True, tenants=frozenset({CONSUMER_TENANT}))
    assert code(token(claims(tid=TENANT)), other) == "consumer-tenant"
    assert code(token(claims()), other) == "tenant-missing"


def test_check_8_an_issuer_without_tenants_may_use_the_name() -> None:
    assert code(token(claims(tid="shop-7"))) == "accepted"


@pytest.mark.parametrize(
    ("audience", "expected"),
    [
        (AUDIENCE, "accepted"),
        ([AUDIENCE], "accepted"),
        (["https://other.example/", AUDIENCE], "accepted"),
        (..., "audience-missing"),
        ("https://other.example/", "audience-wrong"),
        (AUDIENCE[:-1], "audience-wrong"),
        (AUDIENCE + "x", "audience-wrong"),
        (AUDIENCE.upper(), "audience-wrong"),
        (" " + AUDIENCE, "audience-wrong"),
        ("", "audience-wrong"),
        (["https://other.example/"], "audience-wrong"),
        (None, "audience-malformed"),
        (7, "audience-malformed"),
        ([], "audience-malformed"),
        ([AUDIENCE, 7], "audience-malformed"),
        ([[AUDIENCE]], "audience-malformed"),
        ({AUDIENCE: True}, "audience-malformed"),
        (True, "audience-malformed"),
    ],
)
def test_check_9_the_audience(audience: Any, expected: str) -> None:
    assert code(token(claims(aud=audience))) == expected


@pytest.mark.parametrize("name", ["sub", "client_id", "iat", "jti"])
def test_check_9_required_claims(name: str) -> None:
    assert code(token(claims(**{name: ...}))) == "claim-missing"


def test_check_9_alternatives_and_empty_claims() -> None:
    rules = policy(required_claims=("sub", "client_id|azp|appid", "roles"))
    assert code(token(claims(client_id=..., azp="application", roles=["a"])), rules) == "accepted"
    assert code(token(claims(client_id=..., roles=["a"])), rules) == "claim-missing"
    empties: list[Any] = [[], "", None, {}]
    for empty in empties:
        assert code(token(claims(roles=empty)), rules) == "claim-missing"
    for said in (0, False, "a"):
        assert code(token(claims(roles=said)), rules) == "accepted"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *[(name, value) for name in ("sub", "jti", "client_id", "oid", "sid") for value in NO_TEXTS],
        ("scope", ["a"]), ("cnf", "x"), ("cnf", None), ("act", []), ("amr", "pwd"), ("amr", [1]), ("acr", 1), ("azp", 0),
    ],
)  # fmt: skip
def test_check_9_claims_have_their_type(name: str, value: Any) -> None:
    assert code(token(claims(**{name: value}))) == "claim-malformed"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"exp": NOW + 1}, "accepted"),
        ({"exp": NOW - 59}, "accepted"),
        ({"exp": NOW - 60}, "expired"),
        ({"exp": NOW - 59.5}, "accepted"),
        ({"exp": ...}, "claim-missing"),
        ({"nbf": NOW + 60}, "accepted"),
        ({"nbf": NOW + 61}, "not-yet-valid"),
        ({"iat": NOW + 60}, "accepted"),
        ({"iat": NOW + 61}, "issued-in-future"),
        ({"iat": NOW - 10, "exp": NOW - 10 + 86400}, "accepted"),
        ({"iat": NOW - 10, "exp": NOW - 10 + 86401}, "lifetime-too-long"),
        ({"exp": NOW + 10 * 365 * 86400}, "lifetime-too-long"),
        ({"iat": NOW - 10 * 365 * 86400}, "lifetime-too-long"),
        *[({name: value}, "time-malformed") for name in ("exp", "nbf", "auth_time")
          for value in [None, *NO_TIMES]],
        *[({"iat": value}, "time-malformed") for value in [None, *NO_TIMES]],
    ],
)  # fmt: skip
def test_check_10_times(changes: dict[str, Any], expected: str) -> None:
    assert code(token(claims(**changes))) == expected


def test_check_10_without_iat_the_lifetime_is_counted_from_what_there_is() -> None:
    rules = policy(required_claims=())
    week = NOW + 7 * 86400
    assert code(token(claims(iat=..., exp=NOW + 86000)), rules) == "accepted"
    assert code(token(claims(iat=..., exp=week)), rules) == "lifetime-too-long"
    assert code(token(claims(iat=..., nbf=week - 86400 - 86300, exp=week)), rules) == "not-yet-valid"
    assert code(token(claims(iat=..., nbf=NOW, exp=week)), rules) == "lifetime-too-long"


@pytest.mark.parametrize("now", [float("nan"), float("inf"), float("-inf"), 0, -1, True, None, "1", 1e15])
def test_check_10_a_clock_that_tells_no_time_refuses(now: Any) -> None:
    assert code(token(), now=now) == "internal"


class _Asked:
    """A revocation list that remembers what it was asked, and refuses what it is told to."""

    def __init__(self, **refuse: str) -> None:
        self.asked: list[dict[str, Any]] = []
        self.refuse_what = refuse

    def refuse(self, **names: Any) -> None:
        self.asked.append(names)
        for name, kind in self.refuse_what.items():
            if names[name]:
                raise REFUSALS[kind]


def _revoking(**refuse: str) -> Policy:
    return Policy((entry(),), _Asked(**refuse))


def test_check_11_revocations_are_asked_before_the_signature() -> None:
    for name, kind in (
        ("kid", "revoked-key"), ("thumbprint", "revoked-thumbprint"), ("issuer", "revoked-issuer"),
        ("subject", "revoked-subject"), ("session", "revoked-session"), ("token_id", "revoked-token"),
        ("issued_at", "revoked-not-before"), ("client", "revoked-client"), ("object_id", "revoked-subject"),
    ):  # fmt: skip
        forged = token(claims(sid="session", oid="object"), key=keys.rsa_key(1))
        assert code(forged, _revoking(**{name: kind})) == kind
        assert code(forged, _revoking()) == "signature-invalid"


def test_check_11_what_is_asked() -> None:
    asked = _Asked()
    rules = Policy((entry(required_claims=()),), asked)
    verify_access_token(
        token(claims(sid="session", oid="object", uti="second", client_id=..., appid="app")), rules, NOW
    )
    assert [names["token_id"] for names in asked.asked] == ["token-1", "second"]
    assert asked.asked[0] == {
        "issuer": ISSUER,
        "kid": "one",
        "thumbprint": read_key(keys.jwk(keys.rsa_key())).thumbprint,
        "subject": "person",
        "session": "session",
        "token_id": "token-1",
        "issued_at": NOW - 10,
        "client": "app",
        "object_id": "object",
    }
    asked.asked.clear()
    verify_access_token(token(claims(jti=..., iat=..., sub=...)), rules, NOW)
    assert [(names["token_id"], names["issued_at"], names["subject"]) for names in asked.asked] == [
        (None, None, None)
    ]


def test_check_12_a_bound_token_needs_its_proof() -> None:
    thumbprint = "A" * 43
    assert code(token(claims(cnf={"jkt": thumbprint}))) == "sender-downgrade"
    assert code(token(claims(cnf={"x5t#S256": thumbprint}))) == "sender-downgrade"
    assert code(token(claims(cnf={"kid": "x"}))) == "sender-binding-unknown"
    for demand in ("dpop", "mtls", "required"):
        assert code(token(), policy(sender=demand)) == "sender-missing"


def test_check_14_the_sign_in() -> None:
    strong = policy(acr_values=("c2", "c3"))
    assert code(token(claims(acr="c3")), strong) == "accepted"
    for said in ({}, {"acr": "c1"}, {"acr": "C3"}):
        assert code(token(claims(**said)), strong) == "acr-insufficient"
    methods = policy(required_amr=frozenset({"pwd", "otp"}))
    assert code(token(claims(amr=["otp", "pwd", "x"])), methods) == "accepted"
    insufficient: list[dict[str, Any]] = [{}, {"amr": []}, {"amr": ["pwd"]}, {"amr": ["PWD", "otp"]}]
    for amr in insufficient:
        assert code(token(claims(**amr)), methods) == "amr-insufficient"
    recent = policy(max_authentication_age=600)
    assert code(token(claims(auth_time=NOW - 660)), recent) == "accepted"
    for when in ({}, {"auth_time": NOW - 661}):
        assert code(token(claims(**when)), recent) == "authentication-too-old"
    assert code(token(claims(auth_time=NOW + 61)), recent) == "time-malformed"


def test_check_14_the_refusal_says_what_would_do() -> None:
    with pytest.raises(Refusal) as raised:
        verify_access_token(token(), policy(acr_values=("c2", "c3")), NOW)
    assert (raised.value.acr_values, raised.value.challenge) == (
        ("c2", "c3"),
        "insufficient_user_authentication",
    )
    with pytest.raises(Refusal) as raised:
        verify_access_token(token(), policy(max_authentication_age=600), NOW)
    assert raised.value.max_age == 600


def test_every_check_but_13_and_15_has_a_step() -> None:
    assert {check.number for check in CHECKS} == set(range(1, 15)) - {13}
    names = [check.run.__name__ for check in CHECKS]
    assert names.index("check_revocations") < names.index("check_signature") < names.index("check_type")
    assert len(set(names)) == len(names)


class _Broken:
    """Raises what nobody expects, with the token in its hands."""

    def lookup(self, issuer: str, kid: str, now: float) -> Any:
        raise KeyError(f"no key for {issuer}: SECRET")


def test_what_is_unexpected_is_refused_and_leaves_no_trace() -> None:
    with pytest.raises(Internal) as raised:
        verify_access_token(token(), policy(keys=_Broken()), NOW)
    assert (raised.value.status, raised.value.challenge) == (403, None)
    assert raised.value.__context__ is None
    assert raised.value.__cause__ is None
    shown = "".join(traceback.format_exception(raised.value))
    assert "SECRET" not in shown
    with pytest.raises(Internal):
        verify_access_token(token(), None, NOW)  # type: ignore[arg-type]


def test_an_examination_says_where_it_ended() -> None:
    explained = examine(token(claims(aud="other")), policy(), NOW)
    outcomes = [step.outcome for step in explained.steps]
    place = outcomes.index("refused")
    assert explained.steps[place].check.number == 9
    assert set(outcomes[:place]) == {"passed"}
    assert set(outcomes[place + 1 :]) == {"not reached"}
    assert explained.claims["sub"] == "person"
    assert explained.header["kid"] == "one"
    assert {step.outcome for step in examine(token(), policy(), NOW).steps} == {"passed"}
    nothing = examine("", policy(), NOW)
    assert (dict(nothing.claims), dict(nothing.header)) == ({}, {})


def _lines(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    return [json.loads(record.getMessage()) for record in caplog.records if record.name == "seawall.tokens"]


def test_check_15_every_decision_is_logged_and_never_the_token(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", logger="seawall.tokens")
    texts = [token(), token(claims(aud="other")), token(claims(sub=7)), token(head=header(kid="two")),
             token(key=keys.rsa_key(1)), token(head=header(jku="https://evil.example/")), "nonsense", ""]  # fmt: skip
    for text in texts:
        code(text)
    lines = _lines(caplog)
    assert [(line["outcome"], line["code"], line["verified"], line["key"]) for line in lines] == [
        ("accepted", "", True, "good"),
        ("refused", "audience-wrong", True, "good"),
        ("refused", "claim-malformed", True, "good"),
        ("refused", "key-unknown", False, "key-unknown"),
        ("refused", "signature-invalid", False, "signature-invalid"),
        ("refused", "header-key-url", False, "not looked at"),
        ("refused", "segments-not-three", False, "not looked at"),
        ("refused", "token-missing", False, "not looked at"),
    ]
    thumbprint = read_key(keys.jwk(keys.rsa_key())).thumbprint
    assert [line["thumbprint"] for line in lines] == [thumbprint] * 3 + [None, thumbprint, None, None, None]
    assert lines[0]["issuer"] == lines[3]["issuer"] == lines[5]["issuer"] == ISSUER
    assert lines[0]["kid"] == "one"
    written = "\n".join(record.getMessage() for record in caplog.records)
    for text in texts[:6]:
        for segment in text.split("."):
            assert segment[:40] not in written
    assert "token-1" not in written


def test_check_15_a_dry_run_says_would_refuse(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(Refusal):
        verify_access_token(token(claims(aud="other")), policy(), NOW, dry_run=True)
    assert [line["outcome"] for line in _lines(caplog)] == ["would-refuse"]


def test_check_15_a_decision_that_cannot_be_written_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise OSError("the disk is full: SECRET")

    monkeypatch.setattr("seawall.tokens.decision.log", broken)
    monkeypatch.setattr("seawall.tokens.decision.LOGGER.isEnabledFor", lambda _: True)
    with pytest.raises(Internal):
        verify_access_token(token(), policy(), NOW)
    with pytest.raises(Refusal) as raised:
        verify_access_token(token(claims(aud="other")), policy(), NOW)
    assert raised.value.code == "audience-wrong"
