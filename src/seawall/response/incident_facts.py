"""Read, from the events of a scan, how an incident's sign-ins were authenticated and what vendors say about its account."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from seawall.detection.incident import Incident
from seawall.detection.incidents.cases import INCIDENT_WINDOW_DAYS
from seawall.detection.incidents.vendor_statements import describe_statement
from seawall.response.sign_in_facts import describe_sign_in
from seawall.storage.files.events_place import list_events_files
from seawall_base.errors import InputUnreadable

MOST_STATEMENTS: Final = 100
_DAY: Final = 86_400_000_000
_SOUGHT: Final = ("metadata_uid", "org_uid", "account", "kind", "time")
_SHOWN: Final = ("kind", "time", "auth_method", "parameters", "unmapped")


@dataclass(frozen=True, slots=True)
class IncidentFacts:
    """Hold facts about an incident's sign-ins with the number of records, and statements of vendors with their time.

    `requests` are the first requests (`originalRequestId`) that these sign-ins continue, with the number of records. Times
    are in microseconds since 1970.
    """

    sign_ins: tuple[tuple[str, int], ...] = ()
    requests: tuple[tuple[str, int], ...] = ()
    statements: tuple[tuple[int, str], ...] = ()


def read_facts(path: Path, incident: Incident) -> IncidentFacts:
    """Return the facts from an events file or a table of events. Statements are those of the days around the incident.

    Raises InputUnreadable, and MissingExtra for a table without the package `deltalake`.
    """
    sign_ins, requests = Counter[str](), Counter[str]()
    statements = set[tuple[int, str]]()
    try:
        rows = (row for file in list_events_files(path) for row in _read_rows(file, incident))
        for row in rows:
            if row["kind"] == "vendor_alert":
                text = describe_statement(row["parameters"])
                if text and len(statements) < MOST_STATEMENTS:
                    statements.add((row["time"], text))
                continue
            sign_ins[describe_sign_in(row["auth_method"], row["parameters"])] += 1
            if first := _find_first_request(row["unmapped"]):
                requests[first] += 1
    except (OSError, pa.ArrowException) as error:
        raise InputUnreadable(
            f"{path}: no events file", fix="give --out DIR, a folder that a scan wrote"
        ) from error
    return IncidentFacts(_order(sign_ins), _order(requests), tuple(sorted(statements)))


def _read_rows(path: Path, incident: Incident) -> Iterator[dict[str, Any]]:
    """Yield the incident's sign-ins, and the statements about its account. Texts are read only where some are found."""
    wanted = pa.array(incident.events, pa.string())
    around = INCIDENT_WINDOW_DAYS * _DAY
    with pq.ParquetFile(path) as file:
        names = file.schema_arrow.names
        shown = [name for name in _SHOWN if name in names]
        if not set(_SOUGHT) <= set(names):
            return
        for number in range(file.num_row_groups):
            group = file.read_row_group(number, columns=list(_SOUGHT))
            times = group["time"].cast(pa.int64())
            is_near = pc.and_(
                pc.greater_equal(times, incident.first_event - around),
                pc.less_equal(times, incident.last_event + around),
            )
            is_sign_in = pc.and_(
                pc.equal(group["kind"], "sign_in"),
                pc.is_in(group["metadata_uid"].cast(pa.string()), value_set=wanted),
            )
            is_said = pc.and_(
                pc.and_(
                    pc.equal(group["kind"], "vendor_alert"), pc.equal(group["account"], incident.account)
                ),
                pc.equal(group["org_uid"], incident.tenant),
            )
            chosen = pc.fill_null(pc.and_(is_near, pc.or_kleene(is_sign_in, is_said)), False)
            if not pc.any(chosen).as_py():
                continue
            found = file.read_row_group(number, columns=shown).filter(chosen)
            found = found.set_column(found.column_names.index("time"), "time", found["time"].cast(pa.int64()))
            for row in found.to_pylist():
                yield {**dict.fromkeys(_SHOWN), **row}


def _find_first_request(unmapped: Any) -> str | None:
    try:
        held = json.loads(unmapped or "")
    except (ValueError, RecursionError):
        return None
    values = held.items() if isinstance(held, dict) else ()
    return next(
        (
            text
            for name, text in values
            if name.lower() == "originalrequestid" and isinstance(text, str) and text
        ),
        None,
    )


def _order(found: Counter[str]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(found.items(), key=lambda one: (-one[1], one[0])))
