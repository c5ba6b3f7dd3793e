"""From an incident to the end: who was touched, what to do, doing it, warning others, telling those affected, answering for it.

Everything is real but the vendor: logs of a made-up organisation, every verb as a person types it, Entra's login and Graph on
a port of this machine, a gate, and a mail server.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from seawall.lab.worlds import WorldSettings, make_world
from tests.gate.gates import Issuer, running, until
from tests.response.cases import case_text
from tests.response.containment.serving import Fault, served
from tests.response.notification import mail_server
from tests.response.notification.login import GraphWithLogin

SECRET = "a-throw-away-secret-0123456789"
AUDIENCE = "https://gate.example/events"


class Person:
    """Types commands in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def types(self, *words: object, code: int = 0) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "seawall.cli.main", *map(str, words)],
            cwd=self.folder, capture_output=True, text=True, timeout=300, check=False, env={**os.environ, "NO_COLOR": "1"},
        )  # fmt: skip
        assert done.returncode == code, (words, done.stdout[-2000:], done.stderr[-2000:])
        return done

    def reads(self, *words: object) -> Any:
        return json.loads(self.types(*words, "--json").stdout)

    def writes(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text, "utf-8")
        (self.folder / name).chmod(0o600)


@pytest.mark.slow
def test_from_an_incident_to_the_answer_whether_somebody_was_told(tmp_path: Path) -> None:
    person = Person(tmp_path)
    victim, tenant = _an_incident(person)
    person.types("scope", "out", "--incident", _incident_of(person, victim), "--out", "scope", "-q")
    scope = json.loads((tmp_path / "scope/scope.json").read_text())
    touched = {one["name"] for one in scope["mailboxes"] if one["verdict"] == "touched"}
    assert victim in touched

    graph = GraphWithLogin(tenant, SECRET)
    _plan_and_apply(person, graph, victim, tenant)
    _warn_the_gate(person, victim, tenant)
    _tell_the_owner(person, victim, tenant)

    with served(graph):
        _settings(person, graph, tenant)
        person.types(
            "respond",
            "undo",
            "plan.journal.jsonl",
            "--apply",
            "--approver",
            "Ann Example",
            "--config",
            "respond.toml",
        )
    assert graph.users[victim]["accountEnabled"] is True


def _an_incident(person: Person) -> tuple[str, str]:
    """Make logs with an intruder in them, scan them; return who is the victim, and of which organisation."""
    made = WorldSettings(
        5, tenants=2, accounts=12, days=14, attacks=2, families=("bec_forwarding",), density=0.3
    )
    truth = make_world(made, person.folder / "world").truth
    person.types("scan", "world/logs", "--out", "out", "--quiet")
    found = {
        json.loads(line)["account"]
        for line in (person.folder / "out/incidents.jsonl").read_text().splitlines()
    }
    victims = [attack for attack in truth["attacks"] if attack["accounts"][0] in found]
    assert victims
    return victims[0]["accounts"][0], victims[0]["tenant"]


def _incident_of(person: Person, victim: str) -> str:
    lines = (person.folder / "out/incidents.jsonl").read_text().splitlines()
    return next(str(json.loads(line)["id"]) for line in lines if json.loads(line)["account"] == victim)


def _settings(person: Person, graph: GraphWithLogin, tenant: str) -> None:
    base = graph.base.removesuffix("/v1.0")
    person.writes("secret", SECRET)
    person.writes(
        "respond.toml",
        f'[microsoft]\ntenant = "{tenant}"\nclient_id = "{tenant}"\nsecret_file = "secret"\nbase_url = "{base}"\n',
    )


def _plan_and_apply(person: Person, graph: GraphWithLogin, victim: str, tenant: str) -> None:
    graph.add_user(victim)
    graph.faults += [
        Fault("PATCH", "", status=429, headers={"Retry-After": "1"}),
        Fault("POST", "revokeSignInSessions", lost=True),
    ]
    plan = person.reads(
        "respond",
        "plan",
        _incident_of(person, victim),
        "--out",
        "out",
        "--scope",
        "scope/scope.json",
        "--to",
        "plan.json",
    )["plan"]
    rules = [action for action in plan["actions"] if action["kind"] == "remove_inbox_rule"]
    assert rules
    assert {action["account"] for action in plan["actions"]} == {victim}
    dry = person.types("respond", "apply", "plan.json").stdout
    assert "PATCH" in dry
    assert "PS>" in dry
    assert not (person.folder / "plan.journal.jsonl").exists()
    with served(graph):
        _settings(person, graph, tenant)
        words = (
            "respond",
            "apply",
            "plan.json",
            "--apply",
            "--approver",
            "Ann Example",
            "--config",
            "respond.toml",
        )
        person.types(*words)
        changes = graph.changes()
        assert graph.users[victim]["accountEnabled"] is False
        assert [path for _, path in changes if path.endswith("revokeSignInSessions")]
        person.types(*words)
        assert graph.changes() == changes  # done is done
    journal = (person.folder / "plan.journal.jsonl").read_text()
    assert SECRET not in journal + plan["id"]
    assert graph.token not in journal


def _warn_the_gate(person: Person, victim: str, tenant: str) -> None:
    issuer = Issuer(f"https://login.microsoftonline.com/{tenant}/v2.0")
    keys = person.types("respond", "signals", "key", "signing.pem").stdout
    person.writes("signals.json", keys)
    listening = f"""
[[gate.transmitter]]
name = "seawall"
issuer = "https://seawall.example"
audiences = ["{AUDIENCE}"]
jwks_file = "signals.json"
algorithms = ["ES256"]
speaks_for = ["{issuer.name}"]
"""
    with running(person.folder, listening, issuer=issuer) as gate:
        person.writes(
            "signals.toml",
            '[transmitter]\nissuer = "https://seawall.example"\nkey = "signing.pem"\n'
            f'[[stream]]\nname = "gate"\naudience = "{AUDIENCE}"\npush = "{gate.url}/events"\n',
        )
        token = issuer.token(sub=victim)
        other = issuer.token(sub="somebody.else@example.org")
        assert gate.ask(token).status_code == gate.ask(other).status_code == 204
        told = person.types("respond", "signals", "contained", "plan.journal.jsonl", "--send")
        assert "0 refused, 0 waiting" in told.stderr
        until(lambda: gate.ask(token).status_code == 401)
        assert gate.ask(other).status_code == 204
        again = person.types("respond", "signals", "contained", "plan.journal.jsonl", "--send")
        assert again.stdout.count("sent before") == len(again.stdout.splitlines())


def _tell_the_owner(person: Person, victim: str, tenant: str) -> None:
    with mail_server.serving() as server:
        recipients: dict[str, dict[str, Any]] = {
            "victim": {"kind": "owner", "name": "Viktor Opfer", "mailboxes": [victim], "email": "v@private.example",
                       "language": "de"},
            "whole": {"kind": "organisation", "name": "The organisation", "organisation": tenant,
                      "email": "security@crisis.example"},
        }  # fmt: skip
        smtp = f'[smtp]\nhost = "127.0.0.1"\nport = {server.port}\nsecurity = "none"\nbounce_address = "b@northwind.example"\n'
        (person.folder / "case").mkdir()
        person.writes("case/case.toml", case_text(recipients, more=smtp))
        (person.folder / "case/scope.json").write_bytes((person.folder / "scope/scope.json").read_bytes())
        draft = person.reads("respond", "notify", "draft", "case/case.toml")
        digest = draft["digest"]
        person.types("respond", "notify", "send", "case/case.toml", "--draft", digest)
        assert server.messages == []
        sending = (
            "respond",
            "notify",
            "send",
            "case/case.toml",
            "--draft",
            digest,
            "--approved-by",
            "Eva Muster",
        )
        person.types(*sending)
        assert sorted(str(message["To"]) for message in server.messages) == [
            "The organisation <security@crisis.example>", "Viktor Opfer <v@private.example>",
        ]  # fmt: skip
        person.types(*sending)
        assert len(server.messages) == 2  # never twice
    register = ("respond", "notify", "register", "case/case.toml", "--who")
    answer = person.reads(*register, victim)
    assert answer["told"] is True
    assert {delivery["state"] for delivery in answer["deliveries"]} == {"sent"}
    assert person.reads(*register, "nobody@example.org")["told"] is False
