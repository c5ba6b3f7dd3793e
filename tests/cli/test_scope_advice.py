"""What `seawall scope` advises runs: the command that it prints is typed as it is printed, and clears more.

The input is a scan's folder with an incident, whose mailbox's neighbours came to a new place in the span: they stay possibly
touched, and only --complete clears them. With --incident that option is refused.
"""

from __future__ import annotations

import html
import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from seawall.response.scope import sources as scoping
from seawall.storage.files.incident_documents import write_incidents
from tests.cli.conftest import Outcome, Run
from tests.events.support import mail_read
from tests.response.containment.samples import incident

EVIL, ALSO_EVIL = "198.51.100.250", "198.51.100.77"
ADVICE = re.compile(r"clears more accounts: (seawall scope .*)$", re.MULTILINE)


def _read(number: int, who: str, time: str, address: str) -> dict[str, Any]:
    name = f"{who}@example.org"
    return mail_read(
        number,
        CreationTime=time,
        UserId=name,
        MailboxOwnerUPN=name,
        ClientIPAddress=address,
        AppAccessContext={"AADSessionId": f"s-{who}-{address}"},
        Folders=[{"Path": "\\Inbox", "FolderItems": [{"InternetMessageId": f"<{number}@x>"}]}],
        OperationCount=1,
    )


@pytest.fixture
def out(tmp_path: Path, run: Run) -> Path:
    """What a scan left: three weeks of two people, an intruder at mara's by two addresses, and a new place of ivo's."""
    del run  # it changes the folder
    records = [
        _read(
            100 * day + 2 * hour + place, who, f"2026-03-{day:02d}T{hour:02d}:00:00", f"203.0.113.{len(who)}"
        )
        for day in range(1, 22)
        for hour in (1, 7, 13, 19)
        for place, who in enumerate(("mara", "ivo"))
    ]
    evil = [
        _read(9_000 + minute, "mara", f"2026-03-20T11:{minute:02d}:00", address)
        for minute, address in enumerate((EVIL, ALSO_EVIL))
    ]
    records += [*evil, _read(9_100, "ivo", "2026-03-20T15:00:00", "192.0.2.10")]
    logs, folder = tmp_path / "logs", tmp_path / "out"
    logs.mkdir()
    folder.mkdir()
    (logs / "audit.jsonl").write_text("".join(f"{json.dumps(record)}\n" for record in records), "utf-8")
    scoping.gather([logs], folder)
    (folder / "problems.jsonl").touch()
    (folder / "coverage.json").write_text('{"coverage": []}')
    write_incidents(folder / "incidents.jsonl", [incident(*(record["Id"] for record in evil))])
    return folder


def _verdict(outcome: Outcome, name: str) -> str:
    assert outcome.code == 0, outcome.err
    (found,) = [one for one in json.loads(outcome.out)["mailboxes"] if one["name"] == f"{name}@example.org"]
    return str(found["verdict"])


def test_the_advised_search_runs_and_clears(run: Run, out: Path) -> None:
    refused = run("scope", "out", "--incident", "1", "--from", "2026-03-18", "--complete")
    assert refused.code == 2, "an incident does not say all that an intruder is known by"
    found = run("scope", "out", "--incident", "1", "--from", "2026-03-18", "--json")
    assert _verdict(found, "ivo") == "possible"
    (advised,) = ADVICE.findall(found.err)
    words = shlex.split(advised)
    assert words[:3] == ["seawall", "scope", "out"]
    assert {EVIL, ALSO_EVIL} <= set(words)
    assert "--incident" not in words
    again = run(*words[1:], "--json")
    assert _verdict(again, "ivo") == "not_touched"
    assert _verdict(again, "mara") == "touched"
    assert not ADVICE.findall(again.err), "what was taken is not advised again"


def test_every_face_advises_options_that_are_taken(run: Run, out: Path) -> None:
    found = run("scope", "out", "--incident", "1", "--from", "2026-03-18", "--out", "scope")
    page = html.unescape(Path("scope/scope.html").read_text("utf-8"))
    for text in (" ".join(found.out.split()), " ".join(page.split())):
        (advised,) = re.findall(r"from their values: (.*?), without --incident", text)
        again = run("scope", "out", *shlex.split(advised), "--from", "2026-03-18", "--json")
        assert _verdict(again, "ivo") == "not_touched"


def test_seeds_that_can_be_vouched_for_are_advised_as_they_are(run: Run, out: Path) -> None:
    seeds = ("--address", EVIL, "--address", ALSO_EVIL, "--from", "2026-03-18")
    found = run("scope", "out", *seeds)
    assert "add --complete." in " ".join(found.out.split())
    assert not ADVICE.findall(found.err)
    assert _verdict(run("scope", "out", *seeds, "--complete", "--json"), "ivo") == "not_touched"


def test_servers_only_is_advised_only_where_it_is_taken(run: Run, out: Path) -> None:
    """No network of these addresses is known, so that the option is refused."""
    seeds = ("scope", "out", "--incident", "1", "--from", "2026-03-18")
    assert run(*seeds, "--servers-only").code == 2
    assert "--servers-only" not in run(*seeds).out


def test_an_account_alone_is_not_told_to_vouch(run: Run, out: Path) -> None:
    found = run("scope", "out", "--account", "mara@example.org", "--from", "2026-03-18")
    assert found.code == 0, found.err
    assert "--complete" not in found.out + found.err


def test_explain_names_the_addresses_and_scope_takes_them_and_their_block(run: Run, out: Path) -> None:
    """`explain` showed a /24 alone, and `scope` took single addresses alone."""
    shown = run("explain", "1", "--out", "out").out
    assert re.search(rf"Addresses +{EVIL} \(1 record\), {ALSO_EVIL} \(1 record\)", shown)
    document = json.loads(run("explain", "1", "--out", "out", "--json").out)
    assert {one["address"] for one in document["addresses"]} == {EVIL, ALSO_EVIL}
    for seeds in ([EVIL, ALSO_EVIL], ["198.51.100.0/24"]):
        words = [word for value in seeds for word in ("--address", value)]
        assert _verdict(run("scope", "out", *words, "--json"), "mara") == "touched"


def test_explain_has_no_empty_column(run: Run, out: Path) -> None:
    shown = run("explain", "1", "--out", "out").out
    assert "Counts" not in shown, "no reason of this incident has a count that its text does not say"
    (out / "events.parquet").unlink()
    assert "Addresses" not in run("explain", "1", "--out", "out").out
