"""What the events show of a value: in a store and in a scan's results alike, within bounds."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.response.look_up import parse_subject
from seawall.response.look_up.links import link_incidents, records_of_rule
from seawall.response.look_up.matching import filter_of
from seawall.response.look_up.results import look_up_in_scan
from seawall.response.look_up.stored import LookUpSpan, look_up_in_lake
from seawall.response.look_up.summary import LookUp
from seawall.storage.files.incident_documents import write_incidents
from seawall.storage.files.merged_events import EVENTS
from seawall.storage.lake import EventQuery, Lake
from tests.console.samples import INCIDENT
from tests.sample_events import event, table

MESSAGE = '<"quoted"\\@x.example>'
AWAY: dict[str, Any] = {"src_ip": "198.51.100.66", "src_asn": 64501, "src_asn_name": "Example Hosting", "src_location": "NL",
        "session_uid": "stolen", "user_agent": "Tool/1.0", "client": "tool"}  # fmt: skip
TAKEOVER = replace(
    INCIDENT,
    tenant="org",
    account="ann@x.example",
    events=("a-0", "a-1", "own-0"),
    details={"sigma": [{"id": "r-1", "title": "Inbox rule hides mail", "level": "high", "events": 2}]},
)
OTHER = replace(INCIDENT, id="f" * 12, tenant="org", account="cleo@x.example", events=("a-0",), details={})


def rows() -> Any:
    """Thirty own records of Ann over three days; two of an intruder in hers, one in Bob's account of another organisation."""
    made = [event(f"own-{n}", n % 3, n) for n in range(30)]
    made += [event(f"a-{n}", 1, 100 + n, **AWAY) for n in range(2)]
    named = json.dumps({"Folders": [{"FolderItems": [{"InternetMessageId": MESSAGE}]}]})
    made.append(
        event("b-0", 2, 200, **AWAY, account="bob@y.example", org_uid="two", app_uid="other", unmapped=named)
    )
    return table(made)


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    with Lake.create(tmp_path_factory.mktemp("lake") / "events") as made:
        made.append(rows())
        made.append(rows())  # copies count once
        yield made


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("scan")
    pq.write_table(rows(), made / EVENTS)
    write_incidents(made / "incidents.jsonl", [TAKEOVER, OTHER])
    return made


def both(lake: Lake, folder: Path, text: str) -> list[LookUp]:
    """The look-up in the store and in the results."""
    subject = parse_subject(text)
    incidents = [TAKEOVER, OTHER]
    stored = look_up_in_lake(
        lake,
        subject,
        LookUpSpan(),
        links=link_incidents(incidents),
        records=records_of_rule(subject, incidents),
    )
    return [stored, look_up_in_scan(folder, subject)[0]]


@pytest.mark.parametrize(
    ("text", "records"),
    [
        ("ip:198.51.100.66", 3),
        ("ip:198.51.100.67", 0),
        ("cidr:198.51.100.0/24", 3),
        ("cidr:2001:db8::/32", 0),
        ("network:AS64501", 3),
        ("network:example host", 3),
        ("network:AS1", 0),
        ("country:nl", 3),
        ("app:other", 1),
        ("session:stolen", 3),
        ("session:Stolen", 0),
        ("agent:Tool/1.0", 3),
        ("client:TOOL", 3),
        ("operation:mailitemsaccessed", 33),
        ("account:ann@x.example", 32),
        (f"message:{MESSAGE}", 1),
        ("message:<none@x.example>", 0),
        ("rule:hides", 3),
        ("rule:r-1", 3),
        ("rule:nothing like it", 0),
        ("day:2026-03-03", 12),
    ],
)
def test_store_and_results_count_the_same(lake: Lake, folder: Path, text: str, records: int) -> None:
    stored, scanned = both(lake, folder, text)
    assert (stored.records, scanned.records) == (records, records)
    assert (stored.first, stored.last, stored.by_day) == (scanned.first, scanned.last, scanned.by_day)
    assert sum(count for _, count in stored.by_day) == records
    assert stored.fields == scanned.fields
    assert stored.incidents == scanned.incidents
    assert not stored.is_cut


def test_what_else_the_records_show(lake: Lake, folder: Path) -> None:
    for found in both(lake, folder, "ip:198.51.100.66"):
        accounts = [(one.tenant, one.value, one.records) for one in found.fields["accounts"].values]
        assert accounts == [("org", "ann@x.example", 2), ("two", "bob@y.example", 1)]
        (network,) = found.fields["networks"].values
        assert (network.value, network.name, network.records) == ("AS64501", "Example Hosting", 3)
        assert [one.value for one in found.fields["sessions"].values] == ["stolen"]
        # Cleo's incident names the same record id, but the record is Ann's
        assert [(one.id, one.records) for one in found.incidents] == [(TAKEOVER.id, 2)]


def test_bounds_of_rows_and_time_end_a_look_up_at_a_whole_day(lake: Lake) -> None:
    subject = parse_subject("client:chrome/browser")
    cut = look_up_in_lake(lake, subject, LookUpSpan(rows=12))
    assert cut.is_cut
    assert 0 < cut.records < 30
    assert cut.first is not None
    assert cut.first >= cut.start
    late = look_up_in_lake(lake, subject, LookUpSpan(may_continue=lambda: False))
    assert (late.records, late.searched, late.is_cut) == (0, 0, True)
    one = look_up_in_lake(lake, subject, LookUpSpan(tenant="two"))
    assert (one.records, one.is_cut) == (0, False)


def test_pages_of_a_filter_hold_each_row_once(lake: Lake) -> None:
    chosen = filter_of(parse_subject("client:chrome/browser"))
    seen: list[str] = []
    cursor = None
    for _ in range(40):
        page = lake.page("org", EventQuery(0, 2**52, only=chosen), cursor=cursor, limit=4, newest_first=True)
        seen += page.events["metadata_uid"].to_pylist()
        cursor = page.cursor
        if cursor is None:
            break
    assert sorted(seen) == sorted(f"own-{n}" for n in range(30))


@given(
    address=st.ip_addresses(), other=st.ip_addresses(), length=st.integers(0, 32), junk=st.text(max_size=12)
)
def test_a_block_chooses_what_lies_in_it(address: Any, other: Any, length: int, junk: str) -> None:
    block = ipaddress.ip_network((address, length), strict=False)
    clean = junk.encode("utf-8", "replace").decode()
    texts = [str(address), str(other), None, clean]
    rows = table([event(f"x-{n}", src_ip=text) for n, text in enumerate(texts)])
    chosen = filter_of(parse_subject(f"cidr:{block}")).matches(rows).tolist()
    assert chosen[0]
    assert chosen[1] == (other.version == block.version and other in block)
    assert not chosen[2]


def test_damaged_rules_of_a_scan_are_no_rules(folder: Path, tmp_path: Path) -> None:
    for name in (EVENTS, "incidents.jsonl"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    for text in ("", "[]", '{"rules": 7}', '{"rules": [7, {"title": 1, "records": "x"}]}', "[" * 5000):
        (tmp_path / "rules.json").write_text(text, "utf-8")
        assert look_up_in_scan(tmp_path, parse_subject("ip:198.51.100.66"))[0].records == 3
    rules = {"rules": [{"id": "r-2", "title": "Read from afar", "records": ["b-0", "missing"]}]}
    (tmp_path / "rules.json").write_text(json.dumps(rules), "utf-8")
    found, incidents = look_up_in_scan(tmp_path, parse_subject("rule:afar"))
    assert (found.records, found.rules, incidents) == (1, (("Read from afar", 1),), [])
