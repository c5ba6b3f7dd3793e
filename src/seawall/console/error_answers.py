"""The answer to a request that is refused, or that fails."""

from __future__ import annotations

import logging

import msgspec
from starlette.responses import Response

from seawall.console.endpoint import JSON
from seawall.console.refused import Refused, from_error
from seawall.web.error_log import log_unexpected_error
from seawall_base.errors import SeawallError

_log = logging.getLogger("seawall.console")


def refusal_response(refused: Refused) -> Response:
    """The answer to a refused request."""
    body = msgspec.json.encode(refused.document())
    return Response(body, refused.status, {**refused.headers, "content-type": JSON})


def answer_to(error: BaseException, where: str) -> Response:
    """The answer to a request that failed with this error."""
    if isinstance(error, Refused):
        return refusal_response(error)
    if isinstance(error, SeawallError):
        refused = from_error(error)
        if refused.status >= 500:
            _log.error("%s: %s", where, error.code)
        return refusal_response(refused)
    log_unexpected_error(_log, where, error)
    return refusal_response(Refused(500, "internal", "something went wrong here", fix="the log says where"))
