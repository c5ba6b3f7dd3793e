"""Make fixtures of storage: results of a scan, stores and backups, and the incidents found in them."""

from __future__ import annotations

import hashlib
import json
import shutil
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from tools.upgrade_fixtures.running import ISSUER, WHO, asked, at_commit, held, old, seawall

OLD_DATABASES: Final = {"0001": "3f306f3^", "0002": "9f07751^", "0003": "7d5c2de^"}
"""The last commit of each earlier version of the database schema."""

RECORD: Final = (
    b'{"CreationTime":"2024-09-22T10:00:00","Id":"00000000-0000-4000-8000-000000000001","Operation":"MailItemsAccessed",'
    b'"OrganizationId":"74e8febf-14ab-4396-b740-ebd3133feeaf","RecordType":50,"UserType":0,"Workload":"Exchange",'
    b'"UserId":"ann@thistle-labs.test","ClientIPAddress":"192.0.2.7"}\n'
)

PASSWORD: Final = "seven lanterns under the quiet pier"


def make_results(_: Path) -> None:
    """Make the results of a scan, its logs, and a scope found in them."""
    seawall(
        "lab", "make", "--out", "world", "--seed", 7, "--accounts", 8, "--days", 8, "--attacks", 2, "--density", 0.1
    )  # fmt: skip
    for part, file in enumerate(sorted(Path("world/logs").rglob("*.csv")), 1):
        target = Path(f"logs-{part}") / file.name
        target.parent.mkdir()
        shutil.move(file, target)
    shutil.rmtree("world")
    Path("logs-1/broken.jsonl").write_text('{"CreationTime":"2024-09-17T10:00:00","Id":\n', "utf-8")
    seawall("scan", "logs-1", "--out", "out", "--budget", 2, "--quiet")
    seawall("scope", "out", "--incident", 1, "--out", "scope", "--quiet")
    Path("out/report.html").unlink()
    Path("scope/scope.html").unlink()


def make_stores(origin: Path) -> None:
    """Make a store with answers, users, a containment and a waiting message; its backup; and stores of versions 1 to 3."""
    results = Path("../results").resolve()
    containment = Path("../containment").resolve()
    shutil.copytree(results / "logs-1", "logs")
    watch = ("watch", "logs", "--budget", 2, "--quiet")
    _watch(Path("store"))
    journal = containment / "plan.journal.jsonl"
    seawall("respond", "attention", journal, "--store", "store", "--by", WHO)
    _use_console(Path("store"))
    seawall("user", "add", "bob", "--role", "analyst", "--store", "store")
    printed = seawall("store", "backup", "backup", "--store", "store", "--json")
    Path("backup.json").write_text(printed, "utf-8")
    verbs = "import sys; from seawall.cli.main import main; sys.exit(main(sys.argv[1:]))"
    for version in ("0002", "0003"):
        store = Path(f"store-{version}")
        arguments = (*watch, "--store", store, "--once")
        at_commit(origin, OLD_DATABASES[version], Path("../commits").resolve(), verbs, *arguments)
        give = _GIVE.replace("STORE", str(store / "seawall.db"))
        at_commit(origin, OLD_DATABASES[version], Path("../commits").resolve(), give)
    at_commit(
        origin, OLD_DATABASES["0001"], Path("../commits").resolve(), _FIRST, results / "out/incidents.jsonl"
    )
    shutil.rmtree("logs")


_GIVE: Final = """
from seawall.store.database import Choice, Database
database = Database.open("STORE")
with database.writing() as work:
    one = work.incidents.page(Choice(), limit=1)[0]
    work.answers.give(one.id, "safe", by="ann", at=1, note="it was me") if hasattr(work, "answers") else \
        work.feedback.give(one.id, "safe", by="ann", at=1, note="it was me")
    work.users.add("ann", "admin", at=1)
    work.audit.append(at=1, actor="ann", action="answer-given", subject=one.id)
database.close()
"""
"""A program that stores an answer, a user and an entry of the audit trail with the old code."""

_FIRST: Final = """
import json, sys, dataclasses
from pathlib import Path
from seawall.schema.findings import Reason
from seawall.schema.incidents import Incident
from seawall.store.database import Database
Path("store-0001").mkdir(mode=0o700)
database = Database.open("store-0001/seawall.db", should_migrate=True)
documents = [json.loads(line) for line in Path(sys.argv[1]).read_text("utf-8").splitlines()]
first = 1_726_444_800_000_000
found = [
    Incident(
        id=one["id"], tenant=one["tenant"], account=one["account"], kind=one["kind"], severity=one["severity"],
        score=one["score"], base=one["base"], raised=one["raised"], detected_at=first, first_event=first,
        last_event=first + 60_000_000, title=one["title"], summary=one["summary"], reasons=tuple(
            Reason(layer=r["layer"], aspect=r["aspect"], text=r["text"], weight=r["weight"]) for r in one["reasons"]
        ), events=tuple(one["events"]), mailboxes=(), messages_proved=0, messages_possible=0,
    )
    for one in documents
]
with database.writing() as work:
    work.incidents.put(found)
    answers = getattr(work, "answers", None) or work.feedback
    answers.give(found[0].id, "safe", by="ann", at=1, note="it was me")
    work.users.add("ann", "admin", at=1)
    work.audit.append(at=1, actor="ann", action="answer-given", subject=found[0].id)
database.close()
"""
"""A program that fills a database of version 1 with incidents of a scan, because no old watch stored its own."""


def _watch(store: Path) -> None:
    """Watch the logs with an unreachable webhook, store the state of detection, and ingest a record over HTTP."""
    running, opening = old("tests.pipeline.live.running"), old("seawall.live.opening")
    old("seawall.live.scoring").KEEP_SECONDS = 0.0
    webhook = old("seawall.webhooks.webhook").Webhook("http://127.0.0.1:9/hook")
    settings = running.quick(store, Path("logs"), webhooks=(webhook,))
    with opening.opened(settings) as (database, lake):
        old("seawall.live.service").Service(settings, database, lake).run(threading.Event(), "once")
    with running.running(settings) as service:
        service.ingest(RECORD, source="token:collector", key="request-1")
        running.until(lambda: not service.status().dirty_days)


def _use_console(store: Path) -> None:
    """Sign in with password and codes, answer, create an ingest token, and save a view, through the console's API."""
    consoles, codes = old("tests.console.consoles"), old("seawall.server.console.sign_in.codes")
    key = old("seawall.server.console.context").installation_key(store)
    notes: dict[str, Any] = {}
    with consoles.console(store, key=key) as made:
        passwords = old("seawall.server.console.sign_in.passwords").Passwords(memory_kib=64, passes=1)
        made.context.notes["sign-in"].passwords = passwords
        with made.context.database.writing() as work:
            code = codes.new_setup(work, at=made.clock())
        browser = made.browser()
        asked(browser.post("/api/setup", {"code": code, "name": "Ann", "password": PASSWORD}))
        browser.csrf = ""
        secret = asked(browser.post("/api/me/totp"))["secret"]
        totp = old("pyotp").TOTP(secret)
        asked(browser.post("/api/me/totp/confirm", {"code": totp.at(made.clock.seconds)}))
        browser.csrf = ""
        rows = asked(browser.get("/api/incidents?limit=50"))["items"]
        notes["answers"] = [
            asked(browser.post(f"/api/incidents/{row['id']}/answers", document))["id"]
            for row, document in zip(
                rows[1:4],
                (
                    {"answer": "compromised", "note": "seen in the office"},
                    {"answer": "safe", "note": "it was me"},
                    {"answer": "expected-change", "scope": {"reach": "account"}},
                ),
                strict=True,
            )
        ]
        asked(browser.send("PUT", "/api/views/mine", {"query": "q=is%3Aopen"}))
        notes["passkey"] = _add_passkey(browser, consoles)
        with made.context.database.writing() as work:
            user = work.users.find("Ann")
            work.oidc_identities.link(ISSUER, "4711", user.id, at=made.clock())
        notes["incidents"] = [row["id"] for row in rows]
        notes["ingest"] = asked(browser.post("/api/ingest-tokens", {"name": "collector"}))["token"]
    Path("console.json").write_text(json.dumps({**notes, "totp": secret}, indent=1) + "\n", "utf-8")


def _add_passkey(browser: Any, consoles: Any) -> dict[str, Any]:
    """Register a passkey, and return the content of its authenticator."""
    device = old("tests.gate.step_up.device").Device(consoles.HOST)
    options = asked(browser.post("/api/me/passkeys/options"))
    credential = device.create(options, consoles.ORIGIN)
    asked(browser.post("/api/me/passkeys", {"credential": credential, "label": "key"}))
    browser.csrf = ""
    return held(device)


def make_rescored(_: Path) -> None:
    """Make the results of the old code: on the logs, on later logs, and in the store after those."""
    stores, results = Path("../stores").resolve(), Path("../results").resolve()
    shutil.copytree(results / "logs-1", "logs")
    found = {"logs-1": _incidents(results / "out/incidents.jsonl")}
    for file in (results / "logs-2").iterdir():
        shutil.copy(file, "logs")
    seawall("scan", "logs", "--out", "out", "--budget", 2, "--quiet")
    found["logs-1 and logs-2"] = _incidents(Path("out/incidents.jsonl"))
    for name in ("store", "store-0003"):
        shutil.copytree(stores / name, name)
        if name != "store":
            seawall("store", "migrate", "--store", name)
        seawall("watch", "logs", "--budget", 2, "--quiet", "--store", name, "--once")
        kept = old("seawall.store.database")
        database = kept.Database.open(Path(name) / "seawall.db")
        with database.reading() as work:
            document = old("seawall.report.documents").incident_document
            found[name] = _plain([document(one) for one in work.incidents.page(kept.Choice(), limit=500)])
        database.close()
    built_in = old("seawall.rules.sigma.load").built_in()
    layout = old("seawall.incidents.engine").layout(built_in).tobytes().hex()
    found["detection"] = {"layout": layout}
    shutil.rmtree("logs")
    shutil.rmtree("out")
    Path("rescored.json").write_text(json.dumps(found, indent=1) + "\n", "utf-8")


def _incidents(path: Path) -> dict[str, Any]:
    return _plain([json.loads(line) for line in path.read_text("utf-8").splitlines()])


def _plain(documents: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the displayed fields of each incident, and a digest of the rest."""
    told = ("account", "kind", "severity", "score", "raised")
    return {
        one["id"]: {
            **{name: one[name] for name in told},
            "sha256": hashlib.sha256(json.dumps(one, sort_keys=True).encode()).hexdigest(),
        }
        for one in documents
    }
