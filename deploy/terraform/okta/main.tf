# The least with which Seawall reads Okta's System Log: a service application with the one scope okta.logs.read.
# Not tested here against an organisation: docs/how-to/containers.md.
terraform {
  required_version = ">= 1.6"
  required_providers {
    okta = { source = "okta/okta", version = "~> 4.13" }
  }
}

variable "domain" {
  type        = string
  description = "The organisation's URL, https://acme.okta.com."
}

variable "public_key" {
  type        = object({ kid = string, n = string, e = string })
  description = "The public key (RSA JWK) whose private key Seawall holds."
}

resource "okta_app_oauth" "seawall" {
  label                      = "Seawall log collector"
  type                       = "service"
  response_types             = ["token"]
  grant_types                = ["client_credentials"]
  token_endpoint_auth_method = "private_key_jwt"
  dpop_bound_access_tokens   = true

  jwks {
    kty = "RSA"
    kid = var.public_key.kid
    n   = var.public_key.n
    e   = var.public_key.e
  }
}

resource "okta_app_oauth_api_scope" "logs" {
  app_id = okta_app_oauth.seawall.id
  issuer = var.domain
  scopes = ["okta.logs.read"]
}

resource "okta_app_oauth_role_assignment" "reader" {
  client_id = okta_app_oauth.seawall.client_id
  type      = "READ_ONLY_ADMIN"
}

output "client_id" {
  value = okta_app_oauth.seawall.client_id
}
