"""Google's Directory API and Gmail's settings, as their documentation says it."""

from __future__ import annotations

from typing import Any

from .serving import Answer, Vendor


class Google(Vendor):
    """One customer; both services answer here, told apart by their paths."""

    def __init__(self) -> None:
        super().__init__()
        self.users: dict[str, dict[str, Any]] = {}
        self.lists: dict[str, dict[str, list[dict[str, Any]]]] = {}
        self.forwarding: dict[str, dict[str, Any]] = {}
        self.signed_out: list[str] = []
        self.passwords: list[str] = []

    def add_user(self, name: str, **lists: list[dict[str, Any]]) -> None:
        self.users[name] = {"id": "1", "primaryEmail": name, "suspended": False, "isEnrolledIn2Sv": True}
        self.lists[name] = {
            kind: lists.get(kind, [])
            for kind in ("tokens", "asps", "filters", "delegates", "forwardingAddresses")
        }
        self.forwarding[name] = {"enabled": False}

    def error(self, status: int, code: str) -> Any:
        reason = code or "backendError"
        return {
            "error": {
                "code": status,
                "message": "secret words",
                "errors": [{"domain": "global", "reason": reason, "message": ""}],
            }
        }

    def answer(self, method: str, parts: list[str], query: dict[str, str], body: Any) -> Answer:
        match parts:
            case ["admin", "directory", "v1", "users", name, *rest] if name in self.users:
                return self._directory(method, name, rest, query, body)
            case ["gmail", "v1", "users", name, "settings", *rest] if name in self.users:
                if self.users[name]["suspended"]:
                    return 400, self.error(400, "failedPrecondition")
                return self._gmail(method, name, rest, query, body)
        return 404, self.error(404, "notFound")

    def _directory(self, method: str, name: str, rest: list[str], query: dict[str, str], body: Any) -> Answer:
        match method, rest:
            case "GET", []:
                return 200, self.users[name]
            case "PUT", []:
                if "password" in body:
                    self.passwords.append(name)
                else:
                    self.users[name] |= body
                return 200, self.users[name]
            case "POST", ["signOut"]:
                self.signed_out.append(name)
                return 204, None
            case _, ["tokens", *tail]:
                return self._list(method, name, "tokens", "items", "clientId", tail, query, body)
            case _, ["asps", *tail]:
                return self._list(method, name, "asps", "items", "codeId", tail, query, body)
        return 404, self.error(404, "notFound")

    def _gmail(self, method: str, name: str, rest: list[str], query: dict[str, str], body: Any) -> Answer:
        keys = {"filters": ("filter", "id"), "delegates": ("delegates", "delegateEmail"),
                "forwardingAddresses": ("forwardingAddresses", "forwardingEmail")}  # fmt: skip
        match method, rest:
            case "GET", ["autoForwarding"]:
                return 200, self.forwarding[name]
            case "PUT", ["autoForwarding"]:
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
