"""Okta's management API, as its documentation says it."""

from __future__ import annotations

from typing import Any

from .serving import Answer, Vendor


class Okta(Vendor):
    """One organisation. Users are found by login or id; only the lifecycle's own transitions are allowed."""

    prefix = ""

    def __init__(self) -> None:
        super().__init__()
        self.users: dict[str, dict[str, Any]] = {}
        self.lists: dict[str, dict[str, list[dict[str, Any]]]] = {}
        self.tokens: dict[str, dict[str, Any]] = {}
        self.providers: dict[str, dict[str, Any]] = {}
        self.cleared: list[str] = []

    def add_user(self, login: str, **lists: list[dict[str, Any]]) -> None:
        identity = f"00u{len(self.users)}"
        self.users[login] = {
            "id": identity,
            "status": "ACTIVE",
            "passwordChanged": "2026-01-01T00:00:00.000Z",
            "profile": {"login": login},
        }
        self.lists[identity] = {kind: lists.get(kind, []) for kind in ("factors", "grants", "roles")}

    def error(self, status: int, code: str) -> Any:
        return {
            "errorCode": code or "E0000009",
            "errorSummary": "secret words",
            "errorLink": code,
            "errorId": "oae1",
            "errorCauses": [],
        }

    def answer(self, method: str, parts: list[str], query: dict[str, str], body: Any) -> Answer:
        match method, parts:
            case _, ["api", "v1", "users", name, *rest]:
                user = self.users.get(name) or next(
                    (one for one in self.users.values() if one["id"] == name), None
                )
                if user is None:
                    return 404, self.error(404, "E0000007")
                return self._user(method, user, rest, query, body)
            case "GET", ["api", "v1", "api-tokens", one] if one in self.tokens:
                return 200, self.tokens[one]
            case "DELETE", ["api", "v1", "api-tokens", one] if one in self.tokens:
                del self.tokens[one]
                return 204, None
            case "GET", ["api", "v1", "idps", one] if one in self.providers:
                return 200, self.providers[one]
            case "POST", ["api", "v1", "idps", one, "lifecycle", verb] if one in self.providers:
                self.providers[one]["status"] = {"deactivate": "INACTIVE", "activate": "ACTIVE"}[verb]
                return 200, self.providers[one]
        return 404, self.error(404, "E0000007")

    def _user(
        self, method: str, user: dict[str, Any], rest: list[str], query: dict[str, str], body: Any
    ) -> Answer:
        match method, rest:
            case "GET", []:
                return 200, {
                    **user,
                    "credentials": {"password": {}, "recovery_question": {"question": "secret"}},
                }
            case "POST", []:
                assert len(body["credentials"]["password"]["value"]) >= 16
                user["passwordChanged"] = self.now()
                return 200, user
            case "POST", ["lifecycle", verb]:
                start, end = {"suspend": ("ACTIVE", "SUSPENDED"), "unsuspend": ("SUSPENDED", "ACTIVE")}[verb]
                if user["status"] != start:
                    return 403, self.error(403, "E0000038")
                user["status"] = end
                return 200, {}
            case "DELETE", ["sessions"]:
                assert query == {"oauthTokens": "true"}
                self.cleared.append(user["id"])
                return 204, None
            case _, [kind, *tail] if kind in self.lists[user["id"]]:
                return self._list(method, self.lists[user["id"]][kind], tail, body)
        return 404, self.error(404, "E0000007")

    def _list(self, method: str, listed: list[dict[str, Any]], rest: list[str], body: Any) -> Answer:
        if method == "GET":
            return 200, listed
        if method == "POST":
            made = {
                "id": self.new_id(),
                "label": {"SUPER_ADMIN": "Super Administrator"}[body["type"]],
                **body,
            }
            listed.append(made)
            return 201, made
        left = [one for one in listed if one["id"] != rest[0]]
        if len(left) == len(listed):
            return 404, self.error(404, "E0000007")
        listed[:] = left
        return 204, None
