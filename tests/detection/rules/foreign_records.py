"""For rules of other people, by the names of their files: invented records that each has to hit.

Where a rule names an operation and nothing else, its record is made from it (`made`); all others are written here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.detection.rules.vendor_records import (
    Record,
    activity,
    activity_row,
    alert,
    audit,
    audit_row,
    change,
    google,
    google_cloud,
    m365,
    okta,
    risk,
    sign_in,
    target,
)

_HEALTH = "Microsoft.ADHybridHealthService"
_FORWARDER = "/providers/Microsoft.ADHybridHealthService/services/AdFederationService-sts.x.example"
_OUTCOME = {"result": "FAILURE", "reason": "FastPass declined phishing attempt"}
_CONSOLE = [
    {
        "id": "0oa1",
        "type": "AppInstance",
        "alternateId": "Okta Admin Console",
        "displayName": "Okta Admin Console",
    }
]
_NEW = {
    "debugData": {
        "behaviors": "{New Geo-Location=NEGATIVE, New Device=POSITIVE}",
        "requestUri": "/api/v1/authn",
    }
}
_PROXY = {"asNumber": 64500, "isProxy": True}
_GUEST = '"displayName":"UserType","oldValue":"[\\"Guest\\"]","newValue":"[\\"Member\\"]"'
_MFA_OFF = '[{"$id":"1","RelyingParty":"*","State":0}]'
_ADMINISTRATOR = target("Role", displayName="Global Administrator")
_DEVICES = target("Role", id="7698a772-787b-4ac8-901f-60d6b08affd2")

WRITTEN: dict[str, Sequence[Record]] = {
    "azure_aadhybridhealth_adfs_new_server": [
        activity_row(f"{_HEALTH}/services/servicemembers/action", _HEALTH, _FORWARDER)],
    "azure_aadhybridhealth_adfs_service_delete": [activity_row(f"{_HEALTH}/services/delete", _HEALTH, _FORWARDER)],
    "azure_creating_number_of_resources_detection": [
        activity("MICROSOFT.RESOURCES/DEPLOYMENTS/WRITE"),
        activity_row("Microsoft.Compute/virtualMachines/write", "Microsoft.Compute", "/subscriptions/x")],
    "azure_granting_permission_detection": [activity("MICROSOFT.AUTHORIZATION/ROLEASSIGNMENTS/WRITE")],
    "azure_rare_operations": [activity("MICROSOFT.STORAGE/STORAGEACCOUNTS/LISTKEYS/ACTION")],
    "azure_device_or_configuration_modified_or_deleted": [audit("Delete device", category="Device")],
    "azure_ad_account_created_deleted": [audit("Add user"), audit_row("Delete user")],
    "azure_ad_bitlocker_key_retrieval": [
        audit("Read BitLocker key", category="KeyManagement"), audit_row("Read BitLocker key", category="KeyManagement")],
    "azure_ad_certificate_based_authencation_enabled": [
        audit("Authentication Methods Policy Update", targetResources=[
            target("Policy", change("AuthenticationMethodsPolicy", '{"id":"authenticationMethodsPolicy"}'))])],
    "azure_ad_device_registration_policy_changes": [audit("Set device registration policies", category="Policy")],
    "azure_ad_new_root_ca_added": [
        audit("Set Company Information", targetResources=[
            target("Other", change("Included Updated Properties", '"TrustedCAsForPasswordlessAuth"'))])],
    "azure_ad_user_added_to_admin_role": [
        audit("Add member to role", category="RoleManagement", targetResources=[_ADMINISTRATOR]),
        audit_row("Add member to role", category="RoleManagement", targetResources=[_ADMINISTRATOR])],
    "azure_ad_users_added_to_device_admin_roles": [
        audit("Add eligible member to role", category="RoleManagement", targetResources=[_DEVICES])],
    "azure_app_credential_added": [audit("Update application – Certificates and secrets management ")],
    "azure_app_end_user_consent": [
        audit("Consent to application", targetResources=[
            target("ServicePrincipal", change("ConsentContext.IsAdminConsent", '"False"'))])],
    "azure_app_end_user_consent_blocked": [
        audit("Consent to application", result="failure",
              resultReason="Microsoft.online.Security.userConsentBlockedForRiskyAppsExceptions")],
    "azure_app_role_added": [
        audit("Add member to role", category="RoleManagement", targetResources=[target("Service Principal")])],
    "azure_auditlogs_laps_credential_dumping": [
        audit("Recover device local administrator password", category="Device", additionalDetails=[
            {"key": "Additional Info", "value": "Successfully recovered local credential by device id 5b1d"}])],
    "azure_change_to_authentication_method": [
        audit("User registered security info", category="UserManagement", loggedByService="Authentication Methods")],
    "azure_guest_invite_failure": [audit("Invite external user", result="failure", category="UserManagement")],
    "azure_mfa_disabled": [audit("Disable Strong Authentication"), audit_row("Disable Strong Authentication")],
    "azure_tap_added": [
        audit("Admin registered security info", resultReason="Admin registered temporary access pass method for user")],
    "azure_update_risk_and_mfa_registration_policy": [
        audit("Update User Risk and MFA Registration Policy", category="Policy", loggedByService="AAD Management UX")],
    "azure_user_account_mfa_disable": [
        audit("Update user", category="UserManagement", targetResources=[
            target("User", change("StrongAuthenticationRequirement", _MFA_OFF, "[]"))])],
    "azure_subscription_permissions_elevation_via_auditlogs": [
        activity("Assigns the caller to user access admin")],
    "azure_account_lockout": [sign_in(50053, "Account is locked")],
    "azure_ad_azurehound_discovery": [sign_in(userAgent="azurehound/v2.0.4")],
    "azure_ad_device_registration_or_join_without_mfa": [
        sign_in(resourceDisplayName="Device Registration Service", conditionalAccessStatus="success",
                authenticationRequirement="singleFactorAuthentication")],
    "azure_ad_only_single_factor_auth_required": [sign_in(authenticationRequirement="singleFactorAuthentication")],
    "azure_ad_risky_sign_ins_with_singlefactorauth_from_unknown_devices": [
        sign_in(authenticationRequirement="singleFactorAuthentication", riskState="atRisk")],
    "azure_ad_sign_ins_from_noncompliant_devices": [sign_in()],
    "azure_ad_sign_ins_from_unknown_devices": [sign_in(authenticationRequirement="singleFactorAuthentication")],
    "azure_ad_suspicious_signin_bypassing_mfa": [sign_in(userAgent="BAV2ROPC")],
    "azure_app_device_code_authentication": [sign_in(authenticationProtocol="deviceCode")],
    "azure_app_ropc_authentication": [sign_in(authenticationProtocol="ropc")],
    "azure_blocked_account_attempt": [sign_in(50057, "Failure")],
    "azure_conditional_access_failure": [sign_in(53003, "Blocked by Conditional Access")],
    "azure_login_to_disabled_account": [
        sign_in(50057, "User account is disabled. The account has been disabled by an administrator.")],
    "azure_mfa_denies": [sign_in(500121, "Authentication failed", status={
        "errorCode": 500121, "failureReason": "Authentication failed", "additionalDetails": "MFA denied; user declined"})],
    "azure_mfa_interrupted": [
        sign_in(50074, "Strong Authentication is required: Strong Auth required"),
        sign_in(500121, "Authentication failed during strong authentication request.")],
    "azure_unusual_authentication_interruption": [
        sign_in(50097, "Device authentication is required"), sign_in(50155, "DeviceAuthenticationFailed"),
        sign_in(50158, "ExternalSecurityChallenge - External security challenge was not satisfied")],
    "azure_user_login_blocked_by_conditional_access": [sign_in(53003, "Access was blocked")],
    "gcp_gworkspace_application_access_levels_modified": [
        google("admin", "CHANGE_APPLICATION_SETTING", "APPLICATION_SETTINGS", {
            "SETTING_NAME": "ContextAwareAccess_access_levels", "NEW_VALUE": "x"}),
        google_cloud("admin.googleapis.com", "CHANGE_APPLICATION_SETTING", "APPLICATION_SETTINGS", {
            "SETTING_NAME": "ContextAwareAccess_access_levels"})],
    "gcp_gworkspace_mfa_disabled": [
        google("admin", "ENFORCE_STRONG_AUTHENTICATION", "SECURITY_SETTINGS", {"NEW_VALUE": "false", "OLD_VALUE": "true"}),
        google_cloud("admin.googleapis.com", "ALLOW_STRONG_AUTHENTICATION", "SECURITY_SETTINGS", {"NEW_VALUE": "false"})],
    "okta_unauthorized_access_to_app": [
        okta("app.generic.unauth_app_access_attempt", "User attempted unauthorized access to app")],
    "okta_user_account_locked_out": [okta("user.account.lock", "Max sign in attempts exceeded")],
    "okta_fastpass_phishing_detection": [okta("user.authentication.auth_via_mfa", outcome=_OUTCOME)],
    "okta_new_behaviours_admin_console": [
        okta("policy.evaluate_sign_on", target=_CONSOLE, debugContext=_NEW)],
    "okta_user_session_start_via_anonymised_proxy": [okta("user.session.start", securityContext=_PROXY)],
    "okta_admin_activity_from_proxy_query": [
        okta("user.session.access_admin_app", securityContext=_PROXY,
             debugContext={"debugData": {"requestUri": "/admin/sso/callback"}})],
    "okta_password_in_alternateid_field": [
        okta("user.session.start", legacyEventType="core.user_auth.login_failed",
             outcome={"result": "FAILURE", "reason": "INVALID_CREDENTIALS"},
             actor={"id": "unknown", "type": "User", "alternateId": "Winter2026!", "displayName": "unknown"})],
    "microsoft365_suspicious_email_delivered": [
        m365("TIMailData", "ThreatIntelligence", 28, Directionality="Inbound", DeliveryAction="Delivered",
             P2Sender="x@y.example", Recipients=["ann@x.example"])],
    "microsoft365_disabling_mfa": [m365("Disable Strong Authentication.", "AzureActiveDirectory", 8)],
    "microsoft365_new_federated_domain_added_audit": [
        m365("Add unverified domain.", "AzureActiveDirectory", 8), m365("New-AcceptedDomain", "Exchange", 1)],
    "microsoft365_bypass_conditional_access": [
        m365("UserLoggedIn", "AzureActiveDirectory", 15, ApplicationId="9ba1a5c7-f17a-4de9-a1f1-6178c8d51223",
             ObjectId="00000002-0000-0000-c000-000000000000",
             ExtendedProperties=[{"Name": "ResultStatusDetail", "Value": "Success"},
                                 {"Name": "RequestType", "Value": "Cmsi:Cmsi"}])],
    "microsoft365_new_federated_domain_added_exchange": [m365("Add-FederatedDomain", "Exchange", 1, ResultStatus="True")],
    "microsoft365_pst_export_alert_using_new_compliancesearchaction": [
        alert("eDiscovery search", Payload='New-ComplianceSearchAction -Export -Format "PST"')],
}  # fmt: skip

CANNOT_HIT = {
    "azure_app_uri_modifications": "a description of a record",
    "azure_guest_to_member": "changed properties",
    "azure_privileged_account_creation": "two operations",
    "azure_user_password_change": "called UPN",
    "azure_legacy_authentication_protocols": "called UPN",
    "azure_pim_account_stale": "Privileged Identity Management",
    "azure_pim_invalid_license": "Privileged Identity Management",
    "azure_pim_role_assigned_outside_of_pim": "Privileged Identity Management",
    "azure_pim_role_frequent_activation": "Privileged Identity Management",
    "azure_pim_role_no_mfa_required": "Privileged Identity Management",
    "azure_pim_role_not_used": "Privileged Identity Management",
    "azure_pim_too_many_global_admins": "Privileged Identity Management",
}
"""Rules that hit nothing as its vendor writes it, and what Seawall says of each."""


def made(content: dict[str, Any]) -> list[Record]:
    """Return records made from a rule that asks for an operation, one for each that it names. Empty where it asks for more."""
    source = content["logsource"]
    asked = [block for name, block in content["detection"].items() if name != "condition"]
    if len(asked) != 1 or not isinstance(asked[0], dict):
        return []
    (selection,) = asked
    names = _operations({key.lower(): value for key, value in selection.items()})
    service = source.get("service", "")
    if service == "riskdetection":
        return [risk(name) for name in names]
    if service == "activitylogs":
        return [activity(name) for name in names]
    if service == "auditlogs":
        return [record for name in names for record in (audit(name), audit_row(name))]
    if source["product"] == "okta":
        return [okta(name) for name in names]
    if service.startswith("google_workspace."):
        application = service.rpartition(".")[2]
        both = [
            (google(application, name), google_cloud(f"{application}.googleapis.com", name)) for name in names
        ]
        return [record for pair in both for record in pair]
    return [alert(name) for name in names]


def _operations(selection: dict[str, Any]) -> list[str]:
    fields = ("operationname", "properties.message", "activitydisplayname", "riskeventtype", "eventtype", "eventname",
              "protopayload.metadata.event.eventname")  # fmt: skip
    for field in fields:
        if field in selection:
            return _listed(selection[field])
    starts, ends = selection["operationname|startswith"], selection["operationname|endswith"]
    return [one.rstrip("/") + "/X" + other for one in _listed(starts) for other in _listed(ends)]


def _listed(value: Any) -> list[str]:
    return list(map(str, value)) if isinstance(value, list) else [str(value)]
