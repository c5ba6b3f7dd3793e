"""`POST /api/ingest`: receive records over HTTP, and answer once they are on disk.

Checks in order: (1) the collector's token, ignoring cookies; (2) content type and encoding; (3) room for the body;
(4) its size, received and expanded; (5) whether it is a log at all. An unreadable record is not an error of the
request: it is counted as a problem.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import threading
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Final

import msgspec
from msgspec import Meta
from starlette.requests import Request

from seawall.console.api_error import (
    ApiError,
    bad_request,
    invalid,
    not_found,
    too_many_requests,
    unavailable,
)
from seawall.console.data.incident_values import Count
from seawall.console.endpoint import ApiCall, Endpoint
from seawall.console.gzip_body import expand_gzip
from seawall.events.formats.empty_tables import is_empty_table
from seawall.pipeline.live.errors import KeyReused, WatchBusy, WatchFailed
from seawall_base.errors import SeawallError

if TYPE_CHECKING:
    from seawall.console.context import ConsoleContext
    from seawall.console.endpoint_runner import EndpointRunner
    from seawall.pipeline.live.watcher import IngestReceipt

MICROSECONDS: Final = 1_000_000
BODY_BYTES: Final = 32 << 20
EXPANDED_BYTES: Final = 128 << 20
HELD_BYTES: Final = 256 << 20
"""Bytes of all bodies that are being received or not yet stored."""

MOST_REQUESTS: Final = 128
SECONDS: Final = 60.0
"""Seconds for a body to arrive."""

REMEMBERED: Final = 2 * MICROSECONDS
"""Microseconds for which a token lookup is cached; a revoked token works no longer than that."""

NOTED: Final = 60 * MICROSECONDS
"""Minimum microseconds between two audit entries for a token's use."""

_MOST_TOKENS: Final = 1_000
_LOOK_UP_SECONDS: Final = 15.0
_KINDS: Final = frozenset(
    {"", "application/x-ndjson", "application/ndjson", "application/jsonl", "application/json-lines", "application/json",
     "application/octet-stream", "text/plain", "text/csv"}
)  # fmt: skip
_KEY: Final = re.compile(r"[!-~]{1,200}")
_TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/-]{20,200}={0,2}")

Name = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._@:-]{0,99}$")]


class IngestQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The source name of the records, appended to the token's name; without it that name alone."""

    source: Name | None = None


class Accepted(msgspec.Struct, frozen=True):
    """Records now on disk: `records` that were read, including `problems` that are no events.

    `id` is the same if a request is repeated with its Idempotency-Key.
    """

    records: Count
    problems: Count
    accepted_bytes: Count
    id: str


@dataclass(slots=True)
class IngestState:
    """State between requests: recently seen tokens, and the bytes in transit."""

    threads: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(MOST_REQUESTS, "ingest"))
    _held: int = 0
    _requests: int = 0
    _tokens: OrderedDict[bytes, tuple[int, str]] = field(default_factory=OrderedDict)
    _noted: dict[str, int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def admit(self) -> RequestBuffer:
        """Admit one request and return its buffer, to be released at the end.

        Raises `ApiError` (429) if too many requests are in transit.
        """
        with self._lock:
            if self._requests >= MOST_REQUESTS:
                raise too_many_requests(1, "too many requests are on their way already")
            self._requests += 1
        return RequestBuffer(self)

    def release(self, size: int) -> None:
        """Count a finished request, and release its bytes."""
        with self._lock:
            self._requests -= 1
            self._held -= size

    def take(self, size: int) -> None:
        """Reserve this many bytes. Raises `ApiError` (429) if there is no room."""
        with self._lock:
            if self._held + size > HELD_BYTES:
                raise too_many_requests(1, "there is no room for more records just now")
            self._held += size

    def known_token(self, digest: bytes, now: int) -> str | None:
        """Return the name of a recently looked up token, else None."""
        with self._lock:
            found = self._tokens.get(digest)
        return found[1] if found is not None and 0 <= now - found[0] < REMEMBERED else None

    def remember_token(self, digest: bytes, name: str, now: int) -> bool:
        """Cache a token. Return whether its use is due for the audit trail."""
        with self._lock:
            self._tokens[digest] = (now, name)
            while len(self._tokens) > _MOST_TOKENS:
                self._tokens.popitem(last=False)
            is_due = not 0 <= now - self._noted.get(name, -NOTED) < NOTED
            if is_due:
                self._noted[name] = now
            return is_due

    def close(self) -> None:
        """Accept no more requests."""
        self.threads.shutdown(wait=False, cancel_futures=True)


@dataclass(slots=True)
class RequestBuffer:
    """The bytes that one request holds."""

    state: IngestState
    size: int = 0

    def take(self, size: int) -> None:
        """Reserve this many more bytes. Raises `ApiError` (429) if there is no room."""
        self.state.take(size)
        self.size += size

    def release(self) -> None:
        """Release all bytes of the request."""
        self.state.release(self.size)


def ingest_state(context: ConsoleContext) -> IngestState:
    """Return the application's ingest state, created at first use."""
    if "ingest" not in context.notes:
        context.notes["ingest"] = IngestState()
    state: IngestState = context.notes["ingest"]
    return state


async def ingest_records(call: ApiCall) -> Accepted:
    """Receive records. Raises `ApiError`."""
    if not call.context.settings.ingest_enabled:
        raise not_found("ingest here")
    state = ingest_state(call.context)
    token = _token(call.request)
    digest = hashlib.sha256(token).digest()
    name = state.known_token(digest, call.now)
    if name is None:
        runner: EndpointRunner = call.context.notes["runner"]
        name = await runner.in_thread(partial(_find_token_name, call, state, token, digest), _LOOK_UP_SECONDS)
    is_packed = _is_gzip(call.request)
    key = _key(call.request, name)
    if call.context.service is None:
        raise unavailable(
            "this console does not process logs", fix="send the records to the process that writes this store"
        )
    # The token's name comes first, so that a collector cannot pass for another one or for a folder.
    source = name if call.query.source is None else f"{name}/{call.query.source}"
    held = state.admit()
    try:
        pieces = await _read(call.request, held)
        size = sum(map(len, pieces))
        work = state.threads.submit(_store, call, held, pieces, is_packed=is_packed, source=source, key=key)
    except BaseException:
        held.release()
        raise
    # The work continues if the client disconnects, and holds its buffer until it ends.
    work.add_done_callback(lambda _: held.release())
    try:
        receipt = await asyncio.wrap_future(work)
    except KeyReused as error:
        raise invalid(error.message, field="Idempotency-Key", fix=error.fix or None) from None
    except WatchBusy as error:
        raise unavailable(error.message, fix=error.fix or None, seconds=1) from None
    except WatchFailed as error:
        raise unavailable(error.message, fix=error.fix or None) from None
    if receipt is None:
        raise _make_no_log_error()
    return Accepted(receipt.records, receipt.problems, size, receipt.id)


def _store(
    call: ApiCall, held: RequestBuffer, pieces: list[bytes], *, is_packed: bool, source: str, key: str | None
) -> IngestReceipt | None:
    """Wait until the records are on disk.

    None for a body that contains neither records nor a valid empty export.
    """
    # Count expanded bytes as they come: many bodies, each within its limit, could together exceed the memory.
    content = expand_gzip(pieces, EXPANDED_BYTES, held.take) if is_packed else b"".join(pieces)
    pieces.clear()
    receipt: IngestReceipt = call.context.service.ingest(content, source=source, key=key)
    is_blank = not content or content.isspace()
    return receipt if receipt.records or is_blank or is_empty_table(content) else None


def _token(request: Request) -> bytes:
    """Return the bearer token. Raises `ApiError` (401) without a reason."""
    given = request.headers.getlist("authorization")
    scheme, _, text = given[0].partition(" ") if len(given) == 1 else ("", "", "")
    if scheme.lower() != "bearer" or not _TOKEN.fullmatch(text.strip()):
        raise _unknown_token()
    return text.strip().encode("ascii")


def _find_token_name(call: ApiCall, state: IngestState, token: bytes, digest: bytes) -> str:
    """Return the name of a valid token.

    The database compares digests of 32 random bytes, so its timing reveals nothing.
    """
    with call.context.database.reading() as work:
        found = work.ingest_tokens.find(token)
    if found is None:
        raise _unknown_token()
    if state.remember_token(digest, found.name, call.now):
        with suppress(SeawallError), call.context.database.writing() as work:
            work.ingest_tokens.used(found.name, at=call.now)
    return found.name


def _is_gzip(request: Request) -> bool:
    """Return whether the body is gzip. Raises `ApiError` (415) for any other encoding or content type."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in _KINDS:
        raise _make_unsupported(
            "the body must be records, one on a line", "send Content-Type: application/x-ndjson"
        )
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in {"identity", "gzip", "x-gzip", ""}:
        raise _make_unsupported("the body is compressed in a way that is not read", "gzip, or not at all")
    return encoding.endswith("gzip")


def _key(request: Request, name: str) -> str | None:
    """Return the request's idempotency key, which is scoped to its token."""
    given = request.headers.getlist("idempotency-key")
    if not given:
        return None
    if len(given) > 1 or not _KEY.fullmatch(given[0]):
        raise bad_request(
            "the Idempotency-Key has 1 to 200 visible ASCII characters",
            field="Idempotency-Key",
            fix="use a UUID",
        )
    return f"{name}\n{given[0]}"


async def _read(request: Request, held: RequestBuffer) -> list[bytes]:
    """Return the pieces of the body. Raises `ApiError`: 408, 413 or 429."""
    declared = request.headers.get("content-length")
    if declared is not None and (not declared.isdecimal() or int(declared[:12]) > BODY_BYTES):
        raise _too_large()
    pieces, size = [], 0
    try:
        async with asyncio.timeout(SECONDS):
            async for piece in request.stream():
                size += len(piece)
                if size > BODY_BYTES:
                    raise _too_large()
                held.take(len(piece))
                pieces.append(piece)
    except TimeoutError:
        raise ApiError(
            408, "too-slow", f"the body did not come within {SECONDS:.0f} s", headers={"connection": "close"}
        ) from None
    return pieces


def _too_large() -> ApiError:
    return ApiError(
        413,
        "too-large",
        f"the body is larger than {BODY_BYTES:,} bytes",
        fix="send fewer records in one request, or compress the body",
        headers={"connection": "close"},
    )


def _make_no_log_error() -> ApiError:
    """Build the refusal of a body that is no log.

    It differs from that of a log with broken lines: the sender probably sends the wrong file.
    """
    return ApiError(
        422,
        "not-a-log",
        "the body holds no log that Seawall reads, or too many records",
        fix="check the output of your collector; do not send this body again",
    )


def _make_unsupported(words: str, fix: str) -> ApiError:
    return ApiError(415, "unsupported-media-type", words, fix=fix)


def _unknown_token() -> ApiError:
    return ApiError(
        401,
        "token-required",
        "the request needs an ingest token",
        fix="create a token in the console's settings, and send it as Authorization: Bearer TOKEN",
        headers={"www-authenticate": 'Bearer realm="seawall"'},
    )


def close_ingest(context: ConsoleContext) -> None:
    """Discard the ingest state."""
    state: Any = context.notes.get("ingest")
    if state is not None:
        state.close()


ENDPOINTS: Final = (
    Endpoint(
        method="POST",
        path="/api/ingest",
        handle=ingest_records,
        role=None,
        tenants="none",
        summary="Take records: JSON on lines, as it was logged, of any shape that a scan reads",
        group="ingest",
        query=IngestQuery,
        answer=Accepted,
        status=202,
        raw=True,
        codes=((401, "token-required"), (404, "not-found"), (422, "not-a-log"), (429, "too-many-requests")),
    ),
)
