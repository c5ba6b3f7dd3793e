"""Serve the pages and the API of each dropped export below `/drop/ID`: the same console over the export's own store."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import AsyncExitStack, suppress
from typing import TYPE_CHECKING, Any, Final

from starlette.responses import RedirectResponse

from seawall.console.api_error import ApiError, not_found, sign_in_required
from seawall.console.drops.shelf import drop_shelf
from seawall.console.error_responses import respond_to_error
from seawall.console.request_origin import ORIGIN_KEY

if TYPE_CHECKING:
    from starlette.applications import Starlette

    from seawall.console.context import ConsoleContext
    from seawall.console.gatekeeper import Gatekeeper

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

VIEWS: Final = "drop views"
_PATH: Final = re.compile(r"/drop/([0-9a-f]{16})(/.*)?", re.DOTALL)
_END_SECONDS: Final = 5.0


class _View:
    """The running application of one export."""

    def __init__(self, application: Starlette) -> None:
        self.application = application
        self._stack = AsyncExitStack()
        self.loop = asyncio.get_running_loop()

    async def begin(self) -> None:
        await self._stack.enter_async_context(self.application.router.lifespan_context(self.application))

    async def end(self) -> None:
        await self._stack.aclose()


class DropViews:
    """The ASGI application below `/drop`. It admits only the user at this machine, as the console around it knows them."""

    def __init__(self, context: ConsoleContext, build: Callable[[ConsoleContext], Starlette]) -> None:
        self._context, self._build = context, build
        self._views: dict[str, _View] = {}
        self._lock = asyncio.Lock()
        context.notes[VIEWS] = self

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request with the export's own application."""
        try:
            view, rest = await self._find(scope)
        except ApiError as error:
            wants_page = scope["method"] == "GET" and "/api/" not in scope["path"]
            response = (
                RedirectResponse("/", 303) if wants_page and error.status == 404
                else respond_to_error(error, "drop")
            )  # fmt: skip
            await response(scope, receive, send)
            return
        inner = {name: value for name, value in scope.items() if name not in {"app", "router", "endpoint"}}
        inner |= {"path": rest, "raw_path": rest.encode("utf-8"), "root_path": "", "path_params": {}}
        await view.application(inner, receive, send)

    async def _find(self, scope: Scope) -> tuple[_View, str]:
        found = _PATH.fullmatch(scope["path"])
        if found is None:
            raise not_found("such dropped export: it was closed")
        await self._check_visitor(scope)
        drop = drop_shelf(self._context).find(found[1])
        if drop.context is None:
            raise not_found("page of this export yet: it is being read")
        async with self._lock:
            view = self._views.get(drop.id)
            if view is None:
                view = _View(self._build(drop.context))
                await view.begin()
                self._views[drop.id] = view
        return view, found[2] or "/"

    async def _check_visitor(self, scope: Scope) -> None:
        """Raise `ApiError` unless the user at this machine asks."""
        if not self._context.settings.may_drop:
            raise not_found("dropping of exports at this console")
        keeper: Gatekeeper = self._context.notes["gatekeeper"]
        visitor = await asyncio.to_thread(keeper.visitor, scope, scope[ORIGIN_KEY], self._context.clock())
        if visitor is None or visitor.user is not None:
            raise sign_in_required()

    def close_one(self, id_: str) -> None:
        """End the application of one export, from a thread outside the loop."""
        view = self._views.pop(id_, None)
        if view is not None and view.loop.is_running():
            with suppress(TimeoutError):
                asyncio.run_coroutine_threadsafe(view.end(), view.loop).result(_END_SECONDS)

    async def close(self) -> None:
        """End all of them."""
        while self._views:
            await self._views.popitem()[1].end()


def close_view(context: ConsoleContext, id_: str) -> None:
    """End the application of an export, if somebody opened it."""
    views: DropViews | None = context.notes.get(VIEWS)
    if views is not None:
        views.close_one(id_)
