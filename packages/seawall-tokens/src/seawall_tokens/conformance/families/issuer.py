"""Cases: similar-looking issuers, and other tenants. All signed with the right key, as after an error at the issuer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from seawall_tokens.conformance.case import Case, Family, control, hostile
from seawall_tokens.conformance.presentation import Presentation
from seawall_tokens.conformance.token_factory import (
    ABSENT,
    CLOUD,
    CONSUMER_TENANT,
    OTHER_TENANT,
    TENANT,
    TokenFactory,
    key_set,
    tenant_issuer,
)

_EXACT = "RFC 9068 section 4, RFC 8414 section 4, OpenID Connect Core section 3.1.3.7"
_TENANT = "Entra: validate the tenant"
_STRANGER = "issuer-unknown issuer-mismatch"
_TYPE = "claim-malformed issuer-unknown issuer-mismatch"


def _iss(value: Any) -> Callable[[TokenFactory], Presentation]:
    return lambda w: w.with_claims(iss=value)


def _many(*, any_tenant: bool = False, **claims: Any) -> Callable[[TokenFactory], Presentation]:
    """Present to an API that accepts two organisations, or all."""

    def build(w: TokenFactory) -> Presentation:
        trusted = w.multi_tenant_issuer(tenants=frozenset({"*"})) if any_tenant else w.multi_tenant_issuer()
        return w.present(w.cloud_token(claims=w.cloud_claims(**claims)), trusted)

    return build


def _one(**claims: Any) -> Callable[[TokenFactory], Presentation]:
    """Present to an API of one organisation."""
    return lambda w: w.present(w.cloud_token(claims=w.cloud_claims(**claims)), w.single_tenant_issuer())


def _own_keys(**claims: Any) -> Callable[[TokenFactory], Presentation]:
    """Present to an API of one organisation whose issuer has its own key set."""

    def build(w: TokenFactory) -> Presentation:
        trusted = w.single_tenant_issuer(shared_keys=False, key_set=key_set(w.enterprise_key()))
        return w.present(w.cloud_token(claims=w.cloud_claims(**claims)), trusted)

    return build


def _tenant(tenant: str) -> dict[str, Any]:
    return {"iss": tenant_issuer(tenant), "tid": tenant}


_STRANGE = "11111111-2222-4333-8444-555555555555"

_CASES: tuple[Case, ...] = (
    control("tenant-second", "a token of the second organisation that is served", _TENANT, _many(**_tenant(OTHER_TENANT)),
            "tenants"),
    control("tenant-any", "a token of an organisation nobody knew, at an API for all", _TENANT,
            _many(any_tenant=True, **_tenant(_STRANGE)), "tenants"),
    hostile("iss-slash", "a slash after the issuer", _EXACT, _STRANGER, "laxity", _iss("https://login.example/")),
    hostile("iss-capitals", "the issuer in capitals", _EXACT, _STRANGER, "laxity", _iss("https://LOGIN.EXAMPLE")),
    hostile("iss-scheme-capitals", "the scheme in capitals", _EXACT, _STRANGER, "laxity", _iss("HTTPS://login.example")),
    hostile("iss-http", "the issuer without TLS", _EXACT, _STRANGER, "misuse", _iss("http://login.example")),
    hostile("iss-port", "the issuer with its default port", _EXACT, _STRANGER, "laxity", _iss("https://login.example:443")),
    hostile("iss-bare-host", "the issuer without a scheme", _EXACT, _STRANGER, "laxity", _iss("login.example")),
    hostile("iss-suffix", "a host that begins like the issuer: a check by prefix accepts it", _EXACT, _STRANGER, "misuse",
            _iss("https://login.example.evil.example")),
    hostile("iss-prefix", "a host that ends like the issuer: a check by suffix accepts it", _EXACT, _STRANGER, "misuse",
            _iss("https://evil-login.example")),
    hostile("iss-substring", "a stranger that has the issuer in its path: a check by substring accepts it", _EXACT, _STRANGER,
            "misuse", _iss("https://evil.example/?https://login.example")),
    hostile("iss-user", "the issuer as the user of another host", _EXACT, _STRANGER, "misuse",
            _iss("https://login.example@evil.example")),
    hostile("iss-dots", "the issuer with a path that leads back to it", _EXACT, _STRANGER, "laxity",
            _iss("https://login.example/a/..")),
    hostile("iss-fragment", "the issuer with a fragment", _EXACT, _STRANGER, "laxity", _iss("https://login.example#")),
    hostile("iss-encoded", "the issuer with a letter percent-encoded", _EXACT, _STRANGER, "laxity",
            _iss("https://login.ex%61mple")),
    hostile("iss-cyrillic", "the issuer with a Cyrillic letter that looks the same", _EXACT, _STRANGER, "misuse",
            _iss("https://l\u043egin.example")),
    hostile("iss-wide", "the issuer with full-width letters that Unicode folding makes equal", _EXACT, _STRANGER, "misuse",
            _iss("https://\uff4cogin.example")),
    hostile("iss-zero-width", "the issuer with a zero-width joiner", _EXACT, _STRANGER, "laxity",
            _iss("https://login\u200d.example")),
    hostile("iss-nul", "a NUL and a stranger behind the issuer", _EXACT, _STRANGER, "laxity",
            _iss("https://login.example\0.evil.example")),
    hostile("iss-blank", "a blank after the issuer", _EXACT, _STRANGER, "laxity", _iss("https://login.example ")),
    hostile("iss-line", "a line end after the issuer: `$` of many regular expressions matches before it", _EXACT, _STRANGER,
            "laxity", _iss("https://login.example\n")),
    hostile("iss-wildcard", "the issuer is a pattern", _EXACT, _STRANGER, "misuse", _iss("*")),
    hostile("iss-stranger", "another issuer altogether", _EXACT, _STRANGER, "misuse", _iss("https://evil.example")),
    hostile("iss-empty", "the issuer is empty", _EXACT, _TYPE, "misuse", _iss("")),
    hostile("iss-list", "the issuer is a list that holds the right one", "RFC 7519 section 4.1.1", _TYPE, "misuse",
            _iss(["https://evil.example", "https://login.example"])),
    hostile("iss-object", "the issuer is an object", "RFC 7519 section 4.1.1", _TYPE, "misuse",
            _iss({"https://login.example": True})),
    hostile("iss-number", "the issuer is a number", "RFC 7519 section 4.1.1", _TYPE, "misuse", _iss(1)),
    hostile("iss-null", "the issuer is null", "RFC 7519 section 4.1.1", f"{_TYPE} claim-missing", "misuse", _iss(None)),
    hostile("iss-true", "the issuer is true", "RFC 7519 section 4.1.1", _TYPE, "misuse", _iss(True)),
    hostile("tenant-other", "another organisation's token, from the same key", _TENANT, "issuer-unknown tenant-not-allowed",
            "misuse", _one(**_tenant(OTHER_TENANT))),
    hostile("tenant-not-served", "a token of an organisation that is not served, at an API that serves two", _TENANT,
            "tenant-not-allowed", "misuse", _many(**_tenant(_STRANGE)), "tenants"),
    hostile("tenant-swapped", "the issuer of a tenant that is served, the `tid` of another", _TENANT,
            "key-issuer-mismatch tenant-mismatch", "misuse", _many(tid=OTHER_TENANT), "tenants"),
    hostile("tenant-swapped-one", "the `tid` of another tenant at an API of one organisation", _TENANT,
            "key-issuer-mismatch tenant-mismatch tenant-not-allowed", "misuse", _one(tid=OTHER_TENANT)),
    hostile("tenant-swapped-own-keys", "the `tid` of another tenant where the keys are one tenant's own and name no issuer",
            _TENANT, "tenant-mismatch", "misuse", _own_keys(tid=OTHER_TENANT)),
    hostile("tenant-consumer-own-keys", "the consumer tenant's `tid` where the keys are one tenant's own", _TENANT,
            "tenant-mismatch consumer-tenant tenant-not-allowed", "misuse", _own_keys(tid=CONSUMER_TENANT)),
    hostile("tenant-missing", "no `tid`", _TENANT, "tenant-missing claim-missing", "misuse", _many(tid=ABSENT), "tenants"),
    hostile("tenant-no-guid", "a `tid` that is no GUID", _TENANT, "tenant-malformed", "misuse",
            _many(any_tenant=True, **_tenant("contoso.example")), "tenants"),
    hostile("tenant-common", "the tenant `common`, which is an address and no tenant", _TENANT, "tenant-malformed", "misuse",
            _many(any_tenant=True, **_tenant("common")), "tenants"),
    hostile("tenant-placeholder", "the placeholder itself as the tenant", _TENANT, "tenant-malformed", "misuse",
            _many(any_tenant=True, **_tenant("{tenantid}")), "tenants"),
    hostile("tenant-empty", "an empty tenant", _TENANT, "tenant-malformed issuer-unknown tenant-missing", "misuse",
            _many(any_tenant=True, **_tenant("")), "tenants"),
    hostile("tenant-braces", "a GUID in braces", _TENANT, "tenant-malformed", "laxity",
            _many(any_tenant=True, **_tenant("{" + TENANT + "}")), "tenants"),
    hostile("tenant-capitals", "the `tid` in capitals, the issuer not", _TENANT,
            "key-issuer-mismatch tenant-mismatch tenant-malformed", "laxity", _many(tid=TENANT.upper()), "tenants"),
    hostile("tenant-capitals-everywhere", "the tenant in capitals in issuer and `tid`: what was revoked for the tenant names "
            "another issuer", _TENANT, "tenant-malformed tenant-not-allowed", "misuse",
            _many(any_tenant=True, **_tenant(TENANT.upper())), "tenants"),
    hostile("tenant-line", "a line end after the `tid`", _TENANT, "key-issuer-mismatch tenant-malformed", "laxity",
            _many(tid=TENANT + "\n"), "tenants"),
    hostile("tenant-path", "a tenant with a path of its own: two segments where one belongs", _TENANT,
            "issuer-unknown tenant-malformed", "misuse", _many(any_tenant=True, **_tenant(f"{TENANT}/x")), "tenants"),
    hostile("tenant-list", "the `tid` is a list of two tenants", _TENANT, "tenant-malformed claim-malformed", "misuse",
            _many(tid=[TENANT, OTHER_TENANT]), "tenants"),
    hostile("tenant-number", "the `tid` is a number", _TENANT, "tenant-malformed claim-malformed", "misuse", _many(tid=0),
            "tenants"),
    hostile("tenant-null", "the `tid` is null", _TENANT, "tenant-malformed tenant-missing claim-malformed claim-missing",
            "misuse", _many(tid=None), "tenants"),
    hostile("tenant-consumer-tid", "the consumer tenant's `tid` under an organisation's issuer", _TENANT,
            "key-issuer-mismatch consumer-tenant tenant-mismatch tenant-not-allowed", "misuse",
            _many(any_tenant=True, tid=CONSUMER_TENANT), "tenants"),
    hostile("tenant-v1-issuer", "the same organisation's issuer of the older version, which is another issuer", _TENANT,
            _STRANGER, "laxity", _one(iss=f"https://sts.cloud.example/{TENANT}/", ver="1.0")),
    hostile("tenant-template-issuer", "the issuer is the unfilled template", _TENANT,
            f"key-issuer-mismatch tenant-mismatch {_STRANGER}", "misuse", _many(iss=CLOUD), "tenants"),
)  # fmt: skip

FAMILY = Family.build("issuer", "an untrusted issuer or tenant", *_CASES)
