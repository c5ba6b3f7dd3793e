"""`/events`: receive pushed security event tokens (RFC 8935) and turn them into revocations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from seawall.gate.bodies import BodyRefused, read_body
from seawall.gate.status import peer_address
from seawall_base.errors import StoreBroken
from seawall_tokens.signals.effects import SignalEffects
from seawall_tokens.signals.event_token import SignalRefused

if TYPE_CHECKING:
    from starlette.requests import Request

    from seawall.gate.worker import Worker

from seawall.gate.signal_intake import log_received_event, log_refused_event, receive_event_token

CONTENT_TYPE: Final = "application/secevent+jwt"
_HEADERS: Final = {"cache-control": "no-store", "content-language": "en"}


def event_routes(worker: Worker) -> list[Route]:
    """Return the route; without transmitters in the policy it answers 404."""

    async def events(request: Request) -> Response:
        transmitters = worker.loaded_policy.transmitters
        if not transmitters.all:
            return JSONResponse({"code": "not-found"}, 404)
        try:
            received = await _receive(request, worker)
        except BodyRefused as refused:
            return _refusal(worker, request, "invalid_request", refused.code, refused.status)
        except SignalRefused as refused:
            status = 503 if refused.temporary else 400
            return _refusal(worker, request, refused.err, refused.description, status)
        except StoreBroken as broken:
            return _refusal(worker, request, "invalid_request", broken.code, 503)
        log_received_event(worker, received, peer_address(request) or "unix")
        return Response(status_code=202, headers=_HEADERS)

    return [Route("/events", events, methods=["POST"])]


async def _receive(request: Request, worker: Worker) -> SignalEffects:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != CONTENT_TYPE:
        raise BodyRefused(415, f"the content type is not {CONTENT_TYPE}")
    settings = worker.settings
    body = await read_body(request, most=settings.body_bytes, seconds=settings.header_seconds)
    received: SignalEffects = await worker.take_signal(lambda: receive_event_token(worker, body.strip()))
    return received


def _refusal(worker: Worker, request: Request, err: str, description: str, status: int) -> Response:
    log_refused_event(worker, err, description, peer_address(request) or "unix")
    return JSONResponse({"err": err, "description": description}, status, _HEADERS)
