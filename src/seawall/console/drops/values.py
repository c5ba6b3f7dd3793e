"""The values that the API gives out about dropped exports."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from seawall.console.data.incident_values import Count

DropState = Literal["receiving", "reading", "ready", "failed"]
"""`receiving`: files arrive. `reading`: they are read and judged. `ready`: its pages show all of it."""

FileName = Annotated[str, Meta(min_length=1, max_length=1_000)]


class NewDrop(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The names of the files that will be sent, and their bytes in all."""

    names: Annotated[list[FileName], Meta(min_length=1, max_length=100)]
    bytes: Annotated[int, Meta(ge=0, le=1 << 50)]


class DropFileQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The name that the sender gives the file."""

    name: FileName


class DroppedFile(msgspec.Struct, frozen=True):
    """One file that arrived. `refused` is the reason why none of it is read, None if it is."""

    name: str
    bytes: Count
    sha256: str
    refused: str | None = None


class DroppedSource(msgspec.Struct, frozen=True):
    """What was understood: records of one kind, of one organisation."""

    kind: str
    tenant: str
    records: Count


class DroppedProblem(msgspec.Struct, frozen=True):
    """What could not be read: how many records or files, with the reason and place of one of them."""

    code: str
    count: Count
    reason: str
    file: str


class DroppedExport(msgspec.Struct, frozen=True):
    """An export that was dropped, and how far it was read.

    `bytes_expected` was announced, `bytes_received` arrived, `bytes_read` of them were read. `records` are events, duplicates,
    problems, and those that are not judged yet. `incidents` are raised ones, `first_incident` the one that is shown first.
    `path` begins the addresses of its pages and API. `fault` says why it failed. `seconds` have passed since the first byte.
    """

    id: str
    name: str
    state: DropState
    path: str
    begun_at: str
    seconds: float
    bytes_expected: Count
    bytes_received: Count
    bytes_read: Count
    records: Count
    events: Count
    duplicates: Count
    problems: Count
    files: list[DroppedFile]
    sources: list[DroppedSource]
    refused: list[DroppedProblem]
    incidents: Count
    first_incident: str | None
    fault: str | None
    fix: str | None


class DroppedExports(msgspec.Struct, frozen=True):
    """All exports that are open, the latest first. `may_drop`: another one may be dropped at this machine at all."""

    items: list[DroppedExport]
    may_drop: bool
    most_bytes: Count
    most_exports: Count
