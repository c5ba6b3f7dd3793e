"""Okta's management API, as its documentation says it.

Where the documentation is silent the server takes the harder side: of a suspended account it says that it can only be
unsuspended or deactivated, so that here its password cannot be replaced.
"""

from __future__ import annotations

from typing import Any, ClassVar

from .serving import Answer, Vendor


class Okta(Vendor):
    """One organisation. Users are found by login or id; only the lifecycle's own transitions are allowed."""

    denied: ClassVar[str] = "E0000006"

    def __init__(self) -> None:
        super().__init__()
        self.users: dict[str, dict[str, Any]] = {}
        self.lists: dict[str, dict[str, list[dict[str, Any]]]] = {}
        self.tokens: dict[str, dict[str, Any]] = {}
        self.providers: dict[str, dict[str, Any]] = {}
        self.cleared: list[str] = []
        self._following = ""
        self.owner = ""
        """Who made the API token."""

    def add_user(self, login: str, **lists: list[dict[str, Any]]) -> None:
        identity = f"00u{len(self.users)}"
        self.users[login] = {
            "id": identity,
            "status": "ACTIVE",
            "passwordChanged": "2026-01-01T00:00:00.000Z",
            "profile": {"login": login},
            "credentials": {
                "password": {},
                "recovery_question": {"question": "secret"},
                "provider": {"type": "OKTA", "name": "OKTA"},
            },
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

    def login(self, path: str, form: dict[str, list[str]]) -> Answer:
        """The token endpoint. A scope that is not granted to the application is refused."""
        self.asked_with.append({name: values[0] for name, values in form.items()})
        return self.scoped(form["scope"][0])

    def needed(self, method: str, parts: list[str]) -> frozenset[str]:
        """The scopes as the documentation of each operation lists them."""
        kind = {"api-tokens": "apiTokens", "idps": "idps"}.get(
            parts[2], "roles" if parts[-1:] == ["roles"] else "users"
        )
        if len(parts) > 5 and parts[4] == "roles":
            kind = "roles"
        return frozenset({f"okta.{kind}.{'read' if method == 'GET' else 'manage'}"})

    def headers(self, status: int, document: Any) -> dict[str, str]:
        """The link to the next page, as Okta writes it: of several in one header, the last."""
        following, self._following = self._following, ""
        links = f'<{self.base}/self?q=a,b>; rel="self", <{following}>; rel="next"'
        return {"Link": links} if following else {}

    def answer(self, method: str, parts: list[str], query: dict[str, str], body: Any) -> Answer:
        match method, parts:
            case "GET", ["api", "v1", "users", "me"] if self.owner:
                return 200, self.users[self.owner]
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
                return 200, user
            case "POST", []:
                assert len(body["credentials"]["password"]["value"]) >= 16
                if user["credentials"]["provider"]["type"] != "OKTA" or user["status"] == "SUSPENDED":
                    return 400, self.error(400, "E0000001")
                user["passwordChanged"] = self.now()
                return 200, user
            case "POST", ["lifecycle", verb]:
                start, end = {"suspend": ("ACTIVE", "SUSPENDED"), "unsuspend": ("SUSPENDED", "ACTIVE")}[verb]
                if user["status"] != start:
                    return 400, self.error(400, "E0000001")
                user["status"] = end
                return 200, None
            case "DELETE", ["sessions"]:
                assert query == {"oauthTokens": "true", "forgetDevices": "true"}
                self.cleared.append(user["id"])
                return 204, None
            case _, [kind, *tail] if kind in self.lists[user["id"]]:
                path = f"/api/v1/users/{user['id']}/{kind}"
                return self._list(method, path, self.lists[user["id"]][kind], tail, query, body)
        return 404, self.error(404, "E0000007")

    def _list(
        self, method: str, path: str, listed: list[dict[str, Any]], rest: list[str], query: dict[str, str], body: Any
    ) -> Answer:  # fmt: skip
        if method == "GET":
            if not path.endswith("/grants"):  # the only list of these that comes in pages
                return 200, listed
            start = int(query.get("after", "0").partition(",")[0])
            self._following = f"{self.base}{path}?after={start + 2},x" if start + 2 < len(listed) else ""
            return 200, listed[start : start + 2]
        if method == "POST":
            wanted = {"type", "role", "resource-set"} if body["type"] == "CUSTOM" else {"type"}
            if set(body) != wanted:
                return 400, self.error(400, "E0000001")
            made = {
                "id": self.new_id(),
                "label": {"SUPER_ADMIN": "Super Administrator"}.get(body["type"], "Custom role"),
                "assignmentType": "USER",
                **body,
            }
            listed.append(made)
            return 201, made
        gone = next((one for one in listed if one["id"] == rest[0]), {})
        # With Okta Verify's push factor all of its factors go.
        verify = {"push", "signed_nonce", "token:software:totp"}
        together = verify if gone.get("factorType") in verify - {"token:software:totp"} else set[str]()
        left = [one for one in listed if one["id"] != rest[0] and one.get("factorType") not in together]
        if len(left) == len(listed):
            return 404, self.error(404, "E0000007")
        listed[:] = left
        return 204, None
