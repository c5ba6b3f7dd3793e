"""Build the response to a refused or failed request."""

from __future__ import annotations

import logging

import msgspec
from starlette.responses import Response

from seawall.console.api_error import ApiError, api_error_from
from seawall.console.endpoint import JSON
from seawall.web.error_log import log_unexpected_error
from seawall_base.errors import SeawallError

_log = logging.getLogger("seawall.console")


def api_error_response(refused: ApiError) -> Response:
    """Return the response to a refused request."""
    body = msgspec.json.encode(refused.document())
    return Response(body, refused.status, {**refused.headers, "content-type": JSON})


def respond_to_error(error: BaseException, where: str) -> Response:
    """Return the response to a request that failed with this error."""
    if isinstance(error, ApiError):
        return api_error_response(error)
    if isinstance(error, SeawallError):
        refused = api_error_from(error)
        if refused.status >= 500:
            _log.error("%s: %s", where, error.code)
        return api_error_response(refused)
    log_unexpected_error(_log, where, error)
    return api_error_response(
        ApiError(
            500,
            "internal",
            "an unexpected error occurred in the console",
            fix="ask the administrator of Seawall to read the log",
        )
    )
