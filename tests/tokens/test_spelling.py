"""Two spellings of one name are one name where a match refuses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall_tokens.policy.issuer_policy import Policy
from seawall_tokens.policy.profiles import PROFILES
from seawall_tokens.revocation.entry import Revocation, key_of
from seawall_tokens.revocation.snapshot import Revocations
from seawall_tokens.revocation.store import Lift, RevocationStore, Signal
from seawall_tokens.verify.spelling import fold_issuer, fold_name, is_canonical_guid, is_disguised_guid
from tests.tokens.jose import keys
from tests.tokens.judging import code
from tests.tokens.minting import NOW, claims, policy, token
from tests.tokens.test_profiles import API, LOGIN, TENANT, Provider, policy_of, published

GUID = "690222be-ff1a-4d56-abd1-7e4f7d38e474"
SPELLINGS = [
    GUID.upper(),
    GUID.title(),
    GUID.replace("-", ""),
    "{" + GUID + "}",
    "{" + GUID.upper() + "}",
    "(" + GUID + ")",
    "urn:uuid:" + GUID,
    "URN:UUID:" + GUID.upper(),
    f" {GUID}\t",
    "\ufeff" + GUID,
    GUID.replace("e", "\uff45"),
    GUID[:8] + "\u200b" + GUID[8:],
]


@pytest.mark.parametrize("spelling", SPELLINGS, ids=ascii)
def test_a_guid_has_one_spelling(spelling: str) -> None:
    assert fold_name(spelling) == GUID
    assert is_disguised_guid(spelling)
    assert not is_canonical_guid(spelling)


def test_what_is_no_guid_is_not_made_one() -> None:
    for name in ("alice", GUID[:-1], GUID + "0", "0" * 31, "0" * 33, GUID.replace("-", "_"), ""):
        assert not is_disguised_guid(name)
        assert fold_name(name) == name
    assert is_canonical_guid(GUID)
    assert not is_disguised_guid(GUID)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Anna@Example.ORG", "anna@example.org"),
        ("STRASSE", "stra\u00dfe"),
        ("\u212aelvin", "kelvin"),
        ("\ufb01nance", "finance"),
        ("ann\u0061\u0301", "ann\u00e1"),
        ("an\u00adna", "anna"),
    ],
)
def test_names_are_compared_without_case_and_appearance(one: str, other: str) -> None:
    assert fold_name(one) == fold_name(other)


def test_a_blank_name_never_becomes_everybody() -> None:
    for blank in (" ", "\t", "\u200b", "\ufeff\u00ad"):
        assert fold_name(blank) != ""
    assert key_of("not-before", "*", "\u200b") != key_of("not-before", "*", "")
    assert fold_issuer("/") == "/"


@given(st.text())
def test_folding_twice_changes_nothing(name: str) -> None:
    assert fold_name(fold_name(name)) == fold_name(name)


def _revoked(kind: Any, value: str, issuer: str, **more: Any) -> Revocations:
    entry = Revocation(kind=kind, value=value, issuer=issuer, reason="r", who="w", at=0.0, **more)
    return Revocations.of([entry], now=float(NOW))


CLAIMS = {"subject": "sub", "session": "sid", "client": "client_id", "token-id": "jti"}


@pytest.mark.parametrize("kind", CLAIMS)
@pytest.mark.parametrize("spelling", SPELLINGS, ids=ascii)
def test_a_revocation_is_not_evaded_by_another_spelling(kind: Any, spelling: str) -> None:
    """With upper-case GUIDs five of five revocations of the lower-case form let the token pass."""
    said = claims(**{CLAIMS[kind]: spelling})
    issuer = str(said["iss"])
    for revoked, presented in ((GUID, spelling), (spelling, GUID)):
        listed = _revoked(kind, revoked, issuer)
        shown = token(said | {CLAIMS[kind]: presented})
        verdict = code(shown, Policy(policy().issuers, listed))
        assert verdict == {"token-id": "revoked-token"}.get(kind, f"revoked-{kind}")
    assert code(token(said), Policy(policy().issuers, _revoked(kind, GUID[::-1], issuer))) == "accepted"


def test_not_before_and_issuer_are_not_evaded_either() -> None:
    issuer = str(claims()["iss"])
    assert issuer.endswith("/")
    for spelling in (GUID.upper(), "{" + GUID + "}"):
        listed = _revoked("not-before", GUID, issuer, not_before=float(NOW))
        assert code(token(claims(sub=spelling)), Policy(policy().issuers, listed)) == "revoked-not-before"
        assert code(token(claims(oid=spelling)), Policy(policy().issuers, listed)) == "revoked-not-before"
    for named in (issuer.rstrip("/"), issuer.upper(), issuer.title()):
        assert code(token(), Policy(policy().issuers, _revoked("issuer", "", named))) == "revoked-issuer"


def test_names_of_keys_are_compared_letter_by_letter() -> None:
    """A key's name comes from the key set, so no token can spell it otherwise, and case tells two keys apart."""
    assert code(token(), Policy(policy().issuers, _revoked("kid", "ONE", "*"))) == "accepted"
    assert code(token(), Policy(policy().issuers, _revoked("kid", "one", "*"))) == "revoked-key"


def _entra(folder: Path, profile: str, issuer: str) -> Provider:
    listed = keys.jwk(keys.rsa_key(), kid="one", issuer=issuer)
    multi = profile == "entra-multi-tenant"
    tenants = 'tenants = "any"' if multi else f'tenants = ["{TENANT}"]'
    rules = policy_of(
        folder, f'profile = "{profile}"\n{tenants}\naudiences = ["{API}"]\n{published(folder, listed)}'
    )
    said = {
        "iss": issuer.replace("{tenantid}", TENANT), "tid": TENANT, "aud": API, "sub": "AAAAIkzqFVr", "oid": GUID, "sid": GUID,
        "azp": GUID, "ver": "2.0", "uti": "AbCd", "scp": "Mail.Read", "roles": ["Reader"],
        "iat": NOW - 60, "exp": NOW + 3600,
    }  # fmt: skip
    return Provider(rules, {"alg": "RS256", "kid": "one", "typ": "JWT"}, said, keys.rsa_key())


@pytest.mark.parametrize(
    ("profile", "issuer"),
    [
        ("entra", f"{LOGIN}/{TENANT}/v2.0"),
        ("entra-v1", f"https://sts.windows.net/{TENANT}/"),
        ("entra-multi-tenant", f"{LOGIN}/{{tenantid}}/v2.0"),
    ],
)
def test_entra_writes_guids_in_one_way(tmp_path: Path, profile: str, issuer: str) -> None:
    """Entra writes every GUID in lower case with hyphens; a token that does not was not made by it."""
    provider = _entra(tmp_path, profile, issuer)
    assert provider.code() == "accepted"
    for spelling in SPELLINGS:
        for claim in ("oid", "azp", "appid", "sid", "sub", "client_id"):
            changes: dict[str, Any] = {claim: spelling}
            assert provider.code(**changes) == "guid-not-canonical", claim
        assert provider.code(tid=spelling) in {"tenant-malformed", "tenant-mismatch", "key-issuer-mismatch"}
    assert provider.code(azp="000000004c12ae6f", oid=...) == "accepted", "applications older than GUIDs"
    assert provider.code(sub=GUID, sid="no-guid") == "accepted"


def test_a_tenant_in_capitals_is_refused_with_its_issuer(tmp_path: Path) -> None:
    provider = _entra(tmp_path, "entra-multi-tenant", f"{LOGIN}/{{tenantid}}/v2.0")
    upper = TENANT.upper()
    assert provider.code(tid=upper, iss=f"{LOGIN}/{upper}/v2.0") == "tenant-malformed"


def test_every_entra_profile_asks_for_it() -> None:
    for profile in PROFILES.values():
        assert profile.settings.get("canonical_guids", False) is profile.name.startswith("entra"), (
            profile.name
        )


def test_the_store_compares_the_same_way_and_keeps_what_was_typed(tmp_path: Path) -> None:
    upper = GUID.upper()
    with RevocationStore.create(tmp_path / "revocations.db") as store:

        def entry(value: str, who: str = "ops") -> Revocation:
            return Revocation(kind="subject", issuer="*", value=value, reason="r", who=who, at=1.0)

        view, last = store.load(now=2.0)
        first, second = store.append([entry(upper), entry(GUID)])
        assert [one.revocation.value for one in store.entries(now=2.0)] == [upper, GUID]
        view, last = store.changes(view, after=last, since=2.0, now=2.0)
        assert view.count == 1
        store.lift(first, reason="r", who="w", at=3.0)
        view, last = store.changes(view, after=last, since=2.0, now=3.0)
        assert view.count == store.load(now=3.0)[0].count == 1, "the other spelling still stands"
        store.lift(second, reason="r", who="w", at=4.0)
        view, last = store.changes(view, after=last, since=3.0, now=4.0)
        assert view.count == store.load(now=4.0)[0].count == 0
        store.append([entry("{" + upper + "}", who="transmitter:x")])
        store.receive(
            Signal("x", "t1", "transmitter:x", 5.0, "r", lifts=(Lift(("subject", "*", GUID), 5.0),))
        )
        assert store.entries(now=6.0) == []
