# The least with which Seawall reads Microsoft 365 and Entra ID: one application with a certificate and three application permissions.
# It changes nothing in the tenant and reads no mail. Not tested here against a tenant: docs/how-to/containers.md.
terraform {
  required_version = ">= 1.6"
  required_providers {
    azuread = { source = "hashicorp/azuread", version = "~> 3.0" }
  }
}

variable "certificate_file" {
  type        = string
  description = "The certificate (PEM) whose private key Seawall holds. The key itself is never given to Terraform."
}

variable "with_policies" {
  type        = bool
  default     = false
  description = "Whether sign-ins also name the Conditional Access policies that applied."
}

data "azuread_application_published_app_ids" "known" {}

resource "azuread_service_principal" "graph" {
  client_id    = data.azuread_application_published_app_ids.known.result.MicrosoftGraph
  use_existing = true
}

resource "azuread_service_principal" "management" {
  client_id    = data.azuread_application_published_app_ids.known.result.Office365Management
  use_existing = true
}

locals {
  graph = concat(["AuditLog.Read.All", "Directory.Read.All"], var.with_policies ? ["Policy.Read.ConditionalAccess"] : [])
}

resource "azuread_application" "seawall" {
  display_name     = "Seawall log collector"
  sign_in_audience = "AzureADMyOrg"

  required_resource_access {
    resource_app_id = azuread_service_principal.graph.client_id
    dynamic "resource_access" {
      for_each = toset(local.graph)
      content {
        id   = azuread_service_principal.graph.app_role_ids[resource_access.value]
        type = "Role"
      }
    }
  }

  required_resource_access {
    resource_app_id = azuread_service_principal.management.client_id
    resource_access {
      id   = azuread_service_principal.management.app_role_ids["ActivityFeed.Read"]
      type = "Role"
    }
  }
}

resource "azuread_application_certificate" "seawall" {
  application_id = azuread_application.seawall.id
  type           = "AsymmetricX509Cert"
  value          = file(var.certificate_file)
}

resource "azuread_service_principal" "seawall" {
  client_id = azuread_application.seawall.client_id
}

# Admin consent. Whoever applies this needs the role Privileged Role Administrator.
resource "azuread_app_role_assignment" "graph" {
  for_each            = toset(local.graph)
  app_role_id         = azuread_service_principal.graph.app_role_ids[each.value]
  principal_object_id = azuread_service_principal.seawall.object_id
  resource_object_id  = azuread_service_principal.graph.object_id
}

resource "azuread_app_role_assignment" "management" {
  app_role_id         = azuread_service_principal.management.app_role_ids["ActivityFeed.Read"]
  principal_object_id = azuread_service_principal.seawall.object_id
  resource_object_id  = azuread_service_principal.management.object_id
}

output "client_id" {
  value = azuread_application.seawall.client_id
}
