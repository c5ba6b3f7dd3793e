"""Declare the exports of Microsoft Entra ID, from Microsoft Graph.

Fields: learn.microsoft.com, Microsoft Graph reference v1.0 (beta where the path says so). Bundle names are those of the file
`ProviderSettingsExport.json` of CISA's ScubaGear.
"""

from __future__ import annotations

from seawall.events.microsoft.security_defaults import UID
from seawall.posture.exports.export import Export, graph, words
from seawall.vendor_api.configuration_addresses import GRAPH

ENTRA = (
    graph(
        "conditional_access",
        "Conditional Access policies",
        "conditions state",
        "id displayName grantControls sessionControls",
        any_of="grantControls sessionControls",
        contexts="conditional_access_policies conditionalaccess/policies",
    ),
    graph(
        "security_defaults",
        "security defaults",
        "isEnabled id",
        "displayName",
        id=UID,
    ),
    graph(
        "authorization_policy",
        "authorisation policy",
        "defaultUserRolePermissions",
        "id displayName guestUserRoleId allowInvitesFrom permissionGrantPolicyIdsAssignedToDefaultUserRole",
        contexts="authorization_policies",
    ),
    graph(
        "authentication_methods",
        "authentication methods policy",
        "authenticationMethodConfigurations",
        "policyMigrationState",
    ),
    graph(
        "admin_consent",
        "admin consent request policy",
        "isEnabled notifyReviewers",
        "reviewers",
    ),
    graph(
        "app_management",
        "default application management policy",
        "applicationRestrictions",
        "id isEnabled servicePrincipalRestrictions",
        contexts="app_management_policy",
    ),
    graph(
        "device_registration",
        "device registration policy",
        "userDeviceQuota",
        "azureADJoin azureADRegistration multiFactorAuthConfiguration",
        any_of="azureADJoin multiFactorAuthConfiguration",
    ),
    graph(
        "domains",
        "domains",
        "authenticationType isVerified",
        "id isRoot passwordValidityPeriodInDays isDefault isInitial",
        contexts="domain_settings",
    ),
    graph(
        "federation",
        "federation of each federated domain",
        "issuerUri passiveSignInUri",
        "id displayName federatedIdpMfaBehavior",
        contexts="federationconfiguration",
    ),
    graph(
        "role_schedules",
        "active role assignments",
        "roleDefinitionId principalId assignmentType",
        "principal roleDefinition startDateTime endDateTime memberType directoryScopeId",
        contexts="roleassignmentscheduleinstances",
    ),
    graph(
        "role_eligibility",
        "eligible role assignments",
        "roleDefinitionId principalId memberType",
        "principal roleDefinition startDateTime endDateTime directoryScopeId",
        without="assignmentType",
        contexts="roleeligibilityscheduleinstances",
    ),
    graph(
        "role_assignments",
        "role assignments",
        "roleDefinitionId principalId directoryScopeId",
        "principal roleDefinition",
        without="assignmentType scheduleInfo memberType",
    ),
    graph(
        "directory_roles",
        "directory roles with members",
        "roleTemplateId members",
        "displayName",
    ),
    graph(
        "role_policies",
        "settings of privileged roles",
        "roleDefinitionId policyId",
        "policy",
        contexts="rolemanagementpolicyassignments",
    ),
    graph(
        "service_principals",
        "enterprise applications (service principals)",
        "appId servicePrincipalType",
        "id displayName accountEnabled appOwnerOrganizationId keyCredentials passwordCredentials createdDateTime owners",
    ),
    graph(
        "applications",
        "application registrations",
        "appId displayName",
        "id signInAudience keyCredentials passwordCredentials owners web spa publicClient requiredResourceAccess",
        any_of="signInAudience requiredResourceAccess passwordCredentials",
        without="servicePrincipalType resourceDisplayName ipAddress clientAppUsed",
    ),
    graph(
        "app_role_assignments",
        "application permissions granted on Microsoft Graph and Exchange Online",
        "appRoleId principalId resourceId",
        "principalDisplayName principalType resourceDisplayName createdDateTime",
        contexts="approleassignedto approleassignments",
    ),
    graph(
        "delegated_grants",
        "delegated permission grants",
        "clientId consentType scope",
        "principalId resourceId id",
    ),
    graph(
        "application_activity",
        "last sign-ins of service principals",
        "appId lastSignInActivity",
        "id",
    ),
    graph(
        "licences",
        "licences",
        "skuPartNumber servicePlans",
        "capabilityStatus prepaidUnits consumedUnits",
    ),
    graph(
        "cross_tenant",
        "default cross-tenant access settings",
        "b2bDirectConnectInbound b2bCollaborationInbound",
        "inboundTrust automaticUserConsentSettings b2bCollaborationOutbound tenantId",
    ),
    graph(
        "permission_grants",
        "consent policies",
        "id includes excludes",
        "displayName",
        without="conditions",
    ),
    graph(
        "directory_settings",
        "directory settings",
        "values templateId",
        "displayName",
        contexts="directory_settings",
    ),
    graph(
        "users",
        "accounts",
        "userPrincipalName id",
        "onPremisesSyncEnabled onPremisesImmutableId",
        any_of="onPremisesSyncEnabled onPremisesImmutableId",
    ),
    Export(
        "groups",
        "members of each group that holds a role",
        f"GET {GRAPH}/v1.0/groups/{{id}}?$expand=members",
        "GroupMember.Read.All",
        words("id members"),
        words("securityEnabled groupTypes mailEnabled displayName"),
        words("roleTemplateId roleDefinitionId"),
        words("id displayName members"),
    ),
    Export(
        "privileged_users",
        "privileged users, as ScubaGear exports them",
        "Invoke-SCuBA -ProductNames aad",
        "role Global Reader",
        words("roles onPremisesImmutableId"),
        keeps=words("id displayName roles onPremisesImmutableId"),
    ),
    Export(
        "privileged_roles",
        "privileged roles, as ScubaGear exports them",
        "Invoke-SCuBA -ProductNames aad",
        "role Global Reader",
        words("roleTemplateId assignments rules"),
        keeps=words("roleTemplateId assignments rules displayName"),
    ),
)
