"""An incident as tables that a spreadsheet opens as text: its records, and its reasons. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from seawall.detection.incident import Incident
from seawall.response.export.artefacts import ROW, Artefacts
from seawall_base.csv_text import Cell, csv_lines


def write_records(artefacts: Artefacts) -> str:
    """The intruder's records as CSV, by time."""
    rows = ([_cell(record.get(name)) for name in ROW] for record in artefacts.records)
    return _write(ROW, rows)


def write_reasons(incident: Incident) -> str:
    """The incident's reasons as CSV, in their order; their weights and `base` sum to the score."""
    header = ("layer", "aspect", "value", "text", "weight")
    rows: list[tuple[Cell, ...]] = [("", "base", "", "what every group has", incident.base)]
    rows += [(one.layer, one.aspect, one.value, one.text, one.weight) for one in incident.reasons]
    return _write(header, rows)


def _write(header: tuple[str, ...], rows: Iterable[Iterable[Cell]]) -> str:
    return "".join(csv_lines(header, [list(row) for row in rows]))


def _cell(value: object) -> Cell:
    return value if isinstance(value, str | int | float | bool) or value is None else str(value)
