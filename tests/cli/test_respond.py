"""`seawall respond`: plans are printed and kept, nothing is done unasked, and what is done is done once and taken back."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from seawall.events.event import ENRICHED_SCHEMA
from seawall.storage.files.incident_documents import write_incidents
from tests.response.containment.okta_api import Okta
from tests.response.containment.samples import ANN, incident, row
from tests.response.containment.serving import served

from .conftest import Outcome, Run


def write_events(path: Path, rows: list[dict[str, Any]]) -> None:
    """An events file of these rows, with every column."""
    names = ENRICHED_SCHEMA.names
    full = [
        {
            **dict.fromkeys(names),
            **one,
            "time": datetime.fromtimestamp(one["time"] / 1e6, UTC),
        }
        for one in rows
    ]
    pq.write_table(pa.Table.from_pylist(full, schema=ENRICHED_SCHEMA), path)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """What a scan left: one incident, whose intruder deactivated nothing but brought an identity provider."""
    folder = tmp_path / "out"
    folder.mkdir()
    write_incidents(folder / "incidents.jsonl", [incident("record-1")])
    rows = [
        row("system.idp.lifecycle.create", 1, source="okta", resource_uid="0oa1", parameters={"Target": "evil\x1b[31m"}),
        row("user.session.start", 2, source="okta", kind="sign_in"),
    ]  # fmt: skip
    write_events(folder / "events.parquet", rows)
    return folder


@pytest.fixture
def okta(tmp_path: Path) -> Iterator[Okta]:
    vendor = Okta()
    vendor.add_user(ANN)
    vendor.providers["0oa1"] = {"id": "0oa1", "status": "ACTIVE"}
    (tmp_path / "token").write_text("token-1\n")
    (tmp_path / "token").chmod(0o600)
    with served(vendor):
        (tmp_path / "respond.toml").write_text(f'[okta]\nbase_url = "{vendor.base}"\ntoken_file = "token"\n')
        yield vendor


def planned(run: Run, out: Path) -> dict[str, Any]:
    done = run("respond", "plan", "1", "--out", str(out), "--to", "plan.json", "--json")
    assert done.code == 0, done.err
    document: dict[str, Any] = json.loads(done.out)
    return document["plan"]  # type: ignore[no-any-return]


def test_a_plan_is_made_from_what_a_scan_left(run: Run, out: Path) -> None:
    plan = planned(run, out)
    kinds = [action["kind"] for action in plan["actions"]]
    assert kinds == [
        "block_renewal",
        "reset_password",
        "disable_account",
        "revoke_sessions",
        "remove_method",
        "revoke_sessions",
    ]
    shown = run("respond", "plan", "1", "--out", str(out), "--calls")
    assert "POST https://YOUR-ORGANISATION.okta.com/api/v1/idps/0oa1/lifecycle/deactivate" in shown.out
    assert "\x1b" not in shown.out
    assert "cannot be undone" in shown.out


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("plan",), 2),
        (("plan", "1", "--thumbprint", "x"), 2),
        (("plan", "nosuch"), 2),
        (("apply", "missing.json"), 3),
        (("apply", "plan.json", "--minimum-confidence", "sure"), 2),
        (("apply", "plan.json", "--steps", "nosuch"), 2),
        (("apply", "plan.json", "--apply"), 2),
        (("apply", "plan.json", "--apply", "--approver", " "), 2),
        (("apply", "plan.json", "--apply", "--approver", "Ann"), 2),
        (("apply", "plan.json", "--apply", "--approver", "Ann", "--config", "missing.toml"), 2),
        (("apply", "plan.json", "--done", "1"), 2),
        (("undo", "missing"), 1),
        (("undo", "plan.json"), 1),
        (("plan", "1", "--to", "."), 1),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(run: Run, out: Path, words: tuple[str, ...], code: int) -> None:
    planned(run, out)
    more = ("--out", str(out)) if words[0] == "plan" else ()
    done = run("respond", *words, *more)
    assert done.code == code, done.err
    assert "fix:" in done.err


def test_without_apply_nobody_is_asked(run: Run, out: Path, okta: Okta) -> None:
    planned(run, out)
    shown = run("respond", "apply", "plan.json", "--config", "respond.toml")
    assert shown.code == 0
    assert "nothing was changed" in shown.err
    assert okta.calls == []
    assert not Path("plan.journal.jsonl").exists()


def test_by_hand_and_said_so(run: Run, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    planned(run, out)
    shown = run("respond", "apply", "plan.json")
    assert "next: seawall respond apply plan.json --apply --approver NAME --config FILE" in shown.err
    call = "POST https://YOUR-ORGANISATION.okta.com/api/v1/idps/0oa1/lifecycle/deactivate"
    assert any(line.endswith(call) for line in shown.out.splitlines())
    monkeypatch.setenv("COLUMNS", "40")
    narrow = run("respond", "apply", "plan.json")
    assert any(line.endswith(call) for line in narrow.out.splitlines()), "what is copied stays one line"
    assert run("respond", "undo", "plan.json").err.startswith("error: plan.json: a plan, not its journal")
    said = run("respond", "apply", "plan.json", "--done", "disable-account", "--by", "Ann Example")
    assert said.code == 0, said.err
    assert "next: the other steps; seawall respond apply plan.json --done" in said.err
    journal = Path("plan.journal.jsonl")
    before = journal.read_bytes()
    assert run("respond", "apply", "plan.json", "--done", "disable-account", "--by", "Bob Example").code == 0
    assert journal.read_bytes() == before, "what was done once is told to others once"
    assert "the journal of a plan" in run("respond", "apply", "plan.journal.jsonl").err
    back = run("respond", "undo", "plan.journal.jsonl")
    assert back.out.startswith("1 of 6 steps\n")
    assert "Before you begin" not in back.out
    assert "disable-account" in back.out
    assert "reset-password" not in back.out


def test_nothing_is_undone_where_nothing_was_applied(run: Run, out: Path, okta: Okta) -> None:
    planned(run, out)
    okta.users.clear()
    assert apply(run, "--steps", "reset-password").code == 1
    assert okta.changes() == []
    shown = run("respond", "undo", "plan.journal.jsonl")
    assert (shown.code, "no step of this plan was applied" in shown.err, "next:" in shown.err) == (
        0,
        True,
        False,
    )


def apply(run: Run, *more: str) -> Outcome:
    return run(
        "respond", "apply", "plan.json", "--apply", "--approver", "Ann Example", "--config", "respond.toml", *more
    )  # fmt: skip


def test_applied_once_and_undone(run: Run, out: Path, okta: Okta) -> None:
    planned(run, out)
    done = apply(run, "--json")
    assert done.code == 0, done.err
    document = json.loads(done.out)
    states = {step["step"].rpartition("-")[0]: step["state"] for step in document["steps"]}
    assert states.pop("remove-method") == "left out", "what only a person can look at is a precaution"
    assert set(states.values()) == {"done"}
    assert okta.users[ANN]["status"] == "SUSPENDED"
    assert okta.providers["0oa1"]["status"] == "INACTIVE"
    journal = Path("plan.journal.jsonl")
    assert journal.stat().st_mode & 0o777 == 0o600
    assert '"by":"Ann Example"' in journal.read_text()
    assert "token-1" not in journal.read_text() + done.out + done.err
    count = len(okta.changes())
    assert apply(run).code == 0
    assert len(okta.changes()) == count
    shown = run("respond", "undo", str(journal))
    assert "unsuspend" in shown.out
    assert okta.users[ANN]["status"] == "SUSPENDED"
    undone = run(
        "respond", "undo", str(journal), "--apply", "--approver", "Bob", "--config", "respond.toml", "--json"
    )
    assert undone.code == 0, undone.err
    assert okta.users[ANN]["status"] == "ACTIVE"
    assert okta.providers["0oa1"]["status"] == "ACTIVE"


def test_what_fails_is_said_by_the_exit_code(run: Run, out: Path, okta: Okta) -> None:
    planned(run, out)
    okta.token = "another"
    done = apply(run)
    assert done.code == 1
    assert "failed" in done.out
    assert "blocked" in done.out
    assert "401" in done.out


def test_a_containment_that_failed_says_so_and_names_no_watch(run: Run, out: Path) -> None:
    planned(run, out)
    assert run("respond", "begin").code == 0
    got = apply(run, "--minimum-confidence", "precaution")
    assert got.code == 1
    assert "NOTHING WAS CONTAINED" in got.err
    assert "no access to okta is configured" in got.err
    assert "[okta]" in got.err
    assert "respond watch" not in got.err
    assert "by hand" in got.out
    document = json.loads(apply(run, "--json").out)
    assert document["settled"] == 0
    assert sum(len(one["steps"]) for one in document["not_done"]) == sum(
        one["state"] in ("failed", "unclear") for one in document["steps"]
    )


@pytest.mark.parametrize("name", ["YOUR NAME", "<name>", "NAME", "tbd", " "])
def test_a_placeholder_approves_and_confirms_nothing(run: Run, out: Path, okta: Okta, name: str) -> None:
    planned(run, out)
    for words in (("--apply", "--approver", name, "--config", "respond.toml"), ("--done", "1", "--by", name)):
        assert run("respond", "apply", "plan.json", *words).code == 2
    assert not Path("plan.journal.jsonl").exists()
    assert okta.calls == []


def test_an_unclear_step_is_settled_by_a_person(
    run: Run, out: Path, okta: Okta, monkeypatch: pytest.MonkeyPatch
) -> None:
    from seawall_base.clock import Clock
    from tests.response.containment.serving import Fault

    monkeypatch.setattr(Clock, "wait", lambda *_: None)
    plan = planned(run, out)
    okta.faults = [Fault("DELETE", "/sessions", lost=True)]
    done = apply(run)
    assert done.code == 1
    assert "--again" in done.out
    step = next(action["id"] for action in plan["actions"] if action["kind"] == "revoke_sessions")
    confirmed = run("respond", "apply", "plan.json", "--done", step, "--by", "Bob Example", "--json")
    assert confirmed.code == 0, confirmed.err
    states = {one["step"]: one for one in json.loads(confirmed.out)["steps"]}
    assert (states[step]["state"], states[step]["why"]) == ("done", "confirmed by Bob Example")
    count = len(okta.cleared)
    assert apply(run).code == 0
    assert len(okta.cleared) == count


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("[okta]\ndomain = 'acme.okta.com/../evil'\n", "domain"),
        ("[okta]\nbase_url = 'http://evil.example'\ntoken_file = 'token'\n", "https"),
        ("[okta]\nbase_url = 'https://user@evil.example'\ntoken_file = 'token'\n", "https"),
        ("[okta]\nsecret = 'x'\n", "secret"),
        ("okta = 3\n", "okta"),
        ("[okta\n", "Expected"),
        ("\xff", "respond.toml:1: is not UTF-8"),
    ],
)
def test_settings_that_make_no_sense(run: Run, out: Path, okta: Okta, text: str, what: str) -> None:
    planned(run, out)
    Path("respond.toml").write_bytes(text.encode("latin-1"))
    done = apply(run)
    assert done.code in {1, 2}
    assert what in done.err + done.out
    assert okta.calls == []


def test_a_secret_that_others_can_read_is_not_used(run: Run, out: Path, okta: Okta) -> None:
    planned(run, out)
    os.chmod("token", 0o644)  # noqa: PTH101 - a name in the working folder
    done = apply(run)
    assert done.code == 1
    assert "others can read" in done.out
    assert okta.calls == []


def test_a_return_is_found_in_logs_and_in_a_scans_results(
    run: Run, out: Path, okta: Okta, tmp_path: Path
) -> None:
    """The journal says what the intruder was known by and since when it is to be looked for."""
    evil: dict[str, Any] = {"src_ip": "198.51.100.7", "app_uid": "evil-app", "client": "python/rest"}
    write_events(
        out / "events.parquet",
        [row("system.idp.lifecycle.create", 1, source="okta", resource_uid="0oa1", **evil)],
    )
    planned(run, out)
    refused = run("respond", "watch", "plan.journal.jsonl", str(out))
    assert refused.code == 1
    assert apply(run).code == 0
    none = run("respond", "watch", "plan.journal.jsonl", str(out))
    assert (none.code, none.out) == (0, "No return was found.\n")
    assert "no record is from after the containment" in none.err
    later: dict[str, Any] = {**evil, "src_ip": "203.0.113.9", "src_asn": 64999}
    again = row("MailItemsAccessed", 9, kind="mail_access", **later)
    again["time"] = int(datetime.now(UTC).timestamp() * 1e6) + 7_200_000_000
    write_events(tmp_path / "events.parquet", [again])
    found = run(
        "respond", "watch", "plan.journal.jsonl", str(out), str(tmp_path / "events.parquet"), "--json"
    )
    assert found.code == 10, found.err
    assert json.loads(found.out)["records_after"] == 1
    (one,) = json.loads(found.out)["returns"]
    assert one["records"] == ["record-9"]
    assert "application evil-app and client python/rest" in one["text"]
    missing = run("respond", "watch", "plan.journal.jsonl", "nosuch")
    assert missing.code == 3
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "one.jsonl").write_text("not a log\n")
    assert run("respond", "watch", "plan.journal.jsonl", str(logs)).code == 0


def test_a_watch_is_told_of_a_containment_and_that_it_ended(
    run: Run, out: Path, okta: Okta, tmp_path: Path
) -> None:
    from seawall.storage.database import Database

    planned(run, out)
    assert apply(run).code == 0
    (tmp_path / "store").mkdir(mode=0o700)
    Database.open(tmp_path / "store" / "seawall.db", should_migrate=True).close()
    words = ("respond", "attention", "plan.journal.jsonl", "--store", "store", "--json")
    assert run(*words).code == 2, "somebody answers for it"
    done = run(*words, "--by", "Ann Example")
    assert done.code == 0, done.err
    assert json.loads(done.out)["organisations"] == 1
    again = run(*words, "--by", "Ann Example")
    assert json.loads(again.out)["organisations"] == 0
    database = Database.open(tmp_path / "store" / "seawall.db")
    with database.reading() as work:
        (one,) = work.containments.standing(at=0)
        assert one.document["actor"]["accounts"] == [ANN]
        assert [entry.action for entry in work.audit.page()] == ["attention-begun", "attention-begun"]
    ended = run(*words, "--by", "Bob Example", "--end")
    assert json.loads(ended.out)["organisations"] == 1
    with database.reading() as work:
        assert work.containments.standing(at=0) == []
    database.close()


def test_without_send_one_reads_what_would_be_told_and_to_whom(run: Run, tmp_path: Path) -> None:
    assert run("respond", "signals", "key", "signing.pem").code == 0
    Path("signals.toml").write_text(
        '[transmitter]\nissuer = "https://seawall.example"\nkey = "signing.pem"\n'
        '[[stream]]\nname = "gate"\naudience = "https://gate.example"\npush = "https://gate.example/events"\n'
    )
    at = ("--at", "2026-11-26T14:00:00Z")
    one = ("respond", "signals", "tell", "session-revoked", "--email", "ann@example.org", *at)
    shown = run(*one)
    assert shown.code == 0, shown.err
    assert shown.out == "session-revoked of ann@example.org, done 2026-11-26T14:00:00Z: to gate\n"
    assert "nothing was sent" in shown.err
    (claims,) = json.loads(run(*one, "--json").out)["claims"]
    assert claims["sub_id"]["email"] == "ann@example.org"
    assert not Path("signals.db").exists()
