"""The gate's decision as the kit calls it: the question of a proxy, in headers, to the judge that a worker asks."""

from __future__ import annotations

import base64
from typing import Any

from seawall.gate.authorisation import RequestContext, make_request_authoriser
from seawall.gate.original_request import read_request
from seawall.gate.refusals import GateRefusal
from seawall.gate.risk import RiskList
from seawall.gate.settings import GateSettings, RiskSettings
from seawall_tokens.conformance import Context, Verifier
from seawall_tokens.refusals import Refusal
from seawall_tokens.verify.replay import MemoryReplayGuard, Nonces
from tests.tokens.conformance.seawall_verifier import policy_of

SETTINGS = GateSettings(certificate_header="X-Client-Certificate")
REPLAY = MemoryReplayGuard()
NONCES = Nonces([bytes(32)])


def verify(token: str, context: Context) -> dict[str, Any]:
    """The identity that the gate hands on, twice: what was verified moments ago is judged by another path."""
    policy = policy_of(context)
    judge = make_request_authoriser(
        SETTINGS,
        policy,
        revocations=policy.revocations,
        risk=RiskList(RiskSettings()),
        replay=REPLAY,
        nonces=NONCES,
        step_up=None,
    )
    request = read_request(scope_of(token, context), SETTINGS)
    verdict = judge.authorise(RequestContext(request), context.now)
    if not context.request.proofs:
        assert judge.authorise(RequestContext(request), context.now).identity == verdict.identity
    return {name.decode(): value.decode() for name, value in verdict.identity}


def scope_of(token: str, context: Context) -> dict[str, Any]:
    """The request as an ASGI server gives it to the gate."""
    request = context.request
    host, slash, target = request.url.removeprefix("https://").partition("/")
    headers = [
        (b"host", b"gate.internal"),
        (b"x-forwarded-host", host.encode()),
        (b"x-forwarded-proto", b"https"),
        (b"x-original-uri", (slash + target).encode()),
        (b"x-original-method", request.method.encode()),
        (b"authorization", f"{request.scheme} {token}".encode("utf-8", "surrogateescape")),
        *((b"dpop", proof.encode()) for proof in request.proofs),
    ]
    if request.certificate is not None:
        headers.append((b"x-client-certificate", b":" + base64.b64encode(request.certificate) + b":"))
    return {"type": "http", "method": "GET", "raw_path": b"/verify", "query_string": b"", "headers": headers}


def _code(error: BaseException) -> str:
    return str(getattr(error, "code", ""))


verifier = Verifier(verify, refusals=(Refusal, GateRefusal), code=_code, compare_codes=True)
