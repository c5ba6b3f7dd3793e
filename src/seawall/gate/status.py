"""The state of a worker: its faults, `/healthz`, `/readyz`, `/livez` and `/metrics`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from seawall.web.probe import CONTENT_TYPE, build_health

if TYPE_CHECKING:
    from starlette.requests import Request

    from seawall.gate.worker import Worker


def status_routes(worker: Worker) -> list[Route]:
    """Return the routes of a worker's status."""

    async def health(request: Request) -> Response:
        is_listed = peer_address(request) in worker.settings.metrics.allow
        document, status = build_health(worker.faults(), is_detailed=is_listed)
        if is_listed:
            document["dry_run"] = worker.config.dry_run
            document["policy_loaded_at"] = worker.loaded_at
        return JSONResponse(document, status, {"cache-control": "no-store"})

    async def live(_: Request) -> Response:
        return JSONResponse({"status": "alive"}, headers={"cache-control": "no-store"})

    async def metrics(request: Request) -> Response:
        settings = worker.settings.metrics
        if not settings.enabled or peer_address(request) not in settings.allow:
            return JSONResponse({"code": "not-found"}, 404)
        worker.measure()
        return Response(await run_in_threadpool(worker.metrics.text), media_type=CONTENT_TYPE)

    return [
        *(Route(path, health, methods=["GET"]) for path in ("/healthz", "/readyz")),
        *(Route(path, live, methods=["GET"]) for path in ("/healthz/live", "/livez")),
        Route("/metrics", metrics, methods=["GET"]),
    ]


def peer_address(request: Request) -> str:
    """Return the address of the peer, empty for a Unix socket, `?` if unknown."""
    return request.client.host if request.client is not None else "?"
