"""Tell what to do about a fault code: one sentence for somebody who meets it for the first time.

The codes are the vendors' own and those of this room. Sources: AADSTS…: learn.microsoft.com, "Microsoft Entra
authentication and authorization error codes"; AF…: "Office 365 Management Activity API reference"; E…: developer.okta.com,
"Error codes"; and the error reasons of Google's APIs.
"""

from __future__ import annotations

from typing import Final

_CONSENT: Final = "in the Entra portal, App registrations, API permissions: add it and grant admin consent"
_DELEGATION: Final = (
    "in Google's admin console, API controls, Domain-wide delegation: allow the service account's client id the scope"
    " admin.reports.audit.readonly alone"
)

ADVICE: Final[tuple[tuple[str, str], ...]] = (
    ("AADSTS7000215", "the client secret is wrong: take its value, not its id, or make a new one"),
    ("AADSTS7000222", "the client secret has ended: make a new one at the app registration, or use a certificate"),
    ("AADSTS700027", "the certificate is not the app registration's, or has ended: upload this one there"),
    ("AADSTS700016", "no such application in this tenant: check --client-id and --tenant"),
    ("AADSTS90002", "no such tenant: check --tenant, and --cloud for a national cloud"),
    ("AADSTS7000112", "the application is disabled in this tenant: enable it under Enterprise applications"),
    ("AF10001", f"the application lacks ActivityFeed.Read of the Office 365 Management APIs, or consent: {_CONSENT}"),
    ("audit-logging-off", "audit logging is off in this tenant: switch it on in the Purview portal, Audit; it takes some hours"),
    ("Authorization_RequestDenied", f"the application lacks AuditLog.Read.All of Microsoft Graph, or consent: {_CONSENT}"),
    ("Authentication_MSGraphPermissionMissing", f"the application lacks AuditLog.Read.All of Microsoft Graph: {_CONSENT}"),
    ("NonPremiumTenant", "sign-ins need Entra ID P1 or P2: without it collect --feed directoryAudits alone"),
    ("unauthorized_client", f"the service account may not act for the administrator: {_DELEGATION}"),
    ("access_denied", f"the service account may not act for the administrator: {_DELEGATION}"),
    ("invalid_grant", "the administrator's account is not there or suspended, the key was deleted, or the clock is wrong"),
    ("accessNotConfigured", "the Admin SDK API is off in the key's project: enable it under APIs & Services"),
    ("SERVICE_DISABLED", "the Admin SDK API is off in the key's project: enable it under APIs & Services"),
    ("notAuthorized", "the administrator lacks the privilege Reports: give it a role with that alone"),
    ("insufficientPermissions", "the administrator lacks the privilege Reports: give it a role with that alone"),
    ("forbidden", "the administrator lacks the privilege Reports, or --customer is another organisation's"),
    ("E0000006", "the application lacks a role that may view the System Log: assign Read-only Administrator to it"),
    ("E0000011", "the API token is wrong, ended or revoked: make a new one, or use a service application"),
    ("invalid_scope", "the application was not granted okta.logs.read: grant it under Okta API Scopes"),
    ("insufficient_scope", "the application was not granted okta.logs.read: grant it under Okta API Scopes"),
    ("invalid_dpop_proof", "the application requires proof of possession: leave --no-dpop away; or the clock is wrong"),
    ("invalid_client", "client id, key or secret is wrong or has ended"),
    ("name-not-found", "the host's name cannot be resolved: check the network's DNS and the host; behind a proxy, give --proxy"),
    ("address-refused", "the host's name leads to a link-local, multicast or unspecified address: check the network's DNS"),
    ("proxy-401", "the proxy wants another user and password: --proxy-secret-file"),
    ("proxy-407", "the proxy wants a user and password, or others: --proxy-secret-file"),
    ("proxy-403", "the proxy does not let through to this host: have it allowed"),
    ("proxy-tls-failed", "the proxy's own certificate is not trusted: give its authority with --ca-bundle"),
    ("proxy-", "the proxy does not answer, or does not reach the vendor: check --proxy"),
    ("tls-failed", "another certificate than the vendor's: if a proxy looks inside, give its authority with --ca-bundle"),
    ("connection-broke", "the way to the vendor is broken; it goes on by itself. Behind a proxy, give --proxy"),
    ("timeout", "the vendor, or the way to it, is slow; it goes on by itself. Behind a proxy, give --proxy"),
    ("throttled", "something asks this API too often; it goes on by itself"),
    ("status-5", "the vendor has a fault; it goes on by itself"),
    ("malformed", "what came is no answer of the vendor's; it goes on by itself. A proxy's page in its place? Check --proxy"),
    ("endless", "the vendor's pages led in a circle; they are asked for again in the next pass"),
    ("cursor-forgotten", "the vendor forgot where an answer was; the span is asked for again in the next pass"),
    ("elsewhere", "an answer led to another host: for a national cloud check --cloud, otherwise ask the vendor first"),
    ("401", "the vendor takes the access token no more: check what the application may do, and that it is enabled"),
    ("403", "the application may not read this: docs/how-to/collect.md has the permissions, step by step"),
)  # fmt: skip
"""Pairs of a part of a code and the advice; the first part that the code contains applies."""

ELSE: Final = "run it again, or leave it running; docs/how-to/collect.md says what each code means"


def advice(code: str) -> str:
    """Return what to do about a fault code."""
    return next((words for part, words in ADVICE if part in code), ELSE)
