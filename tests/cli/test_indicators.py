"""`seawall indicators`: pull into a store, list, match with events and hashes, and push what may leave."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from seawall.detection.campaigns.campaign import Campaign, SharedValue
from seawall.response.exchange.group_key import GroupKey
from seawall.storage.database.indicators import SavedIndicator
from seawall.storage.files.campaign_documents import write_campaigns
from seawall.storage.location import open_store
from tests.detection.campaigns.test_campaigns import campaign
from tests.pipeline.test_campaigns import THREE
from tests.response.exchange.serving import ID, StrangeServer, strange_server
from tests.response.exchange.test_reading import ONE
from tests.response.exchange.validating import assert_valid_objects
from tests.sample_events import event, table

from .conftest import Run

OBJECTS = f"/group/collections/{ID}/objects/"
SECRET = "correct-horse-battery"
KEY = "k" * 32
FAR = 7_300_000_000_000_000
"""A time in the year 2201: what was seen then does not end while tests run."""

APP = "0f3a8f2e-0000-4000-8000-000000000001"
INTRUDER = "198.51.100.66"


@pytest.fixture
def server() -> Iterator[StrangeServer]:
    with strange_server() as made:
        yield made


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A store in which Ann uses her address for years, and Bob once shows the intruder's."""
    folder = tmp_path / "store"
    rows = [event(f"a-{day}", day) for day in (-522, -521, -520, 0)]
    rows.append(event("b", 1, account="bob@x.example", src_ip=INTRUDER, src_prefix="198.51.100.0/24"))
    with open_store(folder, make=True) as opened:
        opened.lake.append(table(rows))
    return folder


@pytest.fixture
def key_file(tmp_path: Path) -> str:
    path = tmp_path / "group.key"
    path.write_text(KEY)
    path.chmod(0o600)
    return str(path)


def received(number: int, **more: Any) -> dict[str, Any]:
    return {**ONE, "id": f"indicator--0f3a8f2e-0000-4000-8000-{number:012x}", **more}


def made_campaign() -> Campaign:
    values = (
        SharedValue("app", f"Contoso Reader ({APP})", 3, 3, 0),
        SharedValue("prefix", "198.51.100.0/24", 3, 3, 0),
        SharedValue("client", "python/http", 3, 3, 0),
    )
    accounts = tuple(replace(one, first=FAR, last=FAR) for one in campaign().accounts)
    return replace(campaign(), values=values, accounts=accounts)


def test_what_was_pulled_is_listed_and_matched(
    run: Run, server: StrangeServer, store: Path, key_file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed = GroupKey(KEY.encode()).hash_value("address", "198.51.100.0/24")
    server.set(
        OBJECTS,
        {
            "objects": [
                received(1, pattern=f"[ipv4-addr:value = '{INTRUDER}']", name="\x1b[31mred", confidence=60),
                received(2, pattern=f"address:{hashed}", pattern_type="seawall-hmac-sha256"),
                received(3, pattern="[file:name = 'x']"),
            ]
        },
    )
    monkeypatch.setenv("SEAWALL_TAXII_PASSWORD", SECRET)
    pulled = run("indicators", "pull", f"{server.url}/taxii2/", "--user", "acme", "--store", str(store))
    assert pulled.code == 0, pulled.err
    assert "3 objects read: 2 indicators new or changed" in pulled.out
    assert "1 object left out" in pulled.out
    assert SECRET not in pulled.out + pulled.err
    listed = run("indicators", "list", "--store", str(store))
    assert f"from {server.url.removeprefix('http://')}\n" in listed.out
    assert "\x1b" not in listed.out
    document = json.loads(run("indicators", "list", "--store", str(store), "--json").out)
    assert {one["confidence"] for one in document["indicators"]} == {60, None}
    plain = json.loads(run("indicators", "match", "--store", str(store), "--json").out)
    assert (plain["indicators"], plain["hashes_not_matched"]) == (2, 1)
    assert [(one["account"], one["value"]) for one in plain["sightings"]] == [("bob@x.example", INTRUDER)]
    whole = json.loads(
        run("indicators", "match", "--store", str(store), "--key-file", key_file, "--json").out
    )
    assert [(one["account"], one["indicator"]["is_hashed"]) for one in whole["sightings"]] == [
        ("bob@x.example", False), ("bob@x.example", True),
    ]  # fmt: skip
    shown = run("indicators", "match", "--store", str(store))
    assert "bob@x.example" in shown.out
    assert "1 hash not matched" in shown.err


def test_a_failure_is_said_after_what_came_before_it(run: Run, server: StrangeServer, store: Path) -> None:
    server.set(OBJECTS, {"objects": "none"})
    failed = run("indicators", "pull", f"{server.url}/taxii2/", "--store", str(store))
    assert failed.code == 1
    assert "is not what TAXII 2.1 says" in failed.err
    empty = run("indicators", "list", "--store", str(store))
    assert "the store holds no indicator" in empty.err
    assert "No account shows one of 0 indicators." in run("indicators", "match", "--store", str(store)).out


def test_a_scan_is_matched_with_the_indicators_of_a_store(run: Run, store: Path, tmp_path: Path) -> None:
    with open_store(store) as opened, opened.database.writing() as work:
        work.indicators.put(SavedIndicator(f"ip:{INTRUDER}", "", 0, "", "ann", 1))
    out = tmp_path / "out"
    out.mkdir()
    (out / "incidents.jsonl").write_text("")
    pq.write_table(table([event("c", 2, account="eve@x.example", src_ip=INTRUDER)]), out / "events.parquet")
    found = json.loads(run("indicators", "match", "--out", str(out), "--store", str(store), "--json").out)
    assert [one["account"] for one in found["sightings"]] == ["eve@x.example"]


def test_a_campaign_is_pushed_without_names_and_own_addresses(
    run: Run, server: StrangeServer, tmp_path: Path, key_file: str
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    write_campaigns(out / "campaigns.jsonl", [made_campaign()])
    pq.write_table(table([event("a")]), out / "events.parquet")
    dry = run("indicators", "push", f"{server.url}/taxii2/", "--out", str(out), "--dry-run")
    objects = json.loads(dry.out)["objects"]
    assert_valid_objects(objects)
    assert {one["pattern"] for one in objects} == {f"app:{APP}", "[ipv4-addr:value = '198.51.100.0/24']"}
    assert server.asked == []
    server.set(OBJECTS, {"id": "s", "status": "complete", "success_count": 1}, status=202)
    own = run(
        "indicators", "push", f"{server.url}/taxii2/", "--out", str(out), "--own", "198.51.100.7", "--key-file", key_file,
        "--tlp", "green", "--days", "30",
    )  # fmt: skip
    assert own.code == 0, own.err
    assert "1 indicator sent: 1 accepted, 0 refused, 0 pending." in own.out
    assert "1 value withheld: an organisation's own address" in own.out
    sent = b"".join(server.bodies).decode()
    for name in ("ann", "apple", "berry", "cedar", "example", "Contoso", "198.51", "python"):
        assert name not in sent
    (out / "events.parquet").unlink()
    unknown = run("indicators", "push", f"{server.url}/taxii2/", "--out", str(out), "--json")
    assert json.loads(unknown.out)["withheld"] == {"own-unknown": 1}


def test_saved_values_are_pushed_as_hashes_alone(
    run: Run, server: StrangeServer, store: Path, key_file: str
) -> None:
    with open_store(store) as opened, opened.database.writing() as work:
        for subject in (f"ip:{INTRUDER}", "account:bob@x.example", "session:stolen", "day:2026-03-02"):
            work.indicators.put(SavedIndicator(subject, "org", 1, "of Bob", "ann", 2))
    url = f"{server.url}/taxii2/"
    without = json.loads(run("indicators", "push", url, "--store", str(store), "--dry-run").out)
    assert (without["objects"], without["withheld"]) == ([], {"few-organisations": 1, "kind": 2})
    whole = run("indicators", "push", url, "--store", str(store), "--key-file", key_file, "--dry-run").out
    (made,) = json.loads(whole)["objects"]
    assert made["pattern"] == f"address:{GroupKey(KEY.encode()).hash_value('address', INTRUDER)}"
    for text in (INTRUDER, "bob", "Bob", "stolen", "org", KEY):
        assert text not in json.dumps(made)


@pytest.mark.parametrize(
    "arguments",
    [
        ("--tlp", "red"),
        ("--own", "office"),
        ("--user", "acme"),
        ("--password-file", "x"),
        ("--user", "acme", "--token-file", "x"),
        ("--key-file", "missing"),
    ],
)
def test_options_that_make_no_sense_are_refused(
    run: Run, server: StrangeServer, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    write_campaigns(tmp_path / "campaigns.jsonl", [])
    assert run("indicators", "push", f"{server.url}/taxii2/", "--out", str(tmp_path), *arguments).code == 2
    assert server.asked == []


def test_a_short_or_shared_key_is_refused(
    run: Run, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEAWALL_EXCHANGE_KEY", "short")
    short = run("indicators", "match", "--store", str(store))
    assert short.code == 2
    assert "short" not in short.err.replace("shorter", "")
    monkeypatch.delenv("SEAWALL_EXCHANGE_KEY")
    path = tmp_path / "key"
    path.write_text(KEY)
    path.chmod(0o644)
    readable = run("indicators", "match", "--store", str(store), "--key-file", str(path))
    assert readable.code == 2
    assert KEY not in readable.err


def test_a_token_is_shown_once_and_revoked(run: Run, store: Path) -> None:
    none = run("indicators", "members", "--store", str(store))
    assert "nobody has a token yet" in none.err
    granted = run("indicators", "grant", "acme", "--role", "analyst", "--store", str(store))
    token = granted.out.strip()
    assert token.startswith("seawall_taxii_")
    other = json.loads(run("indicators", "grant", "berry", "--store", str(store), "--json").out)
    assert (other["role"], other["token"] != token) == ("viewer", True)
    with open_store(store) as opened, opened.database.reading() as work:
        found = work.exchange_tokens.find(token.encode(), "acme")
        assert found is not None
        assert found.role == "analyst"
        assert work.exchange_tokens.find(token.encode(), "berry") is None
        assert [one.action for one in work.audit.page(limit=5)] == ["exchange-token-added"] * 2
    members = run("indicators", "members", "--store", str(store))
    assert "acme  analyst" in members.out
    assert token not in members.out + run("indicators", "members", "--store", str(store), "--json").out
    for arguments in (("acme",), ("../x",), ("cedar", "--role", "admin")):
        assert run("indicators", "grant", *arguments, "--store", str(store)).code == 2
    assert run("indicators", "revoke", "acme", "--store", str(store)).code == 0
    assert run("indicators", "revoke", "acme", "--store", str(store)).code == 2
    with open_store(store) as opened, opened.database.reading() as work:
        assert work.exchange_tokens.find(token.encode()) is None


def test_what_was_published_is_in_the_collection_once_and_can_be_taken_back(
    run: Run, store: Path, tmp_path: Path, key_file: str
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    write_campaigns(out / "campaigns.jsonl", [made_campaign()])
    pq.write_table(table([event("a")]), out / "events.parquet")
    arguments = ("indicators", "publish", "--out", str(out), "--store", str(store), "--days", "3650")
    first = run(*arguments)
    assert "2 indicators published, 0 published before, 0 ended or without room." in first.out
    assert json.loads(run(*arguments, "--json").out)["known"] == 2
    with open_store(store) as opened, opened.database.writing() as work:
        held = work.collection_objects.all("released")
        work.indicators.put(SavedIndicator(f"ip:{INTRUDER}", "org", 1, "", "ann", FAR))
    assert_valid_objects(json.loads(one.text) for one in held)
    saved = run(
        "indicators",
        "publish",
        "--store",
        str(store),
        "--key-file",
        key_file,
        "--json",
        "--days",
        "3650",
    )
    assert json.loads(saved.out)["added"] == 1
    withdrawn = run("indicators", "withdraw", held[0].id, "--store", str(store))
    assert withdrawn.code == 0, withdrawn.err
    assert run("indicators", "withdraw", "indicator--none", "--store", str(store)).code == 2
    with open_store(store) as opened, opened.database.reading() as work:
        versions = [
            json.loads(one.text) for one in work.collection_objects.all("released") if one.id == held[0].id
        ]
    assert_valid_objects(versions)
    assert [one.get("revoked", False) for one in versions] == [False, True]
    assert versions[0]["modified"] < versions[1]["modified"]
    assert "1 indicator published" not in run(*arguments).out


def test_a_stores_own_campaigns_leave_as_values_and_saved_ones_as_hashes(
    run: Run, store: Path, key_file: str
) -> None:
    with open_store(store) as opened, opened.database.writing() as work:
        work.incidents.put(THREE)
        for subject in ("cidr:203.0.113.0/24", f"ip:{INTRUDER}"):
            work.indicators.put(SavedIndicator(subject, "a", 1, "", "ann", FAR))
    arguments = ("--store", str(store), "--key-file", key_file, "--days", "3650")
    dry = run("indicators", "push", "https://hub.example/taxii2/", *arguments, "--dry-run")
    document = json.loads(dry.out)
    assert {one["pattern_type"]: one["pattern"].partition(":")[0] for one in document["objects"]} == {
        "seawall-value": "app", "seawall-hmac-sha256": "address",
    }  # fmt: skip
    assert document["withheld"] == {"own": 1}  # Ann used this block long before
    assert "1 value withheld: an organisation's own address" in run("indicators", "publish", *arguments).out
