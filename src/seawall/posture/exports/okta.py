"""Declare the exports of Okta, from its management API.

Fields: developer.okta.com, references of ThreatInsight, Policies, API Tokens and Authenticators.
"""

from __future__ import annotations

from seawall.posture.exports.export import Export, words

OKTA = (
    Export(
        "okta_threats",
        "ThreatInsight settings of Okta",
        "GET https://DOMAIN/api/v1/threats/configuration",
        "scope okta.threatInsights.read",
        words("action excludezones"),
        keeps=words("action excludezones"),
        product="Okta",
    ),
    Export(
        "okta_sign_on_rules",
        "rules of each global session policy of Okta",
        "GET https://DOMAIN/api/v1/policies?type=OKTA_SIGN_ON, then /api/v1/policies/ID/rules for each",
        "scope okta.policies.read",
        words("actions type"),
        words("conditions"),
        keeps=words("name type status priority actions conditions system"),
        product="Okta",
    ),
    Export(
        "okta_tokens",
        "API tokens of Okta",
        "GET https://DOMAIN/api/v1/api-tokens",
        "scope okta.apiTokens.read",
        words("tokenwindow userid"),
        keeps=words("name userid created lastupdated expiresat network"),
        product="Okta",
    ),
    Export(
        "okta_authenticators",
        "authenticators of Okta",
        "GET https://DOMAIN/api/v1/authenticators",
        "scope okta.authenticators.read",
        words("key type status"),
        words("settings provider"),
        words("signinmode features"),
        words("key type status name settings"),
        product="Okta",
    ),
)
