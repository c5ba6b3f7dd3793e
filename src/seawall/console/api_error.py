"""Define the one JSON shape of every API error, and constructors by HTTP status."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from seawall.storage.errors import ChangedMeanwhile, DatabaseAway, LakeBroken
from seawall_base.errors import DatabaseInUse, SeawallError, UsageError
from seawall_base.program_name import name_program, program_anywhere

RETRY_SECONDS: Final = 5


class Fault(msgspec.Struct, frozen=True):
    """One fault. `code` is stable; `field` names the part of the request at fault."""

    code: str
    message: str
    fix: str | None = None
    field: str | None = None


class ErrorDocument(msgspec.Struct, frozen=True):
    """The body of every refused request."""

    error: Fault


class ApiError(Exception):
    """A refused request, with its status. Never pass it a secret: the text is shown and may be logged."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        fix: str | None = None,
        field: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.fault = Fault(code, message, fix and name_program(fix, program_anywhere()), field)
        self.headers = dict(headers or {})

    def document(self) -> ErrorDocument:
        """Return the response body."""
        return ErrorDocument(self.fault)


def bad_request(message: str, *, field: str | None = None, fix: str | None = None) -> ApiError:
    """Build a 400: the request is malformed."""
    return ApiError(400, "bad-request", message, field=field, fix=fix)


def sign_in_required() -> ApiError:
    """Build a 401: nobody is signed in."""
    return ApiError(401, "sign-in-required", "nobody is signed in", fix="sign in")


def forbidden(message: str, *, code: str = "forbidden", fix: str | None = None) -> ApiError:
    """Build a 403: the visitor lacks the permission."""
    return ApiError(403, code, message, fix=fix)


def not_found(what: str = "such thing") -> ApiError:
    """Build a 404. `what` must not contain text from the client."""
    return ApiError(404, "not-found", f"there is no {what}")


def conflict(message: str, *, fix: str | None = None, field: str | None = None) -> ApiError:
    """Build a 409: the state has changed, or is already as requested."""
    return ApiError(409, "conflict", message, fix=fix, field=field)


def invalid(message: str, *, field: str | None = None, fix: str | None = None) -> ApiError:
    """Build a 422: well-formed but invalid."""
    return ApiError(422, "invalid", message, field=field, fix=fix)


def too_many_requests(seconds: float, message: str = "too many attempts") -> ApiError:
    """Build a 429, with the seconds to wait."""
    wait = max(1, round(seconds + 0.499))
    return ApiError(
        429,
        "too-many-requests",
        message,
        fix=f"try again in {wait} seconds",
        headers={"retry-after": str(wait)},
    )


def unavailable(message: str, *, fix: str | None = None, seconds: int = RETRY_SECONDS) -> ApiError:
    """Build a 503: temporarily unavailable."""
    return ApiError(503, "unavailable", message, fix=fix, headers={"retry-after": str(seconds)})


def api_error_from(error: SeawallError) -> ApiError:
    """Convert one of Seawall's own errors to an API error.

    Locations of files and databases are not shown to clients.
    """
    if isinstance(error, UsageError):
        return invalid(error.message, fix=error.fix or None)
    if isinstance(error, ChangedMeanwhile):
        return conflict(error.message, fix=error.fix or None)
    if isinstance(error, (DatabaseAway, DatabaseInUse)):
        return unavailable("the database does not respond", fix="try again in a minute")
    if isinstance(error, LakeBroken):
        return unavailable(
            "the stored events cannot be read", fix="ask the administrator to run `seawall doctor`"
        )
    return unavailable(
        f"the console has a fault ({error.code})", fix="ask the administrator of Seawall to read the log"
    )
