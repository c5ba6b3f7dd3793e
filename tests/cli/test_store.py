"""`seawall store` and `seawall doctor --store`, as they are typed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable

from seawall.cli.main import main
from seawall.storage.database import Database
from seawall.storage.location import open_store
from tests.storage.database.first_version import make_first_version
from tests.storage.database.test_incidents import incident
from tests.storage.lake.events import numbered, part_files


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with open_store(tmp_path / "store", make=True) as store:
        store.lake.append(numbered(0, 20))
        with store.database.writing() as work:
            work.incidents.put([incident(1)])
            work.audit.append(at=1, actor="ann", action="answer")
    return tmp_path / "store"


def answered(capsys: pytest.CaptureFixture[str], *arguments: object, code: int = 0) -> dict[str, Any]:
    capsys.readouterr()
    assert main([str(argument) for argument in (*arguments, "--json")]) == code
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert document["schema_version"]
    return document


def said(capsys: pytest.CaptureFixture[str], *arguments: object, code: int = 0) -> tuple[str, str]:
    capsys.readouterr()
    assert main([str(argument) for argument in arguments]) == code
    found = capsys.readouterr()
    return found.out, found.err


def test_size(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = answered(capsys, "store", "size", "--store", folder)
    [tenant] = document["events"]["tenants"]
    assert (tenant["tenant"], tenant["events"], tenant["days"]) == ("org", 20, 1)
    assert document["database"]["rows"]["incidents"] == 1
    assert document["database"]["bytes"] > 4096
    assert document["events"]["bytes"] == sum(path.stat().st_size for path in folder.rglob("*.parquet"))
    assert document["events"]["days"] == 1
    out, err = said(capsys, "store", "size", "--store", folder)
    events, database = out.splitlines()
    assert events.startswith("events")
    assert events.endswith("20 events of 1 day")
    assert database.endswith("1 incident, 1 audit entry")
    assert err.startswith("next: seawall store prune")
    with open_store(folder) as store:
        store.lake.append(numbered(0, 1, org_uid="other"))
    out, _ = said(capsys, "store", "size", "--store", folder)
    assert "21 events of 1 day" in out
    assert next(line for line in out.splitlines() if line.startswith("other")).endswith(
        f"1 event of 1 day, {tenant['first_day']} to {tenant['last_day']}"
    )


def test_check_says_what_is_damaged(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = answered(capsys, "store", "check", "--store", folder)
    assert document["ok"]
    assert document["audit"]["entries"] == 1
    head = folder.parent / "head.json"
    head.write_text(json.dumps(document["audit"]["head"]))
    assert answered(capsys, "store", "check", "--store", folder, "--head", head)["ok"]
    head.write_text(json.dumps({"sequence": 2, "digest": "0" * 64}))
    cut = answered(capsys, "store", "check", "--store", folder, "--head", head, code=1)
    assert "entry 2 was noted" in cut["audit"]["fault"]
    with open_store(folder) as store:
        part_files(store.lake)[0].write_bytes(b"")
        with store.database.writing() as work:
            work.states.put("state", b"content")
            work.session.connection().exec_driver_sql("UPDATE states SET content = x'00'")
    out, _ = said(capsys, "store", "check", "--store", folder, code=1)
    assert "events:" in out
    assert "the state 'state' is damaged" in out
    for text in ("", "[]", '{"sequence": "x"}', "[" * 5000):
        head.write_text(text)
        _, err = said(capsys, "store", "check", "--store", folder, "--head", head, code=3)
        assert "audit trail" in err or "JSON" in err


def test_publish(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    done = answered(capsys, "store", "publish", "--store", folder)
    table = str(folder / "events")
    assert done == done | {"table": table, "version": 0, "parts": 1, "added": 1, "removed": 0}
    assert DeltaTable(table).to_pyarrow_table().num_rows == 20
    out, err = said(capsys, "store", "publish", "--store", folder)
    assert out == f"{table}: version 0 of the Delta table, 1 part (0 added, 0 removed)\n"
    assert err.startswith("next: seawall store size")
    answered(capsys, "store", "prune", "--days", 1, "--store", folder)
    assert DeltaTable(table).to_pyarrow_table().num_rows == 0
    assert answered(capsys, "store", "check", "--store", folder)["ok"]


def test_prune(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    planned = answered(capsys, "store", "prune", "--days", 1, "--dry-run", "--store", folder)
    assert (planned["dry_run"], planned["events"]["events"], planned["rows"]["incidents"]) == (True, 20, 1)
    out, err = said(capsys, "store", "prune", "--days", 1, "--dry-run", "--store", folder)
    assert "to be deleted: 20 events of 1 day " in out
    assert "next: seawall store prune --days 1" in err
    done = answered(capsys, "store", "prune", "--days", 1, "--store", folder)
    assert {**done, "dry_run": True} == planned
    assert answered(capsys, "store", "size", "--store", folder)["events"]["tenants"] == []
    said(capsys, "store", "prune", "--store", folder, code=2)
    with open_store(folder) as store, store.database.only_writer():
        _, err = said(capsys, "store", "prune", "--days", 1, "--store", folder, code=1)
        assert "already writes" in err
        with store.database.writing():  # what a running watch does most of the time
            said(capsys, "store", "prune", "--days", 1, "--dry-run", "--store", folder)


def test_backup_and_restore(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    backup, restored = folder.parent / "backup", folder.parent / "restored"
    document = answered(capsys, "store", "backup", backup, "--store", folder)
    assert (document["parts"], document["audit"]["sequence"]) == (1, 1)
    out, err = said(capsys, "store", "restore", backup, "--to", restored)
    assert f"audit trail: entry 1 {document['audit']['digest']}" in out
    assert "next: seawall store check" in err
    assert answered(capsys, "store", "check", "--store", restored)["ok"]
    _, err = said(capsys, "store", "restore", backup, "--to", restored, code=3)
    assert "exists already" in err
    said(capsys, "store", "backup", backup, "--store", folder, code=3)


def test_an_empty_audit_trail_is_said_to_be_empty(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    open_store(tmp_path / "store", make=True).close()
    out, _ = said(capsys, "store", "backup", tmp_path / "backup", "--store", tmp_path / "store")
    assert "audit trail: empty" in out
    out, _ = said(capsys, "store", "restore", tmp_path / "backup", "--to", tmp_path / "restored")
    assert "audit trail: empty" in out
    assert "0" * 64 not in out
    assert checks(capsys, "--store", tmp_path / "store")["Audit trail"]["detail"].startswith("empty")


def test_migrate(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert not answered(capsys, "store", "migrate", "--store", folder)["migrated"]
    (folder / "seawall.db").unlink()
    make_first_version(str(folder / "seawall.db"), 9)
    _, err = said(capsys, "store", "size", "--store", folder, code=1)
    assert "seawall store migrate" in err
    out, _ = said(capsys, "store", "migrate", "--store", folder)
    assert "migrated the database from version 0001" in out
    assert answered(capsys, "store", "size", "--store", folder)["database"]["rows"]["queue"] == 9


VERBS = (
    "store size", "store check", "store publish", "store migrate", "store prune --days 3", "store prune --days 3 --dry-run",
    "store backup backup", "user list", "user add ann --role admin", "user invite ann", "user disable ann",
    "user limit ann --organisation x.example",
)  # fmt: skip


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize(
    ("place", "words"),
    [("nowhere", "there is no store"), ("empty", "there is no store"), ("letters", "holds other files"),
     ("letters/file", "no folder")],
)  # fmt: skip
def test_a_wrong_path_is_said_and_nothing_is_written_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    verb: str, place: str, words: str,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "file").touch()
    _, err = said(capsys, *verb.split(), "--store", place, code=1)
    assert words in err
    assert "fix: " in err
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["empty", "file", "letters"]


def checks(
    capsys: pytest.CaptureFixture[str], *arguments: object, code: int = 0
) -> dict[str, dict[str, str]]:
    return {check["name"]: check for check in answered(capsys, "doctor", *arguments, code=code)["checks"]}


def test_doctor_looks_at_a_store(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = checks(capsys, "--store", folder)
    names = ("Store", "Audit trail", "Events", "Writer", "Store's disk")
    assert all(found[name]["state"] in ("ok", "warn") for name in names)
    assert "version 0007" in found["Store"]["detail"]
    assert "1 entry, none changed" in found["Audit trail"]["detail"]
    assert "no program writes" in found["Writer"]["detail"]
    with open_store(folder) as store, store.database.only_writer():
        assert "process" in checks(capsys, "--store", folder)["Writer"]["detail"]
    head = folder.parent / "head.json"
    head.write_text(json.dumps({"sequence": 1, "digest": "f" * 64}))
    found = checks(capsys, "--store", folder, "--head", head, code=1)
    assert found["Audit trail"]["state"] == "fail"
    assert "entry 1 is not the one that was noted" in found["Audit trail"]["detail"]


def test_doctor_finds_a_changed_audit_entry_and_a_lost_part(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    opened = Database.open(folder / "seawall.db")
    with opened.writing() as work:
        connection = work.session.connection()
        connection.exec_driver_sql("DROP TRIGGER audit_no_UPDATE")
        connection.exec_driver_sql("UPDATE audit SET actor = 'bob'")
    opened.close()
    with open_store(folder) as store:
        part_files(store.lake)[0].write_bytes(b"x")
    found = checks(capsys, "--store", folder, code=1)
    assert "entry 1 was changed" in found["Audit trail"]["detail"]
    assert found["Events"]["state"] == "fail"
    found = checks(capsys, "--store", folder.parent / "nowhere", code=1)
    assert "there is no store" in found["Store"]["detail"]
    assert "Events" not in found
