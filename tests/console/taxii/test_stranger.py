"""OASIS' own client asks the console's TAXII server, and so does Seawall's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import requests
from taxii2client.common import TokenAuth
from taxii2client.exceptions import AccessError
from taxii2client.v21 import Collection, Server, as_pages

from seawall.console.taxii.collections import CONTRIBUTED, OWN
from seawall.response.exchange.publishing import publish_objects
from seawall.response.exchange.pulling import pull_indicators
from seawall.response.exchange.release import ReleaseRule, release_values
from seawall.response.exchange.taxii_access import TaxiiAccess, TaxiiCredentials
from seawall.response.exchange.taxii_client import add_objects, find_collection
from seawall.response.exchange.tenant_value import TenantValue
from seawall.response.export.stix_objects import Object
from seawall.storage.database import Database
from tests.console.consoles import Console
from tests.console.taxii.bridge import TOKENS, on_a_socket, taxii_console
from tests.response.exchange.test_client import indicator
from tests.response.exchange.validating import assert_valid_objects

DAY = 86_400_000_000


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Console, str]]:
    with taxii_console(tmp_path_factory.mktemp("hub")) as made, on_a_socket(made) as url:
        publish_objects(made.context.database, released(made.clock()), made.clock())
        yield made, url


def released(now: int) -> tuple[Object, ...]:
    values = [TenantValue("address", f"198.51.100.{n}", 3, now - 9 * DAY, now - DAY) for n in range(1, 8)]
    return release_values(values, ReleaseRule(own=frozenset())).objects


def connect(url: str, name: str) -> Server:
    return Server(f"{url}/taxii2/", user=name, password=TOKENS[name][1])


def collection(url: str, name: str, wanted: str) -> Collection:
    (root,) = connect(url, name).api_roots
    return next(one for one in root.collections if one.id == wanted)


def test_discovery_root_and_collections_are_what_the_standard_says(hub: tuple[Console, str]) -> None:
    server = connect(hub[1], "acme")
    assert server.title == "Seawall"
    assert server.default.url == f"{hub[1]}/taxii2/indicators/"
    (root,) = server.api_roots
    assert root.versions == ["application/taxii+json;version=2.1"]
    assert root.max_content_length > 0
    rights = {one.id: (one.can_read, one.can_write, one.media_types) for one in root.collections}
    media = ["application/stix+json;version=2.1"]
    assert rights == {OWN.id: (True, False, media), CONTRIBUTED.id: (True, False, media)}
    assert collection(hub[1], "berry", CONTRIBUTED.id).can_write
    assert not collection(hub[1], "berry", OWN.id).can_write


@pytest.mark.parametrize("size", [0, 1, 3, 7, 100])
def test_pages_of_any_size_give_all_objects_once_in_order(size: int, hub: tuple[Console, str]) -> None:
    own = collection(hub[1], "acme", OWN.id)
    objects = [one for page in as_pages(own.get_objects, per_request=size) for one in page.get("objects", [])]
    assert_valid_objects(objects)
    manifest = [
        one for page in as_pages(own.get_manifest, per_request=size) for one in page.get("objects", [])
    ]
    assert [one["id"] for one in objects] == [one["id"] for one in manifest]
    assert len({one["id"] for one in objects}) == 7
    assert [one["date_added"] for one in manifest] == sorted({one["date_added"] for one in manifest})
    assert {one["version"] for one in manifest} == {one["modified"] for one in objects}


def test_filters_choose(hub: tuple[Console, str]) -> None:
    own = collection(hub[1], "acme", OWN.id)
    manifest = own.get_manifest()["objects"]
    second = manifest[1]
    assert [one["id"] for one in own.get_objects(id=[second["id"]])["objects"]] == [second["id"]]
    assert "objects" not in own.get_objects(type="malware")
    assert len(own.get_objects(type=["malware", "indicator"])["objects"]) == 7
    assert "objects" not in own.get_objects(spec_version="2.0")
    later = own.get_objects(added_after=second["date_added"])["objects"]
    assert [one["id"] for one in later] == [one["id"] for one in manifest[2:]]
    assert "objects" not in own.get_objects(added_after=manifest[-1]["date_added"])
    assert len(own.get_objects(version=second["version"])["objects"]) == 7
    assert "objects" not in own.get_objects(version="2020-01-01T00:00:00.000Z")


def test_a_member_contributes_versions_and_others_read_them(hub: tuple[Console, str]) -> None:
    mine = collection(hub[1], "berry", CONTRIBUTED.id)
    older = indicator(900, name="é <b>")
    newer = {**older, "modified": "2026-01-09T00:00:00.000Z"}
    wrong = [
        {**indicator(901), "pattern": "[email-addr:value = 'ann@x.example']"},
        {"type": "malware", "id": "malware--1"},
    ]
    status = mine.add_objects({"objects": [older, newer, *wrong, newer]})
    assert (status.status, status.total_count, status.success_count, status.failure_count) == (
        "complete",
        5,
        3,
        2,
    )
    status.refresh()
    assert status.failure_count == 2
    read = collection(hub[1], "acme", CONTRIBUTED.id)
    assert read.get_object(older["id"])["objects"] == [newer]
    assert read.get_object(older["id"], version="first")["objects"] == [older]
    assert read.get_object(older["id"], version="all")["objects"] == [older, newer]
    assert read.object_versions(older["id"])["versions"] == [older["modified"], newer["modified"]]
    foreign = collection(hub[1], "cedar", CONTRIBUTED.id)
    taken = foreign.add_objects(
        {"objects": [{**older, "modified": "2026-02-01T00:00:00.000Z", "revoked": True}]}
    )
    assert (taken.success_count, taken.failure_count) == (0, 1)
    back = mine.add_objects({"objects": [{**older, "modified": "2026-02-01T00:00:00.000Z", "revoked": True}]})
    assert back.success_count == 1
    with hub[0].context.database.reading() as work:
        noted = [one for one in work.audit.page(limit=50) if one.action == "indicators-contributed"]
    assert {one.actor for one in noted} == {"berry", "cedar"}


def test_who_may_only_read_adds_nothing(hub: tuple[Console, str]) -> None:
    for name, wanted in (("acme", CONTRIBUTED.id), ("berry", OWN.id)):
        one = collection(hub[1], name, wanted)
        with pytest.raises(AccessError):
            one.add_objects({"objects": [indicator(1)]})
        answer = requests.post(
            one.objects_url,
            auth=(name, TOKENS[name][1]),
            data=json.dumps({"objects": [indicator(1)]}),
            headers={
                "content-type": "application/taxii+json;version=2.1",
                "accept": "application/taxii+json",
            },
            timeout=30,
        )
        assert answer.status_code == 403
        assert answer.json()["http_status"] == "403"


def test_a_stranger_and_another_scheme_get_nothing(hub: tuple[Console, str]) -> None:
    for auth in (None, ("acme", "wrong"), ("berry", TOKENS["acme"][1]), TokenAuth(TOKENS["acme"][1])):
        answer: Any = requests.get(f"{hub[1]}/taxii2/", auth=auth, timeout=30)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Basic")
    bearer = {"authorization": f"Bearer {TOKENS['acme'][1]}"}
    assert requests.get(f"{hub[1]}/taxii2/", headers=bearer, timeout=30).status_code == 200


def test_seawalls_client_pulls_and_pushes(hub: tuple[Console, str], tmp_path: Path) -> None:
    database = Database.open(tmp_path / "seawall.db", should_migrate=True)
    now = hub[0].clock()
    with closing(TaxiiAccess(f"{hub[1]}/taxii2/", TaxiiCredentials("cedar", TOKENS["cedar"][1]))) as access:
        result = pull_indicators(access, find_collection(access, "released"), database, now)
        assert (result.objects, result.kept, result.failure, result.is_cut) == (7, 7, None, False)
        assert pull_indicators(access, find_collection(access, "released"), database, now).objects == 0
        values = [TenantValue("network", "AS64500", 3, now - DAY, now)]
        objects = release_values(values, ReleaseRule(own=None)).objects
        counts = add_objects(access, find_collection(access, "", is_to_write=True), objects)
        assert (counts.accepted, counts.refused) == (1, 0)
    database.close()
