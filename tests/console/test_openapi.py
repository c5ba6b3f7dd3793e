"""The OpenAPI document names every route, and the server does what it says, whatever is sent."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from hypothesis import HealthCheck, settings
from jsonschema_rs import Draft202012Validator, meta
from starlette.routing import Route

from seawall.console.context import ConsoleSettings
from seawall.console.openapi import build_document
from seawall.console.table import all_endpoints
from seawall.pipeline.live.status import NOTHING, WatchStatus
from seawall.pipeline.live.watcher import IngestReceipt
from tests.console.consoles import LOOPBACK, Browser, Console
from tests.console.filled import ANN, filled
from tests.operations import list_operations, send_cases
from tests.thoroughness import examples

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import schemathesis
    from schemathesis.checks import not_a_server_error
    from schemathesis.specs.openapi.checks import response_schema_conformance, status_code_conformance

DOCUMENT = build_document()
TOKEN = "seawall_" + "t" * 40
WORST = f"{0:012x}"
STREAMS = "/api/stream"
FUZZ = settings(
    max_examples=examples(8, fewest=3),
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)

schemathesis.serializer.alias("application/x-ndjson", "text/plain")
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT).exclude(path=STREAMS)


class Watch:
    """A watch that takes everything."""

    def ingest(self, body: bytes, *, source: str, key: str | None = None) -> IngestReceipt:
        return IngestReceipt("id", body.count(b"\n"), 0)

    def status(self) -> WatchStatus:
        return NOTHING

    def subscribe(self, call: Any) -> Any:
        return lambda: None


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    with filled(tmp_path_factory.mktemp("openapi"), ConsoleSettings(), service=Watch()) as made:
        with made.context.database.writing() as work:
            work.ingest_tokens.add("collector", TOKEN.encode(), by="admin", at=made.clock())
        yield made


@pytest.fixture
def browser(shown: Console) -> Browser:
    with shown.context.database.writing() as work:
        work.settings.forget("privacy")  # whatever is sent may have turned pseudonyms on
    return shown.browser()


@pytest.fixture(scope="module")
def headers(shown: Console) -> dict[str, str]:
    return {
        "authorization": f"Bearer {TOKEN}",
        "x-seawall-csrf": shown.browser().get("/api/session").json()["csrf_token"],
    }


@pytest.mark.parametrize(("method", "path"), list_operations(DOCUMENT, STREAMS))
def test_it_answers_as_its_document_says(
    method: str, path: str, shown: Console, headers: dict[str, str]
) -> None:
    def check(case: Any) -> None:
        wanted = case.as_transport_kwargs(base_url=LOOPBACK, headers=headers)
        sent = requests.Request(**wanted).prepare()
        given = {
            name: value.encode("latin-1") if isinstance(value, str) else value
            for name, value in sent.headers.items()
            if name.lower() not in {"cookie", "host"}
        }
        given["host"] = LOOPBACK.partition("://")[2].encode()
        answer = shown.request(
            str(sent.method), str(sent.url), address="127.0.0.1", content=sent.body or b"", headers=given
        )
        case.validate_response(
            answer, checks=[not_a_server_error, status_code_conformance, response_schema_conformance]
        )

    send_cases(SCHEMA, method, path, check, FUZZ)


def test_every_route_is_in_it(shown: Console) -> None:
    stated = {
        (method.upper(), path) for path, operations in DOCUMENT["paths"].items() for method in operations
    }
    served = {
        (method, route.path.replace(":path}", "}").replace(":int}", "}"))
        for route in shown.app.routes
        if isinstance(route, Route) and route.path.startswith("/api/")
        for method in route.methods or ()
        if method != "HEAD"
    }
    assert stated == served
    assert len(stated) == len(all_endpoints())
    ids = [
        operation["operationId"]
        for operations in DOCUMENT["paths"].values()
        for operation in operations.values()
    ]
    assert len(set(ids)) == len(ids)


def test_the_docs_name_every_route() -> None:
    page = (Path(__file__).parents[2] / "docs" / "reference" / "api.md").read_text("utf-8")
    stated = set(re.findall(r"^\| `([A-Z]+ /api/[^`]*)` \|", page, re.MULTILINE))
    assert stated == {
        f"{method.upper()} {path}" for path, operations in DOCUMENT["paths"].items() for method in operations
    }


def test_it_is_served(browser: Browser) -> None:
    answer = browser.get("/api/openapi.json")
    assert answer.json() == DOCUMENT
    assert DOCUMENT["openapi"] == "3.1.0"


def test_every_reference_leads_somewhere() -> None:
    schemas = DOCUMENT["components"]["schemas"]

    def look(part: Any) -> None:
        if isinstance(part, dict):
            reference = part.get("$ref")
            if isinstance(reference, str):
                assert reference.removeprefix("#/components/schemas/") in schemas
            for value in part.values():
                look(value)
        elif isinstance(part, list):
            for value in part:
                look(value)

    look(DOCUMENT)
    for schema in schemas.values():
        meta.validate({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema})


READ = [
    "/api/session", "/api/summary", "/api/incidents?queue=all", f"/api/incidents/{WORST}", f"/api/incidents/{WORST}/plan",
    f"/api/incidents/{WORST}/records", f"/api/incidents/{WORST}/related", f"/api/incidents/{WORST}/attack", "/api/accounts",
    f"/api/account?tenant=org&account={ANN}", f"/api/account/timeline?tenant=org&account={ANN}",
    f"/api/account/records?tenant=org&account={ANN}", "/api/record?tenant=org&id=id-3", "/api/answers", "/api/views",
    "/api/tenants", "/api/campaigns", "/api/indicators/received",
    "/api/health/ingest", "/api/problems", "/api/detector", "/api/detector/what-if?budget=3",
]  # fmt: skip


@pytest.mark.parametrize("path", READ)
def test_answers_are_of_their_types(browser: Browser, path: str) -> None:
    answer = browser.get(path)
    assert answer.status_code == 200
    template = path.partition("?")[0].replace(WORST, "{id}")
    responses = DOCUMENT["paths"][template]["get"]["responses"]
    schema = responses["200"]["content"]["application/json"]["schema"]
    whole = {**schema, "components": DOCUMENT["components"]}
    Draft202012Validator(whole).validate(answer.json())


@pytest.mark.parametrize("path", ["/api/nosuch", "/api/", "/api/incidents/", "/api/incidents//plan"])
def test_what_is_not_in_it_is_not_there(browser: Browser, path: str) -> None:
    answer = browser.get(path)
    assert answer.status_code in {404, 400}
    assert answer.json()["error"]["code"] in {"not-found", "bad-request"}


def test_beyond_loopback_nothing_is_answered_without_a_session(tmp_path: Path) -> None:
    with filled(tmp_path, service=Watch()) as made:
        browser = made.browser()
        for endpoint in all_endpoints():
            if endpoint.role is None:
                continue
            path = (
                endpoint.path.replace("{id}", "1")
                .replace("{name:path}", "x")
                .replace("{", "")
                .replace("}", "")
            )
            asked = browser.get(path) if endpoint.method == "GET" else browser.send(endpoint.method, path, {})
            assert asked.status_code == 401, (endpoint.method, endpoint.path, asked.text)
            assert asked.json()["error"]["code"] == "sign-in-required"
