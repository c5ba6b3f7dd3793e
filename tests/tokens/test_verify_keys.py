"""Checks 4, 5, 6 and 11, one by one: whose key it is, its state, its fitness, what is revoked."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from seawall_tokens.jose.key import parse_key, read_key
from seawall_tokens.policy.issuer_policy import CONSUMER_TENANT, Policy
from seawall_tokens.refusals import REFUSALS
from seawall_tokens.verify.access_token import verify_access_token
from tests.tokens import minting
from tests.tokens.jose import keys
from tests.tokens.judging import COMMON, OTHER, TENANT, code, of_tenant, tenanted
from tests.tokens.minting import ISSUER, NOW, claims, entry, header, policy, token


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


def test_check_4_the_key_signs_for_the_issuer() -> None:
    assert code(of_tenant(), tenanted()) == "accepted"
    assert code(of_tenant(), tenanted(COMMON.replace("{tenantid}", TENANT))) == "accepted"
    assert code(of_tenant(), tenanted(None)) == "key-issuer-missing"
    assert code(of_tenant(), tenanted("https://sts.example/{tenantid}/")) == "key-issuer-mismatch"
    assert code(of_tenant(), tenanted(COMMON.replace("{tenantid}", OTHER))) == "key-issuer-mismatch"
    single = policy(keys=minting.rsa_source(issuer="https://elsewhere.example/"))
    assert code(token(), single) == "key-issuer-mismatch"
    assert code(token(), policy(keys=minting.rsa_source(issuer=ISSUER))) == "accepted"


def test_check_4_storm_0558() -> None:
    """A key of the issuer of personal accounts signed for organisations' mailboxes: the same set listed both."""
    consumer = COMMON.replace("{tenantid}", CONSUMER_TENANT)
    assert code(of_tenant(), tenanted(consumer)) == "key-issuer-mismatch"
    # Had it named its own issuer, the consumer tenant is not one of organisations.
    assert code(of_tenant(CONSUMER_TENANT), tenanted(consumer)) == "consumer-tenant"


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
    rules = policy(keys=minting.source(small), algorithms=frozenset({"EdDSA"}))
    assert code(token(head=header(alg="EdDSA"), key=keys.ed25519_key()), rules) == "key-unfit"


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
    for name in ("azp", "appid", "cid"):
        verify_access_token(token(claims(client_id=..., **{name: "app"})), rules, NOW)
        assert asked.asked[-1]["client"] == "app"
    asked.asked.clear()
    verify_access_token(token(claims(jti=..., iat=..., sub=...)), rules, NOW)
    assert [(names["token_id"], names["issued_at"], names["subject"]) for names in asked.asked] == [
        (None, None, None)
    ]
