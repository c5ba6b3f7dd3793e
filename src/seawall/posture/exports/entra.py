"""Declare the exports of Microsoft Entra ID, from Microsoft Graph.

Fields: learn.microsoft.com, Microsoft Graph reference v1.0 (beta where the path says so). Bundle names are those of the file
`ProviderSettingsExport.json` of CISA's ScubaGear.
"""

from __future__ import annotations

from seawall.events.microsoft.security_defaults import UID
from seawall.posture.exports.export import graph

_READ = "Policy.Read.All"

ENTRA = (
    graph(
        "conditional_access",
        "Conditional Access policies",
        "/v1.0/identity/conditionalAccess/policies",
        _READ,
        "conditions state",
        "id displayName grantControls sessionControls",
        any_of="grantControls sessionControls",
        contexts="conditional_access_policies conditionalaccess/policies",
    ),
    graph(
        "security_defaults",
        "security defaults",
        "/v1.0/policies/identitySecurityDefaultsEnforcementPolicy",
        _READ,
        "isEnabled id",
        "displayName",
        id=UID,
    ),
    graph(
        "authorization_policy",
        "authorisation policy",
        "/v1.0/policies/authorizationPolicy",
        _READ,
        "defaultUserRolePermissions",
        "id displayName guestUserRoleId allowInvitesFrom permissionGrantPolicyIdsAssignedToDefaultUserRole",
        contexts="authorization_policies",
    ),
    graph(
        "authentication_methods",
        "authentication methods policy",
        "/v1.0/policies/authenticationMethodsPolicy",
        _READ,
        "authenticationMethodConfigurations",
        "policyMigrationState",
    ),
    graph(
        "admin_consent",
        "admin consent request policy",
        "/v1.0/policies/adminConsentRequestPolicy",
        _READ,
        "isEnabled notifyReviewers",
        "reviewers",
    ),
    graph(
        "app_management",
        "default application management policy",
        "/v1.0/policies/defaultAppManagementPolicy",
        _READ,
        "applicationRestrictions",
        "id isEnabled servicePrincipalRestrictions",
        contexts="app_management_policy",
    ),
    graph(
        "device_registration",
        "device registration policy",
        "/beta/policies/deviceRegistrationPolicy",
        "Policy.Read.DeviceConfiguration",
        "userDeviceQuota",
        "azureADJoin azureADRegistration multiFactorAuthConfiguration",
        any_of="azureADJoin multiFactorAuthConfiguration",
    ),
    graph(
        "domains",
        "domains",
        "/v1.0/domains",
        "Domain.Read.All",
        "authenticationType isVerified",
        "id isRoot passwordValidityPeriodInDays isDefault isInitial",
        contexts="domain_settings",
    ),
    graph(
        "federation",
        "federation of each federated domain",
        "/v1.0/domains/{domain}/federationConfiguration",
        "Domain.Read.All",
        "issuerUri passiveSignInUri",
        "id displayName federatedIdpMfaBehavior",
        contexts="federationconfiguration",
    ),
    graph(
        "role_schedules",
        "active role assignments",
        "/v1.0/roleManagement/directory/roleAssignmentScheduleInstances?$expand=principal,roleDefinition",
        "RoleAssignmentSchedule.Read.Directory",
        "roleDefinitionId principalId assignmentType",
        "principal roleDefinition startDateTime endDateTime memberType directoryScopeId",
        contexts="roleassignmentscheduleinstances",
    ),
    graph(
        "role_assignments",
        "role assignments",
        "/v1.0/roleManagement/directory/roleAssignments?$expand=principal",
        "RoleManagement.Read.Directory",
        "roleDefinitionId principalId directoryScopeId",
        "principal roleDefinition",
        without="assignmentType scheduleInfo",
    ),
    graph(
        "directory_roles",
        "directory roles with members",
        "/v1.0/directoryRoles?$expand=members",
        "RoleManagement.Read.Directory",
        "roleTemplateId members",
        "displayName",
    ),
    graph(
        "role_policies",
        "settings of privileged roles",
        "/v1.0/policies/roleManagementPolicyAssignments?$filter=scopeId eq '/' and scopeType eq 'DirectoryRole'"
        "&$expand=policy($expand=rules)",
        "RoleManagementPolicy.Read.Directory",
        "roleDefinitionId policyId",
        "policy",
        contexts="rolemanagementpolicyassignments",
    ),
    graph(
        "service_principals",
        "enterprise applications (service principals)",
        "/v1.0/servicePrincipals?$select=id,appId,displayName,accountEnabled,appOwnerOrganizationId,servicePrincipalType,"
        "keyCredentials,passwordCredentials,createdDateTime",
        "Application.Read.All",
        "appId servicePrincipalType",
        "id displayName accountEnabled appOwnerOrganizationId keyCredentials passwordCredentials createdDateTime owners",
    ),
    graph(
        "applications",
        "application registrations",
        "/v1.0/applications?$select=id,appId,displayName,signInAudience,keyCredentials,passwordCredentials,web,spa"
        "&$expand=owners($select=id,userPrincipalName)",
        "Application.Read.All",
        "appId displayName",
        "id signInAudience keyCredentials passwordCredentials owners web spa publicClient requiredResourceAccess",
        any_of="signInAudience requiredResourceAccess passwordCredentials",
        without="servicePrincipalType resourceDisplayName ipAddress clientAppUsed",
    ),
    graph(
        "app_role_assignments",
        "application permissions granted on Microsoft Graph and Exchange Online",
        "/v1.0/servicePrincipals(appId='00000003-0000-0000-c000-000000000000')/appRoleAssignedTo",
        "Application.Read.All",
        "appRoleId principalId resourceId",
        "principalDisplayName principalType resourceDisplayName createdDateTime",
        contexts="approleassignedto approleassignments",
    ),
    graph(
        "delegated_grants",
        "delegated permission grants",
        "/v1.0/oauth2PermissionGrants",
        "Directory.Read.All",
        "clientId consentType scope",
        "principalId resourceId id",
    ),
    graph(
        "application_activity",
        "last sign-ins of service principals",
        "/beta/reports/servicePrincipalSignInActivities",
        "AuditLog.Read.All",
        "appId lastSignInActivity",
        "id",
    ),
    graph(
        "licences",
        "licences",
        "/v1.0/subscribedSkus",
        "LicenseAssignment.Read.All",
        "skuPartNumber servicePlans",
        "capabilityStatus prepaidUnits consumedUnits",
    ),
    graph(
        "cross_tenant",
        "default cross-tenant access settings",
        "/v1.0/policies/crossTenantAccessPolicy/default",
        _READ,
        "b2bDirectConnectInbound b2bCollaborationInbound",
        "inboundTrust automaticUserConsentSettings b2bCollaborationOutbound tenantId",
    ),
)
