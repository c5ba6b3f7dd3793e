"""List the addresses that hold a tenant's configuration, with the permission that each takes.

Sources: learn.microsoft.com, Microsoft Graph reference v1.0, section "Permissions" of each method (beta where the path says
so); docs.cloud.google.com, "Method: policies.list"; developers.google.com, "Method: users.list"; developer.okta.com,
references of ThreatInsight, Policies, API Tokens and Authenticators.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

GRAPH: Final = "https://graph.microsoft.com"
MICROSOFT_GRAPH: Final = "00000003-0000-0000-c000-000000000000"
EXCHANGE_ONLINE: Final = "00000002-0000-0ff1-ce00-000000000000"
"""Application ids of the two APIs whose permissions reach mail; the same in every tenant."""


@dataclass(frozen=True, slots=True)
class ConfigurationAddress:
    """Hold paths with their query, and the permission or scope that suffices.

    `{id}` in a path stands for an object of the address `each`: for `domains` the federated ones. An address that is only a
    step gives no export of its own.
    """

    permission: str
    paths: tuple[str, ...]
    each: str = ""
    is_step: bool = False


_POLICIES: Final = "Policy.Read.All"
GRAPH_ADDRESSES: Final[dict[str, ConfigurationAddress]] = {
    "conditional_access": ConfigurationAddress(_POLICIES, ("/v1.0/identity/conditionalAccess/policies",)),
    "security_defaults": ConfigurationAddress(
        _POLICIES, ("/v1.0/policies/identitySecurityDefaultsEnforcementPolicy",)
    ),
    "authorization_policy": ConfigurationAddress(_POLICIES, ("/v1.0/policies/authorizationPolicy",)),
    "authentication_methods": ConfigurationAddress(
        _POLICIES, ("/v1.0/policies/authenticationMethodsPolicy",)
    ),
    "admin_consent": ConfigurationAddress(_POLICIES, ("/v1.0/policies/adminConsentRequestPolicy",)),
    "permission_grants": ConfigurationAddress(_POLICIES, ("/v1.0/policies/permissionGrantPolicies",)),
    "app_management": ConfigurationAddress(_POLICIES, ("/v1.0/policies/defaultAppManagementPolicy",)),
    "cross_tenant": ConfigurationAddress(_POLICIES, ("/v1.0/policies/crossTenantAccessPolicy/default",)),
    "device_registration": ConfigurationAddress(
        "Policy.Read.DeviceConfiguration", ("/beta/policies/deviceRegistrationPolicy",)
    ),
    "domains": ConfigurationAddress("Domain.Read.All", ("/v1.0/domains",)),
    "federation": ConfigurationAddress(
        "Domain.Read.All", ("/v1.0/domains/{id}/federationConfiguration",), "domains"
    ),
    "role_schedules": ConfigurationAddress(
        "RoleAssignmentSchedule.Read.Directory",
        ("/v1.0/roleManagement/directory/roleAssignmentScheduleInstances?$expand=principal,roleDefinition",),
    ),
    "role_eligibility": ConfigurationAddress(
        "RoleEligibilitySchedule.Read.Directory",
        ("/v1.0/roleManagement/directory/roleEligibilityScheduleInstances?$expand=principal,roleDefinition",),
    ),
    "role_assignments": ConfigurationAddress(
        "RoleManagement.Read.Directory", ("/v1.0/roleManagement/directory/roleAssignments?$expand=principal",)
    ),
    "directory_roles": ConfigurationAddress(
        "RoleManagement.Read.Directory", ("/v1.0/directoryRoles?$expand=members",)
    ),
    "directory_settings": ConfigurationAddress("Directory.Read.All", ("/beta/settings",)),
    "role_policies": ConfigurationAddress(
        "RoleManagementPolicy.Read.Directory",
        (
            (
                "/v1.0/policies/roleManagementPolicyAssignments"
                "?$filter=scopeId eq '/' and scopeType eq 'DirectoryRole'&$expand=policy($expand=rules)"
            ),
        ),
    ),
    "service_principals": ConfigurationAddress(
        "Application.Read.All",
        (
            (
                "/v1.0/servicePrincipals?$select=id,appId,displayName,accountEnabled,appOwnerOrganizationId,"
                "servicePrincipalType,keyCredentials,passwordCredentials,createdDateTime&$top=999"
            ),
        ),
    ),
    "applications": ConfigurationAddress(
        "Application.Read.All",
        (
            (
                "/v1.0/applications?$select=id,appId,displayName,signInAudience,keyCredentials,passwordCredentials"
                "&$expand=owners($select=id,userPrincipalName)&$top=999"
            ),
        ),
    ),
    "app_role_assignments": ConfigurationAddress(
        "Application.Read.All",
        tuple(
            f"/v1.0/servicePrincipals(appId='{app}')/appRoleAssignedTo"
            for app in (MICROSOFT_GRAPH, EXCHANGE_ONLINE)
        ),
    ),
    "delegated_grants": ConfigurationAddress("Directory.Read.All", ("/v1.0/oauth2PermissionGrants",)),
    "application_activity": ConfigurationAddress(
        "AuditLog.Read.All", ("/beta/reports/servicePrincipalSignInActivities",)
    ),
    "licences": ConfigurationAddress("LicenseAssignment.Read.All", ("/v1.0/subscribedSkus",)),
    "users": ConfigurationAddress(
        "User.Read.All",
        ("/v1.0/users?$select=id,userPrincipalName,onPremisesSyncEnabled,onPremisesImmutableId&$top=999",),
    ),
}
"""Addresses of Microsoft Graph by the name of the export that they give."""
OKTA_ADDRESSES: Final[dict[str, ConfigurationAddress]] = {
    "okta_threats": ConfigurationAddress("okta.threatInsights.read", ("/api/v1/threats/configuration",)),
    "okta_policies": ConfigurationAddress(
        "okta.policies.read", ("/api/v1/policies?type=OKTA_SIGN_ON",), is_step=True
    ),
    "okta_sign_on_rules": ConfigurationAddress(
        "okta.policies.read", ("/api/v1/policies/{id}/rules",), "okta_policies"
    ),
    "okta_tokens": ConfigurationAddress("okta.apiTokens.read", ("/api/v1/api-tokens",)),
    "okta_authenticators": ConfigurationAddress("okta.authenticators.read", ("/api/v1/authenticators",)),
}
"""Addresses of an Okta organisation."""
GOOGLE_IDENTITY: Final = "https://cloudidentity.googleapis.com"
GOOGLE_ADDRESSES: Final[dict[str, ConfigurationAddress]] = {
    "google_policies": ConfigurationAddress(
        "https://www.googleapis.com/auth/cloud-identity.policies.readonly", ("/v1/policies?pageSize=100",)
    ),
    "google_users": ConfigurationAddress(
        "https://www.googleapis.com/auth/admin.directory.user.readonly",
        ("/admin/directory/v1/users?customer=my_customer&maxResults=500",),
    ),
}
"""Addresses of Google Workspace: the settings at `GOOGLE_IDENTITY`, the users at the Admin SDK's host."""
