"""Wrap every request: check host and origin, add security headers, and catch unhandled errors."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import TYPE_CHECKING, Any, Final

from seawall.console.api_error import ApiError
from seawall.console.context import ConsoleSettings
from seawall.console.request_origin import check_origin, read_request_origin

if TYPE_CHECKING:
    from seawall.console.probes import Probes

from seawall.console.error_responses import respond_to_error
from seawall.console.request_origin import ORIGIN_KEY

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


LONGEST_TARGET: Final = 16 * 1024
PAGE_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
DATA_POLICY: Final = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
ALWAYS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"origin-agent-cluster", b"?1"),
    (
        b"permissions-policy",
        b"camera=(), microphone=(), publickey-credentials-get=(self), publickey-credentials-create=(self)",
    ),
)
HSTS: Final = (b"strict-transport-security", b"max-age=31536000")


class Guard:
    """The outermost ASGI middleware."""

    def __init__(self, application: Any, settings: ConsoleSettings, probes: Probes) -> None:
        self._application = application
        self._probes = probes
        self._settings = settings
        self._always = ALWAYS + ((HSTS,) if settings.is_https and settings.hosts else ())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request, or the server's start and end."""
        if scope["type"] == "lifespan":
            await self._application(scope, receive, send)
        elif scope["type"] == "http":
            await self._guard(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})

    async def _guard(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_started = False

        async def sending(message: Message) -> None:
            nonlocal is_started
            if message["type"] == "http.response.start":
                is_started = True
                self._probes.count(message["status"])
                message = {**message, "headers": self._with_always(list(message.get("headers", ())))}
            await send(message)

        try:
            _check_length(scope)
            if (probe := await self._probes.answer(scope)) is not None:
                await probe(scope, receive, sending)
                return
            here = read_request_origin(scope, self._settings)
            check_origin(scope, here)
            scope[ORIGIN_KEY] = here
            await self._application(scope, receive, sending)
        except Exception as error:  # noqa: BLE001 - no error leaves the application
            response = respond_to_error(error, "request")
            if not is_started:
                await response(scope, receive, sending)

    def _with_always(self, headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        named = {name.lower() for name, _ in headers}
        headers += [(name, value) for name, value in self._always if name not in named]
        if b"content-security-policy" not in named:
            headers.append((b"content-security-policy", DATA_POLICY.encode("ascii")))
        if b"cache-control" not in named:
            headers.append((b"cache-control", b"no-store"))
        return headers


def _check_length(scope: Scope) -> None:
    if len(scope.get("raw_path") or b"") + len(scope["query_string"]) > LONGEST_TARGET:
        raise ApiError(414, "bad-request", "the address is too long")
