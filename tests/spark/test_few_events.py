"""The table of events as one file, and the readers of a folder of results that has the table alone."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from seawall.detection.incident import Incident
from seawall.mcp.results_source import ResultsSource
from seawall.report.tables.reading import tables_of_scan
from seawall.response.incident_facts import read_facts
from seawall.response.incident_sources import read_events_file
from seawall.response.look_up.results import look_up_in_scan
from seawall.response.look_up.subject import parse_subject
from seawall.response.scope import ScopeQuery, SearchBounds, sources
from seawall.spark.few_events import write_events_file
from seawall.spark.rows import LakeRow
from seawall.spark.scoring import FILE
from seawall.spark.tables import write_tables
from seawall.storage.files.delta_tables import list_delta_files
from seawall.storage.files.events_file import EventsFile
from seawall.storage.files.events_place import EVENTS_TABLE, find_events, has_events
from seawall.storage.files.incident_documents import read_incidents
from seawall.storage.files.merged_events import EVENTS
from seawall_base.errors import InputUnreadable

DAY = 86_400_000_000


@pytest.fixture(scope="module")
def results(place: Path) -> Path:
    """Results as Spark leaves them, with the table of events alone: two shelves, a file for each month."""
    out = place / "two"
    shutil.copytree(place / "one", out)
    events = pq.read_table(out / EVENTS)
    names = sorted(set(events["org_uid"].to_pylist()))
    assert len(names) >= 4
    month = pc.strftime(events["time"], "%Y-%m")
    rows = []
    for shelf in (0, 1):
        held = pc.is_in(events["org_uid"].cast(pa.string()), pa.array(names[shelf::2]))
        rows += [
            write_part(out, events.filter(pc.and_(held, pc.equal(month, name))), name, shelf)
            for name in sorted(set(month.to_pylist()))
        ]
    write_tables(out, tuple(read_incidents(out / "incidents.jsonl")), [], rows)
    assert len(rows) == 4
    assert not (out / EVENTS).exists()
    return out


def write_part(out: Path, events: pa.Table, month: str, shelf: int) -> LakeRow:
    name = f"{month}/{shelf:05d}-0.parquet"
    path = out / EVENTS_TABLE / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with EventsFile(path) as sink:
        sink.write_table(events)
    return LakeRow(FILE, shelf, rows=len(events), names=(name, month))


@pytest.mark.parametrize("at_once", [40, 300, 1_000_000])
def test_the_file_is_that_of_a_scan(place: Path, results: Path, tmp_path: Path, at_once: int) -> None:
    wanted = pq.read_table(place / "one" / EVENTS)
    days = Counter(time // DAY for time in wanted["time"].cast(pa.int64()).to_pylist())
    assert max(days.values()) > 40
    write_events_file(tmp_path, list_delta_files(results / EVENTS_TABLE), days, at_once)
    assert pq.read_table(tmp_path / EVENTS).equals(wanted)
    assert [path.name for path in tmp_path.iterdir()] == [EVENTS]


def test_no_event_is_an_empty_file(tmp_path: Path) -> None:
    write_events_file(tmp_path, [], {})
    assert pq.read_table(tmp_path / EVENTS).num_rows == 0


def test_the_table_is_read_where_there_is_no_file(place: Path, results: Path) -> None:
    one = place / "one"
    assert has_events(one)
    assert has_events(results)
    assert find_events(one) == one / EVENTS
    assert find_events(results) == results / EVENTS_TABLE
    columns = ("metadata_uid", "account")
    found = pa.concat_tables(list(read_events_file(find_events(results), columns)))
    wanted = pa.concat_tables(list(read_events_file(find_events(one), columns)))
    assert found.column_names == list(columns)
    assert sorted(map(str, found.to_pylist())) == sorted(map(str, wanted.to_pylist()))


def test_readers_of_results_say_the_same(place: Path, results: Path) -> None:
    one = place / "one"
    incident = find_incident(one)
    assert read_facts(find_events(results), incident) == read_facts(find_events(one), incident)
    assert read_facts(find_events(one), incident).sign_ins
    subject = parse_subject(f"account:{incident.account}")
    assert look_up_in_scan(results, subject) == look_up_in_scan(one, subject)
    assert look_up_in_scan(one, subject)[0].records
    assert ResultsSource(results).list_names() == ResultsSource(one).list_names()
    tables, wanted = (tables_of_scan(folder).make() for folder in (results, one))
    assert [one.rows for one in tables] == [one.rows for one in wanted]
    scopes = [search(folder, incident) for folder in (results, one)]
    assert scopes[0] == scopes[1]
    assert incident.account in scopes[0]


def find_incident(folder: Path) -> Incident:
    return next(one for one in read_incidents(folder / "incidents.jsonl") if one.kind)


def search(folder: Path, incident: Incident) -> str:
    asked = ScopeQuery(incidents={incident.id: tuple(incident.events)})
    scope, _ = sources.scope_of_scan(folder, asked, SearchBounds())
    return repr(scope).replace(str(folder), "")


def test_a_log_that_names_a_file_elsewhere_is_refused(results: Path, tmp_path: Path) -> None:
    place = tmp_path / EVENTS_TABLE
    shutil.copytree(results / EVENTS_TABLE, place)
    log = next((place / "_delta_log").glob("*.json"))
    lines = [json.loads(line) for line in log.read_text("utf-8").splitlines()]
    for line in lines:
        if "add" in line:
            line["add"]["path"] = "../../../elsewhere.parquet"
    log.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    with pytest.raises(InputUnreadable):
        list(read_events_file(find_events(tmp_path), ("time",)))
    log.write_text("{", "utf-8")
    with pytest.raises(InputUnreadable):
        list(read_events_file(find_events(tmp_path), ("time",)))
