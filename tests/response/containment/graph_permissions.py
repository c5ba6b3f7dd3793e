"""Which application permissions the documentation of Microsoft Graph names for each call, written down from its pages.

One of `any` is enough; where the pages name two together ("A and B"), both stand in one alternative. Read in November 2026.
"""

from __future__ import annotations

import re
from typing import Any

_DIRECTORY = "Directory.ReadWrite.All"
_METHODS_READ = "UserAuthenticationMethod.Read.All"
_METHODS = "UserAuthenticationMethod.ReadWrite.All"
_APPLICATIONS = "Application.ReadWrite.All"
_GRANTS = "DelegatedPermissionGrant.ReadWrite.All"
_ROLES = "RoleManagement.ReadWrite.Directory"
_ELIGIBLE = "RoleEligibilitySchedule.ReadWrite.Directory"

CALLS: tuple[tuple[str, str, tuple[frozenset[str], ...]], ...] = tuple(
    (method, pattern, tuple(frozenset(one.split(" and ")) for one in alternatives))
    for method, pattern, *alternatives in (
        ("GET", r"users/[^/]+", "User.Read.All", "User.ReadWrite.All", "Directory.Read.All", _DIRECTORY),
        ("PATCH accountEnabled", r"users/[^/]+", "User.EnableDisableAccount.All and User.Read.All", "User.ReadWrite.All"),
        ("PATCH passwordProfile", r"users/[^/]+", "User-PasswordProfile.ReadWrite.All"),
        ("POST", r"users/[^/]+/revokeSignInSessions", "User.RevokeSessions.All"),
        ("GET", r"users/[^/]+/authentication/\w+", _METHODS_READ, _METHODS),
        ("DELETE", r"users/[^/]+/authentication/\w+/[^/]+(/\$ref)?", _METHODS),
        ("GET", r"users/[^/]+/mailFolders/inbox/messageRules", "MailboxSettings.Read"),
        ("DELETE", r"users/[^/]+/mailFolders/inbox/messageRules/[^/]+", "MailboxSettings.ReadWrite"),
        ("POST", r"users/[^/]+/mailFolders/inbox/messageRules", "MailboxSettings.ReadWrite"),
        ("GET", r"users/[^/]+/calendar/calendarPermissions", "Calendars.ReadBasic", "Calendars.Read", "Calendars.ReadWrite"),
        ("DELETE", r"users/[^/]+/calendar/calendarPermissions/[^/]+", "Calendars.ReadWrite"),
        ("POST", r"users/[^/]+/calendar/calendarPermissions", "Calendars.Read", "Calendars.ReadWrite"),
        ("GET", r"oauth2PermissionGrants", "Directory.Read.All", _GRANTS, _DIRECTORY),
        ("DELETE", r"oauth2PermissionGrants/[^/]+", _GRANTS, _DIRECTORY),
        ("POST", r"oauth2PermissionGrants", _GRANTS, _DIRECTORY),
        ("GET", r"servicePrincipals/[^/]+/appRoleAssignments", "Application.Read.All", _APPLICATIONS, "Directory.Read.All"),
        ("DELETE", r"servicePrincipals/[^/]+/appRoleAssignments/[^/]+", "AppRoleAssignment.ReadWrite.All"),
        ("POST", r"servicePrincipals/[^/]+/appRoleAssignments", "AppRoleAssignment.ReadWrite.All and Application.Read.All",
         "AppRoleAssignment.ReadWrite.All and Directory.Read.All",
         "AppRoleAssignment.ReadWrite.All and Application.ReadWrite.All"),
        ("GET", r"(servicePrincipals|applications)/[^/]+", "Application.Read.All", _APPLICATIONS, "Directory.Read.All"),
        ("GET", r"applications/[^/]+/federatedIdentityCredentials", "Application.Read.All", _APPLICATIONS),
        ("DELETE", r"applications/[^/]+/federatedIdentityCredentials/[^/]+", _APPLICATIONS),
        ("POST", r"applications/[^/]+/federatedIdentityCredentials", _APPLICATIONS),
        ("GET", r"servicePrincipals\(appId='[^/]+'\)", "Application.Read.All", _APPLICATIONS, "Directory.Read.All"),
        ("PATCH accountEnabled", r"servicePrincipals\(appId='[^/]+'\)", _APPLICATIONS, _DIRECTORY),
        ("POST", r"(servicePrincipals|applications)/[^/]+/removePassword", _APPLICATIONS, _DIRECTORY),
        ("GET", r"roleManagement/directory/roleAssignments", "RoleManagement.Read.Directory", "Directory.Read.All", _ROLES),
        ("DELETE", r"roleManagement/directory/roleAssignments/[^/]+", _ROLES),
        ("POST", r"roleManagement/directory/roleAssignments", _ROLES),
        ("GET", r"roleManagement/directory/roleEligibilitySchedules", "RoleEligibilitySchedule.Read.Directory",
         "RoleManagement.Read.Directory", "RoleManagement.Read.All", _ELIGIBLE, _ROLES),
        ("POST", r"roleManagement/directory/roleEligibilityScheduleRequests", _ELIGIBLE, _ROLES),
    )
)  # fmt: skip


def is_allowed(method: str, parts: list[str], body: Any, granted: frozenset[str]) -> bool:
    """Whether an application with these permissions may make a call, by the documentation. A call of no page is refused."""
    path = "/".join(parts)
    kind = f"PATCH {next(iter(body))}" if method == "PATCH" else method
    found = [
        alternatives for name, pattern, alternatives in CALLS if name == kind and re.fullmatch(pattern, path)
    ]
    return bool(found) and any(one <= granted for one in found[0])
