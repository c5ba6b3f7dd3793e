"""Records over HTTP into a running watch: on the disk when they are answered, counted once, and found again."""

from __future__ import annotations

import asyncio
import gzip
import json
import random
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from seawall.console import ingest
from seawall.console.context import ConsoleSettings
from seawall.events.microsoft import m365_columns as m365_audit
from seawall.pipeline.live.service import WatchService
from seawall.pipeline.live.settings import LiveSettings
from seawall.storage.location import open_store
from tests.console.consoles import Console, console
from tests.console.test_ingest import TOKEN, post
from tests.events.archives import member, zip_of

COUNT = 50
ORGANISATION = "0a0a0a0a-0000-4000-8000-000000000000"


def line(number: int) -> bytes:
    """A mail access of the unified audit log."""
    record = {
        "CreationTime": f"2026-03-01T{number % 24:02}:00:{number // 24:02}",
        "Id": f"00000000-0000-4000-8000-{number:012}",
        "Operation": "MailItemsAccessed",
        "OrganizationId": ORGANISATION,
        "RecordType": 50,
        "UserKey": "key",
        "UserType": 0,
        "Workload": "Exchange",
        "UserId": "ann@x.example",
        "ClientIPAddress": "203.0.113.7",
        "ClientInfoString": "Client=OWA;Mozilla/5.0 Chrome/120.0.0.0",
        "MailboxOwnerUPN": "ann@x.example",
    }
    return json.dumps(record).encode() + b"\n"


LINES = [line(number) for number in range(COUNT)]


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Console]:
    """A console whose watch runs in a thread."""
    with open_store(tmp_path / "store", None, make=True) as store:
        service = WatchService(LiveSettings(tmp_path / "store"), store.database, store.lake)
        stop = threading.Event()
        thread = threading.Thread(target=service.run, args=(stop,))
        thread.start()
        try:
            parts: dict[str, Any] = {"database": store.database, "lake": store.lake, "service": service}
            with console(tmp_path, ConsoleSettings(), **parts) as made:
                with store.database.writing() as work:
                    work.ingest_tokens.add("collector", TOKEN.encode(), by="admin", at=made.clock())
                yield made
                ingest.close_ingest(made.context)
        finally:
            stop.set()
            thread.join(30)


def records(made: Console) -> int:
    with made.context.database.reading() as work:
        return work.totals.all().get("records", 0)


def shown(made: Console) -> list[str]:
    """The records of Ann, in the lake."""
    path = f"/api/account/records?tenant={ORGANISATION}&account=ann@x.example&limit=200"
    return [row["id"] for row in made.browser().get(path).json()["items"]]


HOSTILE = {
    "half a surrogate pair in a cut name": (
        LINES[0] + LINES[1].replace(b"ann@", b"\\ud800nn@")[:-90] + b"\n" + LINES[2],
        (3, 1),
    ),
    "a member without a name": (zip_of(member(b"", LINES[0]), member(b"", LINES[1])), (2, 0)),
    "a bomb": (zip_of(member(b"a", LINES[0] + b"\n" * (20 << 20), "bzip2"), member(b"b", LINES[1])), (1, 0)),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_bodies_are_taken_and_what_cannot_be_read_is_counted(live: Console, name: str) -> None:
    """The first two were answered with 503, so that a collector sent them again for ever."""
    body, (count, problems) = HOSTILE[name]
    answer = post(live, body, content_type="application/octet-stream")
    assert (answer.status_code, answer.json()["records"], answer.json()["problems"]) == (202, count, problems)
    assert len(shown(live)) == count - problems
    assert post(live, LINES[9]).status_code == 202


@pytest.mark.reader_fails
def test_a_record_on_which_the_reader_fails_costs_itself_alone(
    live: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = m365_audit.row

    def row(record: dict[str, Any]) -> tuple[str | None, ...]:
        if record["Id"] == json.loads(LINES[1])["Id"]:
            raise KeyError("a secret of a record")
        return right(record)

    monkeypatch.setattr(m365_audit, "row", row)
    answer = post(live, b"".join(LINES[:3]))
    assert (answer.status_code, answer.json()["records"], answer.json()["problems"]) == (202, 3, 1)
    health = live.browser().get("/api/health/ingest").text
    assert "reader-failed" in health
    assert "a secret of a record" not in health


def test_what_was_answered_is_on_the_disk(live: Console) -> None:
    answer = post(live, gzip.compress(b"".join(LINES)), content_encoding="gzip")
    assert (answer.status_code, answer.json()["records"], answer.json()["problems"]) == (202, COUNT, 0)
    assert records(live) == COUNT
    assert len(shown(live)) == COUNT
    path = f"/api/record?tenant={ORGANISATION}&id={json.loads(LINES[0])['Id']}"
    assert live.browser().get(path).json()["source_file"] == "collector"


def test_a_request_that_is_repeated_counts_once(live: Console) -> None:
    first = post(live, LINES[0], idempotency_key="a").json()
    again = post(live, LINES[0], idempotency_key="a").json()
    assert (first["records"], again) == (1, first)
    assert records(live) == 1
    post(live, LINES[1], idempotency_key="b")
    assert records(live) == 2
    with live.context.database.reading() as work:
        assert sum(name.startswith("request/") for name in work.checkpoints.all()) == 2


def test_a_key_of_another_body_is_refused_and_loses_nothing(live: Console) -> None:
    packed = {"content_encoding": "gzip", "idempotency_key": "a"}
    first = post(live, gzip.compress(LINES[0], 1), **packed).json()
    assert post(live, gzip.compress(LINES[0], 9, mtime=7), **packed).json()["id"] == first["id"]
    answer = post(live, LINES[1], idempotency_key="a")
    assert answer.status_code == 422
    error = answer.json()["error"]
    assert (error["code"], error["field"]) == ("invalid", "Idempotency-Key")
    assert "another body" in error["message"]
    assert records(live) == 1
    assert post(live, LINES[1], idempotency_key="b").status_code == 202


def test_keys_of_two_tokens_have_nothing_to_do_with_each_other(live: Console) -> None:
    other = "seawall_" + "u" * 40
    with live.context.database.writing() as work:
        work.ingest_tokens.add("other", other.encode(), by="admin", at=live.clock())
    post(live, LINES[0], idempotency_key="a")
    assert post(live, LINES[1], idempotency_key="a", authorization=f"Bearer {other}").status_code == 202
    assert records(live) == 2


@pytest.mark.parametrize(
    ("body", "read", "problems"),
    [
        (b"", 0, 0), (b"\n\n \n", 0, 0), (b'{"value":[]}', 1, 1),
        (b'{"a":' * 5000 + b"\n", 1, 1), (LINES[0] + b"\xff\xff\n" + LINES[1], 3, 1), (LINES[0] + LINES[1][:40], 2, 1),
        (b"[" + LINES[0].strip() + b"," + LINES[1].strip() + b"]", 2, 0),
        (b'{"CreationTime":"2026-03-01T00:00:00","Id":"\\ud800","Operation":"X"}\n', 1, None),
    ],
    ids=["empty", "blank", "no records", "deep", "broken line", "cut", "array", "half"],
)  # fmt: skip
def test_nothing_in_a_body_breaks_anything(
    live: Console, body: bytes, read: int | None, problems: int | None
) -> None:
    answer = post(live, body)
    assert answer.status_code == 202, answer.text
    if read is not None:
        assert answer.json()["records"] == read
    if problems is not None:
        assert answer.json()["problems"] == problems
    assert post(live, LINES[7]).json()["records"] == 1
    assert shown(live)


@pytest.mark.parametrize("key", [{}, {"idempotency_key": "again"}], ids=["once", "repeated"])
def test_an_export_of_nothing_is_taken_as_such(live: Console, key: dict[str, str]) -> None:
    """A collector whose last hour was quiet does right to send the header alone."""
    header = b"CreationDate,UserIds,Operations,AuditData\r\n"
    for _ in range(2):
        answer = post(live, header, content_type="text/csv", **key)
        assert answer.status_code == 202, answer.text
        assert (answer.json()["records"], answer.json()["problems"]) == (0, 0)
    assert post(live, gzip.compress(header), content_encoding="gzip").status_code == 202
    assert records(live) == 0
    assert live.browser().get("/api/problems").json()["items"] == []


NO_LOGS = {
    "text": b"no json\n",
    "page": b"<!DOCTYPE html>\n<html><body>\n<h1>502 Bad Gateway</h1>\n</body></html>\n",
    "zeros": b"\x00" * 100_000,
    "random": random.Random(1).randbytes(5_000),
    "zip": b"PK\x03\x04" + b"z" * 50,
    "number": b"5",
    "half UTF-16": b"\xff\xfe\x00\n" + LINES[0],
    "foreign table": b"a,b\n1,2\n",
    "foreign header": b"created,price,colour\n",
    "header of a cut zip": b"PK\x03\x04CreationDate,AuditData\n",
}


@pytest.mark.parametrize("name", NO_LOGS)
@pytest.mark.parametrize("key", [{}, {"idempotency_key": "again"}], ids=["once", "repeated"])
def test_what_is_no_log_is_said_to_be_none(live: Console, name: str, key: dict[str, str]) -> None:
    """A collector that sends an error page for hours must not look as if it worked."""
    for _ in range(2):
        answer = post(live, NO_LOGS[name], **key)
        assert answer.status_code == 422, answer.text
        assert answer.json()["error"]["code"] == "not-a-log"
    assert post(live, gzip.compress(NO_LOGS[name]), content_encoding="gzip").status_code == 422
    assert post(live, LINES[7]).json()["records"] == 1
    problems = live.browser().get("/api/problems").json()["items"]
    assert {one["source_file"] for one in problems} == {"collector"}, "the console's health says so too"


def test_many_at_once(live: Console) -> None:
    async def sent() -> list[int]:
        transport = httpx.ASGITransport(live.app, client=("127.0.0.1", 50000))
        headers = {"authorization": f"Bearer {TOKEN}", "content-type": "application/x-ndjson"}
        async with httpx.AsyncClient(transport=transport, base_url=live.origin, headers=headers) as client:
            answers = await asyncio.gather(
                *(client.post("/api/ingest", content=one, timeout=60) for one in LINES)
            )
        return [answer.status_code for answer in answers]

    assert live.loop.run_until_complete(sent()) == [202] * COUNT
    assert records(live) == COUNT
    assert sorted(shown(live)) == [json.loads(line)["Id"] for line in LINES]
