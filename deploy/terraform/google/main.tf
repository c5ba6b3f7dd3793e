# What Terraform can do for Google Workspace: a project's API and a service account without any role. Domain-wide delegation and the
# administrator's role are set in the Admin console (docs/how-to/collect.md). Not tested here: docs/how-to/containers.md.
terraform {
  required_version = ">= 1.6"
  required_providers {
    google = { source = "hashicorp/google", version = "~> 6.0" }
  }
}

variable "project" {
  type        = string
  description = "The Google Cloud project for the service account."
}

resource "google_project_service" "admin_sdk" {
  project            = var.project
  service            = "admin.googleapis.com"
  disable_on_destroy = false
}

resource "google_service_account" "seawall" {
  project      = var.project
  account_id   = "seawall-log-collector"
  display_name = "Seawall log collector"
}

# The key is made by hand (IAM & Admin, Service accounts, Keys), so that it never is in Terraform's state.
output "unique_id_for_domain_wide_delegation" {
  value = google_service_account.seawall.unique_id
}

output "only_scope_to_allow" {
  value = "https://www.googleapis.com/auth/admin.reports.audit.readonly"
}
