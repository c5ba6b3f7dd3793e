"""Write an export: each form as a file, tables as CSV, and the SHA-256 of every file."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final

import msgspec

from seawall.detection.incident import Incident
from seawall.response.export import ocsf, sigma, stix_bundle
from seawall.response.export.artefacts import ROW, Artefacts
from seawall_base.csv_text import Cell, csv_lines
from seawall_base.durable_file import write_whole
from seawall_base.errors import OutputUnwritable

MANIFEST: Final = "SHA256SUMS"
_FIX: Final = "choose another folder with --to"
FORMS: Final = {
    "ocsf": "finding.json",
    "stix": "bundle.json",
    "records": "records.csv",
    "reasons": "reasons.csv",
    "sigma": "rules.yml",
}
"""The file name of each form."""


def render_files(incident: Incident, artefacts: Artefacts, version: str) -> dict[str, str]:
    """Return the content of every file by name, in the order of `FORMS`.

    Without a value that distinguishes the intruder from the owner there is no rules file.
    """
    made: dict[str, Callable[[], str]] = {
        FORMS["ocsf"]: lambda: _json(ocsf.make_finding(incident, artefacts, version)),
        FORMS["stix"]: lambda: _json(stix_bundle.make_incident_bundle(incident, artefacts)),
        FORMS["records"]: lambda: write_records(artefacts),
        FORMS["reasons"]: lambda: write_reasons(incident),
        FORMS["sigma"]: lambda: write_yaml(sigma.make_rules(incident, artefacts)),
    }
    found = {name: make() for name, make in made.items()}
    return {name: content for name, content in found.items() if content}


def write_yaml(rules: list[dict[str, Any]]) -> str:
    """Format rules as one YAML file with a document each. Text that looks like another YAML type is quoted."""
    import yaml

    if not rules:
        return ""
    written = io.StringIO()
    yaml.safe_dump_all(rules, written, sort_keys=False, allow_unicode=True, width=120)
    return written.getvalue()


def write_files(folder: Path, made: dict[str, str]) -> None:
    """Write the files and their checksums into a folder. Raises `OutputUnwritable`."""
    contents = {name: text.encode("utf-8", "replace") for name, text in made.items()}
    sums = "".join(f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in contents.items())
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise OutputUnwritable(f"{folder}: {error.strerror}", fix=_FIX) from None
    for name, content in {**contents, MANIFEST: sums.encode("ascii")}.items():
        write_whole(folder / name, content, fix=_FIX)


def _json(document: dict[str, Any]) -> str:
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n"


def write_records(artefacts: Artefacts) -> str:
    """Format the intruder's records as CSV, by time."""
    rows = ([_cell(record.get(name)) for name in ROW] for record in artefacts.records)
    return _write(ROW, rows)


def write_reasons(incident: Incident) -> str:
    """Format the incident's reasons as CSV, in order; their weights and `base` sum to the score."""
    header = ("layer", "aspect", "value", "text", "weight")
    rows: list[tuple[Cell, ...]] = [("", "base", "", "what every group has", incident.base)]
    rows += [(one.layer, one.aspect, one.value, one.text, one.weight) for one in incident.reasons]
    return _write(header, rows)


def _write(header: tuple[str, ...], rows: Iterable[Iterable[Cell]]) -> str:
    return "".join(csv_lines(header, [list(row) for row in rows]))


def _cell(value: object) -> Cell:
    return value if isinstance(value, str | int | float | bool) or value is None else str(value)
