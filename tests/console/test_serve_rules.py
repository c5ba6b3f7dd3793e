"""`seawall serve --rules`: the process that watches asks the rules, and says which it could not read."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import yaml

from seawall.lab.worlds import make_world
from seawall.lab.worlds.world_settings import WorldSettings
from seawall.pipeline.scan import scan
from tests.gate.gates import free_port

ID = "0f6c1f3e-6c53-4c8e-9a0e-3d1c6f3f0b11"
TITLE = "Mail of the one who is watched"
PATIENCE = 120.0


def rule(account: str) -> dict[str, Any]:
    return {
        "title": TITLE, "id": ID, "level": "critical", "logsource": {"product": "m365"},
        "detection": {"s": {"account": account, "kind": "mail_access"}, "condition": "s"},
    }  # fmt: skip


def hit(url: str) -> list[str]:
    """The reasons by which incidents name the rule."""
    items = httpx.get(f"{url}/api/incidents?limit=100", timeout=30).json()["items"]
    incidents = [httpx.get(f"{url}/api/incidents/{one['id']}", timeout=30).json() for one in items]
    reasons = (reason for one in incidents for reason in one["reasons"])
    return [reason["text"] for reason in reasons if TITLE in reason["text"]]


def test_an_incident_of_a_served_store_names_the_hit_of_a_rule_of_the_folder(tmp_path: Path) -> None:
    make_world(
        WorldSettings(58, accounts=12, days=8, attacks=2, quiet_days=5, mess=False, density=0.5),
        tmp_path / "world",
    )
    logs = tmp_path / "world" / "logs"
    accounts = [one.account for one in scan([logs]).incidents if one.account and "@" in one.account]
    folder, port = tmp_path / "mine", free_port()
    folder.mkdir()
    (folder / "good.yml").write_text(yaml.safe_dump(rule(accounts[0])), "utf-8")
    (folder / "broken.yml").write_text("title: 'x\n", "utf-8")
    command = [
        sys.executable, "-m", "seawall.cli.main", "serve", str(logs), "--store", str(tmp_path / "store"),
        "--listen", f"127.0.0.1:{port}", "--rules", str(folder), "--json",
    ]  # fmt: skip
    log = tmp_path / "log"
    with log.open("wb") as stderr:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr)
    assert process.stdout is not None
    try:
        url, end = f"http://127.0.0.1:{port}", time.monotonic() + PATIENCE
        text = ""
        while not text.endswith("}\n"):
            line = process.stdout.readline().decode()
            assert line, log.read_text("utf-8")
            text += line
        assert json.loads(text)["address"] == f"{url}/"
        while not (found := hit(url)):
            assert time.monotonic() < end, log.read_text("utf-8")
            time.sleep(0.5)
        assert all("which fires on an estimated 1 in" in text for text in found)
        assert "not run: mine/broken.yml: is no YAML" in log.read_text("utf-8")
    finally:
        process.terminate()
        assert process.wait(60) == 0
        process.stdout.close()
