"""Microsoft Graph v1.0 as its documentation says it: users, rules, grants, secrets, methods, service principals, roles."""

from __future__ import annotations

import re
from typing import Any

from .serving import Answer, Vendor

WRITABLE_RULE = ("displayName", "sequence", "isEnabled", "conditions", "actions", "exceptions")


class Graph(Vendor):
    """One organisation. `users` are by principal name; page size is small, so that lists have several pages."""

    prefix = "/v1.0"
    page = 2

    def __init__(self) -> None:
        super().__init__()
        self.users: dict[str, dict[str, Any]] = {}
        self.rules: dict[str, list[dict[str, Any]]] = {}
        self.calendar: dict[str, list[dict[str, Any]]] = {}
        self.methods: dict[str, list[dict[str, Any]]] = {}
        self.grants: list[dict[str, Any]] = []
        self.applications: dict[str, list[dict[str, Any]]] = {}
        self.principals: dict[str, dict[str, Any]] = {}
        self.roles: list[dict[str, Any]] = []
        self.app_roles: dict[str, list[dict[str, Any]]] = {}

    def add_user(self, name: str, **values: Any) -> None:
        self.users[name] = {
            "id": f"id-of-{name}",
            "accountEnabled": True,
            "signInSessionsValidFromDateTime": "2026-01-01T00:00:00Z",
            "lastPasswordChangeDateTime": "2026-01-01T00:00:00Z",
            **values,
        }

    def error(self, status: int, code: str) -> Any:
        inner = {"date": "2026-11-26T00:00:00", "request-id": "r", "client-request-id": "c"}
        return {
            "error": {
                "code": code or "UnknownError",
                "message": "secret words of the vendor",
                "innerError": inner,
            }
        }

    def answer(self, method: str, parts: list[str], query: dict[str, str], body: Any) -> Answer:
        fields: tuple[str, ...]
        match parts:
            case ["users", name, *rest]:
                if name not in self.users:
                    return 404, self.error(404, "Request_ResourceNotFound")
                return self._user(method, name, rest, query, body)
            case ["oauth2PermissionGrants", *rest]:
                wanted = re.fullmatch(r"clientId eq '(.*)'", query.get("$filter", ""))
                listed = [one for one in self.grants if wanted is None or one["clientId"] == wanted[1]]
                fields = ("clientId", "consentType", "principalId", "resourceId", "scope")
                return self._collection(method, self.grants, rest, query, body, fields, listed)
            case ["roleManagement", "directory", "roleAssignments", *rest]:
                wanted = re.fullmatch(r"principalId eq '(.*)'", query.get("$filter", ""))
                listed = [one for one in self.roles if wanted is None or one["principalId"] == wanted[1]]
                fields = ("roleDefinitionId", "principalId", "directoryScopeId")
                return self._collection(method, self.roles, rest, query, body, fields, listed)
            case [("applications" | "servicePrincipals"), one, "removePassword"] if one in self.applications:
                kept = [key for key in self.applications[one] if key["keyId"] != body["keyId"]]
                if len(kept) == len(self.applications[one]):
                    return 400, self.error(400, "Request_BadRequest")
                self.applications[one] = kept
                return 204, None
            case [("applications" | "servicePrincipals"), one] if one in self.applications:
                return 200, {"id": one, "passwordCredentials": self.applications[one]}
            case ["servicePrincipals", one, "appRoleAssignments", *rest] if one in self.app_roles:
                fields = ("principalId", "resourceId", "appRoleId")
                return self._collection(method, self.app_roles[one], rest, query, body, fields)
            case [one] if (found := re.fullmatch(r"servicePrincipals\(appId='(.*)'\)", one)) and found[
                1
            ] in self.principals:
                if method == "PATCH":
                    self.principals[found[1]] |= body
                    return 204, None
                return 200, self.principals[found[1]]
        return 404, self.error(404, "Request_ResourceNotFound")

    def _user(self, method: str, name: str, rest: list[str], query: dict[str, str], body: Any) -> Answer:
        user = self.users[name]
        match method, rest:
            case "GET", []:
                return 200, {key: user[key] for key in query["$select"].split(",") if key in user}
            case "PATCH", []:
                if "passwordProfile" in body:
                    assert len(body["passwordProfile"]["password"]) >= 16
                    user["lastPasswordChangeDateTime"] = self.now()
                else:
                    user |= body
                return 204, None
            case "POST", ["revokeSignInSessions"]:
                user["signInSessionsValidFromDateTime"] = self.now()
                return 200, {"value": True}
            case _, ["mailFolders", "inbox", "messageRules", *tail]:
                return self._collection(
                    method, self.rules.setdefault(name, []), tail, query, body, WRITABLE_RULE
                )
            case _, ["calendar", "calendarPermissions", *tail]:
                fields = ("emailAddress", "role", "isInsideOrganization", "isRemovable")
                return self._collection(method, self.calendar.setdefault(name, []), tail, query, body, fields)
            case _, ["authentication", part, *tail]:
                methods = self.methods.setdefault(f"{name}/{part}", [])
                return self._collection(method, methods, tail, query, body, ())
        return 404, self.error(404, "Request_ResourceNotFound")

    def _collection(
        self, method: str, items: list[dict[str, Any]], rest: list[str], query: dict[str, str], body: Any,
        writable: tuple[str, ...], listed: list[dict[str, Any]] | None = None,
    ) -> Answer:  # fmt: skip
        if method == "GET" and not rest:
            shown = items if listed is None else listed
            start = int(query.get("$skip", 0))
            document: dict[str, Any] = {"value": shown[start : start + self.page]}
            if start + self.page < len(shown):
                path = self.calls_path
                document["@odata.nextLink"] = f"{path}{'&' if '?' in path else '?'}$skip={start + self.page}"
            return 200, document
        if method == "POST" and not rest:
            if set(body) - set(writable):
                return 400, self.error(400, "BadRequest")
            made = {"id": self.new_id(), **body}
            items.append(made)
            return 201, made
        if method == "DELETE" and len(rest) == 1:
            for number, item in enumerate(items):
                if item["id"] == rest[0]:
                    del items[number]
                    return 204, None
            return 404, self.error(404, "ErrorItemNotFound")
        return 405, self.error(405, "Request_BadRequest")

    calls_path = ""

    def handle(self, method: str, target: str, token: str, body: Any) -> Any:
        origin = self.base.removesuffix(self.prefix)
        self.calls_path = origin + re.sub(r"[?&]\$skip=\d+", "", target)
        return super().handle(method, target, token, body)
