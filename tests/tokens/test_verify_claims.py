"""Checks 7, 8, 9, 10 and 14, one by one: kind, tenant, audience and claims, times, the sign-in."""

from __future__ import annotations

from typing import Any

import pytest

from seawall_tokens.policy.issuer_policy import CONSUMER_TENANT
from seawall_tokens.refusals import Refusal
from seawall_tokens.verify.access_token import verify_access_token
from tests.tokens.judging import COMMON, OTHER, TENANT, code, of_tenant, tenanted
from tests.tokens.minting import AUDIENCE, NOW, claims, header, policy, token

NO_TEXTS: list[Any] = [7, None, ["a"], {}, True, ""]
NO_TIMES: list[Any] = ["1", True, [], {}, -1, (NOW + 10) * 1000, 1e300]


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
    assert code(of_tenant(OTHER), tenanted()) == "accepted"
    assert code(of_tenant(OTHER, TENANT), tenanted(COMMON.replace("{tenantid}", TENANT))) == "tenant-mismatch"
    # Against a key of the template the mismatch shows at the key already.
    assert code(of_tenant(OTHER, TENANT), tenanted()) == "key-issuer-mismatch"
    assert code(of_tenant("common"), tenanted()) == "tenant-malformed"
    assert code(of_tenant(TENANT + "0"), tenanted()) == "tenant-malformed"
    malformed: list[Any] = [7, "", None, [], True]
    for tenant in malformed:
        assert code(of_tenant(tenant), tenanted()) == "tenant-malformed"
        assert code(token(claims(tid=tenant))) == "tenant-malformed"
    named = COMMON.replace("{tenantid}", TENANT)
    assert code(token(claims(iss=named)), tenanted()) == "tenant-missing"
    assert code(token(claims(iss=named)), tenanted(named)) == "tenant-missing"
    allowed = frozenset({TENANT})
    assert code(of_tenant(TENANT), tenanted(tenants=allowed)) == "accepted"
    assert code(of_tenant(OTHER), tenanted(tenants=allowed)) == "tenant-not-allowed"


def test_check_8_one_tenant_with_its_own_issuer() -> None:
    named = COMMON.replace("{tenantid}", TENANT)
    rules = policy(issuer=named, tenants=frozenset({TENANT, OTHER}))
    assert code(token(claims(iss=named, tid=TENANT)), rules) == "accepted"
    assert code(token(claims(iss=named, tid=OTHER)), rules) == "tenant-mismatch"
    assert code(token(claims(iss=named)), rules) == "tenant-missing"


def test_check_8_the_consumer_tenant_only_at_its_own_issuer() -> None:
    for spelling in (CONSUMER_TENANT, CONSUMER_TENANT.upper()):
        assert code(of_tenant(spelling), tenanted()) == "consumer-tenant"
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
        ("scope", 7), ("scope", ["a", 7]), ("scope", {}), ("scope", None), ("cnf", "x"), ("cnf", None), ("act", []),
        ("amr", "pwd mfa"), ("amr", [1]), ("acr", True), ("azp", 0),
    ],
)  # fmt: skip
def test_check_9_claims_have_their_type(name: str, value: Any) -> None:
    assert code(token(claims(**{name: value}))) == "claim-malformed"


def test_check_9_scopes_are_a_text_or_texts() -> None:
    scopes: list[Any] = ["a b", "", ["a", "b"], []]
    for scope in scopes:
        assert code(token(claims(scope=scope))) == "accepted"


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
    assert code(token(claims(iat=..., exp=NOW + 86400 - 60)), rules) == "accepted"
    assert code(token(claims(iat=..., exp=NOW + 86400 - 59)), rules) == "lifetime-too-long"
    assert code(token(claims(iat=..., nbf=week - 86400 - 86300, exp=week)), rules) == "not-yet-valid"
    assert code(token(claims(iat=..., nbf=NOW, exp=week)), rules) == "lifetime-too-long"


@pytest.mark.parametrize("now", [float("nan"), float("inf"), float("-inf"), 0, -1, True, None, "1", 1e15])
def test_check_10_a_clock_that_tells_no_time_refuses(now: Any) -> None:
    assert code(token(), now=now) == "internal"


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
