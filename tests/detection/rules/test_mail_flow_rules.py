"""Rules on the flow of mail: message traces, `EmailEvents` and `UrlClickEvents`, by the vendor's own field names."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from uuid import UUID

import pytest
import yaml

import seawall
from seawall.pipeline.scan import ScanSettings

GOLDEN = Path(__file__).parents[2] / "events" / "golden" / "mail_flow"
CASES = {
    "click": {"ActionType": "ClickAllowed", "Url|contains": "stranger.example"},
    "who": {"AccountUpn|endswith": "@contoso.example", "IPAddress|cidr": "198.51.100.0/24"},
    "chain": {"IsClickedThrough": "True", "UrlChain|contains": "stranger"},
    "sent": {"EmailDirection": "Outbound", "Subject|contains": "bank details"},
    "sender": {"SenderObjectId|startswith": "5b1d0000", "SenderFromAddress|contains": "mara"},
    "trace": {"status": "quarantined", "senderAddress|endswith": "@stranger.example"},
    "address": {"fromIP": "203.0.113.77"},
}  # fmt: skip


@pytest.mark.parametrize("service", [{"service": "mail"}, {}])
def test_rules_find_mail_by_the_names_of_its_table(service: dict[str, str], tmp_path: Path) -> None:
    logs, rules = tmp_path / "logs", tmp_path / "rules"
    logs.mkdir()
    rules.mkdir()
    for name in ("hunting_click.csv", "hunting_email_sent.csv", "graph_trace.json"):
        shutil.copy(GOLDEN / name, logs)
    for number, (name, selection) in enumerate(CASES.items()):
        content = {
            "title": name,
            "id": str(UUID(int=number + 1)),
            "level": "low",
            "logsource": {"product": "seawall", **service},
            "detection": {"s": selection, "condition": "s"},
        }
        (rules / f"{name}.yml").write_text(yaml.safe_dump(content), "utf-8")
    seawall.scan(logs, out=tmp_path / "out", settings=ScanSettings(rules=(rules,), pack=False))
    found = json.loads((tmp_path / "out" / "rules.json").read_text("utf-8"))["rules"]
    assert {row["title"]: row["hits"] for row in found} == dict.fromkeys(CASES, 1)
