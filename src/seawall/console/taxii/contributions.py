"""Take objects that another organisation adds: each by itself, and only indicators that Seawall itself could read."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from starlette.requests import Request

from seawall.console.taxii.answers import KIND, MEDIA, TaxiiRefused, added_text
from seawall.console.taxii.collections import TaxiiCollection
from seawall.response.exchange.lone_surrogates import replace_lone_escapes
from seawall.response.exchange.reading import read_objects
from seawall.storage.database import Database
from seawall.storage.database.exchange_collections import CollectionObject, RefusalReason
from seawall.storage.database.exchange_tokens import ExchangeToken
from seawall_base.times import parse_rfc3339

BODY_BYTES: Final = 4 * 1024 * 1024
MOST_AT_ONCE: Final = 1_000
SECONDS: Final = 30.0
LARGEST_CONTRIBUTION: Final = 8 * 1024
_SHOWN_ID: Final = 60
_REFUSALS: Final[dict[RefusalReason, str]] = {
    "ended": "Its validity has ended",
    "foreign": "The id is another contributor's",
    "full": "There is no room for more objects",
}


class _Addition(msgspec.Struct, frozen=True):
    objects: list[msgspec.Raw]


class _Named(msgspec.Struct, frozen=True):
    id: str = ""
    modified: str = ""


async def read_addition(request: Request) -> bytes:
    """Return the body of a request that adds objects. Raises `TaxiiRefused` (408, 413, 415)."""
    kind, _, parameters = request.headers.get("content-type", "").partition(";")
    is_known = parameters.replace(" ", "").lower() in ("", "version=2.1")
    if (
        kind.strip().lower() != KIND
        or not is_known
        or request.headers.get("content-encoding", "identity") != "identity"
    ):
        raise TaxiiRefused(415, f"The body must be {MEDIA}, not compressed")
    content = bytearray()
    try:
        async with asyncio.timeout(SECONDS):
            async for piece in request.stream():
                content += piece
                if len(content) > BODY_BYTES:
                    raise TaxiiRefused(413, "The body is too large", {"connection": "close"})
    except TimeoutError:
        raise TaxiiRefused(408, "The body did not come in time", {"connection": "close"}) from None
    return bytes(content)


def add_contribution(
    database: Database, collection: TaxiiCollection, token: ExchangeToken, body: bytes, now: int
) -> dict[str, Any]:
    """Add the objects of a body, note it in the audit trail, and return the status. Raises `TaxiiRefused` (413, 422)."""
    try:
        asked = msgspec.json.decode(replace_lone_escapes(body), type=_Addition).objects
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise TaxiiRefused(422, "The body is no envelope with objects") from None
    if len(asked) > MOST_AT_ONCE:
        raise TaxiiRefused(413, f"A request adds at most {MOST_AT_ONCE} objects")
    accepted: list[CollectionObject] = []
    failures: list[dict[str, str]] = []
    for raw in asked:
        found = _read(raw, token, now)
        if isinstance(found, CollectionObject):
            accepted.append(found)
        else:
            failures.append(found)
    with database.writing() as work:
        addition = work.collection_objects.add(collection.name, accepted, now)
        refused = len(failures) + len(addition.refused)
        details = {"collection": collection.name, "added": addition.added, "refused": refused}
        work.audit.append(
            at=now, actor=token.name, action="indicators-contributed", subject=token.name, details=details
        )
    unwanted = {(one.id, one.version) for one, _ in addition.refused}
    named = [{"id": one.id, "version": one.version} for one in accepted]
    successes = [one for one in named if (one["id"], one["version"]) not in unwanted]
    for one, why in addition.refused:
        failures.append({"id": one.id, "version": one.version, "message": _REFUSALS[why]})
    return {
        "id": str(uuid.uuid4()),
        "status": "complete",
        "request_timestamp": added_text(now),
        "total_count": len(asked),
        "success_count": len(successes),
        "successes": successes,
        "failure_count": len(failures),
        "failures": failures,
        "pending_count": 0,
    }


def _read(raw: msgspec.Raw, token: ExchangeToken, now: int) -> CollectionObject | dict[str, str]:
    """Return an object to add, or the failure to report. Its JSON stays as it came."""
    named = _name(raw)
    if len(bytes(raw)) > LARGEST_CONTRIBUTION:
        return {**named, "message": "Left out: larger than an object may be here"}
    found = read_objects([raw], token.name, now)
    try:
        msgspec.json.decode(bytes(raw))  # all of it, beyond what was read
        text, version = bytes(raw).decode("utf-8"), parse_rfc3339(named["version"])
    except (ValueError, OverflowError, RecursionError):
        return {**named, "message": "Left out: no STIX object with a version"}
    if found.indicators:
        one = found.indicators[0]
        return CollectionObject(one.id, named["version"], one.modified, text, token.name, one.end)
    if found.revoked:
        return CollectionObject(found.revoked[0], named["version"], version, text, token.name)
    return {**named, "message": f"Left out: {next(iter(found.left_out), 'no indicator')}"}


def _name(raw: msgspec.Raw) -> dict[str, str]:
    """Return id and version of an object for a report, as far as it has them; foreign text is kept short."""
    try:
        named: Mapping[str, Any] = msgspec.to_builtins(msgspec.json.decode(bytes(raw), type=_Named))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        named = {}
    return {"id": str(named.get("id", ""))[:_SHOWN_ID], "version": str(named.get("modified", ""))[:_SHOWN_ID]}
