"""Calls of Google's Directory API: their paths, scopes and pages of documentation. Pure."""

from __future__ import annotations

from typing import Any, Final

from seawall.response.containment.templates import address
from seawall.response.containment.values import Call, Read

DIRECTORY: Final = "https://developers.google.com/workspace/admin/directory/reference/rest/v1/"
SCOPE: Final = "https://www.googleapis.com/auth/"
USERS: Final = SCOPE + "admin.directory.user"
SECURITY: Final = SCOPE + "admin.directory.user.security"
USER_FIELDS: Final = ("id", "primaryEmail", "suspended", "archived", "isAdmin", "isEnrolledIn2Sv")


def directory(
    method: str, path: str, scope: str, page: str, body: dict[str, Any] | None = None, **values: str
) -> Call:
    """A call of the Directory API below `/admin/directory/v1`."""
    return Call(
        method,
        address("/admin/directory/v1" + path, **values),
        body,
        permission=scope,
        documentation=DIRECTORY + page,
        service="directory",
    )


def user(account: str) -> Read:
    """The account, with what is kept of it."""
    path = "/users/{account}?fields=" + ",".join(USER_FIELDS)
    call = directory("GET", path, USERS + ".readonly", "users/get", account=account)
    return Read("user", call, USER_FIELDS)
