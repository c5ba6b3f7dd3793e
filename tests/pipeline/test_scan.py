"""The main job, end to end, on logs that the test writes itself: what must hold whatever the logs look like."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

import seawall
from seawall.detection.incidents.reading_order import order_incidents
from seawall.pipeline.scan import OUTPUTS
from seawall.storage.files.incident_documents import read_incidents
from seawall_base.errors import InputUnreadable, OutputUnwritable
from seawall_base.times import day_text

ORGANISATION = "3f0c6a50-9c8d-4c7e-8a11-7d3b8d1b2c10"
NAMES = ("ada", "ben", "cora", "dan", "eva", "finn", "gina", "hugo", "ines", "jan")
VICTIM = "cora@example.org"
OUTLOOK = "d3590ed6-52b3-4102-aeff-aad2292ab01c"
EXCHANGE = "00000002-0000-0ff1-ce00-000000000000"
START = datetime(2026, 3, 2, tzinfo=UTC)  # a Monday
DAYS = 20
TAKEN_OVER = START + timedelta(days=17, hours=3)
KEYS = (
    "id",
    "tenant",
    "account",
    "kind",
    "severity",
    "score",
    "raised",
    "detected_at",
    "first_event",
    "last_event",
    "title",
    "summary",
    "reasons",
    "events",
    "mailboxes",
    "messages",
    "coverage",
    "actions",
)
COUNTS = (
    "records",
    "events",
    "duplicates",
    "problems",
    "accounts",
    "tenants",
    "candidates",
    "raised",
    "peak_memory_bytes",
    "schema_version",
)

Logs = tuple[list[dict[str, Any]], list[dict[str, Any]]]


def _moment(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S")


def _read(
    time: datetime, who: str, address: str, session: str, token: str, number: int, **changes: Any
) -> dict[str, Any]:
    return {
        "Id": f"00000000-0000-4000-8000-{number:012d}", "CreationTime": _moment(time), "Operation": "MailItemsAccessed",
        "OrganizationId": ORGANISATION, "RecordType": 50, "ResultStatus": "Succeeded", "UserType": 0, "Workload": "Exchange",
        "UserId": who, "MailboxOwnerUPN": who, "ClientAppId": OUTLOOK, "AppId": EXCHANGE, "ClientIPAddress": address,
        "ClientInfoString": "Client=MSExchangeRPC", "LogonType": 0, "OperationCount": 2,
        "OperationProperties": [{"Name": "MailAccessType", "Value": "Bind"}, {"Name": "IsThrottled", "Value": "False"}],
        "AppAccessContext": {"AADSessionId": session, "UniqueTokenId": token},
        "Folders": [{"Path": "\\Inbox", "FolderItems": [{"InternetMessageId": "<a@b>"}, {"InternetMessageId": "<c@d>"}]}],
        **changes,
    }  # fmt: skip


def _sign_in(time: datetime, who: str, address: str, session: str, token: str, number: int) -> dict[str, Any]:
    return {
        "id": f"00000000-0000-4000-9000-{number:012d}", "createdDateTime": _moment(time) + "Z", "userPrincipalName": who,
        "appId": OUTLOOK, "appDisplayName": "Microsoft Office", "ipAddress": address,
        "clientAppUsed": "Mobile Apps and Desktop clients",
        "conditionalAccessStatus": "success", "isInteractive": True, "status": {"errorCode": 0}, "sessionId": session,
        "uniqueTokenIdentifier": token, "userAgent": "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0)",
        "authenticationRequirement": "multiFactorAuthentication", "location": {"countryOrRegion": "DE"},
    }  # fmt: skip


def world() -> Logs:
    """Twenty days of ten people; on the eighteenth somebody reads Cora's mail with a token that nobody was given."""
    dice = random.Random(5)
    mail: list[dict[str, Any]] = []
    sign_ins: list[dict[str, Any]] = []
    for day in range(DAYS):
        for place, name in enumerate(NAMES):
            if (day % 7 >= 5 and dice.random() < 0.8) or dice.random() < 0.05:
                continue
            at_home = dice.random() < 0.3
            address = f"79.200.{place}.{dice.randrange(1, 250)}" if at_home else "193.99.144.80"
            who, time = (
                f"{name}@example.org",
                START + timedelta(days=day, hours=7, minutes=dice.randrange(120)),
            )
            number = len(sign_ins) + 1
            session, token = f"5e551000-0000-4000-8000-{number:012d}", f"tok{number:08d}"
            sign_ins.append(_sign_in(time, who, address, session, token, number))
            for _ in range(dice.randrange(3, 9)):
                time += timedelta(minutes=dice.randrange(2, 60))
                mail.append(_read(time, who, address, session, token, len(mail) + 1))
    mail += [
        _read(
            TAKEN_OVER + timedelta(minutes=minute), VICTIM, "194.187.251.7", "badbadba-0000-4000-8000-000000000001",
            "tokforged", 900_000 + minute, ClientInfoString="Client=REST;python-requests/2.31;", OperationCount=9,
            ClientAppId="27922004-5251-4030-b22d-91ecd9a37ea4",
        )
        for minute in range(30)
    ]  # fmt: skip
    return mail, sign_ins


def write(folder: Path, logs: Logs, names: tuple[str, str] = ("audit.jsonl", "signins.json")) -> Path:
    """The logs as two files: lines of the unified audit log, and a page of Graph's sign-ins."""
    folder.mkdir(parents=True)
    (folder / names[0]).write_text("".join(json.dumps(record) + "\n" for record in logs[0]))
    (folder / names[1]).write_text(json.dumps({"value": logs[1]}))
    return folder


@pytest.fixture(scope="module")
def logs() -> Logs:
    return world()


@pytest.fixture(scope="module")
def scanned(tmp_path_factory: pytest.TempPathFactory, logs: Logs) -> tuple[Path, seawall.ScanResult]:
    folder = tmp_path_factory.mktemp("world")
    out = folder / "out"
    return out, seawall.scan(write(folder / "logs", logs), out)


def _incidents(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (out / "incidents.jsonl").read_text().splitlines()]


def _summary(out: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((out / "summary.json").read_text())
    return document


def _exact(summary: dict[str, Any]) -> bool:
    return bool(summary["records"] == summary["events"] + summary["duplicates"] + summary["problems"])


def test_all_files_are_written_and_nothing_else(scanned: tuple[Path, seawall.ScanResult]) -> None:
    out, _ = scanned
    assert {path.name for path in out.iterdir()} == set(OUTPUTS)
    assert (out / "report.html").read_text().startswith("<!doctype html>")
    assert json.loads((out / "coverage.json").read_text())["schema_version"] == 1


def test_the_keys_of_the_contract(scanned: tuple[Path, seawall.ScanResult]) -> None:
    out, _ = scanned
    for incident in _incidents(out):
        assert tuple(incident)[: len(KEYS)] == KEYS
        assert set(incident["messages"]) == {"proved", "possible"}
        for reason in incident["reasons"]:
            assert {"layer", "aspect", "text", "weight"} <= reason.keys()
        for time in ("first_event", "last_event"):
            assert datetime.fromisoformat(incident[time]).utcoffset() == timedelta(0)
        assert incident["events"]
    summary = _summary(out)
    assert all(isinstance(summary[key], int) for key in COUNTS)
    assert isinstance(summary["seconds"], float)
    assert summary["candidates"] == len(_incidents(out))
    assert summary["raised"] == sum(incident["raised"] for incident in _incidents(out))


def test_every_record_is_accounted_for(scanned: tuple[Path, seawall.ScanResult], logs: Logs) -> None:
    out, _ = scanned
    summary = _summary(out)
    assert _exact(summary)
    assert (summary["records"], summary["duplicates"], summary["problems"]) == (
        len(logs[0]) + len(logs[1]),
        0,
        0,
    )
    assert (summary["accounts"], summary["tenants"]) == (len(NAMES), 1)
    events = pq.read_table(out / "events.parquet")
    assert events.num_rows == summary["events"]
    assert events["score"].null_count < events.num_rows


def test_the_takeover_is_the_first_incident_and_raised(
    scanned: tuple[Path, seawall.ScanResult], logs: Logs
) -> None:
    out, result = scanned
    first = _incidents(out)[0]
    assert first["account"] == VICTIM
    assert first["tenant"] == ORGANISATION
    assert first["raised"]
    hostile = {record["Id"] for record in logs[0] if record["ClientIPAddress"] == "194.187.251.7"}
    assert set(first["events"]) == hostile
    assert first["mailboxes"] == [VICTIM]
    assert first["messages"] == {"proved": 9 * len(hostile), "possible": 0}
    detected = datetime.fromisoformat(first["detected_at"])
    assert TAKEN_OVER <= detected <= TAKEN_OVER + timedelta(minutes=30)
    assert "network AS9009 M247 Europe SRL: seen on 0 of" in first["summary"]
    client = next(row for row in first["usual"] if row["aspect"] == "client")
    assert client["now"] == "python/rest"
    assert client["is_unusual"]
    assert result.incidents[0].id == first["id"]


def test_reasons_and_base_sum_to_the_score(scanned: tuple[Path, seawall.ScanResult]) -> None:
    for incident in _incidents(scanned[0]):
        total = incident["base"] + sum(reason["weight"] for reason in incident["reasons"])
        assert total == pytest.approx(incident["score"], abs=1e-4)


def test_incidents_come_worst_first(scanned: tuple[Path, seawall.ScanResult]) -> None:
    found = list(read_incidents(scanned[0] / "incidents.jsonl"))
    by_score = sorted(found, key=lambda one: -one.score)
    assert [one.id for one in found] == [one.id for one in order_incidents(by_score)]
    assert [one.id for one in found] == [one.id for one in scanned[1].incidents]


def test_the_same_logs_give_the_same_bytes(tmp_path: Path, logs: Logs) -> None:
    folder = write(tmp_path / "logs", logs)
    for out in ("one", "two"):
        seawall.scan([folder], tmp_path / out)
    for name in set(OUTPUTS) - {"summary.json"}:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes(), name
    one, two = (_summary(tmp_path / out) for out in ("one", "two"))
    timing = ("seconds", "events_per_second", "peak_memory_bytes")
    assert {k: v for k, v in one.items() if k not in timing} == {
        k: v for k, v in two.items() if k not in timing
    }


def test_other_names_orders_and_containers_change_nothing(
    tmp_path: Path, scanned: tuple[Path, seawall.ScanResult], logs: Logs
) -> None:
    want = (scanned[0] / "incidents.jsonl").read_bytes()
    shuffled = ([*logs[0]], [*logs[1]])
    random.Random(1).shuffle(shuffled[0])
    random.Random(2).shuffle(shuffled[1])
    folder = write(tmp_path / "logs", shuffled, ("z.txt", "a.log"))
    halves = (folder / "z.txt").read_bytes().splitlines(keepends=True)
    (folder / "z.txt").unlink()
    (folder / "b.jsonl.gz").write_bytes(gzip.compress(b"".join(halves[::2])))
    (folder / "c.ndjson").write_bytes(b"".join(halves[1::2]))
    for out, paths in (("one", [folder]), ("two", sorted(folder.iterdir(), reverse=True))):
        seawall.scan(paths, tmp_path / out)
        assert (tmp_path / out / "incidents.jsonl").read_bytes() == want
        assert (tmp_path / out / "coverage.json").read_bytes() == (scanned[0] / "coverage.json").read_bytes()


def test_a_file_cut_off_where_exports_end_is_named_beside_the_incidents(
    tmp_path: Path, scanned: tuple[Path, seawall.ScanResult], logs: Logs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("seawall.pipeline.scan.EXPORT_RECORDS", len(logs[0]))
    result = seawall.scan(write(tmp_path / "logs", logs), tmp_path / "out")
    (note,) = [note for note in result.coverage if note.code == "truncated"]
    assert note.tenant == ORGANISATION
    assert "audit.jsonl" in note.text
    assert (tmp_path / "out" / "incidents.jsonl").read_bytes() == (
        scanned[0] / "incidents.jsonl"
    ).read_bytes()


def test_redelivered_lines_are_counted_and_change_nothing(
    tmp_path: Path, scanned: tuple[Path, seawall.ScanResult], logs: Logs
) -> None:
    again = random.Random(3).sample(logs[0], len(logs[0]) // 20)
    folder = write(tmp_path / "logs", ([*logs[0], *again], logs[1]))
    seawall.scan(folder, tmp_path / "out")
    summary = _summary(tmp_path / "out")
    assert _exact(summary)
    assert summary["duplicates"] == len(again)
    assert (tmp_path / "out" / "incidents.jsonl").read_bytes() == (
        scanned[0] / "incidents.jsonl"
    ).read_bytes()


def test_late_lines_change_nothing(
    tmp_path: Path, scanned: tuple[Path, seawall.ScanResult], logs: Logs
) -> None:
    last = _moment(START + timedelta(days=DAYS - 1))
    on_time = [record for record in logs[0] if record["CreationTime"] < last]
    late = [record for record in logs[0] if record["CreationTime"] >= last]
    folder = write(tmp_path / "logs", (on_time, logs[1]))
    (folder / "0-late.jsonl").write_text("".join(json.dumps(record) + "\n" for record in reversed(late)))
    seawall.scan(folder, tmp_path / "out")
    assert (tmp_path / "out" / "incidents.jsonl").read_bytes() == (
        scanned[0] / "incidents.jsonl"
    ).read_bytes()


def test_the_two_records_of_a_sign_in_are_one_event_that_knows_what_both_know(tmp_path: Path) -> None:
    entra = _sign_in(START, "ada@example.org", "79.200.1.1", "5e551000-0000-4000-8000-000000000001", "", 1)
    audit = {
        "Id": entra["id"], "CreationTime": _moment(START), "Operation": "UserLoggedIn", "OrganizationId": ORGANISATION,
        "RecordType": 15, "UserType": 0, "UserId": "Ada@Example.org", "Workload": "AzureActiveDirectory",
        "ClientIP": "79.200.1.1", "UniqueTokenId": "tok1",
        "DeviceProperties": [{"Name": "Id", "Value": "0d0d0d0d-0000-4000-8000-000000000001"}],
    }  # fmt: skip
    for number, records in enumerate(([entra, audit], [audit, entra])):
        folder = tmp_path / f"logs{number}"
        folder.mkdir()
        (folder / "a.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
        out = tmp_path / f"out{number}"
        summary = seawall.scan(folder, out).summary
        assert (summary["records"], summary["events"], summary["duplicates"]) == (2, 1, 1)
        (event,) = pq.read_table(out / "events.parquet").to_pylist()
        assert (event["source"], event["account"], event["org_uid"]) == (
            "entra_signin",
            "ada@example.org",
            ORGANISATION,
        )
        assert (event["token_uid"], event["auth_method"]) == ("tok1", "mfa_claim")
        assert event["device_uid"] == "0d0d0d0d-0000-4000-8000-000000000001"


def _of_another(logs: Logs) -> Logs:
    """The same people and days in another organisation."""
    text = (
        json.dumps(logs)
        .replace("example.org", "other.example")
        .replace(ORGANISATION, "aaaa6a50-9c8d-4c7e-8a11-7d3b8d1b2c10")
    )
    for old, new in (("4000-8000", "4111-8000"), ("4000-9000", "4111-9000"), ('"tok', '"kot')):
        text = text.replace(old, new)
    mail, sign_ins = json.loads(text)
    return mail, sign_ins


def test_organisations_do_not_touch_each_other(
    tmp_path: Path, scanned: tuple[Path, seawall.ScanResult], logs: Logs
) -> None:
    other = _of_another(logs)
    folder = write(tmp_path / "logs", ([*other[0], *logs[0]], [*other[1], *logs[1]]))
    seawall.scan(folder, tmp_path / "out")
    assert _summary(tmp_path / "out")["tenants"] == 2
    incidents, alone = _incidents(tmp_path / "out"), _incidents(scanned[0])
    for incident in [*incidents, *alone]:
        for words in ("usual", "reasons", "details", "summary", "detected_at"):
            incident.pop(words)  # of equally surprising values another may be named
    assert [incident for incident in incidents if incident["tenant"] == ORGANISATION] == alone
    assert len(incidents) == 2 * len(alone)


def test_the_python_face_needs_no_folder(
    tmp_path: Path, scanned: tuple[Path, seawall.ScanResult], logs: Logs
) -> None:
    result = seawall.scan(str(write(tmp_path / "logs", logs)))
    assert result.out is None
    assert result.incidents == scanned[1].incidents
    assert [path.name for path in tmp_path.iterdir()] == ["logs"]


@pytest.mark.parametrize(("budget", "most"), [(0, 0), (0.1, 2), (1, 20), (1000, 10_000)])
def test_the_budget_is_kept(tmp_path: Path, logs: Logs, budget: float, most: int) -> None:
    result = seawall.scan(write(tmp_path / "logs", logs), budget=budget)
    raised = [incident.raised for incident in result.incidents]
    assert sum(raised) == min(most, len(raised))
    assert raised == sorted(raised, reverse=True), "the worst are raised"
    for incident in result.incidents:
        if incident.raised:
            assert incident.detected_at is not None
            assert incident.first_event <= incident.detected_at <= incident.last_event
    if not any(raised):
        assert {incident.detected_at for incident in result.incidents} <= {None}


def test_progress_is_told(tmp_path: Path, logs: Logs) -> None:
    told: list[tuple[str, int, int]] = []
    seawall.scan(
        write(tmp_path / "logs", logs),
        progress=lambda phase, done, total, records: told.append((phase, done, total)),
    )
    assert list(dict.fromkeys(phase for phase, _, _ in told)) == ["read", "score", "write"]
    for phase in ("read", "score", "write"):
        assert [done == total for p, done, total in told if p == phase][-1]
    assert sum(phase == "score" for phase, _, _ in told) == len(
        {record["CreationTime"][:10] for record in logs[0]}
    )


def test_earlier_results_in_the_scanned_folder_are_not_read(
    tmp_path: Path, scanned: tuple[Path, seawall.ScanResult], logs: Logs
) -> None:
    folder = write(tmp_path / "logs", logs)
    for out in (folder / "deep" / "out", folder / "deep" / "out", folder, folder):
        seawall.scan(folder, out)
    summary = _summary(folder)
    assert summary["problems"] == _summary(folder / "deep" / "out")["problems"] + len(
        _other_results(folder / "deep" / "out")
    )
    assert _summary(folder / "deep" / "out")["records"] == len(logs[0]) + len(logs[1])
    assert (folder / "deep" / "out" / "incidents.jsonl").read_bytes() == (
        scanned[0] / "incidents.jsonl"
    ).read_bytes()


def _other_results(out: Path) -> Sequence[str]:
    """Records that another scan's results hold when they are read as logs: none has a time of its own."""
    lines = [
        line
        for name in ("incidents.jsonl", "problems.jsonl")
        for line in (out / name).read_text().splitlines()
    ]
    return [*lines, "coverage.json", "rules.json", "summary.json"]


def test_a_path_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputUnreadable, match="nowhere"):
        seawall.scan(tmp_path / "nowhere")
    with pytest.raises(InputUnreadable):
        seawall.scan([])


def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path, logs: Logs) -> None:
    folder = write(tmp_path / "logs", logs)
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputUnwritable):
        seawall.scan(folder, tmp_path / "file")


SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"


def _shared(folder: str) -> Path:
    path = SHARED / folder
    if not path.is_dir():
        pytest.skip(f"{folder} is not here: the shared data is not part of the project")
    return path


def test_a_real_tenant_is_accounted_for(tmp_path: Path) -> None:
    result = seawall.scan(_shared("m365-tenant-2021"), tmp_path)
    assert result.summary["records"] == 4767
    assert _exact(result.summary)
    assert result.summary["duplicates"] > 1500
    assert result.summary["tenants"] == 1
    attack = {
        one.severity for one in result.incidents if one.raised and day_text(one.first_event) == "16 Apr 2021"
    }
    assert attack >= {"critical", "high"}, "roles, credentials, consents, hidden rules: all on one day"


@pytest.mark.parametrize("folder", ["detection-vectors", "entra-signins", "golden-saml", "google-workspace-malformed",
                                    "mixed-samples", "sigma-rules", "wycheproof"])  # fmt: skip
def test_third_party_logs_are_accounted_for(tmp_path: Path, folder: str) -> None:
    result = seawall.scan(_shared(folder), tmp_path)
    assert _exact(result.summary)
    assert pq.read_table(tmp_path / "events.parquet").num_rows == result.summary["events"]
