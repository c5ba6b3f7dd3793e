"""The ASGI application of a worker: `/verify` without a framework, other paths with Starlette; every error is a refusal."""

from __future__ import annotations

import gc
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from seawall.gate.admin import admin_routes
from seawall.gate.event_endpoint import event_routes
from seawall.gate.openapi import OPENAPI
from seawall.gate.status import status_routes
from seawall.gate.worker import ADMIN, EVENTS, STATUS, VERIFY, Worker, WorkerConfig
from seawall.web.error_log import log_unexpected_error
from seawall_base.errors import SeawallError

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.routing import BaseRoute

_log = logging.getLogger("seawall.gate")

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class GateApplication:
    """Serve the groups of endpoints named in the configuration."""

    def __init__(self, config: WorkerConfig) -> None:
        self._config = config
        self._worker: Worker | None = None
        self._rest: Starlette | None = None
        self._verifies = VERIFY in config.parts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request, or the start and end of the server."""
        kind = scope["type"]
        if kind == "http":
            if self._verifies and (scope["path"] == "/verify" or scope["path"].startswith("/verify/")):
                worker = self._worker
                if worker is not None:
                    await worker.verify(scope, send)
                    return
            await self._serve(scope, receive, send)
        elif kind == "lifespan":
            await self._run_lifespan(receive, send)
        elif kind == "websocket":
            await send({"type": "websocket.close", "code": 1008})

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def sending(message: MutableMapping[str, Any]) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            if self._rest is None:
                await JSONResponse({"code": "not-ready"}, 503)(scope, receive, sending)
            else:
                await self._rest(scope, receive, sending)
        except Exception as error:  # noqa: BLE001 - an error that leaves the application must not allow anything
            log_unexpected_error(_log, "request", error)
            if not started:
                await JSONResponse({"code": "gate-broken"}, 503)(scope, receive, send)

    async def begin(self) -> None:
        """Create and start the worker. Until then every request is refused."""
        self._worker = worker = Worker(self._config)
        await worker.start()
        # Exempt all present objects from garbage collection: scanning them would delay requests again and again.
        gc.collect()
        gc.freeze()
        self._rest = Starlette(routes=_routes(worker, self._config.parts), exception_handlers=ERRORS)

    async def end(self) -> None:
        """Stop the worker."""
        if self._worker is not None:
            await self._worker.stop()

    async def _run_lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                try:
                    await self.begin()
                except Exception as error:  # noqa: BLE001 - the server must not listen, and the parent process gets the reason
                    log_unexpected_error(_log, "start", error)
                    # The process may end before its log is flushed, so the server's message carries the reason.
                    why = error.message if isinstance(error, SeawallError) else type(error).__name__
                    await send({"type": "lifespan.startup.failed", "message": ascii(why)})
                    return
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                await self.end()
                await send({"type": "lifespan.shutdown.complete"})
                return


async def _answer_http_error(_: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 404
    code = {404: "not-found", 405: "method-not-allowed"}.get(status, "refused")
    return JSONResponse({"code": code}, status, getattr(error, "headers", None))


async def _answer_failure(_: Request, _error: Exception) -> Response:
    """Respond to an uncaught error; Starlette raises the error again after the response."""
    return JSONResponse({"code": "gate-broken"}, 503)


ERRORS: dict[Any, Any] = {HTTPException: _answer_http_error, Exception: _answer_failure}


def _routes(worker: Worker, parts: frozenset[str]) -> list[BaseRoute]:
    routes: list[BaseRoute] = []
    if STATUS in parts:
        routes += status_routes(worker)
        routes.append(Route("/openapi.json", _openapi(worker), methods=["GET"]))
    if EVENTS in parts:
        routes += event_routes(worker)
    if ADMIN in parts:
        routes += admin_routes(worker)
    if VERIFY in parts and worker.step_up is not None:
        routes.append(Mount("/step-up", routes=list(worker.step_up.routes())))
    return routes


def _openapi(worker: Worker) -> Callable[[Request], Awaitable[Response]]:
    async def document(_: Request) -> Response:
        if not worker.settings.openapi:
            return JSONResponse({"code": "not-found"}, 404)
        return JSONResponse(OPENAPI)

    return document
