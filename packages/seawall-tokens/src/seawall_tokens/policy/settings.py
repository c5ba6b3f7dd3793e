"""Every setting of a policy file: name, type, default, meaning.

The tables of docs/reference/policy.md are generated from it.
"""

from __future__ import annotations

from typing import Final

from seawall_base import settings_values as values
from seawall_base.settings_values import Setting
from seawall_tokens.policy import values as policy_values
from seawall_tokens.policy.issuer_policy import LONGEST_LIFETIME
from seawall_tokens.policy.profiles import DEFAULT, PROFILES

DAY: Final = 86_400


ISSUER_SETTINGS: Final[tuple[Setting, ...]] = (
    Setting("name", "text", None, "name of the issuer in logs; without it, the value of `issuer`", values.text),
    Setting("profile", "word", DEFAULT, "set of ready-made settings, see *Profiles*", values.choice(*PROFILES)),
    Setting("issuer", "URL", None, "expected `iss`, spelt exactly as in tokens; may contain `{tenantid}` once",
            policy_values.issuer, needed=True),
    Setting("audiences", "texts", None, "names of your service; a token must name one of them in `aud`",
            values.texts(), needed=True),
    Setting("audience_claim", "word", "aud", "claim that must name one of `audiences`; `client_id` for tokens "
            "without `aud` (Cognito)", values.choice("aud", "client_id")),
    Setting("http_issuer", "true or false", False, "whether `issuer` may begin with `http://` (AD FS); Seawall compares "
            "this name and never fetches it, and keys still come over https", values.flag),
    Setting("jwks_uri", "URL", None, "URL of the issuer's key set (JWKS)", values.url),
    Setting("discovery", "URL", None, "URL of the issuer's discovery document, which names the key set", values.url),
    Setting("jwks_file", "path", None, "file with the key set; Seawall reads it again every five minutes", values.text),
    Setting("jwks", "table", None, "the key set itself", policy_values.key_set),
    Setting("key_hosts", "hosts", [], "further hosts on which the discovery document may place the key set, besides its own",
            values.texts(values.host, empty=True)),
    Setting("trust_file", "path", None, "certificates (PEM) to trust for these URLs, instead of the system's", values.text),
    Setting("allow_loopback_http", "true or false", False, "whether plain http to this machine is allowed, for tests",
            values.flag),
    Setting("tenants", "GUIDs or `\"any\"`", None, "accepted `tid`; needed if `issuer` contains `{tenantid}`",
            policy_values.tenants),
    Setting("claims", "table", None, "required values of claims: `claims.hd = \"example.org\"`, see *Conditions on claims*",
            policy_values.conditions),
    Setting("permission_claims", "names", [], "claims, one of which must grant a permission; the Entra profiles "
            "require `scp` or `roles`",
            values.texts(policy_values.claim, empty=True)),
    Setting("canonical_guids", "true or false", False, "whether a GUID in `tid`, `oid`, `azp`, `appid`, `sub`, "
            "`sid`, `client_id` "
            "or `cid` must be in lower case with hyphens, as Entra writes it", values.flag),
    Setting("consumer_issuer", "true or false", False, "whether this is the issuer of personal Microsoft "
            "accounts; every other issuer "
            "refuses their tenant",
            values.flag),
    Setting("key_issuer", "word", "single", "`required`: every key states its issuer, which must be the token's; "
            "`single`: all keys of the set belong to this issuer", values.choice("required", "single")),
    Setting("algorithms", "words", ["RS256"], "accepted `alg`; never `none` or `HS…`", values.texts(policy_values.algorithm)),
    Setting("token_types", "words", ["at+jwt"], "accepted `typ`, without `application/`; `absent` accepts tokens without `typ`",
            values.texts(policy_values.token_type)),
    Setting("required_claims", "names", ["sub", "client_id", "iat", "jti"],
            "required claims, besides `iss`, `exp` and `aud`; write alternatives as `azp|appid`",
            values.texts(policy_values.claim, empty=True)),
    Setting("max_lifetime", "duration", "24h", "longest lifetime of a token, from `iat` to `exp`",
            values.seconds(1, LONGEST_LIFETIME)),
    Setting("max_application_lifetime", "duration", None, "longest lifetime of an app-only token (no `scp`, no `scope`); "
            "without it, `max_lifetime`", values.seconds(1, LONGEST_LIFETIME)),
    Setting("clock_skew", "duration", "60s", "tolerated difference between clocks", values.seconds(0, 600)),
    Setting("max_key_age", "duration", None, "greatest age of a key; older keys are refused", values.seconds(3600, 3660 * DAY)),
    Setting("quarantine", "duration", "0s", "how long to refuse a new key that appears among known keys",
            values.seconds(0, 30 * DAY)),
    Setting("key_memory", "path", None, "file that records when keys were first seen, so that a restart does not "
            "end a quarantine; one for each issuer", values.text),
    Setting("approved_keys", "texts", [], "thumbprints (RFC 7638) of keys that skip the quarantine", values.texts(empty=True)),
    Setting("denied_keys", "texts", [], "key ids (`kid`) or thumbprints of keys to refuse, even if the issuer lists them",
            values.texts(empty=True)),
    Setting("stale_limit", "duration", "4h", "how long to use the last good key set while its source fails",
            values.seconds(300, 7 * DAY)),
    Setting("fetch_timeout", "duration", "5s", "time limit for one complete fetch", values.seconds(1, 60)),
    Setting("sender", "word", "optional", "`optional`: a token that is bound to a key needs its proof, and bearer "
            "tokens are accepted; `dpop`, `mtls`: every token must be bound in this way; `required`: in one of the two",
            values.choice("optional", "dpop", "mtls", "required")),
    Setting("acr_values", "texts", [], "accepted `acr`", values.texts(empty=True)),
    Setting("required_amr", "texts", [], "methods that must all be in `amr`", values.texts(empty=True)),
    Setting("max_authentication_age", "duration", None, "longest time since the user signed in (`auth_time`)",
            values.seconds(1, 366 * DAY)),
    Setting("max_chain_age", "duration", "7d", "how long after the sign-in a token may be renewed",
            values.seconds(60, 366 * DAY)),
)  # fmt: skip
"""Settings of an `[[issuer]]` table."""

REVOCATION_SETTINGS: Final[tuple[Setting, ...]] = (
    Setting(
        "store",
        "path",
        None,
        "revocation store to which `seawall token revoke` and the gate write",
        values.text,
    ),
)
"""Settings of the `[revocations]` table."""

ELSEWHERE: Final[frozenset[str]] = frozenset({"gate", "console"})
"""Tables that other parts read and check; this package passes them on unparsed."""
