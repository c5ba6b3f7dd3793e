"""`POST /api/mcp`: the same tools over HTTP, as a route of the console, behind its sign-in, roles, limits and pseudonyms.

Each request stands for itself: the server keeps no session of the protocol, and answers JSON.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from starlette.responses import Response

from seawall.console.api_error import ApiError
from seawall.console.data.lake_pages import require_lake
from seawall.console.data.scope import begin_search
from seawall.console.data.scope_child import SCOPE
from seawall.console.data.scope_search import scope_searches, start_from_incident
from seawall.console.endpoint import ApiCall, Endpoint
from seawall.console.privacy.boundary import get_boundary
from seawall.detection.incident import Incident
from seawall.mcp.call_audit import DatabaseAudit
from seawall.mcp.calls import CallAnswer, CallRunner
from seawall.mcp.errors import AssistantCallRefused
from seawall.mcp.server import make_server
from seawall.mcp.stored_source import StoreSource
from seawall.response.scope.document import read_scope
from seawall.response.scope_values import Scope
from seawall.storage.location import Store

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from seawall.console.endpoint_runner import EndpointRunner

PATH: Final = "/api/mcp"
LARGEST_REQUEST: Final = 64 * 1024
CALL_SECONDS: Final = 120.0
SCOPE_SECONDS: Final = 20.0
"""Seconds for which a call waits for a scope; the search goes on, and the assistant asks again."""


class ConsoleSource(StoreSource):
    """The console's store. A scope is searched as the console does it: by one process at a time, with a deadline."""

    def __init__(self, call: ApiCall) -> None:
        super().__init__(Store(Path(), call.context.database, require_lake(call.context)))
        self._call = call

    def search_scope(self, incident: Incident) -> Scope | None:
        """Return the scope of an incident, None while the search runs. Raises AssistantCallRefused if it failed."""
        searches = scope_searches(self._call.context)
        search = searches.of(incident.id)
        if search is None or search.state == "failed":
            try:
                begin_search(self._call, start_from_incident(incident))
            except ApiError as error:
                raise refuse_call(error) from None
            search = searches.of(incident.id)
        if search is None:
            return None
        search.done.wait(SCOPE_SECONDS)
        if search.state == "running":
            return None
        if search.state != "done":
            raise AssistantCallRefused(
                search.why, fix="search on the command line: seawall scope --store DIR"
            )
        return read_scope(search.file(SCOPE))


async def answer_assistant(call: ApiCall) -> Response:
    """Answer one request of the protocol for the user who is signed in."""
    context, visitor = call.context, call.who
    workers: EndpointRunner = context.notes["runner"]
    runner = CallRunner(
        source=ConsoleSource(call),
        audit=DatabaseAudit(context.database),
        actor=visitor.name,
        role=visitor.role,
        view=partial(get_boundary(context.notes).look, visitor, ENDPOINT),
        clock=context.clock,
    )

    async def answer(name: str, arguments: Mapping[str, Any] | None) -> CallAnswer:
        try:
            found: CallAnswer = await workers.in_heavy_thread(
                partial(runner.call, name, arguments), CALL_SECONDS, visitor
            )
        except ApiError as error:
            found = await workers.in_thread(
                partial(runner.refuse, name, arguments, refuse_call(error)), CALL_SECONDS
            )
        return found

    manager = StreamableHTTPSessionManager(
        make_server(runner, answer), json_response=True, stateless=True, max_request_body_size=LARGEST_REQUEST
    )
    written = _WrittenResponse()
    async with manager.run():
        await manager.handle_request(call.request.scope, call.request.receive, written.send)
    return Response(bytes(written.body), written.status, written.headers)


def refuse_call(error: ApiError) -> AssistantCallRefused:
    """Return the refusal of a call for an error of the API."""
    return AssistantCallRefused(error.fault.message, fix=error.fault.fix or "try again")


class _WrittenResponse:
    """Collect the response that the protocol's server writes, so that it passes the console's boundary of names."""

    def __init__(self) -> None:
        self.status = 500
        self.headers: dict[str, str] = {}
        self.body = bytearray()

    async def send(self, message: MutableMapping[str, Any]) -> None:
        """Take one message of the server."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {
                name.decode("latin-1"): value.decode("latin-1")
                for name, value in message.get("headers", ())
                if name.lower() != b"content-length"
            }
        elif message["type"] == "http.response.body":
            self.body += message.get("body", b"")


ENDPOINT: Final = Endpoint(
    method="POST",
    path=PATH,
    handle=answer_assistant,
    role="viewer",
    tenants="own",
    summary="The tools for assistants, by the Model Context Protocol",
    group="assistants",
    is_streamed=True,
    body_bytes=LARGEST_REQUEST,
)
