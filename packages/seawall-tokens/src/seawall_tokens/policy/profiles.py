"""Default settings for well-known issuers. Settings in a policy file precede those of its profile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from seawall_tokens.policy.issuer_policy import CONSUMER_TENANT

ENTRA: Final = "https://login.microsoftonline.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuerProfile:
    """Defaults for one kind of issuer, in the terms of the policy file.

    In texts, `{tenant}` stands for the entry's single tenant, `{issuer}` for its issuer without a trailing slash,
    `{host}` for the issuer's host. `one_condition_of`: the entry needs a condition on one of these claims, because
    strangers use the same issuer. `source` is the vendor's documentation page. `template`: whether the issuer must
    (True) or must not (False) contain `{tenantid}`; None for either.
    """

    name: str
    meaning: str
    settings: Mapping[str, Any]
    one_tenant: bool = False
    template: bool | None = False
    one_condition_of: tuple[str, ...] = ()
    source: str = field(default="")


_ENTRA_CLAIMS: Final = ["sub", "tid", "iat", "ver", "uti", "azp|appid"]

_ENTRA_PERMISSIONS: Final = ["scp", "roles"]
"""Permissions granted by a user (`scp`) or an administrator (`roles`).

Microsoft.Identity.Web refuses a token without either (IDW10201).
"""

_MANAGED_IDENTITY: Final = "25h"
"""Maximum lifetime of managed identity tokens, which live 24 hours and 5 minutes (Microsoft: managed identities FAQ)."""

PROFILES: Final[dict[str, IssuerProfile]] = {
    profile.name: profile
    for profile in (
        IssuerProfile(
            name="rfc9068",
            meaning="any issuer whose access tokens follow RFC 9068",
            settings={},
            template=None,
            source="RFC 9068 sections 2 and 4",
        ),
        IssuerProfile(
            name="entra",
            meaning="Microsoft Entra ID, one tenant, access tokens of version 2",
            settings={
                "issuer": f"{ENTRA}/{{tenant}}/v2.0",
                "jwks_uri": f"{ENTRA}/{{tenant}}/discovery/v2.0/keys",
                "key_issuer": "required",
                "token_types": ["jwt"],
                "required_claims": _ENTRA_CLAIMS,
                "permission_claims": _ENTRA_PERMISSIONS,
                "canonical_guids": True,
                "max_lifetime": "2h",
                "max_application_lifetime": _MANAGED_IDENTITY,
            },
            one_tenant=True,
            source="Microsoft identity platform: access tokens, claims validation",
        ),
        IssuerProfile(
            name="entra-v1",
            meaning="Microsoft Entra ID, one tenant, access tokens of version 1 (`sts.windows.net`)",
            settings={
                "issuer": "https://sts.windows.net/{tenant}/",
                "jwks_uri": f"{ENTRA}/{{tenant}}/discovery/keys",
                "key_issuer": "single",
                "token_types": ["jwt"],
                "required_claims": _ENTRA_CLAIMS,
                "permission_claims": _ENTRA_PERMISSIONS,
                "canonical_guids": True,
                "max_lifetime": "2h",
                "max_application_lifetime": _MANAGED_IDENTITY,
            },
            one_tenant=True,
            source="Microsoft identity platform: access tokens, claims validation",
        ),
        IssuerProfile(
            name="entra-multi-tenant",
            meaning="Microsoft Entra ID, tokens of several tenants of organisations, version 2",
            settings={
                "issuer": f"{ENTRA}/{{tenantid}}/v2.0",
                "jwks_uri": f"{ENTRA}/organizations/discovery/v2.0/keys",
                "key_issuer": "required",
                "token_types": ["jwt"],
                "required_claims": _ENTRA_CLAIMS,
                "permission_claims": _ENTRA_PERMISSIONS,
                "canonical_guids": True,
                "max_lifetime": "2h",
                "max_application_lifetime": _MANAGED_IDENTITY,
            },
            template=True,
            source="Microsoft identity platform: validate the signing key issuer",
        ),
        IssuerProfile(
            name="entra-personal",
            meaning="personal Microsoft accounts, version 2",
            settings={
                "issuer": f"{ENTRA}/{CONSUMER_TENANT}/v2.0",
                "tenants": [CONSUMER_TENANT],
                "jwks_uri": f"{ENTRA}/consumers/discovery/v2.0/keys",
                "key_issuer": "required",
                "consumer_issuer": True,
                "token_types": ["jwt"],
                "required_claims": _ENTRA_CLAIMS,
                "permission_claims": _ENTRA_PERMISSIONS,
                "canonical_guids": True,
                "max_lifetime": "2h",
                "max_application_lifetime": _MANAGED_IDENTITY,
            },
            one_tenant=True,
            source="Microsoft identity platform: access tokens, claims validation",
        ),
        IssuerProfile(
            name="google",
            meaning="Google ID tokens; Google's access tokens are opaque and cannot be verified here",
            settings={
                "issuer": "https://accounts.google.com",
                "jwks_uri": "https://www.googleapis.com/oauth2/v3/certs",
                "token_types": ["jwt"],
                "required_claims": ["sub", "azp", "iat"],
                "max_lifetime": "2h",
            },
            source="Google Identity: OpenID Connect; its discovery document",
        ),
        IssuerProfile(
            name="okta",
            meaning="Okta, access tokens of a custom authorisation server (which have no `typ`)",
            settings={
                "jwks_uri": "{issuer}/v1/keys",
                "token_types": ["absent"],
                "required_claims": ["sub", "cid", "iat", "jti", "scp"],
            },
            source="Okta developer documentation: access tokens, custom authorisation servers",
        ),
        IssuerProfile(
            name="adfs",
            meaning="AD FS, access tokens (whose `iss` begins with `http://`)",
            settings={
                "http_issuer": True,
                "jwks_uri": "https://{host}/adfs/discovery/keys",
                "token_types": ["jwt"],
                "required_claims": ["appid", "iat", "ver"],
                "max_lifetime": "9h",
            },
            source="learn.microsoft.com/openspecs/windows_protocols/ms-oidce section 3.2.5.3.1.3 (access_token_issuer)",
        ),
        IssuerProfile(
            name="auth0",
            meaning="Auth0, access tokens of an API in either of its token profiles",
            settings={
                "jwks_uri": "{issuer}/.well-known/jwks.json",
                "token_types": ["jwt", "at+jwt"],
                "required_claims": ["sub", "iat", "azp|client_id"],
            },
            source="auth0.com/docs/secure/tokens/access-tokens/access-token-profiles",
        ),
        IssuerProfile(
            name="cognito",
            meaning="Amazon Cognito, access tokens of a user pool (which have no `aud` and no `typ`); `audiences` are client ids",
            settings={
                "audience_claim": "client_id",
                "jwks_uri": "{issuer}/.well-known/jwks.json",
                "token_types": ["absent"],
                "required_claims": ["sub", "client_id", "iat", "jti"],
                "claims": {"token_use": "access"},
            },
            source="docs.aws.amazon.com/verifiedpermissions/latest/userguide/cognito-validation.html",
        ),
        IssuerProfile(
            name="keycloak",
            meaning="Keycloak, access tokens of a realm",
            settings={
                "jwks_uri": "{issuer}/protocol/openid-connect/certs",
                "token_types": ["jwt", "at+jwt"],
                "required_claims": ["sub", "azp", "iat", "jti"],
                "claims": {"typ": ["Bearer", "DPoP"]},
            },
            source="keycloak.org/securing-apps/oidc-layers (endpoints); org.keycloak.util.TokenUtil (the claim `typ`)",
        ),
        IssuerProfile(
            name="kubernetes",
            meaning="service accounts of one Kubernetes cluster (tokens without `typ`)",
            settings={
                "discovery": "{issuer}/.well-known/openid-configuration",
                "token_types": ["absent"],
                "required_claims": ["sub", "iat", "nbf", "kubernetes.io"],
            },
            source="kubernetes.io/docs/tasks/configure-pod-container/configure-service-account (issuer discovery)",
        ),
        IssuerProfile(
            name="github-actions",
            meaning="workflows of GitHub Actions: all of GitHub has this issuer",
            settings={
                "issuer": "https://token.actions.githubusercontent.com",
                "jwks_uri": "{issuer}/.well-known/jwks",
                "token_types": ["jwt"],
                "required_claims": ["sub", "repository", "repository_owner", "iat", "jti"],
                "max_lifetime": "1h",
            },
            one_condition_of=(
                "sub",
                "repository",
                "repository_id",
                "repository_owner",
                "repository_owner_id",
                "job_workflow_ref",
                "enterprise_id",
            ),
            source="docs.github.com/en/actions/reference/security/oidc",
        ),
        IssuerProfile(
            name="oidc",
            meaning="ID tokens (OpenID Connect), where you are the client that they were issued to",
            settings={"token_types": ["jwt", "absent"], "required_claims": ["sub", "iat"]},
            template=None,
            source="OpenID Connect Core section 3.1.3.7",
        ),
    )
}
"""Profiles by name. The first is the default."""

DEFAULT: Final = "rfc9068"
