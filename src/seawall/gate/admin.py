"""`/admin/revocations`: add, list and lift revocations over HTTP, for the administrator alone; every attempt is logged."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from seawall.gate.admin_token import AdminToken
from seawall.gate.bodies import BodyRefused, read_object
from seawall.gate.status import peer_address
from seawall_base.errors import StoreBroken
from seawall_tokens.errors import RevocationInvalid
from seawall_tokens.revocation.entry import ANY_ISSUER, Revocation
from seawall_tokens.revocation.form import describe_revocation, moment
from seawall_tokens.revocation.store import RevocationStore, StoredRevocation
from seawall_tokens.verify.decision import harmless

if TYPE_CHECKING:
    from starlette.requests import Request

    from seawall.gate.worker import Worker

FIELDS: Final = frozenset({"kind", "issuer", "value", "not_before", "reason", "who", "expires"})
MOST_LISTED: Final = 1000

_log = logging.getLogger("seawall.gate.admin")

Handler = Callable[["Request"], Awaitable[Response]]


def admin_routes(worker: Worker) -> list[Route]:
    """Return the routes of the administrator's interface, none if no token is configured."""
    if worker.config.admin_digest is None:
        return []
    admin = _Admin(worker, AdminToken(worker.config.admin_digest))
    return [
        Route("/admin/revocations", admin.guard("list", admin.list_revocations), methods=["GET"]),
        Route("/admin/revocations", admin.guard("revoke", admin.revoke), methods=["POST"]),
        Route("/admin/revocations/{id}", admin.guard("lift", admin.lift), methods=["DELETE"]),
    ]


class _Admin:
    def __init__(self, worker: Worker, token: AdminToken) -> None:
        self._worker = worker
        self._token = token

    def guard(self, act: str, handler: Handler) -> Handler:
        """Return the handler with authentication, error responses and a log line for every attempt."""

        async def serve(request: Request) -> Response:
            peer = peer_address(request)
            if peer not in self._worker.settings.admin.allow:
                return self._answer(request, act, 404, {"code": "not-found"})
            status = self._token.check(peer, request.headers.get("authorization"))
            if status == 429:
                return self._answer(request, act, 429, {"code": "too-many-failures"}, {"retry-after": "60"})
            if status != 200:
                return self._answer(
                    request, act, 401, {"code": "not-administrator"}, {"www-authenticate": "Bearer"}
                )
            try:
                return await handler(request)
            except BodyRefused as refused:
                return self._answer(request, act, refused.status, {"code": refused.code})
            except RevocationInvalid as invalid:
                return self._answer(request, act, 400, {"code": invalid.code, "words": invalid.message})
            except StoreBroken as broken:
                return self._answer(request, act, 503, {"code": broken.code})

        return serve

    async def list_revocations(self, request: Request) -> Response:
        """Respond with the revocations in force, oldest first; with `all=true` also those that were lifted or expired."""
        all_of_them = request.query_params.get("all") == "true"
        after = _number(request.query_params.get("after", "0"))

        def read(store: RevocationStore) -> list[StoredRevocation]:
            return store.entries(now=self._worker.clock(), all_of_them=all_of_them)

        found = [entry for entry in await self._with_store(read) if entry.sequence > after]
        document = {
            "revocations": [describe_revocation(entry) for entry in found[:MOST_LISTED]],
            "more": len(found) > MOST_LISTED,
        }
        return self._answer(request, "list", 200, document)

    async def revoke(self, request: Request) -> Response:
        """Record a revocation. It is on disk before the response, and every worker applies it within a second."""
        settings = self._worker.settings
        document = await read_object(request, most=settings.body_bytes, seconds=settings.header_seconds)
        entry = revocation_from(document, at=self._worker.clock())
        (number,) = await self._with_store(lambda store: store.append([entry]))
        return self._answer(
            request,
            "revoke",
            201,
            describe_revocation(StoredRevocation(number, entry)),
            entry=entry,
            number=number,
        )

    async def lift(self, request: Request) -> Response:
        """Lift a revocation by a further entry of the log. The parameter `reason` is required."""
        number = _number(request.path_params["id"])
        reason, who = request.query_params.get("reason", ""), request.query_params.get("who", "administrator")
        at = self._worker.clock()
        lifted = await self._with_store(lambda store: store.lift(number, reason=reason, who=who, at=at))
        return self._answer(
            request, "lift", 200, describe_revocation(lifted), entry=lifted.revocation, number=number
        )

    async def _with_store(self, act: Callable[[RevocationStore], Any]) -> Any:
        path = self._worker.loaded_policy.store

        def run() -> Any:
            with RevocationStore.open(path) as store:
                return act(store)

        return await self._worker.chore(run)

    def _answer(
        self,
        request: Request,
        act: str,
        status: int,
        document: dict[str, Any],
        headers: dict[str, str] | None = None,
        *,
        entry: Revocation | None = None,
        number: int | None = None,
    ) -> Response:
        line = {
            "event": "admin",
            "at": round(self._worker.clock(), 3),
            "act": act,
            "status": status,
            "code": document.get("code", ""),
            "peer": peer_address(request) or "unix",
            "revocation": number,
            "kind": entry.kind if entry else None,
            "issuer": harmless(entry.issuer) if entry else None,
            "who": harmless(entry.who) if entry else None,
        }
        _log.warning("%s", json.dumps(line, ensure_ascii=True))
        self._worker.metrics.count_admin(f"{act}-{status}")
        return JSONResponse(document, status, {"cache-control": "no-store", **(headers or {})})


def revocation_from(document: dict[str, Any], *, at: float) -> Revocation:
    """Return the revocation in a JSON object. Raises `RevocationInvalid` for unknown members or invalid values."""
    strange = document.keys() - FIELDS
    if strange:
        raise RevocationInvalid(f"unknown members: {', '.join(sorted(map(ascii, strange)))[:200]}")
    return Revocation(
        kind=document.get("kind", ""),
        issuer=document.get("issuer", ANY_ISSUER),
        value=document.get("value", ""),
        not_before=moment(document.get("not_before"), "not_before"),
        reason=document.get("reason", ""),
        who=document.get("who", "administrator"),
        at=at,
        expires=moment(document.get("expires"), "expires"),
    )


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise RevocationInvalid("a revocation's id is a number")
    return int(text)
