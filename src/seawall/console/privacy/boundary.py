"""The one place through which every request and every response of the API passes, where names become pseudonyms."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec
from starlette.responses import FileResponse, Response, StreamingResponse

from seawall.console.api_error import ApiError, forbidden
from seawall.console.endpoint import JSON, Endpoint, Visitor
from seawall.console.error_responses import api_error_response
from seawall.console.privacy.name_view import NameView, ShownCodes
from seawall.console.privacy.pseudonyms import Pseudonyms
from seawall.console.privacy.reveals import Reveals
from seawall.console.privacy.settings import PrivacySettings, load_privacy
from seawall.storage.lake.narrowed import place_of
from seawall.storage.lake.person_names import LakeNames, NamesInLake
from seawall_base.json_text import encode_json
from seawall_base.person_names import ADDRESS, KnownNames

if TYPE_CHECKING:
    from seawall.console.context import ConsoleContext
    from seawall.storage.database import Transaction

NOTE: Final = "privacy"
OWN_GROUPS: Final = frozenset({"session", "sign-in", "me", "users", "api"})
"""Groups of routes that name the console's own users and no others; the document of the API names nobody."""

LOOK_SECONDS: Final = 10.0
"""Seconds after which the lake is looked through for new names; addresses are recognised without that."""

_STREAM: Final = "text/event-stream"
_TEXTS: Final = ("text/csv", "text/html", "text/plain", "application/x-ndjson", "text/markdown")
_MOST_INCIDENTS: Final = 1_000_000
_OF_CONTENT: Final = frozenset({"content-length", "etag", "last-modified"})
_NO_NAMES: Final = NamesInLake(frozenset(), frozenset())


class PrivacyBoundary:
    """Give each visitor the view of names that his role has. Threads may share an instance."""

    def __init__(self, context: ConsoleContext, literals: frozenset[str] = frozenset()) -> None:
        """Take the values that the API itself names, which stay although an account may be called so."""
        self._context = context
        self._literals = literals
        self.pseudonyms = Pseudonyms(context.key)
        self.reveals = Reveals()
        self._shown = ShownCodes()
        self._lake_names = None if context.lake is None else LakeNames(place_of(context.lake))
        self._lock = threading.Lock()
        self._settings = PrivacySettings()
        self._revision = -1
        self._looked_at: int | None = None
        self._in_incidents: set[str] = set()
        self._known: frozenset[str] = frozenset()
        self._names = KnownNames(())
        self._codes: dict[str, str] = {}

    def learn(self, work: Transaction, now: int) -> None:
        """Read the settings, and the names too if anybody sees pseudonyms."""
        self._settings = load_privacy(work)
        if self._settings.pseudonyms_for:
            self.learn_names(work, now)

    def learn_names(self, work: Transaction, now: int) -> None:
        """Read the names that are new since the last look."""
        with self._lock:
            self._read_incidents(work)
            self._read_names(now)

    def look(self, visitor: Visitor | None, endpoint: Endpoint) -> NameView | None:
        """Return the names as a visitor sees them at a route, None if he sees them as they are."""
        if visitor is None or endpoint.group in OWN_GROUPS or endpoint.raw:
            return None
        if not self.hides_names(visitor):
            return None
        revealed = {
            one.name.casefold() for one in self.reveals.list_active(visitor.name, self._context.clock())
        }
        return self.make_view(frozenset({visitor.name.casefold(), *revealed}))

    def make_view(self, revealed: frozenset[str] = frozenset()) -> NameView:
        """Return a view that hides every name but the revealed ones, as of the last `learn_names`."""
        return NameView(
            names=self._names,
            codes=self._codes,
            shown=self._shown,
            pseudonyms=self.pseudonyms,
            literals=self._literals,
            revealed=revealed,
        )

    def hides_names(self, visitor: Visitor) -> bool:
        """Return whether a visitor sees pseudonyms, as of the last `learn`."""
        return visitor.role in self._settings.pseudonyms_for

    def is_person(self, name: str) -> bool:
        """Return whether a name is a person's that is known, or whose pseudonym was shown."""
        code = self.pseudonyms.code_of(name)
        return (self._codes.get(code) or self._shown.get(code) or "").casefold() == name.casefold()

    def _read_names(self, now: int) -> None:
        is_late = self._looked_at is None or abs(now - self._looked_at) > LOOK_SECONDS * 1_000_000
        if not is_late and self._in_incidents <= self._known:
            return
        self._looked_at = now
        in_lake = _NO_NAMES if self._lake_names is None else self._lake_names.all()
        known = in_lake.persons | (self._in_incidents - in_lake.programs)
        if known != self._known:
            self._names = KnownNames(known, self._list_object_ids())
            self._codes = self._names.list_codes(self.pseudonyms.code_of)
        self._known = known | self._in_incidents

    def _list_object_ids(self) -> dict[str, str]:
        lake = self._context.lake
        tenants = [] if lake is None else lake.tenants()
        return (
            {} if lake is None else {uid: name for one in tenants for uid, name in lake.names_of(one).items()}
        )

    def _read_incidents(self, work: Transaction) -> None:
        """Learn the names in the incidents that changed since the last look."""
        revision = work.incidents.revision()
        if revision == self._revision:
            return
        for _, id_ in work.incidents.changed_after(self._revision, limit=_MOST_INCIDENTS):
            incident = work.incidents.get(id_)
            if incident is not None:
                text = encode_json(incident).decode("utf-8", "replace")
                persons = {incident.account, *incident.mailboxes, *incident.related}
                self._in_incidents |= persons | set(ADDRESS.findall(text))
        self._revision = revision


async def hide_response(look: Callable[[], NameView | None], response: Response) -> Response:
    """Return a response with pseudonyms in place of names. A form that cannot be rewritten is refused.

    `look` returns the view of names; a stream asks it for each piece.
    """
    media = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if isinstance(response, StreamingResponse) and media == _STREAM:
        return _hide_stream(look, response)
    view = look()
    if view is None:
        return response
    if response.status_code == 204:
        return response
    if media != JSON and media not in _TEXTS:
        return api_error_response(_make_refusal())
    hide = partial(_hide_json if media == JSON else _hide_bytes, view)
    if isinstance(response, StreamingResponse):
        content = b"".join([_encode(piece) async for piece in response.body_iterator])
    elif isinstance(response, FileResponse):
        content = await asyncio.to_thread(_read_file, response)
    else:
        content = bytes(response.body)
    kept = {name: value for name, value in response.headers.items() if name not in _OF_CONTENT}
    return Response(await asyncio.to_thread(hide, content) if content else b"", response.status_code, kept)


def read_names(content: bytes, view: NameView | None) -> bytes:
    """Return the body of a request with names in place of pseudonyms; one that is no JSON stays as it is."""
    if view is None or not content:
        return content
    try:
        return encode_json(view.read_value(msgspec.json.decode(content)))
    except (msgspec.DecodeError, ValueError):
        return content


def _encode(piece: str | bytes | memoryview) -> bytes:
    return piece.encode("utf-8") if isinstance(piece, str) else bytes(piece)


def _read_file(response: FileResponse) -> bytes:
    return Path(response.path).read_bytes()


def _hide_json(view: NameView, content: bytes) -> bytes:
    return encode_json(view.hide_values(msgspec.json.decode(content)))


def _hide_bytes(view: NameView, content: bytes) -> bytes:
    text = content.decode("utf-8", "surrogateescape")
    return "".join(map(view.hide_text, text.splitlines(keepends=True))).encode("utf-8", "surrogateescape")


def _hide_stream(look: Callable[[], NameView | None], response: StreamingResponse) -> Response:
    inner = response.body_iterator

    async def pieces() -> AsyncIterator[bytes]:
        async for piece in inner:
            content, view = _encode(piece), look()
            yield content if view is None else await asyncio.to_thread(_hide_event, view, content)

    response.body_iterator = pieces()
    return response


def _hide_event(view: NameView, content: bytes) -> bytes:
    """Rewrite server-sent events: the JSON of each `data:` line."""
    lines = content.split(b"\n")
    return b"\n".join(
        b"data: " + _hide_json(view, line[5:]) if line.startswith(b"data:") else line for line in lines
    )


def check_media(endpoint: Endpoint) -> None:
    """Raise `ApiError` for a route whose answers cannot be rewritten, such as a ZIP file."""
    if endpoint.media not in (JSON, _STREAM, *_TEXTS):
        raise _make_refusal()


def _make_refusal() -> ApiError:
    return forbidden(
        "this file names persons, and you see pseudonyms",
        code="pseudonyms",
        fix="ask somebody who sees names to make it",
    )


def get_boundary(notes: dict[str, Any]) -> PrivacyBoundary:
    """Return the application's boundary from the context's notes."""
    found: PrivacyBoundary = notes[NOTE]
    return found
