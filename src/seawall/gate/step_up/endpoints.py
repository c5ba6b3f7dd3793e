"""`/step-up` over HTTP: a page, its script, and JSON endpoints that require the session's own valid token.

Requiring the token defeats links in mails: a victim who is tricked into a ceremony elevates the session of their own
browser, never the session of the sender.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from functools import partial
from importlib import resources
from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from seawall.gate.authorisation import AllowDecision, RequestContext
from seawall.gate.bodies import BodyRefused, read_object
from seawall.gate.original_request import read_request
from seawall.gate.refusals import GateBroken, GateRefusal, NotReady, ProxyUnlisted, TooSlow
from seawall.gate.responses import ChallengeParameters, build_refusal_response
from seawall.gate.step_up.elevation_path import find_elevation_path
from seawall.gate.step_up.service import StepUpRefused, StepUpService
from seawall.gate.step_up.session import TokenSession, read_token_session
from seawall.web.error_log import log_unexpected_error
from seawall_base.errors import StoreBroken
from seawall_tokens.refusals import Refusal

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.routing import BaseRoute

    from seawall.gate.authorisation import RequestAuthoriser
    from seawall.gate.decision_log import DecisionLog
    from seawall.gate.elevation import Elevation

_log = logging.getLogger("seawall.gate")

Fields = Mapping[str, Any]
Work = Callable[[StepUpService, "RequestAuthoriser", TokenSession, Fields, float], dict[str, Any]]

BODY_SECONDS = 10.0
LONGEST_TEXT = 4096
PAGE_HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
}
FILES = {
    "": ("page.html", "text/html"),
    "step-up.js": ("step-up.js", "text/javascript"),
    "page.js": ("page.js", "text/javascript"),
    "page.css": ("page.css", "text/css"),
}


class _BadField(Exception):
    """A field of the body is missing or has the wrong type."""


def _text(fields: Fields, name: str, default: str | None = None) -> str:
    value = fields.get(name, default)
    if not isinstance(value, str) or len(value) > LONGEST_TEXT:
        raise _BadField(name)
    return value


def _object(fields: Fields, name: str) -> Fields:
    value = fields.get(name)
    if not isinstance(value, Mapping):
        raise _BadField(name)
    return value


def _expiry(elevation: Elevation) -> dict[str, Any]:
    return {"acr": elevation.acr, "until": int(elevation.until)}


def _place(authoriser: RequestAuthoriser, fields: Fields) -> Any:
    return find_elevation_path(_text(fields, "path"), _text(fields, "method", "GET"), authoriser.rules)


def _state(
    service: StepUpService,
    _authoriser: RequestAuthoriser,
    session: TokenSession,
    _fields: Fields,
    _now: float,
) -> dict[str, Any]:
    return service.state(session)


def _ask(
    service: StepUpService, authoriser: RequestAuthoriser, session: TokenSession, fields: Fields, now: float
) -> dict[str, Any]:
    return service.ask(session, _place(authoriser, fields), now)


def _answer(
    service: StepUpService, _authoriser: RequestAuthoriser, session: TokenSession, fields: Fields, now: float
) -> dict[str, Any]:
    return _expiry(service.answer(session, _text(fields, "ceremony"), _object(fields, "credential"), now))


def _code(
    service: StepUpService, authoriser: RequestAuthoriser, session: TokenSession, fields: Fields, now: float
) -> dict[str, Any]:
    return _expiry(service.answer_code(session, _text(fields, "code"), _place(authoriser, fields), now))


def _ask_new(
    service: StepUpService, _authoriser: RequestAuthoriser, session: TokenSession, fields: Fields, now: float
) -> dict[str, Any]:
    return service.ask_new(session, _text(fields, "invitation"), now)


def _keep_new(
    service: StepUpService, _authoriser: RequestAuthoriser, session: TokenSession, fields: Fields, now: float
) -> dict[str, Any]:
    service.keep_new(
        session,
        _text(fields, "invitation"),
        _text(fields, "ceremony"),
        _object(fields, "credential"),
        _text(fields, "name", "passkey"),
        now,
    )
    return {"registered": "passkey"}


def _new_code(
    service: StepUpService, _authoriser: RequestAuthoriser, session: TokenSession, fields: Fields, now: float
) -> dict[str, Any]:
    return service.new_code(session, _text(fields, "invitation"), now)


def _keep_code(
    service: StepUpService, _authoriser: RequestAuthoriser, session: TokenSession, fields: Fields, now: float
) -> dict[str, Any]:
    service.keep_code(session, _text(fields, "invitation"), _text(fields, "code"), now)
    return {"registered": "code"}


WORK: dict[str, Work] = {
    "state": _state,
    "passkey/ask": _ask,
    "passkey/answer": _answer,
    "code": _code,
    "register/passkey/ask": _ask_new,
    "register/passkey/answer": _keep_new,
    "register/code/ask": _new_code,
    "register/code/answer": _keep_code,
}
"""Every endpoint below `/step-up/`, all with method `POST`."""


class StepUpEndpoints:
    """The step-up part, mounted at `/step-up`; see `seawall.gate.elevation.StepUp`."""

    def __init__(
        self,
        service: StepUpService,
        authoriser: Callable[[], RequestAuthoriser | None],
        decision_log: DecisionLog,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._service = service
        self._authoriser = authoriser
        self._decision_log = decision_log
        self._clock = clock
        self.elevations_of = service.elevations_of

    @property
    def is_broken(self) -> bool:
        """Whether the store cannot be read."""
        return not self._service.store.readable()

    def close(self) -> None:
        """Close the store."""
        self._service.store.close()

    def routes(self) -> Sequence[BaseRoute]:
        """Return the routes of the page, its files, and the endpoints."""
        pages = [Route(f"/{name}", partial(_file, *kind), methods=["GET"]) for name, kind in FILES.items()]
        work = [Route(f"/{name}", partial(self._serve, act), methods=["POST"]) for name, act in WORK.items()]
        return [*pages, *work]

    async def _serve(self, act: Work, request: Request) -> Response:
        context: RequestContext | None = None
        try:
            authoriser = self._check_proxy(request.scope)
            self._check_origin(request)
            context = RequestContext(read_request(_as_question(request.scope), authoriser.settings))
            fields = await read_object(request, most=authoriser.settings.body_bytes, seconds=BODY_SECONDS)
            async with asyncio.timeout(authoriser.settings.patience):
                answer = await asyncio.to_thread(self._act, act, authoriser, context, fields)
            return JSONResponse(answer, headers={"cache-control": "no-store"})
        except StepUpRefused as refusal:
            return _refuse(refusal.code, refusal.status)
        except BodyRefused as refusal:
            return _refuse(refusal.code, refusal.status)
        except _BadField as field:
            return JSONResponse({"code": "field", "field": str(field)}, 400)
        except (Refusal, GateRefusal) as refusal:
            self._decision_log.log_refused(context, refusal, self._clock(), dry_run=False)
            return _response(refusal, context)
        except TimeoutError:
            return _response(TooSlow(), context)
        except StoreBroken as error:
            log_unexpected_error(_log, "/step-up", error)
            return _response(GateBroken(), context)
        except Exception as error:  # noqa: BLE001 - no error may elevate a session
            log_unexpected_error(_log, "/step-up", error)
            return _response(GateBroken(), context)

    def _act(
        self, act: Work, authoriser: RequestAuthoriser, context: RequestContext, fields: Fields
    ) -> dict[str, Any]:
        now = self._clock()
        session = read_token_session(authoriser.verified_claims(context, now))
        self._decision_log.log_allowed(
            AllowDecision(context.issuer, [], context.verified), now
        )  # check 15, logging, applies to these tokens too
        return act(self._service, authoriser, session, fields, now)

    def _check_proxy(self, scope: MutableMapping[str, Any]) -> RequestAuthoriser:
        authoriser = self._authoriser()
        if authoriser is None:
            raise NotReady
        peer = (scope.get("client") or ("?",))[0]
        if peer not in authoriser.settings.trusted_proxies:
            raise ProxyUnlisted(peer or "unix")
        return authoriser

    def _check_origin(self, request: Request) -> None:
        """Refuse requests from pages outside the applications' origins; browsers always send the origin."""
        if request.headers.get("origin") not in self._service.party.origins:
            raise StepUpRefused("origin-unknown")


def _as_question(scope: MutableMapping[str, Any]) -> dict[str, Any]:
    """Return the scope as a request to `/verify` about itself, so that the proxy's headers must agree with it."""
    return {**scope, "raw_path": b"/verify" + scope["raw_path"]}


def _refuse(code: str, status: int) -> Response:
    return JSONResponse({"code": code}, status, {"cache-control": "no-store"})


def _response(refusal: Refusal | GateRefusal, context: RequestContext | None) -> Response:
    answer = build_refusal_response(refusal, context.challenge if context else ChallengeParameters())
    headers = {name.decode("ascii"): value.decode("latin-1") for name, value in answer.headers}
    return Response(answer.body, answer.status, headers)


async def _file(name: str, kind: str, _: Request) -> Response:
    data = await asyncio.to_thread(_read, name)
    return Response(data, media_type=f"{kind}; charset=utf-8", headers=PAGE_HEADERS)


def _read(name: str) -> bytes:
    return resources.files("seawall.gate.step_up").joinpath("static", name).read_bytes()
