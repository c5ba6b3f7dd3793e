"""Why a request is refused: one shape for every error that the API answers with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from seawall.storage.errors import DatabaseAway, LakeBroken
from seawall_base.errors import DatabaseInUse, SeawallError, UsageError

RETRY_SECONDS: Final = 5


class Fault(msgspec.Struct, frozen=True):
    """What is wrong. `code` is stable, `field` names the part of the request that is meant."""

    code: str
    message: str
    fix: str | None = None
    field: str | None = None


class ErrorDocument(msgspec.Struct, frozen=True):
    """The answer of every request that is refused."""

    error: Fault


class ApiError(Exception):
    """A request that is refused, with its status. Never give it a secret: the words are shown and may be logged."""

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
        self.fault = Fault(code, message, fix, field)
        self.headers = dict(headers or {})

    def document(self) -> ErrorDocument:
        """The answer's body."""
        return ErrorDocument(self.fault)


def bad_request(message: str, *, field: str | None = None, fix: str | None = None) -> ApiError:
    """400: the request itself is malformed."""
    return ApiError(400, "bad-request", message, field=field, fix=fix)


def sign_in_required() -> ApiError:
    """401: nobody is signed in."""
    return ApiError(401, "sign-in-required", "nobody is signed in", fix="sign in")


def forbidden(message: str, *, code: str = "forbidden", fix: str | None = None) -> ApiError:
    """403: whoever asks may not."""
    return ApiError(403, code, message, fix=fix)


def not_found(what: str = "such thing") -> ApiError:
    """404. `what` is named without anything that the client wrote."""
    return ApiError(404, "not-found", f"there is no {what}")


def conflict(message: str, *, fix: str | None = None, field: str | None = None) -> ApiError:
    """409: it is not so any more, or already."""
    return ApiError(409, "conflict", message, fix=fix, field=field)


def invalid(message: str, *, field: str | None = None, fix: str | None = None) -> ApiError:
    """422: well-formed, and makes no sense."""
    return ApiError(422, "invalid", message, field=field, fix=fix)


def too_many_requests(seconds: float, message: str = "too many attempts") -> ApiError:
    """429, with the time to wait."""
    wait = max(1, round(seconds + 0.499))
    return ApiError(
        429,
        "too-many-requests",
        message,
        fix=f"try again in {wait} seconds",
        headers={"retry-after": str(wait)},
    )


def unavailable(message: str, *, fix: str | None = None, seconds: int = RETRY_SECONDS) -> ApiError:
    """503: not just now."""
    return ApiError(503, "unavailable", message, fix=fix, headers={"retry-after": str(seconds)})


def api_error_from(error: SeawallError) -> ApiError:
    """One of Seawall's own errors as an answer. Places of files and databases are not told to clients."""
    if isinstance(error, UsageError):
        return invalid(error.message, fix=error.fix or None)
    if isinstance(error, (DatabaseAway, DatabaseInUse)):
        return unavailable("the database does not answer just now", fix="try again")
    if isinstance(error, LakeBroken):
        return unavailable(
            "the stored events cannot be read", fix="ask the operator: `seawall doctor` says why"
        )
    return unavailable(f"it does not work just now ({error.code})", fix="ask the operator: the log says why")
