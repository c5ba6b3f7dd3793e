"""Client of `/admin/revocations`: add, list and lift revocations at a running gate."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlencode

from seawall.gate.errors import GateRefused, GateUnreachable
from seawall_base.errors import StoreBroken
from seawall_base.http_client import request
from seawall_base.http_connection import trust_store
from seawall_base.http_url import FetchError, parse_url
from seawall_tokens.errors import RevocationInvalid
from seawall_tokens.jose import strict_json

TIMEOUT = 10.0
LARGEST_ANSWER: Final = 4 * 2**20
_PATH = "/admin/revocations"


class AdminClient:
    """A client of one gate: `https://gate.example`, `http://127.0.0.1:8088` (loopback only) or
    `unix:/run/seawall/admin.sock`.

    The token is sent in the `Authorization` header only. Redirects are not followed, because the token would be sent along.
    """

    def __init__(self, gate: str, token: str, *, ca: Path | None = None, timeout: float = TIMEOUT) -> None:
        self._gate = gate
        self._token = token
        self._timeout = timeout
        self._socket = gate.removeprefix("unix:") if gate.startswith("unix:") else ""
        try:
            self._where = parse_url("http://localhost/" if self._socket else gate, allow_loopback_http=True)
            self._trust = trust_store(ca)
        except FetchError as error:
            raise GateUnreachable(
                f"{gate}: {error}", fix="give an https:// URL, or an http:// URL of this machine"
            ) from None

    def revoke(self, document: dict[str, Any]) -> dict[str, Any]:
        """Record a revocation; return it as the gate describes it."""
        return self._ask("POST", _PATH, json.dumps(document).encode())

    def lift(self, number: int, *, reason: str, who: str) -> dict[str, Any]:
        """Lift a revocation by its id; return it as the gate describes it."""
        return self._ask(
            "DELETE", f"{_PATH}/{number}?{urlencode({'reason': reason, 'who': who}, quote_via=quote)}"
        )

    def list_revocations(self, *, all_of_them: bool) -> list[dict[str, Any]]:
        """Return the revocations in force, oldest first, from all pages; with `all_of_them` also lifted and expired ones."""
        found: list[dict[str, Any]] = []
        while True:
            after = found[-1]["id"] if found else 0
            page = self._ask("GET", f"{_PATH}?{urlencode({'all': str(all_of_them).lower(), 'after': after})}")
            entries = page.get("revocations")
            if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
                raise self._strange()
            found += entries
            if not page.get("more") or not entries:
                return found

    def _ask(self, method: str, target: str, body: bytes = b"") -> dict[str, Any]:
        headers = {"authorization": f"Bearer {self._token}", "accept": "application/json"}
        if body:
            headers["content-type"] = "application/json"
        where = replace(self._where, target=self._where.target.rstrip("/") + target)
        try:
            answer = request(
                method,
                where,
                headers,
                body or None,
                limit=LARGEST_ANSWER,
                timeout=self._timeout,
                trust=self._trust,
                socket_path=self._socket,
            )
        except FetchError as error:
            raise GateUnreachable(
                f"{self._gate}: {error.os_error or error}",
                fix="check that the gate runs and listens at this URL",
            ) from None
        return self._check_answer(answer.status, answer.body)

    def _check_answer(self, status: int, text: bytes) -> dict[str, Any]:
        try:
            document = strict_json.loads(text, max_bytes=LARGEST_ANSWER)
        except strict_json.JsonRefused:
            document = None
        if not isinstance(document, dict):
            raise self._strange(status)
        if status in {200, 201}:
            return document
        code = document.get("code")
        if code == RevocationInvalid.code:
            raise RevocationInvalid(str(document.get("words", "the gate does not take this revocation")))
        if code == StoreBroken.code:
            raise StoreBroken("the gate cannot use its store of revocations", fix="read the gate's log")
        if status in {401, 403, 404, 429}:
            raise GateRefused(
                f"{self._gate}: the gate denied the request ({status})",
                fix="check [gate.admin]: enabled, the token, and the addresses in allow",
            )
        raise self._strange(status)

    def _strange(self, status: int = 200) -> GateUnreachable:
        return GateUnreachable(
            f"{self._gate}: the server is not a gate (status {status})", fix="check the URL given to --gate"
        )
