"""The TAXII routes beyond what clients ask: who is admitted, what is refused and how, limits, and hostile contributions."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from seawall.console.taxii import contributions
from seawall.console.taxii.collections import CONTRIBUTED, OWN
from seawall.console.taxii.routes import ROOT
from seawall.storage.database import exchange_collections
from seawall.storage.database.exchange_collections import CollectionObject
from tests.console.consoles import LOOPBACK, Console
from tests.console.taxii.bridge import TOKENS, taxii_console
from tests.response.exchange.test_client import indicator

MEDIA = "application/taxii+json;version=2.1"
COLLECTION = f"{ROOT}collections/{CONTRIBUTED.id}/"
OBJECTS = f"{COLLECTION}objects/"
PLACES = [
    "/taxii2/", ROOT, f"{ROOT}collections/", COLLECTION, f"{COLLECTION}manifest/", OBJECTS, f"{ROOT}status/x/",
    f"{OBJECTS}indicator--x/", f"{OBJECTS}indicator--x/versions/",
]  # fmt: skip


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Console]:
    with taxii_console(tmp_path) as made:
        yield made


def ask(made: Console, path: str, name: str = "berry", method: str = "GET", **more: Any) -> httpx.Response:
    pair = base64.b64encode(f"{name}:{TOKENS[name][1]}".encode()).decode()
    headers = {
        "authorization": f"Basic {pair}",
        "accept": MEDIA,
        "host": LOOPBACK.partition("://")[2],
        **more.pop("headers", {}),
    }
    return made.request(method, LOOPBACK + path, address="127.0.0.1", headers=headers, **more)


def add(made: Console, *objects: Any, name: str = "berry", **more: Any) -> httpx.Response:
    body = json.dumps({"objects": objects}).encode()
    headers = {"content-type": MEDIA, **more.pop("headers", {})}
    return ask(made, OBJECTS, name, "POST", content=more.pop("content", body), headers=headers, **more)


def is_error(answer: httpx.Response, status: int) -> bool:
    said = answer.json()
    return (answer.status_code, said["http_status"], answer.headers["content-type"]) == (
        status,
        str(status),
        MEDIA,
    )


@pytest.mark.parametrize("path", PLACES)
def test_nothing_is_answered_without_a_token_whoever_is_signed_in(path: str, hub: Console) -> None:
    admin = hub.browser()  # whoever sits at this machine
    assert admin.get("/api/summary").status_code == 200
    signed_in = hub.signed_in("admin")
    for browser in (admin, signed_in):
        answer = browser.get(path, headers={"accept": MEDIA})
        assert is_error(answer, 401)
    for header in (
        "", "Basic", "Basic !!!", "Basic " + base64.b64encode(b"acme").decode(), "Bearer", "Bearer " + "x" * 5_000, "Digest x",
        "Basic " + base64.b64encode(b"\xff:\xfe").decode(),
    ):  # fmt: skip
        assert is_error(ask(hub, path, headers={"authorization": header}), 401)


def test_a_collector_is_no_member_and_a_member_no_collector(hub: Console) -> None:
    token = "seawall_" + "t" * 43
    with hub.context.database.writing() as work:
        work.ingest_tokens.add("collector", token.encode(), by="admin", at=hub.clock())
    assert ask(hub, "/taxii2/", headers={"authorization": f"Bearer {token}"}).status_code == 401
    sent = ask(
        hub,
        "/api/ingest",
        "berry",
        "POST",
        content=b"{}",
        headers={"authorization": f"Bearer {TOKENS['berry'][1]}"},
    )
    assert sent.status_code == 401


def test_a_revoked_token_works_no_more(hub: Console) -> None:
    assert ask(hub, "/taxii2/").status_code == 200
    with hub.context.database.writing() as work:
        assert work.exchange_tokens.revoke("berry")
        assert not work.exchange_tokens.revoke("berry")
    assert is_error(ask(hub, "/taxii2/"), 401)
    assert ask(hub, "/taxii2/", "acme").status_code == 200


def test_the_database_holds_no_token(hub: Console) -> None:
    with hub.context.database.reading() as work:
        kept = json.dumps(work.settings.all())
    assert "exchange token berry" in kept
    assert not any(token in kept for _, token in TOKENS.values())


@pytest.mark.parametrize(
    ("accept", "status"),
    [(MEDIA, 200), ("application/taxii+json", 200), ("*/*", 200), ("text/html, application/taxii+json; version=2.1;q=0.5", 200),
     ("application/taxii+json;version=2.0", 406), ("application/json", 406), ("text/html", 406)],
)  # fmt: skip
def test_other_versions_and_types_are_refused(accept: str, status: int, hub: Console) -> None:
    answer = ask(hub, "/taxii2/", headers={"accept": accept})
    assert answer.status_code == status
    assert answer.headers["content-type"] == MEDIA


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"{ROOT}collections/none/", 404), (f"{ROOT}collections/none/objects/", 404), (f"{ROOT}status/none/", 404),
        (f"{OBJECTS}indicator--none/", 404), (f"{OBJECTS}?limit=0", 400),
        (f"{OBJECTS}?limit=x", 400), (f"{OBJECTS}?limit=-1", 400),
        (f"{OBJECTS}?limit={'9' * 30}", 400), (f"{OBJECTS}?limit=1&limit=2", 400), (f"{OBJECTS}?added_after=now", 400),
        (f"{OBJECTS}?added_after=2026-03-01", 400), (f"{OBJECTS}?match[version]=newest", 400), (f"{OBJECTS}?next=x", 400),
        (f"{OBJECTS}?limit=100000", 200), (f"{OBJECTS}?added_after=2026-03-01T00:00:00%2B01:00", 200),
        (f"{OBJECTS}?other=x", 200),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_in_the_standards_shape(path: str, status: int, hub: Console) -> None:
    answer = ask(hub, path)
    assert answer.status_code == status
    assert status == 200 or is_error(answer, status)


def test_next_is_of_its_list_and_filters_alone(hub: Console) -> None:
    add(hub, *(indicator(n) for n in range(4)))
    first = ask(hub, f"{OBJECTS}?limit=2&match[type]=indicator").json()
    assert first["more"] is True
    rest = ask(hub, f"{OBJECTS}?limit=9&match[type]=indicator&next={first['next']}").json()
    assert (len(rest["objects"]), rest["more"], "next" in rest) == (2, False, False)
    for other in (
        f"{OBJECTS}?limit=2",
        f"{COLLECTION}manifest/?match[type]=indicator",
        f"{ROOT}collections/{OWN.id}/objects/?match[type]=indicator",
    ):
        joint = "&" if "?" in other else "?"
        assert is_error(ask(hub, f"{other}{joint}next={first['next']}"), 400)


def test_headers_name_the_times_of_addition_and_lead_on(hub: Console) -> None:
    add(hub, *(indicator(n) for n in range(3)))
    page = ask(hub, f"{OBJECTS}?limit=2")
    first, last = (page.headers[f"x-taxii-date-added-{name}"] for name in ("first", "last"))
    assert first < last
    rest = ask(hub, f"{OBJECTS}?added_after={last}")
    assert len(rest.json()["objects"]) == 1
    assert "x-taxii-date-added-first" not in ask(hub, f"{OBJECTS}?match[type]=malware").headers


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"headers": {"content-type": "application/json"}}, 415),
        ({"headers": {"content-type": "application/taxii+json;version=2.0"}}, 415),
        ({"headers": {"content-type": "text/plain"}}, 415),
        ({"headers": {"content-encoding": "gzip"}}, 415),
        ({"content": b"{"}, 422),
        ({"content": b"[]"}, 422),
        ({"content": b'{"objects": {}}'}, 422),
        ({"content": b'{"objects":' + b"[" * 200_000}, 422),
        ({"content": b"\xff"}, 422),
        ({"content": b'{"objects": []' + b" " * 5_000_000 + b"}"}, 413),
        ({"content": json.dumps({"objects": [{}] * 1_001}).encode()}, 413),
    ],
)
def test_a_body_that_is_no_envelope_is_refused(more: dict[str, Any], status: int, hub: Console) -> None:
    assert is_error(add(hub, **more), status)
    assert ask(hub, OBJECTS).json() == {"more": False}


def test_objects_that_mean_harm_are_refused_one_by_one(hub: Console) -> None:
    deep: Any = []
    for _ in range(300):
        deep = [deep]
    hostile: list[Any] = [
        7, None, "x", [], {}, {"type": "indicator", "id": ["x"]}, indicator(2, description="x" * 9_000),
        indicator(3, pattern="[user-account:user_id = 'ann']"), indicator(4, modified="yesterday"), indicator(5, id="../../x"),
        indicator(6, valid_until="2020-01-01T00:00:00Z"), {"type": "identity", "id": "identity--<script>" + "x" * 500},
    ]  # fmt: skip
    status = add(hub, *hostile, indicator(1, x_deep=deep, name="<script>\ud800")).json()
    assert (status["success_count"], status["failure_count"]) == (1, len(hostile))
    assert all(len(one["id"]) <= 60 for one in status["failures"])
    (kept,) = ask(hub, OBJECTS).json()["objects"]
    assert kept["id"] == indicator(1)["id"]
    assert ask(hub, OBJECTS).headers["content-type"] == MEDIA


def test_a_status_is_the_members_own(hub: Console) -> None:
    id_ = add(hub, indicator(1)).json()["id"]
    assert ask(hub, f"{ROOT}status/{id_}/").json()["success_count"] == 1
    assert is_error(ask(hub, f"{ROOT}status/{id_}/", "cedar"), 404)


def test_nobody_fills_the_collection_and_ended_objects_make_room(
    hub: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange_collections, "MOST_EACH", 3)
    monkeypatch.setattr(exchange_collections, "MOST_OBJECTS", 4)
    soon = "2126-01-01T00:00:00Z"
    first = add(hub, *(indicator(n, valid_until=soon) for n in range(5))).json()
    assert (first["success_count"], first["failure_count"]) == (3, 2)
    assert add(hub, *(indicator(n) for n in range(10, 13)), name="cedar").json()["success_count"] == 1
    with hub.context.database.writing() as work:
        late = CollectionObject("indicator--late", "v", 1, "{}", "cedar", added=0)
        addition = work.collection_objects.add(CONTRIBUTED.name, [late], 4_923_000_000_000_000)
    assert addition.added == 1
    assert len(ask(hub, OBJECTS).json()["objects"]) == 2


def test_only_get_and_adding_are_served(hub: Console) -> None:
    for method, path in (
        ("DELETE", f"{OBJECTS}indicator--x/"),
        ("PUT", OBJECTS),
        ("POST", "/taxii2/"),
        ("PATCH", ROOT),
    ):
        assert ask(hub, path, method=method).status_code == 405
    for path in ("/taxii2", "/taxii2/x", f"{ROOT}x/"):
        answer = ask(hub, path, headers={"accept": "text/html"})
        assert answer.status_code in {404, 405}
        assert "html" not in answer.headers["content-type"]


def test_the_limit_of_a_contribution_fits_many_into_memory() -> None:
    assert contributions.LARGEST_CONTRIBUTION * exchange_collections.MOST_OBJECTS <= 100_000_000
