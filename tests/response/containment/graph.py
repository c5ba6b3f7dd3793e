"""Microsoft Graph v1.0 as its documentation says it: users, rules, grants, secrets, methods, service principals, roles.

Where the documentation is silent (what is answered to a second grant of the same, say), it refuses.
"""

from __future__ import annotations

import re
from typing import Any

from .graph_permissions import is_allowed
from .serving import Answer, Vendor

ROLE_FIELDS = ("roleDefinitionId", "principalId", "directoryScopeId")
RULE_FIELDS = ("displayName", "sequence", "isEnabled", "conditions", "actions", "exceptions")
GRANT_FIELDS = ("clientId", "consentType", "principalId", "resourceId", "scope")
CALENDAR_FIELDS = ("emailAddress", "role", "isInsideOrganization", "isRemovable")


class Graph(Vendor):
    """One organisation. `users` are by principal name; page size is small, so that lists have several pages.

    `granted` are the permissions that the application has, None for all; `without_mailbox` are accounts that have none.
    """

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
        self.trusted: dict[str, list[dict[str, Any]]] = {}
        self.principals: dict[str, dict[str, Any]] = {}
        self.roles: list[dict[str, Any]] = []
        self.eligible: list[dict[str, Any]] = []
        self.app_roles: dict[str, list[dict[str, Any]]] = {}
        self.granted: frozenset[str] | None = None
        self.without_mailbox: set[str] = set()

    def add_user(self, name: str, **values: Any) -> None:
        self.users[name] = {
            "id": f"id-of-{name}",
            "userPrincipalName": name,
            "accountEnabled": True,
            "onPremisesSyncEnabled": None,
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

    def refused(self, status: int, code: str) -> Answer:
        return status, self.error(status, code)

    def answer(self, method: str, parts: list[str], query: dict[str, str], body: Any) -> Answer:
        if self.granted is not None and not is_allowed(method, parts, body, self.granted):
            return self.refused(403, "Authorization_RequestDenied")
        match parts:
            case ["users", name, *rest] if name in self.users:
                return self._user(method, name, rest, query, body)
            case [key] if key.startswith("users('") and key.endswith("')"):
                return self._user(method, key[7:-2].replace("''", "'"), [], query, body)
            case ["oauth2PermissionGrants", *rest]:
                return self._grants(method, rest, query, body)
            case ["roleManagement", "directory", kind, *rest]:
                return self._role_management(method, kind, rest, query, body)
            case ["servicePrincipals", one, "appRoleAssignments", *rest] if one in self.app_roles:
                return self._app_roles(method, one, rest, query, body)
            case [("applications" | "servicePrincipals"), one, *rest] if one in self.applications:
                return self._application(method, one, rest, body)
            case [one] if (found := re.fullmatch(r"servicePrincipals\(appId='(.*)'\)", one)) and found[
                1
            ] in self.principals:
                if method == "PATCH":
                    self.principals[found[1]] |= body
                    return 204, None
                return 200, self.principals[found[1]]
        return self.refused(404, "Request_ResourceNotFound")

    def _application(self, method: str, one: str, rest: list[str], body: Any) -> Answer:
        match rest:
            case []:
                return 200, {"id": one, "passwordCredentials": self.applications[one]}
            case ["removePassword"]:
                kept = [key for key in self.applications[one] if key["keyId"] != body["keyId"]]
                if len(kept) == len(self.applications[one]):
                    return self.refused(400, "Request_BadRequest")
                self.applications[one] = kept
                return 204, None
            case ["federatedIdentityCredentials", *rest]:
                return self._trust(method, one, rest, body)
        return self.refused(404, "Request_ResourceNotFound")

    def _trust(self, method: str, one: str, rest: list[str], body: Any) -> Answer:
        held = self.trusted.setdefault(one, [])
        if method == "GET":
            return 200, {"value": held}
        if method == "POST":
            assert body.keys() >= {"name", "issuer", "subject", "audiences"}
            if any(body["name"] == other["name"] for other in held):
                return self.refused(409, "Request_MultipleObjectsWithSameKeyValue")
            held.append({"description": None, **body, "id": self.new_id()})
            return 201, held[-1]
        self.trusted[one] = [other for other in held if other["id"] != rest[0]]
        return (
            (204, None)
            if len(held) > len(self.trusted[one])
            else self.refused(404, "Request_ResourceNotFound")
        )

    def _user(self, method: str, name: str, rest: list[str], query: dict[str, str], body: Any) -> Answer:
        user = self.users[name]
        if rest and rest[0] in {"mailFolders", "calendar"} and name in self.without_mailbox:
            return self.refused(404, "MailboxNotEnabledForRESTAPI")
        match method, rest:
            case "GET", []:
                return 200, {key: user[key] for key in query["$select"].split(",") if key in user}
            case "PATCH", []:
                if "passwordProfile" in body:
                    assert len(body["passwordProfile"]["password"]) >= 16
                    assert not user["onPremisesSyncEnabled"], "it is kept elsewhere"
                    user["lastPasswordChangeDateTime"] = self.now()
                else:
                    user |= body
                return 204, None
            case "POST", ["revokeSignInSessions"]:
                user["signInSessionsValidFromDateTime"] = self.now()
                return 200, {
                    "@odata.context": "https://graph.microsoft.com/v1.0/$metadata#Edm.Boolean",
                    "value": True,
                }
            case _, ["mailFolders", "inbox", "messageRules", *tail]:
                return self._rules(method, name, tail, query, body)
            case _, ["calendar", "calendarPermissions", *tail]:
                return self._calendar(method, name, tail, query, body)
            case _, ["authentication", part, *tail]:
                methods = self.methods.setdefault(f"{name}/{part}", [])
                if method == "DELETE" and (tail[1:] == ["$ref"]) is not part.startswith("external"):
                    return self.refused(405, "Request_BadRequest")
                return self._collection(method, methods, tail[:1], query, body, ())
        return self.refused(404, "Request_ResourceNotFound")

    def _rules(self, method: str, name: str, rest: list[str], query: dict[str, str], body: Any) -> Answer:
        rules = self.rules.setdefault(name, [])
        if method == "DELETE" and any(one["id"] == rest[0] and one.get("isReadOnly") for one in rules):
            return self.refused(403, "ErrorAccessDenied")
        if method == "POST":
            if not {"displayName", "sequence", "actions"} <= set(body):
                return self.refused(400, "ErrorInvalidProperty")
            # What is looked for in texts is kept in capitals.
            conditions = {
                key: [text.upper() for text in value] if key.endswith("Contains") else value
                for key, value in body.get("conditions", {}).items()
            }
            body = {**body, **({"conditions": conditions} if conditions else {})}
        more = {"hasError": False, "isReadOnly": False}
        return self._collection(method, rules, rest, query, body, RULE_FIELDS, more=more)

    def _calendar(self, method: str, name: str, rest: list[str], query: dict[str, str], body: Any) -> Answer:
        items = self.calendar.setdefault(name, [])
        if method == "DELETE" and any(one["id"] == rest[0] and not one["isRemovable"] for one in items):
            return self.refused(400, "ErrorInvalidRequest")
        status, document = self._collection(method, items, rest, query, body, CALENDAR_FIELDS)
        return (200, document) if status == 201 else (status, document)  # as documented: made, and 200

    def _grants(self, method: str, rest: list[str], query: dict[str, str], body: Any) -> Answer:
        wanted = re.fullmatch(r"clientId eq '(.*)'", query.get("$filter", ""))
        listed = [one for one in self.grants if wanted is None or one["clientId"] == wanted[1]]
        if method == "POST":
            needed = {"clientId", "consentType", "resourceId", "scope"}
            if not needed <= set(body) or (body["consentType"] == "Principal") != ("principalId" in body):
                return self.refused(400, "Request_BadRequest")
            known = ("clientId", "resourceId", "principalId")
            if any(all(one.get(key) == body.get(key) for key in known) for one in self.grants):
                return self.refused(409, "Request_MultipleObjectsWithSameKeyValue")
        return self._collection(method, self.grants, rest, query, body, GRANT_FIELDS, listed)

    def _app_roles(self, method: str, one: str, rest: list[str], query: dict[str, str], body: Any) -> Answer:
        fields = ("principalId", "resourceId", "appRoleId")
        if method == "POST":
            is_there = any(
                all(known[key] == body.get(key) for key in fields) for known in self.app_roles[one]
            )
            if set(fields) != set(body) or body["principalId"] != one or is_there:
                return self.refused(400, "Request_BadRequest")
        return self._collection(method, self.app_roles[one], rest, query, body, fields)

    def _role_management(
        self, method: str, kind: str, rest: list[str], query: dict[str, str], body: Any
    ) -> Answer:
        wanted = re.fullmatch(r"principalId eq '(.*)'", query.get("$filter", ""))
        if kind == "roleEligibilityScheduleRequests" and method == "POST":
            return self._eligibility(body)
        items = {"roleAssignments": self.roles, "roleEligibilitySchedules": self.eligible}.get(kind)
        if items is None or (kind == "roleEligibilitySchedules" and method != "GET"):
            return self.refused(405, "Request_BadRequest")
        listed = [one for one in items if wanted is None or one["principalId"] == wanted[1]]
        return self._collection(method, items, rest, query, body, ROLE_FIELDS, listed)

    def _eligibility(self, body: Any) -> Answer:
        """A request is carried out at once, and answered with what became of it."""
        key = {field: body.get(field) for field in ROLE_FIELDS}
        same = [one for one in self.eligible if all(one[name] == value for name, value in key.items())]
        if body["action"] == "adminRemove" and same:
            self.eligible.remove(same[0])
            return 201, {"id": self.new_id(), "status": "Revoked", **body}
        if body["action"] == "adminAssign" and not same and body.get("scheduleInfo"):
            made = {
                "id": self.new_id(),
                **key,
                "appScopeId": None,
                "memberType": "Direct",
                "scheduleInfo": body["scheduleInfo"],
            }
            self.eligible.append(made)
            return 201, {**body, "id": made["id"], "status": "Provisioned"}
        return self.refused(400, "RoleAssignmentDoesNotExist" if not same else "RoleAssignmentExists")

    def _collection(
        self, method: str, items: list[dict[str, Any]], rest: list[str], query: dict[str, str], body: Any,
        writable: tuple[str, ...], listed: list[dict[str, Any]] | None = None, more: dict[str, Any] | None = None,
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
                return self.refused(400, "BadRequest")
            made = {"id": self.new_id(), **body, **(more or {})}
            items.append(made)
            return 201, made
        if method == "DELETE" and len(rest) == 1:
            for number, item in enumerate(items):
                if item["id"] == rest[0]:
                    del items[number]
                    return 204, None
            return self.refused(404, "ErrorItemNotFound")
        return self.refused(405, "Request_BadRequest")

    calls_path = ""

    def handle(self, method: str, target: str, token: str, body: Any) -> Any:
        origin = self.base.removesuffix(self.prefix)
        self.calls_path = origin + re.sub(r"[?&]\$skip=\d+", "", target)
        return super().handle(method, target, token, body)
