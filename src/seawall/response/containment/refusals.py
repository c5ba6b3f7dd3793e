"""Explain a refused call: the missing permission, and the meaning of the vendor's error code. Pure.

The texts are Seawall's. A vendor's message is not kept, because it may quote what was sent.
"""

from __future__ import annotations

from typing import Final

from seawall.response.containment.values import Vendor, VendorCall

_DENIED: Final = frozenset({0, 401, 403})
"""Statuses that a missing permission can cause. Status 0: the vendor issued no token."""

_WHERE: Final[dict[Vendor, str]] = {
    "google": (
        "authorised for the service account's client id (Admin console: Security, Access and data control, API controls, "
        "Domain-wide delegation)"
    ),
    "okta": "granted to the application (Admin Console: Applications, the application, Okta API Scopes)",
}

IS_SO_ALREADY: Final = frozenset({400, 409})
"""Statuses for creating what exists, or removing what does not."""

_NO_MAILBOX: Final = (
    "Graph opens no mailbox of this name: it has no licence, is kept on-premises, or is none. What an intruder left in it may "
    "still be there: look by PowerShell"
)

_MEANINGS: Final[dict[tuple[str, str], str]] = {
    ("microsoft", "MailboxNotEnabledForRESTAPI"): _NO_MAILBOX,
    ("microsoft", "ErrorNonExistentMailbox"): _NO_MAILBOX,
    ("microsoft", "ErrorAccessDenied"): "or a policy of Exchange keeps the application from this mailbox",
    ("google", "forbidden"): (
        "the administrator for whom Seawall asks lacks the privilege, or the account is an administrator's, which only a "
        "super administrator may change"
    ),
    ("google", "insufficientPermissions"): "the token does not hold the scope",
    ("google", "failedPrecondition"): (
        "Gmail does not serve this account now: it may be suspended, or have no mailbox; or the address to forward to is not "
        "verified any more"
    ),
    ("google", "notFound"): "Google knows no such account or thing: was it renamed or deleted?",
    ("okta", "E0000007"): "Okta knows no such account or thing: was it renamed or deleted?",
    ("okta", "E0000001"): "Okta does not allow this for the account as it is now: look at its status",
    ("okta", "E0000006"): "or the application's administrator role does not cover this account",
    ("okta", "E0000011"): "the token is not valid: it ended or was revoked",
    ("okta", "E0000038"): "Okta does not allow this for the account as it is now: look at its status",
}
"""Sources: developer.okta.com, "Okta error codes and descriptions"; developers.google.com, "Gmail API: Resolve errors",
"Directory API: Limits and Quotas"; support.google.com/a/answer/1219251, "Administrator privilege definitions";
learn.microsoft.com, "Known issues with Microsoft Graph". No page has `MailboxNotEnabledForRESTAPI`: Graph answers with it."""


def find_advice(vendor: Vendor, call: VendorCall, status: int, code: str) -> str:
    """Return what to check after a refusal, or an empty text if there is no advice."""
    said = []
    if status in _DENIED and call.permission:
        where = f", {_WHERE[vendor]}" if vendor in _WHERE else ""
        role = f", and as a role of the directory {call.role}" if call.role else ""
        said.append(f"the call needs {call.permission}{where}{role}")
    if status == 429:
        said.append("it was asked too often, by others too: run it again later")
    meaning = _MEANINGS.get((vendor, code))
    if meaning:
        said.append(meaning)
    return "; ".join(said)
