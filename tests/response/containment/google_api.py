"""Google's Directory API and Gmail's settings, as their documentation says it.

Where the documentation is silent the server takes the harder side: what is not documented to work is refused.
"""

from __future__ import annotations

import base64
import json
from typing import Any, ClassVar

from .serving import Answer, Vendor

SCOPE = "https://www.googleapis.com/auth/"
USERS, SECURITY = SCOPE + "admin.directory.user", SCOPE + "admin.directory.user.security"
ROLES = SCOPE + "admin.directory.rolemanagement"
BASIC, SHARING = SCOPE + "gmail.settings.basic", SCOPE + "gmail.settings.sharing"
WRITABLE = frozenset({"suspended", "password", "changePasswordAtNextLogin"})
"""Of a user what is asked to be changed; what is read-only is ignored, as the documentation says."""


class Google(Vendor):
    """One customer; both services answer here, told apart by their paths."""

    denied: ClassVar[str] = "insufficientPermissions"

    def __init__(self) -> None:
        super().__init__()
        self.users: dict[str, dict[str, Any]] = {}
        self.lists: dict[str, dict[str, list[dict[str, Any]]]] = {}
        self.forwarding: dict[str, dict[str, Any]] = {}
        self.signed_out: list[str] = []
        self.passwords: list[str] = []
        self.invalidated: list[str] = []
        self.roles: list[dict[str, Any]] = []
        self.assignments: list[dict[str, Any]] = []
        self.is_super_administrator = True
        """Whether the administrator for whom is asked is one: only such a one changes administrators."""

    def add_user(self, name: str, **lists: list[dict[str, Any]]) -> None:
        self.users[name] = {
            "id": str(len(self.users) + 1), "primaryEmail": name, "suspended": False, "archived": False, "isAdmin": False,
            "isEnrolledIn2Sv": True, "recoveryPhone": "+16506661212",
        }  # fmt: skip
        kinds = ("tokens", "asps", "filters", "delegates", "forwardingAddresses")
        self.lists[name] = {kind: lists.get(kind, []) for kind in kinds}
        self.forwarding[name] = {"enabled": False}

    def add_role(self, name: str, *members: str) -> None:
        self.roles.append({"roleId": str(100 + len(self.roles)), "roleName": name})
        for member in members:
            self.assignments.append(
                {"roleAssignmentId": self.new_id(), "roleId": self.roles[-1]["roleId"],
                 "assignedTo": self.users[member]["id"], "assigneeType": "USER", "scopeType": "CUSTOMER"}
            )  # fmt: skip

    def error(self, status: int, code: str) -> Any:
        reason = code or "backendError"
        return {
            "error": {
                "code": status,
                "message": "secret words",
                "errors": [{"domain": "global", "reason": reason, "message": ""}],
            }
        }

    def login(self, path: str, form: dict[str, list[str]]) -> Answer:
        """The token endpoint: the scopes are in the signed assertion."""
        self.asked_with.append({name: values[0] for name, values in form.items()})
        claims = form["assertion"][0].split(".")[1]
        scope = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["scope"]
        return self.scoped(scope)

    def needed(self, method: str, parts: list[str]) -> frozenset[str]:
        """The scopes as the documentation of each method lists them."""
        match method, parts:
            case "GET", ["admin", "directory", "v1", "users", _]:
                return frozenset({USERS, USERS + ".readonly"})
            case _, ["admin", "directory", "v1", "users", _]:
                return frozenset({USERS})
            case _, ["admin", "directory", "v1", "users", _, "makeAdmin"]:
                return frozenset({USERS})
            case _, ["admin", "directory", "v1", "users", *_]:
                return frozenset({SECURITY})
            case "GET", ["admin", "directory", "v1", "customer", *_]:
                return frozenset({ROLES, ROLES + ".readonly"})
            case _, ["admin", "directory", "v1", "customer", *_]:
                return frozenset({ROLES})
            case "GET", ["gmail", *_]:
                return frozenset({BASIC})
            case _, ["gmail", "v1", "users", _, "settings", "filters", *_]:
                return frozenset({BASIC})
        return frozenset({SHARING})

    def answer(self, method: str, parts: list[str], query: dict[str, str], body: Any) -> Answer:
        match parts:
            case ["admin", "directory", "v1", "users", name, *rest] if name in self.users:
                return self._directory(method, name, rest, query, body)
            case ["admin", "directory", "v1", "customer", "my_customer", *rest]:
                return self._roles(method, rest, query, body)
            case ["gmail", "v1", "users", name, "settings", *rest] if name in self.users:
                if self.users[name]["suspended"]:
                    return 400, self.error(400, "failedPrecondition")
                return self._gmail(method, name, rest, query, body)
        return 404, self.error(404, "notFound")

    def _directory(self, method: str, name: str, rest: list[str], query: dict[str, str], body: Any) -> Answer:
        user = self.users[name]
        if method != "GET" and user["isAdmin"] and not self.is_super_administrator:
            return 403, self.error(403, "forbidden")
        match method, rest:
            case "GET", []:
                return 200, {field: user[field] for field in query["fields"].split(",") if field in user}
            case "PUT", []:
                if "password" in body:
                    assert 8 <= len(body["password"]) <= 100
                    self.passwords.append(name)
                user |= {key: value for key, value in body.items() if key in WRITABLE - {"password"}}
                return 200, user
            case "POST", ["makeAdmin"]:
                user["isAdmin"] = body["status"]
                return 204, None
            case "POST", ["signOut"]:
                assert body is None, "the request body must be empty"
                self.signed_out.append(name)
                return 204, None
            case "POST", ["verificationCodes", "invalidate"]:
                assert body is None, "the request body must be empty"
                self.invalidated.append(name)
                return 204, None
            case _, ["tokens", *tail]:
                return self._list(method, name, "tokens", "items", "clientId", tail, query, body)
            case _, ["asps", *tail]:
                assert not tail or tail[0].isdigit(), "codeId is an integer"
                return self._list(method, name, "asps", "items", "codeId", tail, query, body)
        return 404, self.error(404, "notFound")

    def _roles(self, method: str, rest: list[str], query: dict[str, str], body: Any) -> Answer:
        match method, rest:
            case "GET", ["roles"]:
                return 200, {"items": self.roles}
            case "GET", ["roleassignments"]:
                user = self.users[query["userKey"]]["id"]
                found = [one for one in self.assignments if one["assignedTo"] == user]
                found = [one for one in found if query.get("roleId", one["roleId"]) == one["roleId"]]
                return 200, {"items": found} if found else {}
            case "POST", ["roleassignments"]:
                assert set(body) <= {"roleId", "assignedTo", "scopeType", "orgUnitId", "condition"}
                made = {"roleAssignmentId": self.new_id(), "assigneeType": "USER", **body}
                self.assignments.append(made)
                return 200, made
            case "DELETE", ["roleassignments", one]:
                left = [found for found in self.assignments if found["roleAssignmentId"] != one]
                if len(left) < len(self.assignments):
                    self.assignments[:] = left
                    return 204, None
        return 404, self.error(404, "notFound")

    def _gmail(self, method: str, name: str, rest: list[str], query: dict[str, str], body: Any) -> Answer:
        keys = {"filters": ("filter", "id"), "delegates": ("delegates", "delegateEmail"),
                "forwardingAddresses": ("forwardingAddresses", "forwardingEmail")}  # fmt: skip
        match method, rest:
            case "GET", ["autoForwarding"]:
                return 200, self.forwarding[name]
            case "PUT", ["autoForwarding"]:
                verified = [one["forwardingEmail"] for one in self.lists[name]["forwardingAddresses"]
                            if one["verificationStatus"] == "accepted"]  # fmt: skip
                if body["enabled"] and body.get("emailAddress") not in verified:
                    return 400, self.error(400, "failedPrecondition")
                self.forwarding[name] = body
                return 200, body
            case _, [kind, *tail] if kind in keys:
                return self._list(method, name, kind, *keys[kind], tail, query, body)
        return 404, self.error(404, "notFound")

    def _list(
        self, method: str, name: str, kind: str, items: str, key: str, rest: list[str], query: dict[str, str], body: Any
    ) -> Answer:  # fmt: skip
        listed = self.lists[name][kind]
        if method == "GET" and not rest:
            start = int(query.get("pageToken", 0))
            # Google leaves an empty list out of its answer.
            document: dict[str, Any] = {items: listed[start : start + 2]} if listed else {}
            if start + 2 < len(listed):
                document["nextPageToken"] = str(start + 2)
            return 200, document
        if method == "POST" and not rest:
            made = {**({key: self.new_id()} if key == "id" else {"verificationStatus": "accepted"}), **body}
            listed.append(made)
            return 200, made
        if method == "DELETE" and len(rest) == 1:
            left = [one for one in listed if str(one[key]) != rest[0]]
            if len(left) == len(listed):
                return 404, self.error(404, "notFound")
            listed[:] = left
            return 204, None
        return 405, self.error(405, "badRequest")
