"""The client of TAXII 2.1: against OASIS' reference server, and against servers that mean harm."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from seawall.response.errors import ExchangeFailed, ExchangeInvalid, ExchangeRefused
from seawall.response.exchange import taxii_access, taxii_client
from seawall.response.exchange.pulling import PullResult, pull_indicators
from seawall.response.exchange.release import ReleaseRule, release_values
from seawall.response.exchange.taxii_access import TaxiiAccess, TaxiiCredentials
from seawall.response.exchange.taxii_client import add_objects, find_collection
from seawall.response.exchange.tenant_value import TenantValue
from seawall.storage.database import Database
from seawall_base.errors import UsageError
from tests.response.exchange.serving import ID, Answer, StrangeServer, medallion_server, strange_server
from tests.response.exchange.test_reading import ONE
from tests.response.exchange.validating import assert_valid_objects

DAY = 86_400_000_000
NOW = 20_500 * DAY
OBJECTS = f"/group/collections/{ID}/objects/"
ADDED = "X-TAXII-Date-Added-Last"


@pytest.fixture
def server() -> Iterator[StrangeServer]:
    with strange_server() as made:
        yield made


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database.open(tmp_path / "seawall.db", should_migrate=True)
    yield opened
    opened.close()


def indicator(number: int, **more: Any) -> dict[str, Any]:
    address = f"198.51.{number // 250}.{number % 250}"
    id_ = f"indicator--0f3a8f2e-0000-4000-8000-{number:012x}"
    return {**ONE, "id": id_, "pattern": f"[ipv4-addr:value = '{address}']", **more}


def pull(
    url: str, database: Database, credentials: TaxiiCredentials | None = None, **more: Any
) -> PullResult:
    with closing(TaxiiAccess(url, credentials or TaxiiCredentials())) as access:
        return pull_indicators(access, find_collection(access, ""), database, NOW, **more)


def kept(database: Database) -> set[str]:
    with database.reading() as work:
        return {one.values[0][1] for one in work.received_indicators.all()}


def test_what_is_pushed_to_the_reference_server_is_pulled_from_it(tmp_path: Path, database: Database) -> None:
    values = [TenantValue("address", f"198.51.100.{n}", 3, 20_400 * DAY, 20_450 * DAY) for n in range(1, 9)]
    released = release_values(values, ReleaseRule(own=frozenset())).objects
    assert_valid_objects(released)
    with medallion_server(tmp_path) as url:
        acme = TaxiiCredentials("acme", "secret-word")
        with closing(TaxiiAccess(url, acme)) as access:
            collection = find_collection(access, "", is_to_write=True)
            counts = add_objects(access, collection, released)
        assert (counts.accepted, counts.refused, counts.pending) == (8, 0, 0)
        first = pull(url, database, acme)
        assert (first.objects, first.kept, first.is_cut, first.failure) == (8, 8, False, None)
        assert kept(database) == {one.value for one in values}
        again = pull(url, database, acme)
        assert (again.objects, again.kept) == (0, 0)
        whole = pull(url, database, acme, is_from_start=True)
        assert (whole.objects, whole.kept) == (8, 0)
        with pytest.raises(ExchangeFailed, match="refuses the credentials") as refusal:
            pull(url, database, TaxiiCredentials("acme", "wrong-word"))
        assert "wrong-word" not in str(refusal.value)


def test_pages_are_followed_and_the_next_pull_goes_on_after_them(
    server: StrangeServer, database: Database
) -> None:
    added = ["2026-03-01T00:00:00.000001Z", "2026-03-01T00:00:00.000002Z"]
    pages = {
        "": Answer({"objects": [indicator(1)], "more": True, "next": "a b&c"}, headers={ADDED: added[0]}),
        "a b&c": Answer({"objects": [indicator(2)]}, headers={ADDED: added[1]}),
    }
    server.answers[OBJECTS] = lambda query: pages[query.get("next", "")]
    result = pull(f"{server.url}/taxii2/", database, TaxiiCredentials(token="t0ken"))
    assert (result.objects, result.kept, result.is_cut) == (2, 2, False)
    assert set(server.authorisation) == {"Bearer t0ken"}
    server.asked.clear()
    pull(f"{server.url}/group/collections/{ID}", database, TaxiiCredentials("ann", "pass"))
    assert server.asked[1][2]["added_after"] == added[1]
    assert server.authorisation[-1] == "Basic " + base64.b64encode(b"ann:pass").decode()


def test_without_next_the_time_of_the_last_addition_leads_on(
    server: StrangeServer, database: Database
) -> None:
    times = [f"2026-03-01T00:00:0{n}Z" for n in range(4)]

    def answer(query: dict[str, str]) -> Answer:
        number = 0 if "added_after" not in query else times.index(query["added_after"]) + 1
        return Answer({"objects": [indicator(number)], "more": number < 3}, headers={ADDED: times[number]})

    server.answers[OBJECTS] = answer
    assert pull(f"{server.url}/group/", database).kept == 4


@pytest.mark.parametrize("way", ["new", "same", "none", "long", "again", "empty"])
def test_pages_without_end_end(
    way: str, server: StrangeServer, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(taxii_client, "MOST_PAGES", 7)
    numbers = count()
    ways: dict[str, str | None] = {"new": "next-{n}", "none": None, "long": "x" * 9_000}

    def next_of(number: int) -> str | None:
        text = ways.get(way, "same")
        return text and text.format(n=number)

    def answer(_: dict[str, str]) -> Answer:
        number = next(numbers)
        objects = {"again": [indicator(0)], "empty": []}.get(way, [indicator(number)])
        return Answer({"objects": objects, "more": True, "next": next_of(number)})

    server.answers[OBJECTS] = answer
    result = pull(f"{server.url}/taxii2/", database)
    assert result.is_cut
    assert next(numbers) == {"new": 7, "same": 7, "none": 1, "long": 1, "again": 2, "empty": 2}[way]


def test_objects_are_bounded(
    server: StrangeServer, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(taxii_client, "MOST_OBJECTS", 5)
    server.set(OBJECTS, {"objects": [indicator(n) for n in range(9)], "more": True, "next": "x"})
    result = pull(f"{server.url}/taxii2/", database)
    assert (result.objects, result.kept, result.is_cut) == (5, 5, True)


@pytest.mark.parametrize(
    "answer",
    [
        Answer(body=b"{"),
        Answer(body=b"\xff\xfe"),
        Answer(body=b'{"objects":' + b"[" * 200_000),
        Answer(body=b'{"objects":[' + b"[" * 200_000 + b"]" * 200_000 + b"]}"),
        Answer({"objects": {}}),
        Answer({"objects": [], "more": "yes"}),
        Answer({"objects": [], "next": 7}),
        Answer([]),
        Answer({"objects": []}, media="text/html"),
        Answer({"objects": []}, media="application/json"),
        Answer({"objects": []}, status=302, headers={"location": "https://evil.example/"}),
        Answer({"objects": []}, status=500),
        Answer({"title": "<script>secret of the server</script>"}, status=404),
        Answer(body=b"x" * 70_000),
    ],
    ids=range(14),
)
def test_an_answer_that_makes_no_sense_keeps_what_came_before(
    answer: Answer, server: StrangeServer, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(taxii_access, "LARGEST_ANSWER", 500_000)
    pages = {"": Answer({"objects": [indicator(1)], "more": True, "next": "2"}), "2": answer}
    server.answers[OBJECTS] = lambda query: pages[query.get("next", "")]
    result = pull(f"{server.url}/taxii2/", database)
    assert isinstance(result.failure, ExchangeFailed)
    assert "secret" not in result.failure.message
    assert kept(database) == {"198.51.0.1"}


def test_an_answer_beyond_the_limit_is_not_read(
    server: StrangeServer, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(taxii_access, "LARGEST_ANSWER", 10_000)
    server.set(OBJECTS, body=b'{"objects": []' + b" " * 1_000_000 + b"}")
    result = pull(f"{server.url}/taxii2/", database)
    assert result.failure is not None
    assert "larger than the limit" in result.failure.message


def test_objects_that_mean_harm_are_left_out_one_by_one(server: StrangeServer, database: Database) -> None:
    hostile: list[Any] = [
        7,
        None,
        [],
        {"type": "indicator"},
        indicator(2, pattern="[ipv4-addr:value = '<script>']"),
        indicator(3, name={"a": 1}),
        indicator(4, description="x" * 100_000),
        indicator(5, pattern="[user-account:user_id = 'ann@x.example']"),
        indicator(6, pattern="\ud800"),
    ]
    server.set(
        OBJECTS, {"objects": [*hostile, indicator(1, name="<img src=x onerror=alert(1)>\x1b]0;x\x07")]}
    )
    result = pull(f"{server.url}/taxii2/", database)
    assert (result.kept, result.left_out.total(), result.failure) == (1, len(hostile), None)
    with database.reading() as work:
        (one,) = work.received_indicators.all()
    assert one.source == f"{server.url}/group/collections/{ID}/"
    assert "\x1b" not in one.name


def test_a_version_replaces_an_older_one_and_a_revoked_one_goes(
    server: StrangeServer, database: Database
) -> None:
    url = f"{server.url}/taxii2/"
    for modified, address in (
        ("2026-01-05T00:00:00Z", "198.51.100.1"),
        ("2026-01-04T00:00:00Z", "198.51.100.2"),
    ):
        server.set(
            OBJECTS,
            {"objects": [indicator(1, modified=modified, pattern=f"[ipv4-addr:value = '{address}']")]},
        )
        pull(url, database)
        assert kept(database) == {"198.51.100.1"}
    server.set(OBJECTS, {"objects": [indicator(1, revoked=True)]})
    assert pull(url, database).revoked == 1
    assert kept(database) == set()


def test_an_indicator_whose_validity_ended_is_deleted(server: StrangeServer, database: Database) -> None:
    server.set(OBJECTS, {"objects": [indicator(1, valid_until="2027-01-01T00:00:00Z")]})
    pull(f"{server.url}/taxii2/", database)
    server.set(OBJECTS, {"objects": []})
    with closing(TaxiiAccess(f"{server.url}/taxii2/", TaxiiCredentials())) as access:
        result = pull_indicators(access, find_collection(access, ""), database, NOW + 1_000 * DAY)
    assert result.ended == 1
    assert kept(database) == set()


@pytest.mark.parametrize(
    "url",
    [
        "http://hub.example/taxii2/",
        "ftp://hub.example/",
        "https://ann:pass@hub.example/",
        "https://hub.example/?a=b",
        "file:///etc/passwd",
        "x",
        "",
    ],
)
def test_an_address_that_may_not_be_asked_is_refused(url: str) -> None:
    with pytest.raises(ExchangeInvalid):
        TaxiiAccess(url, TaxiiCredentials())


def test_other_hosts_are_not_asked(server: StrangeServer) -> None:
    with strange_server() as other:
        server.set(
            "/taxii2/",
            {"api_roots": [f"{other.url}/group/", "https://evil.example/group/", "//evil.example/group/"]},
        )
        server.set("/moved/", status=301, document={}, headers={"location": f"{other.url}/taxii2/"})
        with (
            closing(TaxiiAccess(f"{server.url}/taxii2/", TaxiiCredentials())) as access,
            pytest.raises(UsageError),
        ):
            find_collection(access, "")
        with (
            closing(TaxiiAccess(f"{server.url}/moved/", TaxiiCredentials())) as access,
            pytest.raises(ExchangeFailed),
        ):
            find_collection(access, "")
        assert other.asked == []


def test_a_relative_api_root_is_on_the_same_host(server: StrangeServer) -> None:
    server.set("/taxii2/", {"api_roots": ["/group/"]})
    with closing(TaxiiAccess(f"{server.url}/taxii2/", TaxiiCredentials())) as access:
        assert find_collection(access, "").url == f"{server.url}/group/collections/{ID}/"


def test_exactly_one_collection_must_be_meant(server: StrangeServer) -> None:
    second = {"id": "b", "title": "\x1b[31mOther", "alias": "other", "can_read": True, "can_write": False}
    strange = {"id": "../../../x", "title": "bad", "can_read": True}
    listed = [{"id": ID, "title": "Group", "can_read": True, "can_write": True}, second, strange]
    server.set("/group/collections/", {"collections": listed})
    with closing(TaxiiAccess(f"{server.url}/taxii2/", TaxiiCredentials())) as access:
        with pytest.raises(UsageError) as refusal:
            find_collection(access, "")
        assert "\x1b" not in refusal.value.message
        assert "../" not in refusal.value.message
        assert find_collection(access, "other").id == "b"
        assert find_collection(access, "", is_to_write=True).id == ID
        for wanted in ("none", "../../../x"):
            with pytest.raises(UsageError):
                find_collection(access, wanted)


def test_only_released_objects_are_sent(server: StrangeServer) -> None:
    with closing(TaxiiAccess(f"{server.url}/taxii2/", TaxiiCredentials())) as access:
        collection = find_collection(access, "")
        with pytest.raises(ExchangeRefused):
            add_objects(access, collection, [indicator(1)])
    assert {method for method, _, _ in server.asked} == {"GET"}


def test_many_objects_are_sent_in_pieces_and_pending_ones_asked_for(
    server: StrangeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(taxii_client, "ADDED_AT_ONCE", 2)
    monkeypatch.setattr("time.sleep", lambda _: None)
    values = [TenantValue("address", f"198.51.100.{n}", 3, DAY, DAY) for n in range(5)]
    released = release_values(values, ReleaseRule(own=frozenset())).objects
    server.set(OBJECTS, {"id": "s1", "status": "pending", "pending_count": 2}, status=202)
    server.set(
        "/group/status/s1/", {"id": "s1", "status": "complete", "success_count": 1, "failure_count": 1}
    )
    with closing(TaxiiAccess(f"{server.url}/taxii2/", TaxiiCredentials())) as access:
        counts = add_objects(access, find_collection(access, ""), released)
    assert (counts.accepted, counts.refused, counts.pending) == (3, 3, 0)
    sent = [one for body in server.bodies if body for one in json.loads(body)["objects"]]
    assert sorted(one["id"] for one in sent) == [one["id"] for one in released]


@pytest.mark.parametrize("secret", ["a\nb", "é", "a\x00"])
def test_credentials_that_no_header_can_hold_are_refused_without_being_shown(secret: str) -> None:
    for credentials in (TaxiiCredentials(token=secret), TaxiiCredentials("ann", secret)):
        assert secret not in repr(credentials)
        with pytest.raises(ExchangeInvalid) as refusal:
            TaxiiAccess("https://hub.example/taxii2/", credentials)
        assert secret not in str(refusal.value)
