"""`/events`: a receiver of Shared Signals. Security event tokens are pushed here (RFC 8935) and become revocations."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any, Final

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from seawall.errors import StoreBroken
from seawall.server.bodies import BodyRefused, read_body
from seawall.server.status import peer_of
from seawall.tokens.decision import harmless
from seawall.tokens.event_token import SignalRefused, Transmitters
from seawall.tokens.revocation_store import RevocationStore
from seawall.tokens.signals import Received, interpret

if TYPE_CHECKING:
    from starlette.requests import Request

    from seawall.server.worker import Worker

CONTENT_TYPE: Final = "application/secevent+jwt"
_HEADERS: Final = {"cache-control": "no-store", "content-language": "en"}

_log = logging.getLogger("seawall.gate.events")


def event_routes(worker: Worker) -> list[Route]:
    """The route, for one worker. Without transmitters it answers as if it were not there."""

    async def events(request: Request) -> Response:
        transmitters = worker.loaded.transmitters
        if not transmitters.all:
            return JSONResponse({"code": "not-found"}, 404)
        try:
            received = await _received(request, worker, transmitters)
        except BodyRefused as refused:
            return _refusal(worker, request, "invalid_request", refused.code, refused.status)
        except SignalRefused as refused:
            status = 503 if refused.temporary else 400
            return _refusal(worker, request, refused.err, refused.description, status)
        except StoreBroken as broken:
            return _refusal(worker, request, "invalid_request", broken.code, 503)
        _say(worker, request, received)
        return Response(status_code=202, headers=_HEADERS)

    return [Route("/events", events, methods=["POST"])]


async def _received(request: Request, worker: Worker, transmitters: Transmitters) -> Received:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != CONTENT_TYPE:
        raise BodyRefused(415, f"the content type is not {CONTENT_TYPE}")
    settings = worker.settings
    body = await read_body(request, most=settings.body_bytes, seconds=settings.header_seconds)

    def take() -> Received:
        now = worker.clock()
        token = transmitters.read(body.strip(), now, revocations=worker.follower.revocations)
        received = interpret(token, now)
        with RevocationStore.open(worker.loaded.store) as store:
            store.receive(received.signal)
        return received

    received: Received = await worker.take_signal(take)
    return received


def _refusal(worker: Worker, request: Request, err: str, description: str, status: int) -> Response:
    line = {
        "event": "signal", "at": round(worker.clock(), 3), "outcome": "refused", "code": err,
        "words": description, "peer": peer_of(request) or "unix",
    }  # fmt: skip
    _log.warning("%s", json.dumps(line, ensure_ascii=True))
    worker.metrics.event(err)
    return JSONResponse({"err": err, "description": description}, status, _HEADERS)


def _say(worker: Worker, request: Request, received: Received) -> None:
    signal = received.signal
    line: dict[str, Any] = {
        "event": "signal", "at": round(worker.clock(), 3), "outcome": "accepted",
        "transmitter": harmless(signal.transmitter), "revocations": len(signal.revocations),
        "lifts": len(signal.lifts), "unresolved": list(received.unresolved),
        "events": [{"name": one.name, "outcome": one.outcome} for one in received.events],
        "peer": peer_of(request) or "unix",
    }  # fmt: skip
    _log.warning("%s", json.dumps(line, ensure_ascii=True))
    for one in received.events:
        worker.metrics.event(one.outcome)
