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
    Setting("name", "text", None, "what logs call it; the issuer if left out", values.text),
    Setting("profile", "word", DEFAULT, "ready-made settings, see *Profiles*", values.choice(*PROFILES)),
    Setting("issuer", "URL", None, "`iss`, exactly as tokens spell it; may hold `{tenantid}` once",
            policy_values.issuer, needed=True),
    Setting("audiences", "texts", None, "your own names: a token must name one of them in `aud`", values.texts(), needed=True),
    Setting("audience_claim", "word", "aud", "the claim that must name one of `audiences`; `client_id` for tokens "
            "without `aud` (Cognito)", values.choice("aud", "client_id")),
    Setting("http_issuer", "true or false", False, "`issuer` may begin with `http://` (AD FS): it is compared and never "
            "fetched; keys still come over https", values.flag),
    Setting("jwks_uri", "URL", None, "the issuer's key set", values.url),
    Setting("discovery", "URL", None, "the issuer's discovery document, which names the key set", values.url),
    Setting("jwks_file", "path", None, "a file with the key set, read again every five minutes", values.text),
    Setting("jwks", "table", None, "the key set itself", policy_values.key_set),
    Setting("key_hosts", "hosts", [], "hosts beside its own on which the key set of a discovery document may be",
            values.texts(values.host, empty=True)),
    Setting("trust_file", "path", None, "certificates (PEM) to trust for these URLs, in place of the system's", values.text),
    Setting("allow_loopback_http", "true or false", False, "plain http to this machine, for tests", values.flag),
    Setting("tenants", "GUIDs or `\"any\"`", None, "accepted `tid`; needed where the issuer holds `{tenantid}`",
            policy_values.tenants),
    Setting("claims", "table", None, "values that claims must have: `claims.hd = \"example.org\"`, see *Conditions on claims*",
            policy_values.conditions),
    Setting("permission_claims", "names", [], "one of them must hold a permission; the Entra profiles ask for `scp` or `roles`",
            values.texts(policy_values.claim, empty=True)),
    Setting("canonical_guids", "true or false", False, "a GUID in `tid`, `oid`, `azp`, `appid`, `sub`, `sid`, `client_id` "
            "or `cid` must be written in lower case with hyphens, as Entra writes it", values.flag),
    Setting("consumer_issuer", "true or false", False, "this issuer is that of personal Microsoft accounts; elsewhere their "
            "tenant is refused",
            values.flag),
    Setting("key_issuer", "word", "single", "`required`: every key says which issuer it is for, and that must be the token's; "
            "`single`: all keys of the set are this issuer's", values.choice("required", "single")),
    Setting("algorithms", "words", ["RS256"], "accepted `alg`; never `none` or `HS…`", values.texts(policy_values.algorithm)),
    Setting("token_types", "words", ["at+jwt"], "accepted `typ`, without `application/`; `absent` for tokens without one",
            values.texts(policy_values.token_type)),
    Setting("required_claims", "names", ["sub", "client_id", "iat", "jti"],
            "beside `iss`, `exp` and `aud`; alternatives as `azp|appid`", values.texts(policy_values.claim, empty=True)),
    Setting("max_lifetime", "duration", "24h", "longest time from `iat` to `exp`", values.seconds(1, LONGEST_LIFETIME)),
    Setting("max_application_lifetime", "duration", None, "the same for a token that an application has for itself "
            "(no `scp`, no `scope`); `max_lifetime` unless given", values.seconds(1, LONGEST_LIFETIME)),
    Setting("clock_skew", "duration", "60s", "how far clocks may differ", values.seconds(0, 600)),
    Setting("max_key_age", "duration", None, "refuse keys older than this", values.seconds(3600, 3660 * DAY)),
    Setting("quarantine", "duration", "0s", "hold a key that appears among known keys for this long",
            values.seconds(0, 30 * DAY)),
    Setting("key_memory", "path", None, "file that remembers when keys were first seen, so that a restart does not "
            "forget a quarantine; one for each issuer", values.text),
    Setting("approved_keys", "texts", [], "thumbprints (RFC 7638) that are never held", values.texts(empty=True)),
    Setting("denied_keys", "texts", [], "names (`kid`) or thumbprints of keys that are revoked, whatever the issuer says",
            values.texts(empty=True)),
    Setting("stale_limit", "duration", "4h", "how long keys serve while their source does not answer",
            values.seconds(300, 7 * DAY)),
    Setting("fetch_timeout", "duration", "5s", "time for one whole answer of the source", values.seconds(1, 60)),
    Setting("sender", "word", "optional", "`optional`: a token that is bound to a key must be proved, others may be "
            "bearer tokens; `dpop`, `mtls`: must be bound so; `required`: bound in either way",
            values.choice("optional", "dpop", "mtls", "required")),
    Setting("acr_values", "texts", [], "one of them must be the token's `acr`", values.texts(empty=True)),
    Setting("required_amr", "texts", [], "all of them must be in the token's `amr`", values.texts(empty=True)),
    Setting("max_authentication_age", "duration", None, "how long ago the person may have signed in (`auth_time`)",
            values.seconds(1, 366 * DAY)),
    Setting("max_chain_age", "duration", "7d", "how long after signing in tokens may be renewed", values.seconds(60, 366 * DAY)),
)  # fmt: skip
"""Settings of an `[[issuer]]` table."""

REVOCATION_SETTINGS: Final[tuple[Setting, ...]] = (
    Setting(
        "store", "path", None, "the store that `seawall token revoke` and the gate write to", values.text
    ),
)
"""Settings of the `[revocations]` table."""

ELSEWHERE: Final[frozenset[str]] = frozenset({"gate", "console"})
"""Tables that other parts read and check; this package passes them on unparsed."""
