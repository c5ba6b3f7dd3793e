"""A store that is filled with the results of a scan shows what they hold, and later results replace them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pyarrow as pa
import pytest

import seawall
from seawall.pipeline.fill_store import fill_store
from seawall.pipeline.live.commit import SEQUENCE, load_notes
from seawall.response.incident_sources import read_events_file
from seawall.storage.files.coverage_file import read_coverage
from seawall.storage.files.events_place import find_events
from seawall.storage.files.incident_documents import incident_document, read_incidents
from seawall.storage.location import Store, open_store
from seawall.storage.raw_records import RAW_RECORDS, RawFolder, list_kept_ids
from seawall_base.errors import InputUnreadable, UsageError
from tests.spark.sparking import write_logs


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("fill")
    seawall.scan(write_logs(place), place / "out")
    return place / "out"


def list_documents(store: Store) -> dict[str, object]:
    with store.database.reading() as work:
        ids = sorted(work.incidents.ids())
        return {one.id: incident_document(one) for one in work.incidents.load(ids)}


def test_a_store_holds_what_the_results_hold(results: Path, tmp_path: Path) -> None:
    incidents = list(read_incidents(results / "incidents.jsonl"))
    events = pa.concat_tables(list(read_events_file(find_events(results), ["metadata_uid"])))
    with open_store(tmp_path / "store", make=True) as store:
        for _ in range(2):  # a second time changes nothing
            filled = fill_store(results, store)
            assert (filled.incidents, filled.events, filled.gone) == (len(incidents), len(events), 0)
            assert list_documents(store) == {one.id: incident_document(one) for one in incidents}
            held = store.lake.size().days
            assert sum(day.rows for day in held) == len(events)
            assert len({day.tenant for day in held}) >= 4
        with store.database.reading() as work:
            assert load_notes(work)[0] == read_coverage(results / "coverage.json")
            assert load_notes(work)[0]
        raw = list_kept_ids(results / RAW_RECORDS).to_pylist()
        kept = RawFolder(store.lake.root)
        found = {one for tenant in store.lake.tenants() for one in kept.list_ids(tenant)}
        assert found == set(raw)


def test_later_results_replace_earlier_ones(results: Path, tmp_path: Path) -> None:
    later = tmp_path / "later"
    shutil.copytree(results, later)
    lines = (later / "incidents.jsonl").read_text("utf-8").splitlines(keepends=True)
    (later / "incidents.jsonl").write_text("".join(lines[1:]), "utf-8")
    with open_store(tmp_path / "store", make=True) as store:
        fill_store(results, store)
        filled = fill_store(later, store)
        assert (filled.incidents, filled.gone) == (len(lines) - 1, 1)
        assert json.loads(lines[0])["id"] not in list_documents(store)


def test_the_store_of_a_watch_is_refused(results: Path, tmp_path: Path) -> None:
    with open_store(tmp_path / "store", make=True) as store:
        with store.database.writing() as work:
            work.checkpoints.put({SEQUENCE: {"position": 1}})
        with pytest.raises(UsageError, match="a watch writes"):
            fill_store(results, store)
        assert not list_documents(store)
        assert not store.lake.tenants()


@pytest.mark.parametrize("name", ["coverage.json", "events.parquet"])
def test_what_is_no_folder_of_results_changes_nothing(results: Path, tmp_path: Path, name: str) -> None:
    damaged = tmp_path / "damaged"
    shutil.copytree(results, damaged)
    (damaged / name).write_text("no", "utf-8")
    with open_store(tmp_path / "store", make=True) as store:
        with pytest.raises(InputUnreadable):
            fill_store(damaged, store)
        assert not list_documents(store)
