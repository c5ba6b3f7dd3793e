// The least with which Seawall reads Microsoft 365 and Entra ID: one application with a certificate and three application permissions.
// Not tested here against a tenant: docs/how-to/containers.md. It needs the Microsoft Graph Bicep extension (bicepconfig.json).
extension microsoftGraphV1

@description('The certificate (DER, base64) whose private key Seawall holds.')
param certificate string

var graphId = '00000003-0000-0000-c000-000000000000'
var managementId = 'c5393580-f805-4401-95e8-94b7a6ef2fc2'
var graphRoles = ['AuditLog.Read.All', 'Directory.Read.All']
var managementRoles = ['ActivityFeed.Read']

resource graph 'Microsoft.Graph/servicePrincipals@v1.0' existing = {
  appId: graphId
}

resource management 'Microsoft.Graph/servicePrincipals@v1.0' existing = {
  appId: managementId
}

resource application 'Microsoft.Graph/applications@v1.0' = {
  uniqueName: 'seawall-log-collector'
  displayName: 'Seawall log collector'
  signInAudience: 'AzureADMyOrg'
  keyCredentials: [
    {
      displayName: 'seawall'
      usage: 'Verify'
      type: 'AsymmetricX509Cert'
      key: certificate
    }
  ]
  requiredResourceAccess: [
    {
      resourceAppId: graphId
      resourceAccess: [for role in graphRoles: {
        id: filter(graph.appRoles, one => one.value == role)[0].id
        type: 'Role'
      }]
    }
    {
      resourceAppId: managementId
      resourceAccess: [for role in managementRoles: {
        id: filter(management.appRoles, one => one.value == role)[0].id
        type: 'Role'
      }]
    }
  ]
}

resource principal 'Microsoft.Graph/servicePrincipals@v1.0' = {
  appId: application.appId
}

// Admin consent. Whoever deploys this needs the role Privileged Role Administrator.
resource graphConsent 'Microsoft.Graph/appRoleAssignedTo@v1.0' = [for role in graphRoles: {
  appRoleId: filter(graph.appRoles, one => one.value == role)[0].id
  principalId: principal.id
  resourceId: graph.id
}]

resource managementConsent 'Microsoft.Graph/appRoleAssignedTo@v1.0' = [for role in managementRoles: {
  appRoleId: filter(management.appRoles, one => one.value == role)[0].id
  principalId: principal.id
  resourceId: management.id
}]

output clientId string = application.appId
