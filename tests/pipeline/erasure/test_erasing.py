"""Erasing a person from a store and from results: no byte keeps the name, others stay, and an interruption loses nothing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pyarrow.parquet as pq
import pytest

from seawall.detection.incident import Incident
from seawall.events.array_state import RestoredState
from seawall.pipeline.erasure.erasing import ErasureRequest, erase_person
from seawall.pipeline.erasure.receipt import ErasureReceipt
from seawall.response.containment.journal import read_journal
from seawall.response.notification.register import NotificationRegister
from seawall.storage.files.state_file import unpack
from seawall.storage.lake.query import EventQuery
from seawall.storage.location import open_store
from seawall.storage.raw_records import RawFolder
from seawall_base.errors import DatabaseInUse, UsageError
from seawall_base.hash_chain import ChainHead
from tests.pipeline.erasure.places import (
    ANNA,
    BOB,
    DISPLAY,
    NEEDLES,
    NOW,
    find_needles,
    make_opaque,
    make_results,
    make_store,
)
from tests.storage.database.postgresql import Server, programs

EVER = EventQuery(0, 1 << 60)


class Stopped(Exception):
    """The machine stops."""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    found = programs()
    if found is None:
        pytest.skip("there is no PostgreSQL here (tools/ensure_postgresql.sh installs it where it can)")
    running = Server(found)
    yield running
    running.remove()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> str | None:
    if request.param == "sqlite":
        return None
    running: Server = request.getfixturevalue("server")
    return running.schema()


@pytest.fixture
def places(tmp_path: Path, database: str | None) -> ErasureRequest:
    make_store(tmp_path / "store", database)
    make_results(tmp_path / "out")
    return ErasureRequest(
        account=ANNA, aliases=(DISPLAY,), store=tmp_path / "store", database=database, folders=(tmp_path / "out",),
        reference="request 17",
    )  # fmt: skip


def erase(request: ErasureRequest, **changes: object) -> ErasureReceipt:
    from dataclasses import replace

    return erase_person(replace(request, **changes), clock=lambda: NOW)  # type: ignore[arg-type]


def rows_of(database: str | None, request: ErasureRequest) -> str:
    """Everything that the database says, as one text."""
    from seawall.storage.database.erasing import iterate_values

    assert request.store is not None
    with open_store(request.store, database) as store, store.database.reading() as work:
        return "\n".join(
            value.decode("utf-8", "replace")
            if isinstance(value, bytes)
            else json.dumps(value, ensure_ascii=False)
            for _, value in iterate_values(work)
        )


def test_no_byte_keeps_the_name(places: ErasureRequest, tmp_path: Path, database: str | None) -> None:
    assert len(find_needles(tmp_path)) > 8
    receipt = erase(places)
    assert receipt.state == "done", receipt.check
    assert find_needles(tmp_path) == []
    text = rows_of(database, places).lower()
    assert [needle for needle in NEEDLES if needle.lower() in text] == []
    assert receipt.check is not None
    assert receipt.check.found == []
    assert receipt.check.files > 10
    assert receipt.check.values > 50
    kinds = {one.kind: one.changed for one in receipt.erased}
    assert kinds["records"] == 9
    assert kinds["audit"] == 1
    assert [one.changed for one in receipt.erased if one.kind == "raw records"] == [2, 2]
    assert (kinds["incidents"], kinds["candidates"], kinds["states"]) == (2, 1, 2)


def test_others_and_the_counts_stay(places: ErasureRequest, database: str | None) -> None:
    assert places.store is not None
    receipt = erase(places)
    with open_store(places.store, database) as store:
        page = store.lake.page("x.example", EVER, limit=100)
        accounts = page.events["account"].to_pylist()
        assert len(accounts) == 13
        assert accounts.count(BOB) == 4
        assert accounts.count(f"{receipt.token}@x.example") + accounts.count(receipt.token) == 9
        assert store.lake.check() == []
        kept = RawFolder(store.lake.root).find("x.example", ["w-0", "w-1", "w-2"])
        assert [one.text for one in kept] == [f'{{"By": "{receipt.token}"}}', '{"By": "bob"}']
        with store.database.reading() as work:
            found: Incident | None = work.incidents.get("a" * 12)
            assert found is not None
            assert found.account == f"{receipt.token}@x.example"
            assert found.title == f"Account takeover: {receipt.token}@x.example"
            assert found.mailboxes == (found.account, BOB)
            assert list(work.incidents.worst([("x.example", found.account)])) == [
                ("x.example", found.account)
            ]
            other = work.incidents.get("b" * 12)
            assert other is not None
            assert other.account == BOB
            assert [one.query for one in work.views.of("carol")] == [f'account:"{found.account}"']
            names = RestoredState(unpack(work.states.get("detection/coder") or b"")).texts(
                "vocabularies.account"
            )
            assert names == ["", BOB, found.account, "zoe@x.example"]
    lines = (places.folders[0] / "incidents.jsonl").read_text("utf-8").splitlines()
    assert json.loads(lines[0])["account"] == f"{receipt.token}@x.example"
    assert json.loads(lines[1]) == {"account": BOB}
    assert pq.read_table(places.folders[0] / "events.parquet").num_rows == 13


def test_the_audit_trail_stays_verifiable_against_heads_that_were_noted(
    places: ErasureRequest, database: str | None
) -> None:
    assert places.store is not None
    with open_store(places.store, database) as store, store.database.reading() as work:
        noted = work.audit.head()
    erase(places)
    with open_store(places.store, database) as store:
        with store.database.reading() as work:
            verdict = work.audit.verify(noted)
            assert verdict.is_whole, verdict.fault
            assert [one.action for one in work.audit.page()] == [
                "records-read",
                "records-read",
                "person-erased",
            ]
            assert work.audit.page()[2].details["entries"].keys() == {"1"}
        with pytest.raises(Exception, match="append-only"), store.database.writing() as work:  # noqa: PT012
            from sqlalchemy import text

            work.session.execute(text("UPDATE audit SET subject = 'somebody' WHERE sequence = 1"))


def test_an_entry_that_is_changed_afterwards_still_shows(
    places: ErasureRequest, database: str | None
) -> None:
    from sqlalchemy import text

    from seawall.storage.database.erasing import _without_triggers

    assert places.store is not None
    erase(places)
    with open_store(places.store, database) as store:
        with store.database.writing() as work, _without_triggers(work.session.connection()):
            work.session.execute(text("UPDATE audit SET subject = 'somebody' WHERE sequence = 1"))
        with store.database.reading() as work:
            assert work.audit.verify().fault == "entry 1 was changed"


def test_journals_and_registers_stay_verifiable(places: ErasureRequest) -> None:
    assert places.store is not None
    with NotificationRegister.writing(places.folders[0], at=NOW) as register:
        noted = ChainHead(register.entries[1].sequence, register.entries[1].digest)
    receipt = erase(places)
    for path in (places.store / "automatic" / "plan.journal.jsonl", places.folders[0] / "plan.journal.jsonl"):
        entries = read_journal(path)
        assert [one["event"] for one in entries] == ["torn", "torn", "torn", "erased"]
        assert entries[1]["of"] == {"upn": f"{receipt.token}@x.example", "name": receipt.token}
        assert entries[2]["subject"] == BOB
    found = NotificationRegister.read(places.folders[0])
    found.check(noted)
    assert [one.action for one in found.entries] == ["letter", "letter", "erased"]
    assert found.entries[0].recipient == f"{receipt.token}@x.example"
    assert found.entries[1].recipient == BOB


def test_manifests_name_the_new_digests(places: ErasureRequest) -> None:
    erase(places)
    folder = places.folders[0]
    stated = json.loads((folder / "manifest.json").read_text("utf-8"))
    assert stated == {"report.html": hashlib.sha256((folder / "report.html").read_bytes()).hexdigest()}


def test_a_rehearsal_counts_the_same_and_changes_nothing(places: ErasureRequest, tmp_path: Path) -> None:
    before = {
        path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file() and ".db" not in path.name
    }
    planned = erase(places, is_rehearsal=True)
    after = {
        path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file() and ".db" not in path.name
    }
    assert (planned.state, planned.check) == ("rehearsal", None)
    assert after == before
    done = erase(places)
    assert {(one.kind, one.changed) for one in planned.erased} == {
        (one.kind, one.changed) for one in done.erased
    }


def test_an_interrupted_erasure_goes_on_with_the_same_token(places: ErasureRequest, tmp_path: Path) -> None:
    tokens = set()
    for stop in ("records", "files of the store", "results", "incidents"):

        def halt(kind: str, stop: str = stop) -> None:
            if kind == stop:
                raise Stopped

        with pytest.raises(Stopped):
            erase_person(places, clock=lambda: NOW, step=halt)
        receipts = list((tmp_path / "store" / "erasures").glob("*.json"))
        assert len(receipts) == 1
        running = msgspec.json.decode(receipts[0].read_bytes(), type=ErasureReceipt)
        assert (running.state, bool(running.digest)) == ("running", True)
        tokens.add(running.token)
    receipt = erase(places)
    assert tokens == {receipt.token}
    assert (receipt.state, receipt.digest, receipt.salt) == ("done", "", "")
    assert {one.kind: one.changed for one in receipt.erased}["records"] == 9
    assert find_needles(tmp_path) == []
    again = erase(places)
    assert (again.state, again.erased) == ("done", [])
    assert again.token != receipt.token


def test_the_receipt_names_nobody(places: ErasureRequest) -> None:
    assert places.store is not None
    receipt = erase(places)
    text = (places.store / "erasures" / f"{receipt.token}.json").read_text("utf-8")
    assert [needle for needle in NEEDLES if needle.lower() in text.lower()] == []
    assert receipt.reference == "request 17"
    assert any("audit" in one.what for one in receipt.kept)


def test_files_that_cannot_be_rewritten_are_named_or_deleted(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    make_opaque(folder)
    request = ErasureRequest(account=ANNA, folders=(folder,))
    receipt = erase(request)
    assert {Path(one.what).name for one in receipt.left} == {"letter.pdf", "with.zip"}
    assert receipt.state == "incomplete"
    assert (folder / "with.zip").exists()
    assert erase(request, should_delete=True).state == "done"
    assert {path.name for path in folder.iterdir()} == {"erasures", "picture.png", "without.zip"}


def test_links_are_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside.txt"
    outside.write_text(ANNA, encoding="utf-8")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "link.txt").symlink_to(outside)
    erase(ErasureRequest(account=ANNA, folders=(tmp_path / "out",)))
    assert outside.read_text("utf-8") == ANNA


def test_a_running_watch_is_not_disturbed(tmp_path: Path) -> None:
    make_store(tmp_path / "store")
    request = ErasureRequest(account=ANNA, store=tmp_path / "store")
    with open_store(tmp_path / "store") as store, store.database.only_writer(), pytest.raises(DatabaseInUse):
        erase(request)
    assert find_needles(tmp_path)


@pytest.mark.parametrize(
    "request_",
    [
        ErasureRequest(account=ANNA),
        ErasureRequest(account="a", folders=(Path("/tmp"),)),
        ErasureRequest(account=ANNA, folders=(Path("/nowhere/at/all"),)),
    ],
)
def test_a_request_that_means_nothing_is_refused(request_: ErasureRequest) -> None:
    with pytest.raises(UsageError):
        erase_person(request_)
