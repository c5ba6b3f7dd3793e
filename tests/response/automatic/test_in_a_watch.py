"""The planner of a store: news reach outbox and audit trail; and the three commands that a person types."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest
from typer.testing import CliRunner

from seawall.cli.main import app
from seawall.pipeline.live import automatic_containment
from seawall.pipeline.live.automatic_containment import AutomaticPlanner, AutomaticThread
from seawall.pipeline.live.opening import open_watch_store
from seawall.pipeline.live.recipients import Recipients
from seawall.pipeline.live.service import WatchService
from seawall.pipeline.live.settings import LiveSettings
from seawall.response.automatic.settings import AutomaticSettings
from seawall.response.automatic.telling import tell_limit
from seawall.response.containment.settings import read_settings
from seawall.response.errors import RespondInvalid
from seawall.storage.location import open_store
from seawall_base.clock import Clock
from tests.response.automatic.directory import Organisation, candidate, incident
from tests.response.containment.samples import TENANT

TABLE = f"""
[automatic]
mode = "{{mode}}"
organisations = ["{TENANT}"]

[automatic.people]
chance = 0.9
severity = "high"
"""


def write(folder: Path, mode: str) -> Path:
    path = folder / "respond.toml"
    path.write_text(TABLE.format(mode=mode), "utf-8")
    return path


def test_the_table_is_off_unless_it_is_written(tmp_path: Path) -> None:
    empty = tmp_path / "empty.toml"
    empty.write_text("")
    assert read_settings(empty).automatic is None
    assert AutomaticSettings().mode == "off"
    empty.write_text('[automatic]\nmode = "act"\nan_hour = 9\n')
    with pytest.raises(RespondInvalid, match="organisations"):
        read_settings(empty)


def test_news_reach_the_outbox_and_the_audit_trail_and_an_empty_store_has_nothing_to_do(
    tmp_path: Path,
) -> None:
    with open_store(tmp_path / "store", None, make=True) as store:
        planner = AutomaticPlanner(
            tmp_path / "store", store.database, store.lake, Clock(), Recipients(("https://hook",))
        )
        planner.announce(tell_limit(incident("eve@example.org"), "2 accounts"))
        with store.database.reading() as work:
            (message,) = work.outbox.of_target("https://hook")
            assert (message.kind, message.document["account"]) == ("containment.withheld", "eve@example.org")
            assert work.audit.head() is not None
        thread = AutomaticThread(planner, write(tmp_path, "simulate"), threading.Event())
        thread.work()
        assert (tmp_path / "store" / "automatic" / "automatic.journal.jsonl").exists()
        idle = AutomaticThread(planner, None, threading.Event())
        idle.start()
        idle.stop()


def test_a_running_watch_simulates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(automatic_containment, "LOOK_SECONDS", 0.05)
    (tmp_path / "logs").mkdir()
    live = LiveSettings(tmp_path / "store", folders=(tmp_path / "logs",), respond=write(tmp_path, "simulate"))
    stop, journal = threading.Event(), tmp_path / "store" / "automatic" / "automatic.journal.jsonl"
    with open_watch_store(live, print) as (database, lake):
        service = WatchService(live, database, lake)

        def stop_when_written() -> None:
            for _ in range(600):
                if (journal.exists() and journal.read_bytes().endswith(b"\n")) or stop.wait(0.1):
                    break
            stop.set()

        threading.Thread(target=stop_when_written, daemon=True).start()
        service.run(stop)
        assert service.status().fault is None
    assert json.loads(journal.read_text())["event"] == "day"


def test_a_person_reads_confirms_and_stops(tmp_path: Path) -> None:
    store = tmp_path / "store"
    with open_store(store, None, make=True):
        pass
    config = write(tmp_path, "act")
    table = read_settings(config).automatic
    assert table is not None
    words = ["--config", str(config), "--store", str(store)]
    confirming = ["respond", "automatic", "confirm", *words, "--by", "Ann Example"]
    assert CliRunner().invoke(app, confirming).exit_code != 0, "nothing was simulated"
    made = Organisation(store, table)
    made.directory.add("eve@example.org")
    made.service.judge(candidate("eve@example.org"))
    made.clock.wall = max(made.clock.wall, Clock().now() - 9 * 86_400_000_000)
    for _ in range(9):
        made.service.work(())
        made.clock.wall += 86_400_000_000
    assert CliRunner().invoke(app, confirming).exit_code == 0
    shown = CliRunner().invoke(app, ["respond", "automatic", "status", *words, "--json"])
    document = json.loads(shown.stdout)
    assert document["acts"] is True
    assert [one["account"] for one in document["would_have_done"]] == ["eve@example.org"]
    text = CliRunner().invoke(app, ["respond", "automatic", "status", *words]).stdout
    assert "confirmed by Ann Example" in text
    stopping = ["respond", "automatic", "stop", "--store", str(store), "--by", "Bob Example"]
    assert CliRunner().invoke(app, stopping).exit_code == 0
    again = CliRunner().invoke(app, ["respond", "automatic", "status", *words, "--json"])
    assert json.loads(again.stdout)["acts"] is False
