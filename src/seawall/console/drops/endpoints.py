"""`/api/drops`: take in an export that somebody drops onto a page, say how far it was read, and close it."""

from __future__ import annotations

import asyncio
import concurrent.futures
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Final

from seawall.console.api_error import ApiError, conflict, invalid, not_found, unavailable
from seawall.console.drops.dropped_store import MOST_BYTES, DroppedStore
from seawall.console.drops.presentation import dropped_export
from seawall.console.drops.shelf import MOST_EXPORTS, drop_shelf
from seawall.console.drops.values import DropFileQuery, DroppedExport, DroppedExports, DroppedFile, NewDrop
from seawall.console.drops.views import close_view
from seawall.console.endpoint import ApiCall, Endpoint
from seawall.console.openapi import BYTES
from seawall_base.errors import InputUnreadable, OutputUnwritable
from seawall_base.safe_text import visible

if TYPE_CHECKING:
    pass

IDLE_SECONDS: Final = 60.0
"""Seconds in which some of the file must arrive."""

_FILE_SECONDS: Final = 24 * 3600.0
_MISSING: Final = (404, "not-found")
_CONFLICT: Final = (409, "conflict")


def list_drops(call: ApiCall) -> DroppedExports:
    """List the open exports."""
    may_drop = _may_drop(call)
    shelf = drop_shelf(call.context)
    items = [dropped_export(one) for one in shelf.all()] if may_drop else []
    return DroppedExports(items, may_drop, MOST_BYTES, MOST_EXPORTS)


def begin_drop(call: ApiCall) -> DroppedExport:
    """Begin an export; its files follow one by one."""
    _check_place(call)
    asked: NewDrop = call.body
    if asked.bytes > MOST_BYTES:
        raise _too_large()
    names = [visible(name, 200) for name in asked.names]
    drop = drop_shelf(call.context).begin(names, asked.bytes)
    with call.context.database.writing() as work:
        call.note(work, "drop-begun", drop.name, export=drop.id, files=len(names), bytes=asked.bytes)
    return dropped_export(drop)


async def receive_dropped_file(call: ApiCall) -> DroppedFile:
    """Stream one file onto the disk. Whoever sends it cancels by closing the connection."""
    _check_place(call)
    drop = drop_shelf(call.context).find(call.path["id"])
    if drop.state != "receiving":
        raise conflict("the export takes no more files", fix="drop the file anew")
    kind = call.request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != BYTES:
        raise ApiError(
            415,
            "unsupported-media-type",
            "the body must be the file itself",
            fix=f"send Content-Type: {BYTES}",
        )
    chunks = _take_chunks(call.request.stream(), asyncio.get_running_loop(), drop)
    try:
        return await asyncio.to_thread(drop.receive, chunks, call.query.name)
    except InputUnreadable as error:
        if "larger" in error.message:
            raise _too_large() from None
        raise invalid(error.message, fix=error.fix or None) from None
    except OutputUnwritable:
        raise unavailable(
            "the file could not be kept: the disk of temporary files is nearly full, or cannot be written",
            fix="free some space, or start `seawall serve` with TMPDIR on another disk",
        ) from None


def read_drop(call: ApiCall) -> DroppedExport:
    """Have an export read, now that all of its files have arrived."""
    _check_place(call)
    drop = drop_shelf(call.context).find(call.path["id"])
    if drop.state != "receiving":
        raise conflict("the export is being read already")
    try:
        drop.read()
    except InputUnreadable as error:
        drop.fail(error)
    with call.context.database.writing() as work:
        files = [
            {"name": one.name, "bytes": one.bytes, "sha256": one.sha256, "refused": one.refused or ""}
            for one in drop.files
        ]
        call.note(work, "drop-read", drop.name, export=drop.id, files=files)
    return dropped_export(drop)


def show_drop(call: ApiCall) -> DroppedExport:
    """Say how far an export was read."""
    _check_place(call)
    return dropped_export(drop_shelf(call.context).find(call.path["id"]))


def close_drop(call: ApiCall) -> None:
    """Close an export, and delete everything about it; while it is read, this cancels it."""
    _check_place(call)
    shelf = drop_shelf(call.context)
    drop = shelf.find(call.path["id"])
    with call.context.database.writing() as work:
        call.note(work, "drop-closed", drop.name, export=drop.id, state=drop.state)
    close_view(call.context, drop.id)
    shelf.close(drop.id)


def _may_drop(call: ApiCall) -> bool:
    return call.context.settings.may_drop and call.who.user is None


def _check_place(call: ApiCall) -> None:
    """Raise `ApiError` (404) unless the user at this machine asks a console that only this machine reaches."""
    if not _may_drop(call):
        raise not_found("dropping of exports at this console")


def _too_large() -> ApiError:
    return ApiError(
        413,
        "too-large",
        f"an export may have at most {MOST_BYTES:,} bytes",
        fix="scan it with `seawall scan`",
    )


def _take_chunks(
    stream: AsyncIterator[bytes], loop: asyncio.AbstractEventLoop, drop: DroppedStore
) -> Iterator[bytes]:
    """Yield what arrives, in another thread than the loop's. Raises `ApiError` when nothing comes, or the export was closed."""

    async def take_next() -> bytes | None:
        async for chunk in stream:
            return chunk
        return None

    while True:
        coming = asyncio.run_coroutine_threadsafe(take_next(), loop)
        try:
            chunk = coming.result(IDLE_SECONDS)
        except concurrent.futures.TimeoutError:
            coming.cancel()
            raise ApiError(
                408, "too-slow", f"nothing came for {IDLE_SECONDS:.0f} s", headers={"connection": "close"}
            ) from None
        if drop.is_closing:
            raise conflict("the export was closed")
        if chunk is None:
            return
        yield chunk


ENDPOINTS: Final = (
    Endpoint(
        method="GET",
        path="/api/drops",
        handle=list_drops,
        role="viewer",
        tenants="all",
        summary="The exports that were dropped onto a page, and are still open",
        group="drops",
        answer=DroppedExports,
    ),
    Endpoint(
        method="POST",
        path="/api/drops",
        handle=begin_drop,
        role="analyst",
        tenants="all",
        summary="Begin to drop an export; its files follow one by one",
        group="drops",
        body=NewDrop,
        answer=DroppedExport,
        status=201,
        codes=(_MISSING, _CONFLICT, (413, "too-large")),
    ),
    Endpoint(
        method="POST",
        path="/api/drops/{id}/files",
        handle=receive_dropped_file,
        role="analyst",
        tenants="all",
        summary="Send one file of a dropped export as it is",
        group="drops",
        query=DropFileQuery,
        answer=DroppedFile,
        status=201,
        seconds=_FILE_SECONDS,
        is_streamed=True,
        codes=(_MISSING, _CONFLICT, (408, "too-slow"), (413, "too-large"), (415, "unsupported-media-type")),
    ),
    Endpoint(
        method="POST",
        path="/api/drops/{id}/read",
        handle=read_drop,
        role="analyst",
        tenants="all",
        summary="Have a dropped export read, now that all of its files have arrived",
        group="drops",
        answer=DroppedExport,
        codes=(_MISSING, _CONFLICT),
    ),
    Endpoint(
        method="GET",
        path="/api/drops/{id}",
        handle=show_drop,
        role="viewer",
        tenants="all",
        summary="How far a dropped export was read, what was understood and what was refused",
        group="drops",
        answer=DroppedExport,
        codes=(_MISSING,),
    ),
    Endpoint(
        method="DELETE",
        path="/api/drops/{id}",
        handle=close_drop,
        role="analyst",
        tenants="all",
        summary="Cancel or close a dropped export, and delete everything about it",
        group="drops",
        seconds=60.0,
        codes=(_MISSING,),
    ),
)
