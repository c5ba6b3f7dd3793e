"""`/healthz`, `/healthz/live` and `/metrics` of the console answer as probes expect, and never with the page."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from seawall.console import health_check
from seawall.console.context import ConsoleSettings
from seawall.console.errors import ServeInvalid
from seawall.console.listening import parse_address
from seawall.console.serve import ServeSettings
from seawall.pipeline.live.status import NOTHING, WatchStatus
from seawall.storage.errors import DatabaseAway
from seawall.web.peers import Peers
from tests.console.consoles import HOST, Browser, Console, console

HTML = "text/html,application/xhtml+xml,*/*;q=0.8"
PROBED = ["/healthz", "/healthz/live", "/livez", "/metrics", "/readyz"]
LOCAL = "127.0.0.1"
SECRET = "/var/secret/place"


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine makes no healthy database look away."""
    monkeypatch.setattr(health_check, "DATABASE_SECONDS", 60.0)


class Watch:
    """A watch with a status."""

    def __init__(self, status: WatchStatus) -> None:
        self._status = status

    def status(self) -> WatchStatus:
        return self._status


def at_the_machine(shown: Console, host: str = "127.0.0.1:8443") -> Browser:
    return Browser(shown, f"https://{host}", LOCAL)


def metrics(browser: Browser) -> dict[str, float]:
    answer = browser.get("/metrics")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    return {
        sample.name + "".join(f"/{value}" for value in sample.labels.values()): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


@contextmanager
def away(shown: Console) -> Iterator[None]:
    """The database answers no more, in words that hold a secret."""

    class Away:
        def reading(self) -> Any:
            raise DatabaseAway(f"postgresql://ann:{SECRET}", fix="")

    database, shown.context.database = shown.context.database, Away()  # type: ignore[assignment]
    try:
        yield
    finally:
        shown.context.database = database


@pytest.mark.parametrize("accept", ["*/*", HTML, "application/json"])
@pytest.mark.parametrize("path", PROBED)
def test_no_probe_is_answered_with_the_page(team: Console, own: Console, path: str, accept: str) -> None:
    for browser in (team.browser(), team.signed_in("admin"), own.browser()):
        for method in ("GET", "HEAD", "POST", "PUT"):
            answer = browser.ask(method, path, headers={"accept": accept})
            assert "html" not in answer.headers["content-type"], (method, path)
            assert answer.headers["cache-control"] == "no-store"
            assert answer.headers["x-content-type-options"] == "nosniff"


def test_health_needs_no_sign_in_and_tells_strangers_one_word(team: Console) -> None:
    for headers in (
        {},
        {"host": "10.1.2.3:8443"},
        {"host": "seawall-0.pods"},
        {"x-forwarded-for": "1.2.3.4"},
    ):
        answer = team.browser().get("/healthz", headers=headers)
        assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
        answer = team.browser().get("/healthz/live", headers=headers)
        assert (answer.status_code, answer.json()) == (200, {"status": "alive"})
    assert at_the_machine(team).get("/healthz").json() == {"status": "ok", "faults": []}


def test_health_says_that_the_database_is_away(team: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health_check, "FRESH_SECONDS", 0.0)
    with away(team):
        stranger, near = team.browser().get("/healthz"), at_the_machine(team).get("/healthz")
        assert (stranger.status_code, stranger.json()) == (503, {"status": "refusing"})
        assert near.status_code == 503
        assert near.json()["faults"] == [
            {"code": "database-away", "words": "the database does not answer", "stops": True}
        ]
        assert SECRET not in near.text + stranger.text
        assert team.browser().get("/readyz").status_code == 503
        for path in ("/healthz/live", "/livez"):
            assert team.browser().get(path).status_code == 200
        assert metrics(at_the_machine(team))["seawall_console_ready"] == 0
    for path in ("/healthz", "/readyz"):
        assert team.browser().get(path).json() == {"status": "ok"}
    assert metrics(at_the_machine(team))["seawall_console_ready"] == 1


def test_many_probes_ask_the_database_once(team: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health_check, "FRESH_SECONDS", 3600.0)
    assert team.browser().get("/healthz").status_code == 200
    with away(team):
        assert team.browser().get("/healthz").status_code == 200


@pytest.mark.parametrize(
    "status",
    [replace(NOTHING, doing="stopped"), replace(NOTHING, doing="idle", fault=f"{SECRET} cannot be written")],
    ids=["stopped", "fault"],
)
def test_a_watch_that_stands_still_is_degraded(tmp_path: Path, status: WatchStatus) -> None:
    with console(tmp_path, service=Watch(status)) as team:
        assert team.browser().get("/healthz").json() == {"status": "degraded"}
        answer = at_the_machine(team).get("/healthz")
        assert answer.status_code == 200
        assert [fault["code"] for fault in answer.json()["faults"]] == ["watch-stopped"]
        assert SECRET not in answer.text
        found = metrics(at_the_machine(team))
        assert (found["seawall_console_ready"], found["seawall_console_watch_stopped"]) == (1, 1)


def test_metrics_are_prometheus_text_with_what_was_counted(tmp_path: Path) -> None:
    status = replace(
        NOTHING, doing="reading", events=7, duplicates=2, problems=1, dirty_days=3, backlog_bytes=512, last_batch=5_000_000
    )  # fmt: skip
    with console(tmp_path, service=Watch(status)) as team:
        assert team.browser().get("/api/session").status_code == 200
        assert team.browser().get("/api/incidents").status_code == 401
        found = metrics(at_the_machine(team))
    assert found["seawall_console_answers_total/2xx"] == 1
    assert found["seawall_console_answers_total/4xx"] == 1
    assert found["seawall_console_records_total/event"] == 7
    assert found["seawall_console_records_total/duplicate"] == 2
    assert found["seawall_console_records_total/problem"] == 1
    assert found["seawall_console_dirty_days"] == 3
    assert found["seawall_console_backlog_bytes"] == 512
    assert found["seawall_console_last_batch_timestamp_seconds"] == 5
    assert found["seawall_console_watching"] == 1
    for pool in ("ordinary", "heavy"):
        assert found[f"seawall_console_requests/{pool}"] == 0
        assert found[f"seawall_console_refused_total/{pool}"] == 0


def test_the_docs_name_every_metric(team: Console) -> None:
    page = (Path(__file__).parents[2] / "docs" / "how-to" / "serve.md").read_text("utf-8")
    for name in metrics(at_the_machine(team)):
        assert f"`{name.partition('/')[0]}`" in page


def test_metrics_are_for_this_machine_alone(team: Console) -> None:
    """Nobody behind a proxy, no page of another site, no name that was pointed here, and no signed-in admin elsewhere."""
    near = at_the_machine(team)
    assert near.get("/metrics").status_code == 200
    assert near.get("/metrics", headers={"host": HOST}).status_code == 200
    for headers in (
        {"x-forwarded-for": "203.0.113.9"},
        {"via": "1.1 proxy"},
        {"forwarded": "for=203.0.113.9"},
        {"host": "evil.example"},
        {"host": "127.0.0.1.evil.example:8443"},
        {"host": ""},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ):
        answer = near.get("/metrics", headers=headers)
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not-found"), headers
        assert "faults" not in near.get("/healthz", headers=headers).json()
    assert team.signed_in("admin").get("/metrics").status_code == 404


def test_behind_a_proxy_its_name_leads_to_no_metrics(tmp_path: Path) -> None:
    """A proxy at this machine that sets none of the headers still hands on the console's own name."""
    settings = ConsoleSettings(hosts=(HOST,), proxies=Peers(("127.0.0.1",)))
    with console(tmp_path, settings) as made:
        assert Browser(made, f"https://{HOST}", LOCAL).get("/metrics").status_code == 404
        assert at_the_machine(made, "127.0.0.1:8090").get("/metrics").status_code == 200
        stranger = Browser(made, f"https://{HOST}", "203.0.113.7")
        assert stranger.get("/healthz").json() == {"status": "ok"}


def test_listed_networks_may_read_metrics(tmp_path: Path) -> None:
    def plan(*networks: str) -> ServeSettings:
        return ServeSettings(store=tmp_path, listen=parse_address("127.0.0.1:8090"), metrics_allow=networks)

    settings = plan("10.0.0.0/28").settings()
    with console(tmp_path, replace(settings, hosts=(HOST,), is_loopback=False, is_encrypted=True)) as made:
        assert Browser(made, f"https://{HOST}", "10.0.0.9").get("/metrics").status_code == 200
        assert Browser(made, f"https://{HOST}", "10.0.0.16").get("/metrics").status_code == 404
        assert at_the_machine(made).get("/metrics").status_code == 404
    with pytest.raises(ServeInvalid, match="--metrics-allow"):
        plan("everybody").settings()


@pytest.mark.parametrize("accept", ["*/*", HTML, ""])
@pytest.mark.parametrize(
    "path",
    [
        "/api", "/api/", "/api/nothing", "/API/session", "/Api", "//api/nothing", "/x/../api/nothing", "/api;x/y", "/./api/x",
        "/api%2fnothing", "/%61pi/nothing", "/api\\nothing", "/healthz/nothing", "/metrics/", "/METRICS", "/api /x",
    ],
)  # fmt: skip
def test_unknown_addresses_of_the_api_are_never_the_page(own: Console, path: str, accept: str) -> None:
    answer = own.browser().get(path, headers={"accept": accept})
    assert answer.status_code == 404, answer.text[:200]
    assert answer.json()["error"]["code"] == "not-found"


@pytest.mark.parametrize("path", ["/ready", "/alive", "/health-check", "/actuator/health", "/status"])
def test_a_probe_of_an_address_that_there_is_not_fails(own: Console, path: str) -> None:
    """Programs ask for anything (`*/*`), browsers for HTML: the latter get the page, which says that there is nothing."""
    assert own.browser().get(path).status_code == 404
    assert own.browser().get(path, headers={"accept": "text/plain"}).status_code == 404
    shown = own.browser().get(path, headers={"accept": HTML})
    assert shown.status_code == 200
    assert "Accept" in shown.headers["vary"]
    assert "text/html" in own.browser().get("/").headers["content-type"]


def test_partitions_of_a_group(own: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    """The metrics say who has what by number, and the health page in words; a partition without a worker is a fault."""
    monkeypatch.setattr(health_check, "FRESH_SECONDS", 0.0)
    here = at_the_machine(own)
    before = metrics(here)
    assert not any(name.startswith("seawall_console_partition") for name in before)
    with own.context.database.writing() as work:
        numbers = dict[int, int]()
        for slot, holder in ((1, "ann"), (2, "ben")):
            number = work.leases.acquire(slot, holder, worker=f"worker-{holder}", seconds=600.0)
            assert number is not None
            numbers[slot] = number
        work.leases.renew_idle(numbers, {1: {"lag": 5}, 2: {"lag": 7}}, seconds=600.0)
    found = metrics(here)
    assert [found[f"seawall_console_partition_held/{number}"] for number in (0, 1)] == [1, 1]
    assert [found[f"seawall_console_partition_lag/{number}"] for number in (0, 1)] == [5, 7]
    assert not any("ann" in name for name in found)
    assert here.get("/healthz").json()["status"] == "ok"
    with own.context.database.writing() as work:
        assert work.leases.release(2, numbers[2])
    assert metrics(here)["seawall_console_partition_held/1"] == 0
    answer = here.get("/healthz")
    assert answer.status_code == 200
    assert "partition-without-worker" in answer.text
    notes = own.browser().get("/api/health/ingest").json()["notes"]
    assert "no worker scores partition 1" in notes
    assert "worker worker-ann scores partition 0; 5 messages to read" in notes
