"""Turn declared endpoints into routes: authenticate, decode, call, and write the answer."""

from __future__ import annotations

import asyncio
import hashlib
import inspect
import re
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from functools import partial
from typing import Annotated, Any, Final, get_args, get_origin

import msgspec
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from seawall.console.api_error import ApiError, bad_request, invalid, unavailable
from seawall.console.context import ConsoleContext
from seawall.console.endpoint import JSON, LOCAL, ApiCall, Endpoint, Visitor
from seawall.console.error_responses import respond_to_error
from seawall.console.gatekeeper import CSRF_HEADER, Gatekeeper
from seawall.console.packed_answer import pack_response
from seawall.console.privacy.boundary import check_media, get_boundary, hide_response, read_names
from seawall.console.privacy.name_view import NameView
from seawall.console.request_origin import ORIGIN_KEY, RequestOrigin, client_network
from seawall.console.tenant_access import get_tenant_access
from seawall.console.worker_pool import PoolLimits, WorkerPool
from seawall_base.json_text import encode_json

_PLACE: Final = re.compile(r" - at `(?:key in )?\$(.{1,200})`$")
_UNKNOWN: Final = re.compile(r"unknown field `(.{1,200}?)`|required field `(.{1,200}?)`")


class EndpointRunner:
    """Serve endpoints. Plain functions and heavy ones run in separate thread pools, with limits for each client."""

    def __init__(self, context: ConsoleContext, gatekeeper: Gatekeeper) -> None:
        self._context = context
        self.gatekeeper = gatekeeper
        settings = context.settings
        ordinary = PoolLimits(settings.threads, settings.threads_each, settings.waiting_each)
        heavy = PoolLimits(settings.heavy_threads, settings.heavy_each, 0)
        self.ordinary = WorkerPool("console", ordinary, "too many requests wait already")
        self.heavy = WorkerPool("heavy", heavy, "too many exports and checks at once")

    def close(self) -> None:
        """Accept no more work."""
        self.ordinary.close()
        self.heavy.close()

    def serve(self, endpoint: Endpoint) -> Callable[[Request], Awaitable[Response]]:
        """Return the route's function."""
        work = self._raw if endpoint.raw else self._asynchronous
        plain = self._heavy if endpoint.is_heavy else self._plain
        run = work if inspect.iscoroutinefunction(endpoint.handle) else plain

        where = f"{endpoint.method} {endpoint.path}"

        async def respond(request: Request) -> Response:
            try:
                return await run(endpoint, request)
            except ClientDisconnect:
                return Response(status_code=400)
            except TimeoutError:
                return respond_to_error(unavailable("the answer took too long"), where)
            except Exception as error:  # noqa: BLE001 - the answer says what it was, the log where
                return respond_to_error(error, where)

        async def answer(request: Request) -> Response:
            response = await respond(request)
            try:
                hidden = await hide_response(partial(self._look, endpoint, request), response)
                return pack_response(hidden, endpoint.path, request.headers.get("accept-encoding", ""))
            except Exception as error:  # noqa: BLE001 - an answer whose names cannot be hidden is not sent
                return respond_to_error(error, where)

        return answer

    def _look(self, endpoint: Endpoint, request: Request) -> NameView | None:
        """Return the names as the visitor sees them, None if he sees them as they are."""
        visitor: Visitor | None = getattr(request.state, "visitor", None)
        return get_boundary(self._context_of(visitor).notes).look(visitor, endpoint)

    def _context_of(self, visitor: Visitor | None) -> ConsoleContext:
        """Return the context for a visitor, narrowed to the organisations that he is limited to."""
        return get_tenant_access(self._context).context_of(visitor)

    async def in_thread(self, work: Callable[[], Any], seconds: float, client: str | None = None) -> Any:
        """Return the result of blocking work.

        Raises `TimeoutError` after `seconds`; the work itself continues to its end.
        """
        return await _result(self.ordinary.submit(client, work), seconds)

    async def in_heavy_thread(self, work: Callable[[], Any], seconds: float, visitor: Visitor) -> Any:
        """Return the result of work that takes seconds, within the limits of heavy routes for each user.

        Raises `ApiError` (429) for the surplus, and `TimeoutError` after `seconds`.
        """
        user = LOCAL if visitor.user is None else str(visitor.user)
        return await _result(self.heavy.submit(user, work), seconds)

    async def _plain(self, endpoint: Endpoint, request: Request) -> Response:
        """Run a plain endpoint.

        The visitor is looked up in the same thread, so that one request occupies one thread.
        """
        body = await read_body(endpoint, request, self._context.settings.body_seconds)

        def work() -> Response:
            visitor = self._admit(endpoint, request)
            return self._encode(endpoint, endpoint.handle(self._call(endpoint, request, visitor, body)))

        response: Response = await self.in_thread(work, endpoint.seconds, self._client(request))
        return response

    async def _heavy(self, endpoint: Endpoint, request: Request) -> Response:
        """Run a heavy endpoint.

        The limit applies to the user over all sessions and addresses, so the visitor is looked up first.
        """
        body = await read_body(endpoint, request, self._context.settings.body_seconds)
        visitor = await self._visitor(endpoint, request)

        def work() -> Response:
            return self._encode(endpoint, endpoint.handle(self._call(endpoint, request, visitor, body)))

        user = LOCAL if visitor is None or visitor.user is None else str(visitor.user)
        response: Response = await _result(self.heavy.submit(user, work), endpoint.seconds)
        return response

    async def _asynchronous(self, endpoint: Endpoint, request: Request) -> Response:
        visitor = await self._visitor(endpoint, request)
        body = await read_body(endpoint, request, self._context.settings.body_seconds)
        answer = await endpoint.handle(self._call(endpoint, request, visitor, body))
        return self._encode(endpoint, answer)

    async def _raw(self, endpoint: Endpoint, request: Request) -> Response:
        answer = await endpoint.handle(self._call(endpoint, request, None, b""))
        return self._encode(endpoint, answer)

    async def _visitor(self, endpoint: Endpoint, request: Request) -> Visitor | None:
        work = partial(self._admit, endpoint, request)
        found: Visitor | None = await self.in_thread(work, endpoint.seconds, self._client(request))
        return found

    def _client(self, request: Request) -> str:
        """Return the client that a request counts for, before its session is verified."""
        token = self.gatekeeper.token_of(request.scope)
        if token is not None:
            return hashlib.sha256(token).hexdigest()
        return client_network(_make_visible(request).client_address)

    def _admit(self, endpoint: Endpoint, request: Request) -> Visitor | None:
        visitor = self.gatekeeper.visitor(request.scope, _make_visible(request), self._context.clock())
        self.gatekeeper.check_admission(endpoint, visitor, request.headers.get(CSRF_HEADER))
        request.state.visitor = visitor
        if visitor is not None:
            context = self._context_of(visitor)
            with context.database.reading() as work:
                get_boundary(context.notes).learn(work, context.clock())
        return visitor

    def _call(self, endpoint: Endpoint, request: Request, visitor: Visitor | None, body: bytes) -> ApiCall:
        view = self._look(endpoint, request)
        if view is not None:
            check_media(endpoint)
        return ApiCall(
            context=self._context if endpoint.role is None else self._context_of(visitor),
            request=request,
            visitor=visitor,
            now=self._context.clock(),
            client_address=_make_visible(request).client_address,
            path=request.path_params if view is None else view.read_value(request.path_params),
            query=None if endpoint.query is None else decode_query(request, endpoint.query, view),
            body=None if endpoint.body is None else decode_body(read_names(body, view), endpoint.body),
        )

    @staticmethod
    def _encode(endpoint: Endpoint, answer: Any) -> Response:
        if isinstance(answer, Response):
            return answer
        if answer is None and endpoint.answer is None:
            return Response(status_code=204)
        return Response(encode_json(answer), endpoint.status, {"content-type": JSON})


async def _result(future: Future[Any], seconds: float) -> Any:
    async with asyncio.timeout(seconds):
        return await asyncio.wrap_future(future)


def _make_visible(request: Request) -> RequestOrigin:
    seen: RequestOrigin = request.scope[ORIGIN_KEY]
    return seen


async def read_body(endpoint: Endpoint, request: Request, seconds: float) -> bytes:
    """Read the whole body of a state-changing request. Raises `ApiError`: 408, 413 or 415."""
    if endpoint.method in {"GET", "DELETE"} or endpoint.raw or endpoint.is_streamed:
        return b""
    check_json(request.headers)
    declared = request.headers.get("content-length", "0")
    most = endpoint.body_bytes
    if not declared.isascii() or not declared.isdigit() or int(declared[:12]) > most:
        raise _too_large(most)
    content = bytearray()
    begin = time.monotonic()
    try:
        async with asyncio.timeout(seconds):
            async for piece in request.stream():
                content += piece
                if len(content) > most:
                    raise _too_large(most)
    except TimeoutError:
        waited = round(time.monotonic() - begin)
        raise ApiError(
            408, "too-slow", f"the body did not come within {waited} s", headers={"connection": "close"}
        ) from None
    return bytes(content)


def check_json(headers: Headers) -> None:
    """Refuse bodies that are not JSON: forms of other sites can send some text types without a CORS preflight."""
    kind, _, parameters = headers.get("content-type", "").partition(";")
    charset = parameters.strip().lower().replace('"', "")
    if kind.strip().lower() != JSON or charset not in {"", "charset=utf-8"}:
        raise ApiError(
            415, "unsupported-media-type", "the body must be JSON", fix="send Content-Type: application/json"
        )
    if headers.get("content-encoding", "identity").lower() != "identity":
        raise ApiError(415, "unsupported-media-type", "the body must not be compressed")


def decode_body(content: bytes, kind: type[Any]) -> Any:
    """Decode a body to its type. Raises `ApiError`: 400 if it is not JSON, 422 if it is not of this type."""
    try:
        return msgspec.json.decode(content or b"{}", type=kind)
    except msgspec.ValidationError as error:
        raise _invalid(error) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise bad_request("the body is not JSON") from None


def decode_query(request: Request, kind: type[Any], view: NameView | None = None) -> Any:
    """Decode a query to its type. Unknown names, and single values given twice, are refused (422)."""
    several = {field.encode_name for field in msgspec.structs.fields(kind) if _is_list(field.type)}
    found: dict[str, Any] = {}
    for name, given in request.query_params.multi_items():
        value = given if view is None else view.read_text(given, name)
        if name in several:
            found.setdefault(name, []).append(value)
        elif name in found:
            raise invalid("it is given twice", field=name[:64])
        else:
            found[name] = value
    try:
        return msgspec.convert(found, kind, strict=False)
    except msgspec.ValidationError as error:
        raise _invalid(error) from None


def _is_list(kind: Any) -> bool:
    if get_origin(kind) is Annotated:
        kind = get_args(kind)[0]
    return get_origin(kind) in {list, tuple, frozenset, set}


def _invalid(error: msgspec.ValidationError) -> ApiError:
    """Convert a validation error.

    The library's message names types and paths, and no values but those that a type allows.
    """
    text = str(error)
    place = _PLACE.search(text)
    unknown = _UNKNOWN.search(text)
    path = place[1].lstrip(".") if place else ""
    if unknown:
        name = unknown[1] or unknown[2]
        path = f"{path}.{name}" if path else name
    return invalid(_PLACE.sub("", text)[:300], field=path[:64] or None)


def _too_large(most: int) -> ApiError:
    return ApiError(
        413, "too-large", f"the body is larger than {most} bytes", headers={"connection": "close"}
    )
