"""Cases: wrong audiences, and claims that are missing or of the wrong type. All validly signed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from seawall_tokens.conformance.case import Case, Family, control, hostile
from seawall_tokens.conformance.context import ANY_TENANT
from seawall_tokens.conformance.encoding import plain_json
from seawall_tokens.conformance.presentation import Presentation
from seawall_tokens.conformance.token_factory import (
    ABSENT,
    AUDIENCE,
    CLIENT,
    ISSUER,
    OTHER_TENANT,
    TokenFactory,
    tenant_issuer,
)

_AUD = "RFC 7519 section 4.1.3, RFC 9068 section 4"
_PERMISSIONS = "Entra: validate scopes and roles"
_REQUIRED = "RFC 9068 section 2.2"
_WRONG = "audience-wrong"
_MALFORMED = "audience-malformed audience-wrong"


def _aud(value: Any) -> Callable[[TokenFactory], Presentation]:
    return lambda w: w.with_claims(aud=value)


def _with(**claims: Any) -> Callable[[TokenFactory], Presentation]:
    return lambda w: w.with_claims(**claims)


def _cloud(**claims: Any) -> Callable[[TokenFactory], Presentation]:
    return lambda w: w.present(w.cloud_token(claims=w.cloud_claims(**claims)), w.single_tenant_issuer())


def _respelt(claim: str, spell: Callable[[str], str]) -> Callable[[TokenFactory], Presentation]:
    """Build a valid token with another spelling of the GUID in `claim`."""
    guid = "690222be-ff1a-4d56-abd1-7e4f7d38e474"
    return _cloud(**{claim: spell(guid)})


_WRONG_TYPES: dict[str, dict[str, tuple[Any, str]]] = {
    "sub": {
        "number": (248289761001, "a number, which a database may compare as it likes"),
        "null": (None, "null"),
        "empty": ("", "empty"),
        "list": (["administrator"], "a list"),
        "object": ({"$ne": ""}, "an object, which a document database takes for a condition"),
        "true": (True, "true"),
    },
    "client_id": {
        "number": (7, "a number"),
        "null": (None, "null"),
        "empty": ("", "empty"),
        "list": ([CLIENT, "other"], "a list of clients"),
    },
    "jti": {
        "number": (1, "a number"),
        "null": (None, "null"),
        "empty": ("", "empty: no list of revoked tokens can name it"),
        "list": (["a"], "a list"),
        "object": ({"a": 1}, "an object, which cannot be looked up in a list of revoked tokens"),
    },
}

_CASES: tuple[Case, ...] = (
    control("aud-list", "I am one of several audiences", "RFC 7519 section 4.1.3",
            _aud(["https://calendar.example", AUDIENCE])),
    control("aud-list-of-one", "I am the only audience of a list", "RFC 7519 section 4.1.3", _aud([AUDIENCE])),
    control("claims-appid", "the client is named by `appid` where `azp` or `appid` may", "Entra: access token claims",
            _cloud(azp=ABSENT, appid="6e74172b-be56-4843-9ff4-e66a39bb12e3")),
    hostile("aud-missing", "no audience: a token for everybody", _AUD, "audience-missing claim-missing", "misuse",
            _aud(ABSENT)),
    hostile("aud-other", "a token for another API of the same issuer", _AUD, _WRONG, "misuse",
            _aud("https://calendar.example/api")),
    hostile("aud-list-without-me", "several audiences, and I am none", _AUD, _WRONG, "misuse",
            _aud(["https://calendar.example/api", "https://files.example/api"])),
    hostile("aud-client", "the audience is the client, as in an ID token", _AUD, _WRONG, "misuse", _aud(CLIENT)),
    hostile("aud-issuer", "the audience is the issuer, as in a client's assertion", _AUD, _WRONG, "misuse", _aud(ISSUER)),
    hostile("aud-prefix", "the audience is a beginning of my name", _AUD, _WRONG, "misuse", _aud("https://mail.example")),
    hostile("aud-longer", "the audience begins with my name", _AUD, _WRONG, "misuse", _aud(AUDIENCE + "/admin")),
    hostile("aud-substring", "my name stands within the audience", _AUD, _WRONG, "misuse",
            _aud(f"https://evil.example/?{AUDIENCE}")),
    hostile("aud-piece", "the audience is a piece of my name: `in` of a text finds it", _AUD, _WRONG, "misuse", _aud("mail")),
    hostile("aud-slash", "my name with a slash more", _AUD, _WRONG, "laxity", _aud(AUDIENCE + "/")),
    hostile("aud-capitals", "my name in capitals", _AUD, _WRONG, "laxity", _aud(AUDIENCE.upper())),
    hostile("aud-cyrillic", "my name with a Cyrillic letter that looks the same", _AUD, _WRONG, "misuse",
            _aud(AUDIENCE.replace("a", "\u0430"))),
    hostile("aud-nul", "a NUL behind my name", _AUD, f"{_WRONG} audience-malformed", "laxity", _aud(AUDIENCE + "\0x")),
    hostile("aud-line", "a line end behind my name", _AUD, f"{_WRONG} audience-malformed", "laxity", _aud(AUDIENCE + "\n")),
    hostile("aud-two-in-one", "two audiences in one text with a blank between them, as scopes are written", _AUD, _WRONG,
            "laxity", _aud(f"https://calendar.example/api {AUDIENCE}")),
    hostile("aud-wildcard", "the audience `*`", _AUD, _WRONG, "misuse", _aud("*")),
    hostile("aud-empty", "an empty audience", _AUD, f"{_WRONG} audience-malformed", "misuse", _aud("")),
    hostile("aud-empty-list", "a list of no audiences", _AUD, _MALFORMED, "misuse", _aud([])),
    hostile("aud-null", "the audience is null", _AUD, f"{_MALFORMED} audience-missing", "misuse", _aud(None)),
    hostile("aud-number", "the audience is a number", _AUD, _MALFORMED, "misuse", _aud(1)),
    hostile("aud-true", "the audience is true", _AUD, _MALFORMED, "misuse", _aud(True)),
    hostile("aud-object", "the audience is an object with my name as a member", _AUD, _MALFORMED, "misuse",
            _aud({AUDIENCE: True})),
    hostile("aud-nested", "my name in a list within the list", _AUD, _MALFORMED, "misuse", _aud([[AUDIENCE]])),
    hostile("aud-list-mixed", "my name in a list beside a number and null", _AUD, _MALFORMED, "laxity",
            _aud([1, None, AUDIENCE])),
    *(hostile(f"{name.replace('_', '-')}-missing", f"no `{name}`: {why}", _REQUIRED, "claim-missing issuer-unknown", "misuse",
            _with(**{name: ABSENT}))
      for name, why in {"iss": "nobody to ask for a key", "sub": "a token for nobody in particular",
      "client_id": "nobody knows who uses it",
                        "iat": "nobody knows how old it is", "jti": "it cannot be revoked alone"}.items()),
    *(hostile(f"{name.replace('_', '-')}-{kind}", f"`{name}` is {words}", "RFC 7519 section 4.1, RFC 9068 section 2.2",
              "claim-malformed claim-missing", "laxity", _with(**{name: value}))
      for name, kinds in _WRONG_TYPES.items() for kind, (value, words) in kinds.items()),
    hostile("cloud-no-client", "neither `azp` nor `appid`", "Entra: access token claims", "claim-missing", "misuse",
            _cloud(azp=ABSENT)),
    hostile("cloud-no-token-id", "no `uti`: the token cannot be revoked or found in a log", "Entra: access token claims",
            "claim-missing", "misuse", _cloud(uti=ABSENT)),
    hostile("cloud-no-subject", "no `sub`", "Entra: access token claims", "claim-missing", "misuse", _cloud(sub=ABSENT)),
    control("claims-roles", "an application's token: roles, and no scopes", "Entra: access token claims",
            _cloud(scp=ABSENT, roles=["Mail.Read"])),
    hostile("cloud-no-permissions", "neither `scp` nor `roles`: an application's token that nobody granted anything",
            _PERMISSIONS, "permissions-missing claim-missing", "misuse", _cloud(scp=ABSENT)),
    hostile("cloud-no-permissions-any-tenant", "the same, from an organisation that is a stranger, where every tenant is served",
            _PERMISSIONS, "permissions-missing claim-missing", "misuse",
            lambda w: w.present(
                w.cloud_token(claims=w.cloud_claims(scp=ABSENT, tid=OTHER_TENANT, iss=tenant_issuer(OTHER_TENANT))),
                w.multi_tenant_issuer(tenants=ANY_TENANT)), "tenants"),
    *(hostile(f"cloud-permissions-{words}", f"`{claim}` is {how}, and nothing else grants anything", _PERMISSIONS, codes,
              "misuse", _cloud(**{"scp": ABSENT, claim: value}))
      for words, claim, how, value, codes in (
          ("empty", "scp", "empty", "", "permissions-missing claim-missing claim-malformed"),
          ("blank", "scp", "a blank", " ", "permissions-missing claim-missing claim-malformed"),
          ("no-roles", "roles", "an empty list", [], "permissions-missing claim-missing claim-malformed"),
          ("true", "roles", "true", True, "claim-malformed permissions-missing"),
          ("object", "roles", "an object", {"Mail.Read": True}, "claim-malformed permissions-missing"))),
    *(hostile(f"cloud-{words}-{kind}", f"the `{claim}` {how}: every list of what was revoked names it otherwise",
              "RFC 9562 section 4; Entra: access token claims", "guid-not-canonical claim-malformed", "misuse",
              _respelt(claim, spell))
      for words, claim in (("object", "oid"), ("client", "azp"), ("session", "sid"))
      for kind, how, spell in (("capitals", "in capitals", str.upper), ("braces", "in braces", "{{{}}}".format),
                               ("bare", "without hyphens", lambda guid: guid.replace("-", "")))),
    hostile("claims-empty", "no claims at all, rightly signed", _REQUIRED, "claim-missing issuer-unknown", "misuse",
            lambda w: w.with_payload(b"{}")),
    hostile("claims-in-capitals", "`EXP`, `AUD` and `ISS` in place of the real ones", "RFC 7519 section 4",
            "claim-missing issuer-unknown", "misuse",
            lambda w: w.with_payload(plain_json({name.upper(): value for name, value in w.claims().items()}))),
    hostile("claims-in-header", "the claims stand in the header, and the payload is empty", "RFC 7519 section 5.3",
            "claim-missing issuer-unknown", "misuse", lambda w: w.present(w.token({}, {**w.header(), **w.claims()}))),
)  # fmt: skip

FAMILY = Family.build("claims", "wrong audience, or missing claims", *_CASES)
