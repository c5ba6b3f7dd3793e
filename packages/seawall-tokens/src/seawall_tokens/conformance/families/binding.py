"""Cases: a genuine key signs for an issuer that it is not for, as in Storm-0558."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from seawall_tokens.conformance.case import Case, Family, control, hostile
from seawall_tokens.conformance.context import TrustedIssuer
from seawall_tokens.conformance.keys import Key, certificate, rsa_key
from seawall_tokens.conformance.presentation import Presentation
from seawall_tokens.conformance.token_factory import (
    CLOUD,
    CONSUMER_TENANT,
    ISSUER,
    OTHER_TENANT,
    TENANT,
    TokenFactory,
    certificate_members,
    key_set,
    tenant_issuer,
)

_STORM = "CSRB review of the summer 2023 Exchange Online intrusion; Entra: validate the signing key issuer"
_BOUND = "RFC 8725 section 3.8; Entra: validate the signing key issuer"
_MISMATCH = "key-issuer-mismatch"
YEAR = 365 * 24 * 3600


def _by_consumer_key(
    issuer: Callable[[TokenFactory], TrustedIssuer], **claims: Any
) -> Callable[[TokenFactory], Presentation]:
    """Sign with the stolen consumer key."""
    return lambda w: w.present(w.cloud_token(w.consumer_key(), w.cloud_claims(**claims)), issuer(w))


def _make_expired(w: TokenFactory) -> TrustedIssuer:
    """Serve a key of 2016 whose certificate has expired years ago."""
    der = certificate(w.consumer_key(), w.now - 7 * YEAR, w.now - 2 * YEAR)
    return w.single_tenant_issuer(key_set=w.shared_set(consumer=certificate_members(der)))


def _list(issuer: Any, *, tenant: str = TENANT) -> Callable[[TokenFactory], Presentation]:
    """List a key in the shared set that names `issuer` as its own and signs for `tenant`."""

    def build(w: TokenFactory) -> Presentation:
        key = rsa_key("another-of-the-set")
        trusted = w.multi_tenant_issuer(key_set=w.shared_set(key.make_jwk(issuer=issuer)))
        claims = w.cloud_claims(iss=tenant_issuer(tenant), tid=tenant)
        return w.present(w.cloud_token(key, claims), trusted)

    return build


def _two(w: TokenFactory, first: list[Any], second: list[Any]) -> tuple[TrustedIssuer, TrustedIssuer]:
    """Trust two equal issuers with separate key sets."""
    return (
        w.issuer(key_set=key_set(*first)),
        w.issuer(issuer="https://partner.example", key_set=key_set(*second)),
    )


def _same_kid(w: TokenFactory) -> Presentation:
    mine, theirs = rsa_key("mine"), rsa_key("theirs")
    trusted = _two(w, [mine.make_jwk(kid="1")], [theirs.make_jwk(kid="1")])
    return w.present(w.token(header=w.header(kid="1"), sign=theirs.sign), *trusted)


def _partner_key(w: TokenFactory) -> Presentation:
    theirs = rsa_key("theirs")
    return w.present(w.token(key=theirs), *_two(w, [w.key], [theirs]))


def _partner_sound(w: TokenFactory) -> Presentation:
    theirs = rsa_key("theirs")
    return w.present(
        w.token(w.claims(iss="https://partner.example"), key=theirs), *_two(w, [w.key], [theirs])
    )


def _no_issuer(w: TokenFactory) -> Presentation:
    claims = w.claims()
    del claims["iss"]
    return w.present(w.token(claims), *_two(w, [w.key], [rsa_key("theirs")]))


def _single(issuer: Any) -> Callable[[TokenFactory], Presentation]:
    """Serve an issuer's own set with a key that names another issuer."""

    def build(w: TokenFactory) -> Presentation:
        key: Key = rsa_key("foreign")
        return w.present(w.token(key=key), w.issuer(w.key, key.make_jwk(issuer=issuer)))

    return build


_CASES: tuple[Case, ...] = (
    control("cloud-sound", "a token of one organisation from a shared key set", _BOUND,
            lambda w: w.present(w.cloud_token(), w.single_tenant_issuer())),
    control("cloud-many-sound", "a token of one organisation at an API that serves several", _BOUND,
            lambda w: w.present(w.cloud_token(), w.multi_tenant_issuer()), "tenants"),
    control("cloud-own-key", "a key of the shared set that is one tenant's own", _BOUND, _list(tenant_issuer(TENANT)),
            "tenants"),
    control("partner-sound", "a token of the second of two trusted issuers", "RFC 8725 section 3.8", _partner_sound,
            "several-issuers"),
    hostile("storm-0558",
            "Storm-0558: the stolen key for personal accounts signs an organisation's token; both keys are in the common set",
            _STORM, _MISMATCH, "forgery", _by_consumer_key(lambda w: w.single_tenant_issuer())),
    hostile("storm-0558-expired",
            "Storm-0558 with a key that should long have been retired: its certificate ended years ago, and it is still served",
            _STORM, f"{_MISMATCH} key-expired", "forgery", _by_consumer_key(_make_expired)),
    hostile("storm-0558-many", "Storm-0558 against an API of several organisations", _STORM, _MISMATCH, "forgery",
            _by_consumer_key(lambda w: w.multi_tenant_issuer()), "tenants"),
    hostile("storm-0558-unmarked", "Storm-0558 with a consumer key that does not say whose it is", _STORM, "key-issuer-missing",
            "forgery", _by_consumer_key(lambda w: w.single_tenant_issuer(key_set=w.shared_set(consumer={"issuer": None})))),
    hostile("storm-0558-other-tenant", "Storm-0558 against the second organisation that is served", _STORM, _MISMATCH,
            "forgery", _by_consumer_key(lambda w: w.multi_tenant_issuer(), iss=tenant_issuer(OTHER_TENANT), tid=OTHER_TENANT),
            "tenants"),
    hostile("storm-0558-as-consumer", "the consumer key signs as its own issuer, with the organisation's `tid`", _STORM,
            "issuer-unknown tenant-mismatch", "forgery",
            _by_consumer_key(lambda w: w.single_tenant_issuer(), iss=tenant_issuer(CONSUMER_TENANT))),
    hostile("consumer-token", "an honest token of a personal account at an organisation's API", "Entra: tenant validation",
            "issuer-unknown consumer-tenant tenant-not-allowed", "misuse",
            _by_consumer_key(lambda w: w.single_tenant_issuer(), iss=tenant_issuer(CONSUMER_TENANT), tid=CONSUMER_TENANT)),
    hostile("consumer-token-any-tenant", "an honest token of a personal account at an API that serves every organisation",
            "Entra: tenant validation", "consumer-tenant", "misuse",
            _by_consumer_key(lambda w: w.multi_tenant_issuer(tenants=frozenset({"*"})), iss=tenant_issuer(CONSUMER_TENANT),
            tid=CONSUMER_TENANT), "tenants"),
    hostile("key-of-other-tenant", "a key that is one tenant's own signs for another", _BOUND, _MISMATCH, "forgery",
            _list(tenant_issuer(OTHER_TENANT)), "tenants"),
    hostile("key-of-other-cloud", "a key of the same provider's sovereign cloud", _BOUND, _MISMATCH, "forgery",
            _list("https://login.cloud-gov.example/{tenantid}/v2.0"), "tenants"),
    hostile("key-issuer-slash", "the key's issuer has a slash more", _BOUND, _MISMATCH, "laxity", _list(CLOUD + "/"),
            "tenants"),
    hostile("key-issuer-version", "the key is for another version of the same issuer", _BOUND, _MISMATCH, "laxity",
            _list("https://login.cloud.example/{tenantid}/v1.0"), "tenants"),
    hostile("key-issuer-prefix", "the key's issuer is a beginning of the token's", _BOUND, _MISMATCH, "forgery",
            _list("https://login.cloud.example/"), "tenants"),
    hostile("key-issuer-wild", "a key that claims to be for every issuer", _BOUND, _MISMATCH, "forgery", _list("*"),
            "tenants"),
    hostile("key-issuer-only-tenant", "a key whose issuer is nothing but the placeholder", _BOUND, _MISMATCH, "forgery",
            _list("{tenantid}"), "tenants"),
    hostile("key-issuer-empty", "a key whose issuer is empty", _BOUND,
            f"key-set-invalid {_MISMATCH} key-issuer-missing key-unfit", "forgery", _list(""), "tenants"),
    hostile("key-issuer-absent", "a key of the shared set that does not say whose it is", _BOUND, "key-issuer-missing",
            "forgery", _list(None), "tenants"),
    hostile("key-issuer-list", "a key that lists several issuers", _BOUND,
            f"key-set-invalid {_MISMATCH} key-issuer-missing key-unfit key-unknown", "forgery",
            _list([CLOUD, "https://evil.example"]), "tenants"),
    hostile("same-kid", "two trusted issuers each call a key `1`; the second signs as the first", "RFC 8725 section 3.8",
            "signature-invalid", "forgery", _same_kid, "several-issuers"),
    hostile("partner-as-me", "a trusted partner's key, under its own `kid`, signs as the other issuer", "RFC 8725 section 3.8",
            "key-unknown", "forgery", _partner_key, "several-issuers"),
    hostile("nobody-in-particular", "no `iss` where several issuers are trusted: any key will do?", "RFC 8725 section 3.8",
            "claim-missing issuer-unknown issuer-mismatch", "forgery", _no_issuer, "several-issuers"),
    hostile("foreign-key-in-own-set", "a key in the issuer's own set that says that it is another's", _BOUND, _MISMATCH,
            "forgery", _single("https://partner.example")),
    hostile("issuer-prefix-in-own-set", "a key in the issuer's own set that names a longer issuer", _BOUND, _MISMATCH, "laxity",
            _single(ISSUER + ".evil.example")),
)  # fmt: skip

FAMILY = Family.build("binding", "a real key signs for another issuer", *_CASES)
