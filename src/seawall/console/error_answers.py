"""The answer to a request that is refused, or that fails."""

from __future__ import annotations

import logging

import msgspec
from starlette.responses import Response

from seawall.console.endpoint import JSON
from seawall.console.refused import Refused, from_error
from seawall_base.errors import SeawallError

_log = logging.getLogger("seawall.console")


def refusal_response(refused: Refused) -> Response:
    """The answer to a refused request."""
    body = msgspec.json.encode(refused.document())
    return Response(body, refused.status, {**refused.headers, "content-type": JSON})


def say_broken(where: str, error: BaseException) -> None:
    """Log an unexpected error by its type and place. Its text might hold what a client sent, so it is left out."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace is not None else "?"
    _log.error("%s: unexpected %s at %s", where, type(error).__name__, place)


def answer_to(error: BaseException, where: str) -> Response:
    """The answer to a request that failed with this error."""
    if isinstance(error, Refused):
        return refusal_response(error)
    if isinstance(error, SeawallError):
        refused = from_error(error)
        if refused.status >= 500:
            _log.error("%s: %s", where, error.code)
        return refusal_response(refused)
    say_broken(where, error)
    return refusal_response(Refused(500, "internal", "something went wrong here", fix="the log says where"))
