"""Write results as Delta tables beside the files of a scan: incidents, evidence, coverage, and events."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
from deltalake import DeltaTable, Schema, write_deltalake
from deltalake.transaction import AddAction, RemoveAction, create_table_with_add_actions

from seawall.detection.coverage_note import CoverageNote
from seawall.detection.incident import Incident
from seawall.events.event import ENRICHED_SCHEMA
from seawall.spark.lake import TABLES
from seawall.spark.rows import LakeRow
from seawall.storage.files.incident_documents import incident_line
from seawall.storage.files.merged_events import EVENTS as EVENTS_FILE
from seawall_base import private_files

_TIME = pa.timestamp("us", "UTC")
INCIDENTS: Final = pa.schema(
    [
        ("id", pa.string()), ("tenant", pa.string()), ("account", pa.string()), ("kind", pa.string()),
        ("severity", pa.string()), ("score", pa.float64()), ("chance", pa.float64()), ("raised", pa.bool_()),
        ("detected_at", _TIME), ("first_event", _TIME), ("last_event", _TIME), ("title", pa.string()),
        ("summary", pa.string()), ("family", pa.string()), ("attack", pa.string()), ("document", pa.string()),
    ]
)  # fmt: skip
"""Columns of the table of incidents; `document` is the incident's line of `incidents.jsonl`."""

EVIDENCE: Final = pa.schema(
    [
        ("incident", pa.string()), ("place", pa.int32()), ("layer", pa.string()), ("aspect", pa.string()),
        ("text", pa.string()), ("weight", pa.float64()), ("value", pa.string()),
    ]
)  # fmt: skip
"""Columns of the table of evidence: the reasons of each incident, in order."""

COVERAGE: Final = pa.schema(
    [
        ("tenant", pa.string()), ("source", pa.string()), ("code", pa.string()), ("start", _TIME), ("end", _TIME),
        ("text", pa.string()), ("account", pa.string()),
    ]
)  # fmt: skip
"""Columns of the table of coverage."""

EVENTS: Final = pa.schema(
    [
        *(
            (field.name, pa.string() if pa.types.is_dictionary(field.type) else field.type)
            for field in ENRICHED_SCHEMA
        ),
        ("score", pa.float32()),
        ("month", pa.string()),
        ("shelf", pa.int32()),
    ]
)
"""Columns of the table of events: those of `events.parquet`, and the partition."""

PARTITION: Final = ["month", "shelf"]


def write_tables(
    out: Path, incidents: Sequence[Incident], coverage: Iterable[CoverageNote], files: Iterable[LakeRow]
) -> None:
    """Bring the tables of a folder of results to the present results; what is the same is not written again.

    `files` are rows of the files that now hold the events of each shelf. A stop between two tables leaves earlier contents,
    and the next scan goes on from there.
    """
    folder = out / TABLES
    private_files.make_folder(folder)
    _write_events(folder / "events", files, out / EVENTS_FILE)
    _merge(folder / "incidents", _list_incidents(incidents), ("id",))
    _merge(folder / "evidence", _list_evidence(incidents), ("incident", "place"))
    _merge(folder / "coverage", _list_coverage(coverage), tuple(COVERAGE.names))


def _list_incidents(incidents: Iterable[Incident]) -> pa.Table:
    rows = [
        {
            **{name: getattr(one, name) for name in INCIDENTS.names if name != "document"},
            "severity": str(one.severity),
            "kind": str(one.kind),
            "document": incident_line(one).decode().rstrip("\n"),
        }
        for one in incidents
    ]
    return pa.Table.from_pylist(rows, INCIDENTS)


def _list_evidence(incidents: Iterable[Incident]) -> pa.Table:
    rows = [
        {
            "incident": one.id,
            "place": place,
            "layer": str(reason.layer),
            "aspect": str(reason.aspect),
            "text": reason.text,
            "weight": reason.weight,
            "value": None if reason.value is None else str(reason.value),
        }
        for one in incidents
        for place, reason in enumerate(one.reasons, 1)
    ]
    return pa.Table.from_pylist(rows, EVIDENCE)


def _list_coverage(coverage: Iterable[CoverageNote]) -> pa.Table:
    rows = [{name: getattr(note, name) for name in COVERAGE.names} for note in coverage]
    return pa.Table.from_pylist(rows, COVERAGE)


def _merge(place: Path, rows: pa.Table, keys: Sequence[str]) -> None:
    """Make a table hold these rows: new ones are inserted, changed ones updated by their keys, others deleted."""
    if not DeltaTable.is_deltatable(str(place)):
        write_deltalake(str(place), rows)
        return
    table = DeltaTable(str(place))
    if _sort(table.to_pyarrow_table().select(rows.column_names).cast(rows.schema)).equals(_sort(rows)):
        return
    same = " AND ".join(f'(t."{name}" = s."{name}")' for name in keys)
    differs = " OR ".join(f'(t."{name}" IS DISTINCT FROM s."{name}")' for name in rows.column_names)
    merging = table.merge(rows, same, source_alias="s", target_alias="t")
    merging = merging.when_matched_update_all(differs).when_not_matched_insert_all()
    merging.when_not_matched_by_source_delete().execute()


def _sort(table: pa.Table) -> pa.Table:
    return table.sort_by([(name, "ascending") for name in table.column_names]).combine_chunks()


def _write_events(place: Path, files: Iterable[LakeRow], file: Path) -> None:
    """Make the table of events hold exactly these files, in one version. Before it changes, an events file is removed."""
    wanted = {row.names[0]: row for row in files}
    schema = Schema.from_arrow(EVENTS)
    if not DeltaTable.is_deltatable(str(place)):
        file.unlink(missing_ok=True)
        added: list[AddAction] = [_describe(place, row) for row in wanted.values()]
        create_table_with_add_actions(str(place), schema, added, mode="error", partition_by=PARTITION)
        return
    table = DeltaTable(str(place))
    present = {_name(uri): uri for uri in table.file_uris()}
    actions: list[AddAction | RemoveAction] = [
        _describe(place, row) for name, row in wanted.items() if name not in present
    ]
    removed_at = time.time_ns() // 1_000_000
    actions += [
        RemoveAction(name, data_change=True, deletion_timestamp=removed_at)
        for name in present
        if name not in wanted
    ]
    if actions:
        file.unlink(missing_ok=True)
        table.create_write_transaction(actions, "append", schema, partition_by=PARTITION)


def _name(uri: str) -> str:
    """Return the name of a file in its table: month and file."""
    return "/".join(uri.split("/")[-2:])


def _describe(place: Path, row: LakeRow) -> AddAction:
    name, month = row.names
    status = (place / name).stat()
    statistics: dict[str, Any] = {"numRecords": row.rows}
    return AddAction(
        name,
        status.st_size,
        {"month": month, "shelf": str(row.shelf)},
        status.st_mtime_ns // 1_000_000,
        True,
        json.dumps(statistics),
    )
