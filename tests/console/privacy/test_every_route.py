"""No route of the API names a person to a visitor who sees pseudonyms; each GET route of the document is asked."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from seawall.console.data.tables import NAMES as TABLES
from seawall.console.openapi import build_document
from seawall.console.table import all_endpoints
from seawall.storage.database import Role
from tests.console.consoles import Browser, Console
from tests.console.privacy.persons import NAMES, WORST, full_of_names, hide_from, pseudonym

OWN = {
    "/api/session",
    "/api/me",
    "/api/users",
    "/api/openapi.json",
    "/api/sign-in/oidc",
    "/api/sign-in/oidc/callback",
}
"""Routes that name the console's own users or nobody."""

MISSING = {"/api/record", "/api/drops/{id}", "/api/campaigns/{id}"}
"""Routes that are also asked for what is not there."""

STREAMS = {"/api/stream"}


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    with full_of_names(tmp_path_factory.mktemp("persons")) as made:
        hide_from(made)
        yield made


def list_gets() -> list[str]:
    """The paths of the document that GET answers."""
    return [
        path
        for path, operations in build_document()["paths"].items()
        if "get" in operations and path not in OWN
    ]


def queries(path: str, person: str) -> list[str]:
    """Questions to a route that find something. What follows `#` is the name in the path."""
    account = {"tenant": "x.example", "account": person}
    pairs = {
        "/api/incidents": [
            "?queue=all",
            "?queue=all&limit=1&sort=account",
            f'?queue=all&q=account:"{person}"',
            "?q=zzz",
        ],
        "/api/incidents.csv": ["?queue=all"],
        "/api/account": [join(account)],
        "/api/account/timeline": [join(account)],
        "/api/account/records": [join(account), join({**account, "limit": "2"})],
        "/api/accounts": ["", "?sort=name&limit=1", "?sort=-last", f"?q={person}"],
        "/api/record": [
            join({"tenant": "x.example", "id": "id-1"}),
            join({"tenant": "x.example", "id": "no"}),
        ],
        "/api/look": [f"?subject=account:{person}", "?subject=ip:203.0.113.7", f"?subject={person}"],
        "/api/look/records": [f"?subject=account:{person}", "?subject=ip:203.0.113.7&limit=1"],
        "/api/search": [f"?q={person}", "?q=takeover anna ip:203.0.113.7", "?q=zzz bad:x"],
        "/api/problems": [""],
        "/api/audit": ["", "?limit=1"],
        "/api/tables/{name}": [
            f"{query}#{table}" for table in TABLES for query in ("", f"?account={person}", f"?q={person}")
        ],
        "/api/tables/{name}/rows.csv": [f"#{table}" for table in TABLES],
    }
    return pairs.get(path, [""])


def join(given: dict[str, str]) -> str:
    return "?" + "&".join(f"{name}={value}" for name, value in given.items())


def find_names(content: bytes) -> list[str]:
    """The names that occur in an answer: as text, in cursors, and however JSON escapes them."""
    texts = [content.decode("utf-8", "replace")]
    texts += [str(json.loads(content))] if content[:1] in b"{[" and content else []
    for cursor in re.findall(rb'_cursor":"([\w-]+)"', content):
        texts.append(base64.urlsafe_b64decode(cursor + b"=" * (-len(cursor) % 4)).decode("utf-8", "replace"))
    words = {name: re.compile(rf"(?<![a-z]){name}(?![a-z])", re.IGNORECASE) for name in NAMES}
    return [name for name, word in words.items() if any(word.search(text) for text in texts)]


@pytest.mark.parametrize("path", list_gets())
def test_no_name_occurs(path: str, shown: Console) -> None:
    if path in STREAMS:
        return  # it does not end: test_stream_of_pseudonyms
    browser = shown.signed_in("admin")
    person = pseudonym(browser)
    for query in queries(path, person):
        name = query.partition("#")[2] or "mine"
        answer = browser.get(path.replace("{id}", WORST).replace("{name}", name) + query.partition("#")[0])
        assert answer.status_code not in {401, 404, 500} or path in MISSING, answer.text
        assert find_names(answer.content) == [], (path + query, answer.text[:3000])


def test_the_same_routes_name_them_to_whoever_sees_names(tmp_path: Path) -> None:
    with full_of_names(tmp_path) as made:
        browser = made.signed_in("admin")
        for path in (
            f"/api/incidents/{WORST}",
            "/api/incidents?queue=all",
            "/api/accounts",
            "/api/audit",
            "/api/health/ingest",
        ):
            assert find_names(browser.get(path).content), path


def test_every_route_passes_the_boundary_but_those_of_the_consoles_own_users() -> None:
    from seawall.console.privacy.boundary import OWN_GROUPS

    spared = {one.path for one in all_endpoints() if one.group in OWN_GROUPS and one.method == "GET"}
    assert spared == OWN


@pytest.mark.parametrize("role", ["viewer", "analyst", "admin"])
def test_pseudonyms_are_for_the_roles_of_the_setting(role: Role, tmp_path: Path) -> None:
    with full_of_names(tmp_path) as made:
        hide_from(made, pseudonyms_for=["viewer", "analyst"])
        browser: Browser = made.signed_in(role)
        found = browser.get(f"/api/incidents/{WORST}").json()["account"]
        assert found.startswith("person ") == (role != "admin")
        assert browser.get("/api/privacy").json()["sees_pseudonyms"] == (role != "admin")


def test_a_file_that_cannot_be_rewritten_is_refused(shown: Console) -> None:
    answer = shown.signed_in("analyst").get(f"/api/incidents/{WORST}/evidence.zip")
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "pseudonyms")


def test_programs_and_texts_without_names_stay(shown: Console) -> None:
    browser = shown.signed_in("analyst")
    names = {one["account"] for one in browser.get("/api/accounts?sort=name").json()["items"]}
    assert "mail-tool" in names
    incident = browser.get(f"/api/incidents/{WORST}").json()
    assert (incident["severity"], incident["tenant"], incident["kind"]) == (
        "high",
        "x.example",
        "account-takeover",
    )
    code = incident["account"]
    assert incident["summary"] == f"{code} is used from a network of {pseudonym(browser, 1)}"
    assert all("person " in one["sentence"] for one in incident["story"])
