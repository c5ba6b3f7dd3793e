"""Define rules on the directory: consents, credentials, roles, sign-in methods, federation and policies."""

from __future__ import annotations

from seawall.detection.rules.rule import (
    BuiltinRule,
    has_mention,
    match_operations,
    match_where,
    parse_parameters,
)
from seawall.events.coded_batch import CodedBatch

MAIL_SCOPES = (
    "mail.",
    "mailboxsettings",
    "full_access_as_app",
    "ews.",
    "imap.",
    "pop.",
    "smtp.",
    "full_access_as_user",
    "exchange.manage",
)

OKTA_POLICIES = (
    "policy.lifecycle.create", "policy.lifecycle.update", "policy.lifecycle.deactivate", "policy.lifecycle.delete",
    "policy.rule.add", "policy.rule.update", "policy.rule.deactivate", "policy.rule.delete",
    "application.policy.sign_on.update", "application.policy.sign_on.rule.create",
    "application.policy.sign_on.rule.update", "application.policy.sign_on.rule.delete",
    "zone.create", "zone.update", "zone.deactivate", "zone.delete", "zone.remove_blacklist",
    "system.idp.lifecycle.create", "system.idp.lifecycle.update", "system.idp.lifecycle.activate",
    "system.mfa.factor.deactivate", "system.log_stream.lifecycle.deactivate", "system.log_stream.lifecycle.delete",
    "security.attack_protection.settings.update",
)  # fmt: skip


def _mail(batch: CodedBatch, row: int) -> bool:
    return has_mention(batch, row, MAIL_SCOPES)


def _adds_credential(batch: CodedBatch, row: int) -> bool:
    """Return whether a credential was added. Entra has one operation for adding and removing; the reader marks additions."""
    parameters = parse_parameters(batch, row)
    return "KeyDescription" not in parameters or "KeyDescription" in str(parameters.get("Added"))


_consents = match_operations(
    "Consent to application",
    "Add delegated permission grant",
    "Add OAuth2PermissionGrant",
    "Add app role assignment to service principal",
    "Add app role assignment grant to user",
    "app.oauth2.consent.grant",
    "app.oauth2.as.consent.grant",
    "app.oauth2.admin.consent.grant",
    "authorize",
    "AUTHORIZE_API_CLIENT_ACCESS",
    "ADD_TO_TRUSTED_OAUTH2_APPS",
)

RULES = (
    BuiltinRule(
        "consent-mail",
        "consent",
        "T1528 Steal Application Access Token",
        "lets an application read mail",
        "applications consented before the log begins",
        match_where(_consents, _mail),
    ),
    BuiltinRule(
        "consent",
        "consent_any",
        "T1528 Steal Application Access Token",
        "gives an application access",
        "applications consented before the log begins",
        _consents,
    ),
    BuiltinRule(
        "app-credential",
        "credential",
        "T1098.001 Additional Cloud Credentials",
        "adds a secret or certificate to an application",
        "a secret that was stolen rather than added",
        match_where(
            match_operations(
                "Add service principal credentials",
                "Create application – Certificates and secrets management",
                "Update application – Certificates and secrets management",
                "app.oauth2.credentials.lifecycle.create",
                "app.oauth2.credentials.lifecycle.activate",
            ),
            _adds_credential,
        ),
    ),
    BuiltinRule(
        "api-token",
        "role",
        "T1098.001 Additional Cloud Credentials",
        "makes an API token, which acts as whoever made it",
        "tokens made before the log begins",
        match_operations("system.api_token.create"),
    ),
    BuiltinRule(
        "role-grant",
        "role",
        "T1098.003 Additional Cloud Roles",
        "gives an account or group an administrator role",
        "roles inherited through groups",
        match_operations(
            "Add member to role",
            "Add eligible member to role",
            "Add member to role completed (PIM activation)",
            "Add eligible member to role in PIM completed (permanent)",
            "user.account.privilege.grant",
            "group.privilege.grant",
            "iam.resourceset.bindings.add",
            "ASSIGN_ROLE",
            "GRANT_ADMIN_PRIVILEGE",
            "GRANT_DELEGATED_ADMIN_PRIVILEGES",
        ),
    ),
    BuiltinRule(
        "method-change",
        "identity",
        "T1556.006 Multi-Factor Authentication",
        "changes the sign-in methods of an account, or its ways of recovery",
        "methods that a federated provider keeps",
        match_where(
            match_operations(
                "User registered security info",
                "Admin registered security info",
                "User changed default security info",
                "User deleted security info",
                "Admin deleted security info",
                "Disable Strong Authentication",
                "User registered all required security info",
                "user.mfa.factor.activate",
                "user.mfa.factor.deactivate",
                "user.mfa.factor.reset_all",
                "user.mfa.factor.suspend",
                "user.mfa.factor.update",
                "Update user",
                "2sv_disable",
                "2sv_enroll",
                "passkey_enrolled",
                "passkey_removed",
                "titanium_unenroll",
                "recovery_email_edit",
                "recovery_phone_edit",
                "recovery_secret_qa_edit",
                "TURN_OFF_2_STEP_VERIFICATION",
                "UNENROLL_USER_FROM_STRONG_AUTH",
                "UNENROLL_USER_FROM_TITANIUM",
                "GENERATE_2SV_SCRATCH_CODES",
                "SECURITY_KEY_REGISTERED_FOR_USER",
                "REVOKE_SECURITY_KEY",
                "PASSKEY_REVOKED",
                "ADD_RECOVERY_EMAIL",
                "ADD_RECOVERY_PHONE",
            ),
            lambda batch, row: (
                batch.value("activity_name", row).rstrip(".") != "Update user"
                or has_mention(batch, row, ("strongauthentication",))
            ),
        ),
    ),
    BuiltinRule(
        "policy-change",
        "evasion",
        "T1556.009 Conditional Access Policies",
        "changes a policy, domain, network zone, federation or log stream of the organisation",
        "changes by partners outside this directory",
        match_operations(
            "Update conditional access policy",
            "Delete conditional access policy",
            "Update policy",
            "Delete policy",
            "Set federation settings on domain",
            "Set domain authentication",
            "Add unverified domain",
            "Set company information",
            *OKTA_POLICIES,
            "ENFORCE_STRONG_AUTHENTICATION",
            "ALLOW_STRONG_AUTHENTICATION",
            "CHANGE_ALLOWED_TWO_STEP_VERIFICATION_METHODS",
            "TOGGLE_CAA_ENABLEMENT",
            "CHANGE_CAA_APP_ASSIGNMENTS",
            "TOGGLE_SSO_ENABLED",
            "CHANGE_SSO_SETTINGS",
            "ADD_TRUSTED_DOMAINS",
        ),
    ),
)
