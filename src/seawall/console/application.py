"""Build the console as one ASGI application."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Mount, Route

from seawall.console import ingest
from seawall.console.api_error import ApiError
from seawall.console.bundle import Bundle
from seawall.console.data import scope_search, slow_values
from seawall.console.data.summary import build_summary
from seawall.console.drops.shelf import close_drops
from seawall.console.drops.views import DropViews
from seawall.console.endpoint_runner import EndpointRunner
from seawall.console.error_responses import respond_to_error
from seawall.console.gatekeeper import Gatekeeper
from seawall.console.guard import Guard
from seawall.console.news import NewsFeed
from seawall.console.openapi import list_literals
from seawall.console.privacy.boundary import NOTE as BOUNDARY
from seawall.console.privacy.boundary import PrivacyBoundary
from seawall.console.probes import Probes
from seawall.console.sign_in.by_link import ENTER
from seawall.console.sign_in.state import NOTE, SignInState
from seawall.console.stream import STREAMS
from seawall.console.table import all_endpoints
from seawall.console.taxii.routes import TaxiiServer
from seawall.console.tenant_access import NEWS, TenantAccess
from seawall.console.tenant_access import NOTE as TENANT_ACCESS
from seawall.web.error_log import log_unexpected_error
from seawall_base.errors import SeawallError

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from seawall.console.context import ConsoleContext
    from seawall.console.endpoint import Endpoint

_log = logging.getLogger("seawall.console")

SEEN_SECONDS = 20


def create_app(context: ConsoleContext, further: Sequence[Endpoint] = ()) -> Starlette:
    """Build the application of a context, with the pages of this package. `further` are routes of rooms above the console."""
    gatekeeper = Gatekeeper(context)
    runner = EndpointRunner(context, gatekeeper)
    context.notes["gatekeeper"] = gatekeeper
    context.notes["runner"] = runner
    context.notes.setdefault(NOTE, SignInState(context))
    literals = list_literals()
    context.notes.setdefault(BOUNDARY, PrivacyBoundary(context, literals))
    context.notes.setdefault(STREAMS, Counter())
    access = TenantAccess(context, literals, lambda given: build_summary(given, given.clock()))
    context.notes[TENANT_ACCESS] = access
    probes = Probes(context, runner)
    pages = Bundle.load()
    routes: list[BaseRoute] = [
        Route(one.path, runner.serve(one), methods=[one.method]) for one in (*all_endpoints(), *further)
    ]
    routes += TaxiiServer(context, runner).routes()
    if context.settings.link is not None:
        routes.append(Route(ENTER.path, runner.serve(ENTER), methods=[ENTER.method]))
    views = DropViews(context, create_app) if context.settings.may_drop else None
    if views is not None:
        routes.append(Mount("/drop", app=views))
    routes.append(Route("/{rest:path}", pages.serve, methods=["GET"]))

    @asynccontextmanager
    async def life(_: Starlette) -> AsyncIterator[None]:
        context.notes[NEWS] = news = NewsFeed(context, lambda given: build_summary(given, given.clock()))
        tasks = [asyncio.create_task(_keep_seen(gatekeeper)), asyncio.create_task(news.run())]
        try:
            yield
        finally:
            await access.close()
            for task in tasks:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
            if views is not None:
                await views.close()
                await asyncio.to_thread(close_drops, context)
            runner.close()
            probes.close()
            ingest.close_ingest(context)
            slow_values.close_caches(context)
            scope_search.close_searches(context)

    return Starlette(
        routes=routes,
        middleware=[Middleware(Guard, settings=context.settings, probes=probes)],
        exception_handlers={HTTPException: _http, ApiError: _refuse},
        lifespan=life,
    )


async def _keep_seen(gatekeeper: Gatekeeper) -> None:
    """Write the sessions' last use times periodically, so that no request waits for it."""
    while True:
        await asyncio.sleep(SEEN_SECONDS)
        try:
            await asyncio.to_thread(gatekeeper.write_seen)
        except SeawallError:
            continue  # requests report an unreachable database themselves
        except Exception as error:  # noqa: BLE001 - it must not end
            log_unexpected_error(_log, "sessions", error)


async def _http(_: Request, error: Exception) -> Response:
    """Convert Starlette's own HTTP errors to the API's shape."""
    status = error.status_code if isinstance(error, HTTPException) else 404
    code, words = {
        404: ("not-found", "there is no such address"),
        405: ("method-not-allowed", "this address does not take that method"),
    }.get(status, ("bad-request", "the request cannot be read"))
    headers: dict[str, Any] = dict(getattr(error, "headers", None) or {})
    return respond_to_error(ApiError(status, code, words, headers=headers), "routing")


async def _refuse(_: Request, error: Exception) -> Response:
    return respond_to_error(error, "routing")
