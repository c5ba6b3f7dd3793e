"""Build calls of Google's Directory API: paths, scopes and documentation pages. Pure."""

from __future__ import annotations

from typing import Any, Final

from seawall.response.containment.templates import fill_address
from seawall.response.containment.values import StateRead, VendorCall

DIRECTORY: Final = "https://developers.google.com/workspace/admin/directory/reference/rest/v1/"
SCOPE: Final = "https://www.googleapis.com/auth/"
USERS: Final = SCOPE + "admin.directory.user"
SECURITY: Final = SCOPE + "admin.directory.user.security"
USER_FIELDS: Final = ("id", "primaryEmail", "suspended", "archived", "isAdmin", "isEnrolledIn2Sv")


def call_directory(
    method: str, path: str, scope: str, page: str, body: dict[str, Any] | None = None, **values: str
) -> VendorCall:
    """Build a Directory API call; `path` is relative to `/admin/directory/v1`."""
    return VendorCall(
        method,
        fill_address("/admin/directory/v1" + path, **values),
        body,
        permission=scope,
        documentation=DIRECTORY + page,
        service="directory",
    )


def read_user(account: str) -> StateRead:
    """Build the read of an account that keeps the fields a plan needs."""
    path = "/users/{account}?fields=" + ",".join(USER_FIELDS)
    call = call_directory("GET", path, USERS + ".readonly", "users/get", account=account)
    return StateRead("user", call, USER_FIELDS)
