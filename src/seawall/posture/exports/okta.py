"""Declare the exports of Okta, from its management API.

Fields: developer.okta.com, references of ThreatInsight, Policies, API Tokens and Authenticators.
"""

from __future__ import annotations

from seawall.posture.exports.export import Export, words
from seawall.vendor_api.configuration_addresses import OKTA_ADDRESSES


def _address(*names: str) -> tuple[str, str]:
    """Return how to get an export, and the scope that it takes."""
    paths = [path for name in names for path in OKTA_ADDRESSES[name].paths]
    return ", then ".join(
        f"GET https://DOMAIN{path}" for path in paths
    ), f"scope {OKTA_ADDRESSES[names[0]].permission}"


OKTA = (
    Export(
        "okta_threats",
        "ThreatInsight settings of Okta",
        *_address("okta_threats"),
        words("action excludezones"),
        keeps=words("action excludezones"),
        contexts=("okta_threats",),
        product="Okta",
    ),
    Export(
        "okta_sign_on_rules",
        "rules of each global session policy of Okta",
        *_address("okta_policies", "okta_sign_on_rules"),
        words("actions type"),
        words("conditions"),
        keeps=words("name type status priority actions conditions system"),
        contexts=("okta_sign_on_rules",),
        product="Okta",
    ),
    Export(
        "okta_tokens",
        "API tokens of Okta",
        *_address("okta_tokens"),
        words("tokenwindow userid"),
        keeps=words("name userid created lastupdated expiresat network"),
        contexts=("okta_tokens",),
        product="Okta",
    ),
    Export(
        "okta_authenticators",
        "authenticators of Okta",
        *_address("okta_authenticators"),
        words("key type status"),
        words("settings provider"),
        words("signinmode features"),
        words("key type status name settings"),
        contexts=("okta_authenticators",),
        product="Okta",
    ),
)
