"""A store of version 0.1 is whole, goes on watching, and keeps who may sign in, what was answered and what was contained."""

from __future__ import annotations

import json
import shutil
import threading
from pathlib import Path
from typing import Any

import pyotp
import pytest

from seawall.console.context import installation_key
from seawall.detection.ranking.engine import layout
from seawall.detection.ranking.ranker import load
from seawall.detection.rules.sigma.load import load_builtin_rules
from seawall.events.array_state import State
from seawall.pipeline.live.detection import is_outdated
from seawall.pipeline.live.opening import open_watch_store
from seawall.pipeline.live.service import WatchService
from seawall.pipeline.tail import BatchSizes
from seawall.storage.database import Database, QueueQuery
from seawall.storage.files.incident_documents import incident_document
from seawall.storage.files.state_file import unpack as unpack_state
from seawall.storage.location import open_store
from seawall_base.webhook import Webhook
from seawall_base.webhooks import target_of
from tests.cli.conftest import Run
from tests.clocks import ClockOf
from tests.console.consoles import HOST, Console, console
from tests.pipeline.live.running import quick, running
from tests.upgrade.conftest import MOMENT, Unpack, VerbInJson, device_of
from tests.upgrade.told import told

TENANT = "74e8febf-14ab-4396-b740-ebd3133feeaf"
PASSWORD = "seven lanterns under the quiet pier"
THEN = "bcca50caff36189d9fce0a8c481185bdff8829447ce8419d792cc0db6174bcbf"
"""The digest of rules, fields and patterns of version 0.1, as kept states have it."""
RECORD = (
    b'{"CreationTime":"2024-09-22T10:00:00","Id":"00000000-0000-4000-8000-000000000001","Operation":"MailItemsAccessed",'
    b'"OrganizationId":"74e8febf-14ab-4396-b740-ebd3133feeaf","RecordType":50,"UserType":0,"Workload":"Exchange",'
    b'"UserId":"ann@thistle-labs.test","ClientIPAddress":"192.0.2.7"}\n'
)
"""What was sent over HTTP under the key `request-1`."""


def incidents_of(store: Path) -> dict[str, Any]:
    database = Database.open(store / "seawall.db")
    with database.reading() as work:
        found = [incident_document(one) for one in work.incidents.page(QueueQuery(), limit=500)]
    database.close()
    return told(json.loads(json.dumps(found)))


def raised_of(found: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """Return account and kind of the raised incidents by id.

    Scores, and candidates that stay unraised, depend on whether the stored days are scored again before the logs are read.
    """
    return {id_: (one["account"], one["kind"]) for id_, one in found.items() if one["raised"]}


def watch_on(folder: Path, store: Path) -> None:
    """Read what there is and score it once, at the time when the fixtures were made: answers and containments end in time.

    Scored in between, an incident may be announced that all logs together do not show: how many depends on the load.
    """
    clock = ClockOf(now=lambda: MOMENT * 1_000_000)
    once = {
        "sizes": BatchSizes(records=1_000_000, seconds=5.0),
        "score_seconds": 600.0,
        "backlog_seconds": 600.0,
    }
    settings = quick(store, folder / "logs", **once)
    with open_watch_store(settings, print) as (database, lake):
        WatchService(settings, database, lake, clock=clock).run(threading.Event(), "once")


def with_later_logs(folder: Path, unpack: Unpack) -> None:
    """Lay the logs of the first week and of the day after into `logs`, as the store's watch had them."""
    unpack("results", "logs-1", "logs-2")
    (folder / "logs-1").rename(folder / "logs")
    for file in (folder / "logs-2").iterdir():
        shutil.copy(file, folder / "logs")


def test_a_store_is_whole(unpack: Unpack, answer: VerbInJson) -> None:
    folder = unpack("stores", "store", "backup.json")
    head = json.loads((folder / "backup.json").read_text("utf-8"))["audit"]
    (folder / "head.json").write_text(json.dumps(head), "utf-8")
    checked = answer("store", "check", "--store", "store", "--head", "head.json")
    assert (checked["ok"], checked["events"]["parts"], checked["audit"]["entries"]) == (True, 8, 12)
    assert answer("store", "size", "--store", "store")["database"]["rows"]["incidents"] == 10


def test_a_watch_goes_on_and_finds_what_it_would_have_found(
    unpack: Unpack, answer: VerbInJson, rescored: dict[str, dict[str, Any]]
) -> None:
    """Later logs are read, earlier ones are not read again, and the answers of people count as before."""
    folder = unpack("stores", "store")
    before = incidents_of(folder / "store")
    with_later_logs(folder, unpack)
    watch_on(folder, folder / "store")
    after = incidents_of(folder / "store")
    expected = rescored["store"]
    assert raised_of(after) == raised_of(expected)
    assert after != before
    watch_on(folder, folder / "store")
    assert incidents_of(folder / "store") == after
    assert answer("store", "check", "--store", "store")["ok"]
    assert answer("store", "size", "--store", "store")["database"]["rows"]["feedback"] == 3


def test_what_detection_knew_is_taken_over(unpack: Unpack) -> None:
    """Unless rules, fields, patterns or ranker changed since, as they did: all days are scored again."""
    folder = unpack("stores", "store")
    with open_store(folder / "store", None) as store, store.database.reading() as work:
        kept = [name for name in work.states.names() if name.startswith("detection/")]
        states = {name.removeprefix("detection/"): array_state(work.states.get(name)) for name in kept}
    engines = [name for name in states if "/engine/" in name]
    assert engines == [f"0/engine/{day}" for day in (19982, 19984, 19985, 19986)]
    assert {states[name]["layout"].tobytes().hex() for name in engines} == {THEN}
    assert is_outdated(states, layout(load_builtin_rules(), load()))


def array_state(content: bytes | None) -> State:
    assert content is not None
    return unpack_state(content)


def test_a_request_that_was_sent_before_counts_once(unpack: Unpack) -> None:
    folder = unpack("stores", "store")
    with running(quick(folder / "store")) as service:
        assert service.ingest(RECORD, source="token:collector", key="request-1").is_repeat
        assert not service.ingest(RECORD, source="token:collector", key="request-2").is_repeat


def test_who_could_sign_in_signs_in_and_finds_what_was_answered(unpack: Unpack) -> None:
    folder = unpack("stores", "store", "console.json")
    notes = json.loads((folder / "console.json").read_text("utf-8"))
    key = installation_key(folder / "store")
    with console(folder / "store", key=key) as made:
        made.clock.now = (MOMENT + 3600) * 1_000_000
        browser = made.browser()
        code = pyotp.TOTP(notes["totp"]).at(made.clock.seconds)
        signed = browser.post("/api/sign-in/password", {"name": "Ann", "password": PASSWORD, "code": code})
        assert signed.status_code == 200, signed.text
        browser.csrf = ""
        assert browser.get("/api/views").json()["items"] == [{"name": "mine", "query": "q=is%3Aopen"}]
        rows = browser.get("/api/answers?limit=50").json()["items"]
        assert [(one["id"], one["answer"], one["incident"]) for one in rows] == [
            ("3", "expected-change", notes["incidents"][3]),
            ("2", "safe", notes["incidents"][2]),
            ("1", "compromised", notes["incidents"][1]),
        ]
        assert rows[2]["note"] == "seen in the office"
        assert [one["name"] for one in browser.get("/api/users").json()["items"]] == ["Ann", "bob"]
        assert browser.send("DELETE", "/api/answers/1").status_code == 204
        given = browser.post(f"/api/incidents/{notes['incidents'][0]}/answers", {"answer": "safe"})
        assert (given.status_code, given.json()["id"]) == (201, "4")
        assert _has_token(made, notes["ingest"])
    with open_store(folder / "store", None) as store, store.database.reading() as work:
        verdict = work.audit.verify()
        assert verdict.is_whole
        assert [one.action for one in work.audit.page(limit=100)][-2:] == ["answer-withdrawn", "answer-given"]


def test_a_passkey_of_then_signs_in(unpack: Unpack) -> None:
    folder = unpack("stores", "store", "console.json")
    held = json.loads((folder / "console.json").read_text("utf-8"))["passkey"]
    with console(folder / "store", key=installation_key(folder / "store")) as made:
        made.clock.now = (MOMENT + 3600) * 1_000_000
        browser, device = made.browser(), device_of(held, HOST)
        options = browser.post("/api/sign-in/passkey/options").json()
        signed = browser.post("/api/sign-in/passkey", {"credential": device.get(options, made.origin)})
        assert signed.status_code == 200, signed.text
        browser.csrf = ""
        assert browser.get("/api/me").json()["user"]["name"] == "Ann"
        with made.context.database.reading() as work:
            user = work.users.find("Ann")
            assert user is not None
            assert work.oidc_identities.find("https://login.example.com", "4711") == user.id
            ((*_, problem),) = work.problems.page()
    assert (problem.source_file, problem.line) == ("logs/broken.jsonl", 1)


def _has_token(made: Console, token: str) -> bool:
    with made.context.database.reading() as work:
        found = work.ingest_tokens.find(token.encode())
    return found is not None and found.name == "collector"


def test_users_are_added_and_invited(unpack: Unpack, answer: VerbInJson, run: Run) -> None:
    unpack("stores", "store")
    assert run("user", "invite", "bob", "--store", "store").code == 0
    assert run("user", "disable", "bob", "--store", "store").code == 0
    users = answer("user", "list", "--store", "store")["users"]
    assert [(one["name"], one["disabled"]) for one in users] == [("Ann", False), ("bob", True)]


def test_what_waits_for_a_webhook_and_a_containment_are_kept(unpack: Unpack) -> None:
    folder = unpack("stores", "store")
    with open_store(folder / "store", None) as store, store.database.writing() as work:
        waiting = work.outbox.due(limit=50, at=(MOMENT + 86_400) * 1_000_000)
        assert len(waiting) == 10
        assert {one.target for one in waiting} == {target_of(Webhook("http://127.0.0.1:9/hook"))}
        (contained,) = work.containments.standing(at=MOMENT * 1_000_000)
        assert (contained.given_by, contained.ended_at) == ("Ann Example", None)
        assert work.containments.end(contained.plan, by="Bob", at=(MOMENT + 60) * 1_000_000) == 1
        assert work.containments.standing(at=(MOMENT + 120) * 1_000_000) == []


def test_old_days_go(unpack: Unpack, answer: VerbInJson) -> None:
    """Every record is older than that, whenever this runs."""
    unpack("stores", "store")
    gone = answer("store", "prune", "--days", 1, "--store", "store")
    assert (gone["events"]["days"], gone["rows"]["incidents"], gone["rows"]["candidates"]) == (7, 10, 39)
    assert answer("store", "check", "--store", "store")["events"]["parts"] == 0


def test_a_backup_becomes_a_store_that_goes_on(
    unpack: Unpack, run: Run, answer: VerbInJson, rescored: dict[str, dict[str, Any]]
) -> None:
    folder = unpack("stores", "backup")
    restored = run("store", "restore", "backup", "--to", "store")
    assert restored.code == 0, restored.err
    assert run("store", "migrate", "--store", "store").code == 0
    with_later_logs(folder, unpack)
    watch_on(folder, folder / "store")
    found, expected = incidents_of(folder / "store"), rescored["store"]
    assert raised_of(found) == raised_of(expected)
    assert answer("store", "backup", "again", "--store", "store")["database_version"] == "0007"


@pytest.mark.parametrize("version", ["0001", "0002", "0003"])
def test_a_database_of_an_earlier_version_is_migrated_once(
    unpack: Unpack, run: Run, answer: VerbInJson, version: str
) -> None:
    store = f"store-{version}"
    folder = unpack("stores", store)
    refused = run("store", "size", "--store", store)
    assert refused.code != 0
    assert "seawall store migrate" in refused.err
    assert run("store", "migrate", "--store", store).code == 0
    database = Database.open(folder / store / "seawall.db")
    with database.writing() as work:
        assert work.incidents.count() == 10
        (given,) = work.answers.page()
        assert (given.answer, given.given_by, given.note) == ("safe", "ann", "it was me")
        assert [one.name for one in work.users.all()] == ["ann"]
        work.audit.append(at=MOMENT * 1_000_000, actor="ann", action="looked")
        assert work.audit.verify().is_whole
    database.close()
    assert run("store", "migrate", "--store", store).code == 0


def test_a_store_of_version_3_goes_on(unpack: Unpack, run: Run, rescored: dict[str, dict[str, Any]]) -> None:
    folder = unpack("stores", "store-0003")
    with_later_logs(folder, unpack)
    assert run("store", "migrate", "--store", "store-0003").code == 0
    done = run("watch", "logs", "--budget", "2", "--quiet", "--store", "store-0003", "--once")
    assert done.code == 0, done.err
    found, expected = incidents_of(folder / "store-0003"), rescored["store-0003"]
    assert raised_of(found) == raised_of(expected)
