"""The evidence of an incident as a ZIP file: pure, from values that were gathered before.

    incident.json   everything that the API says of the incident
    events.jsonl    its records, exactly
    events.csv      the same for a spreadsheet: nothing in it is a formula, which changes texts that look like one
    report.html     a page to read, without a network
    finding.json    the incident as an OCSF Detection Finding   (these three are the forms of `seawall respond export`)
    bundle.json     the same as a STIX 2.1 bundle
    rules.yml       Sigma rules that would hit this intruder again, where something tells it from the owner
    README.txt      what is what, and in which time zone
    manifest.json   size and SHA-256 of each of these

Names inside are ours and never a log's. The same values give the same bytes.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from tempfile import SpooledTemporaryFile
from typing import IO, Any, Final, cast
from zoneinfo import ZoneInfo

import msgspec

from seawall.console.data.incident_values import IncidentDocument, IncidentValue
from seawall.console.data.record_values import Record
from seawall.detection.incident import Incident
from seawall.report.incident_page import render_report
from seawall.report.input import ReportInput
from seawall.response.export.writing import FORMS
from seawall_base.csv_text import Cell, csv_lines
from seawall_base.json_text import encode_json
from seawall_base.plurals import plural
from seawall_base.safe_text import visible
from seawall_base.times import moment, rfc3339

_IN_MEMORY: Final = 8 << 20
_STAMP: Final = (1980, 1, 1, 0, 0, 0)
_MEDIA: Final = 0o100600 << 16
FORMS_INSIDE: Final = (FORMS["ocsf"], FORMS["stix"], FORMS["sigma"])
"""Forms for other programs in the archive. The CSV forms are left out: the archive has its own tables."""

_ABOUT_FORMS: Final = {
    FORMS["ocsf"]: "the incident as an OCSF 1.5 Detection Finding, for a SIEM",
    FORMS["stix"]: "the incident as a STIX 2.1 bundle, for those with whom indicators are shared",
    FORMS[
        "sigma"
    ]: "Sigma rules that would hit this intruder again: of its networks and applications, not of its technique",
}
COLUMNS: Final = tuple(
    field.name for field in msgspec.structs.fields(Record) if field.name not in ("time", "raw")
)


@dataclass(frozen=True, slots=True)
class EvidenceExport:
    """Origin of an export: who, when (microseconds), with which version, and the zone of local times."""

    at: int
    by: str
    version: str
    zone: ZoneInfo


def write_evidence(
    target: IO[bytes],
    incident: Incident,
    value: IncidentValue,
    records: Iterable[Record],
    export: EvidenceExport,
    *,
    left_out: int = 0,
    forms: Mapping[str, str] | None = None,
) -> None:
    """Write the archive. `left_out` is how many of the incident's records `records` lacks.

    `forms` are the files of `response.export.writing` by name; those of `FORMS_INSIDE` are included.
    """
    inside = {name: forms[name] for name in FORMS_INSIDE if forms and name in forms}
    document = IncidentDocument(value, rfc3339(export.at), export.by, export.version)
    with (
        SpooledTemporaryFile(max_size=_IN_MEMORY) as lines,
        SpooledTemporaryFile(max_size=_IN_MEMORY) as table,
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, allowZip64=True, compresslevel=6) as archive,
    ):
        count = _write_records(records, lines, table, export.zone)
        readme = _readme(value, export, count, left_out, list(inside))
        manifest = [
            _put(archive, "incident.json", [msgspec.json.format(encode_json(document), indent=2)]),
            _put(archive, "events.csv", _chunks(table)),
            _put(archive, "events.jsonl", _chunks(lines)),
            _put(archive, "report.html", [_report(incident).encode("utf-8", "replace")]),
            *(_put(archive, name, [text.encode("utf-8", "replace")]) for name, text in inside.items()),
            _put(archive, "README.txt", [readme.encode("utf-8", "replace")]),
        ]
        whole = {
            "incident": value.id,
            "algorithm": "SHA-256",
            "time_zone": export.zone.key,
            "exported_at": rfc3339(export.at),
            "files": manifest,
        }
        _put(archive, "manifest.json", [msgspec.json.format(encode_json(whole), indent=2)])


def record_header(zone: ZoneInfo) -> tuple[str, ...]:
    """Return the column names of records in CSV."""
    return ("time_utc", f"time {zone.key}", *COLUMNS, "raw")


def record_cells(record: Record, zone: ZoneInfo) -> Sequence[Cell]:
    """Return a record as a row of CSV."""
    rest = [cast("Cell", getattr(record, name)) for name in COLUMNS]
    return (record.time, _local(record.time, zone), *rest, encode_json(record.raw).decode("utf-8"))


def _local(time: str, zone: ZoneInfo) -> str:
    try:
        return datetime.fromisoformat(time).astimezone(zone).isoformat()
    except (ValueError, OverflowError):
        return time


def _write_records(records: Iterable[Record], lines: IO[bytes], table: IO[bytes], zone: ZoneInfo) -> int:
    count = 0

    def rows() -> Iterable[Sequence[Cell]]:
        nonlocal count
        for record in records:
            count += 1
            lines.write(encode_json(record) + b"\n")
            yield record_cells(record, zone)

    table.write(b"\xef\xbb\xbf")  # a byte-order mark, which spreadsheets need to recognise UTF-8
    for line in csv_lines(record_header(zone), rows()):
        table.write(line.encode("utf-8", "replace"))
    return count


def _chunks(source: IO[bytes]) -> Iterable[bytes]:
    source.seek(0)
    while chunk := source.read(1 << 20):
        yield chunk


def _put(archive: zipfile.ZipFile, name: str, chunks: Iterable[bytes]) -> dict[str, Any]:
    """Write one member and return its manifest entry."""
    member = zipfile.ZipInfo(name, _STAMP)
    member.compress_type = zipfile.ZIP_DEFLATED
    member.external_attr = _MEDIA
    member.create_system = 3
    digest, size = hashlib.sha256(), 0
    with archive.open(member, "w", force_zip64=True) as target:
        for chunk in chunks:
            target.write(chunk)
            digest.update(chunk)
            size += len(chunk)
    return {"name": name, "size": size, "sha256": digest.hexdigest()}


def _report(incident: Incident) -> str:
    # An incident requested by id is shown in full, raised or not.
    times = (incident.first_event, incident.last_event)
    return render_report(ReportInput((replace(incident, raised=True),), period=times))


def _readme(
    value: IncidentValue, export: EvidenceExport, count: int, left_out: int, forms: Sequence[str]
) -> str:
    more = (
        f" {left_out:,} further records of it are not in here: they were too many, or are no longer stored."
        if left_out
        else ""
    )
    told = "".join(f"{name:<16}{_ABOUT_FORMS[name]}\n" for name in forms)
    names = " ".join(("incident.json", "events.csv", "events.jsonl", "report.html", *forms, "README.txt"))
    return f"""Evidence of a Seawall incident

Incident      {value.id}
Account       {visible(value.account)}
Organisation  {visible(value.tenant)}
Exported      {rfc3339(export.at)} by {visible(export.by)}, Seawall {export.version}

incident.json   the incident: reasons, usual and now, timeline, answers
events.jsonl    {plural(count, "record")}, one JSON object a line, with every field that was logged.{more}
events.csv      the same records for a spreadsheet
report.html     the incident as a page; it needs no network
{told}manifest.json   size and SHA-256 of each file

Times
All times are UTC (they end in Z). In events.csv the column "time {export.zone.key}" repeats each in the time zone
{export.zone.key}, with its offset from UTC (here {_offset(export)} at the time of the export).

events.csv is safe to open: text that a spreadsheet would calculate has an apostrophe before it, and control characters
are shown as their numbers. So it is not exact to the letter; events.jsonl is.

To check the files: sha256sum {names}, and compare with manifest.json.
The manifest proves that the files belong together, not who made them: keep its own digest with your case.
"""


def _offset(export: EvidenceExport) -> str:
    return moment(export.at).astimezone(export.zone).strftime("%z")
