"""Generate the Grafana dashboard of the console's and the gate's metrics: `python -m tools.grafana_dashboard` (or `--check`)."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Final

from tools import generated_tables

PAGE: Final = Path(__file__).parents[1] / "deploy" / "grafana" / "seawall.json"
WIDTH, HEIGHT = 8, 7

Panel = tuple[str, str, str, list[tuple[str, str]]]
"""Title, kind (`stat` or `timeseries`), unit, and queries with their legends."""

PANELS: Final[list[Panel]] = [
    ("Console ready", "stat", "none", [("seawall_console_ready", "{{instance}}")]),
    ("Watch", "stat", "none", [("seawall_console_watching - seawall_console_watch_stopped", "{{instance}}")]),
    (
        "Since the last records",
        "stat",
        "s",
        [("time() - seawall_console_last_batch_timestamp_seconds", "{{instance}}")],
    ),
    (
        "Records",
        "timeseries",
        "cps",
        [("sum by (result) (rate(seawall_console_records_total[5m]))", "{{result}}")],
    ),
    ("Logs that wait", "timeseries", "bytes", [("seawall_console_backlog_bytes", "{{instance}}")]),
    ("Days that wait to be scored", "timeseries", "none", [("seawall_console_dirty_days", "{{instance}}")]),
    (
        "Answers",
        "timeseries",
        "reqps",
        [("sum by (status) (rate(seawall_console_answers_total[5m]))", "{{status}}")],
    ),
    ("Requests at work", "timeseries", "none", [("seawall_console_requests", "{{pool}}")]),
    (
        "Requests refused",
        "timeseries",
        "reqps",
        [("sum by (pool) (rate(seawall_console_refused_total[5m]))", "{{pool}}")],
    ),
    ("Gate ready", "stat", "none", [("seawall_gate_ready", "{{instance}}")]),
    (
        "Gate decisions",
        "timeseries",
        "reqps",
        [("sum by (outcome) (rate(seawall_gate_decisions_total[5m]))", "{{outcome}}")],
    ),
    ("Age of issuers' keys", "timeseries", "s", [("seawall_gate_key_source_age_seconds", "{{issuer}}")]),
]


def dashboard() -> dict[str, Any]:
    """Return the dashboard as Grafana imports it."""
    return {
        "title": "Seawall",
        "uid": "seawall",
        "tags": ["seawall"],
        "schemaVersion": 39,
        "version": 1,
        "editable": True,
        "refresh": "1m",
        "time": {"from": "now-6h", "to": "now"},
        "__inputs": [
            {"name": "DS_PROMETHEUS", "label": "Prometheus", "type": "datasource", "pluginId": "prometheus"}
        ],
        "panels": [_panel(number, *panel) for number, panel in enumerate(PANELS)],
    }


def _panel(number: int, title: str, kind: str, unit: str, queries: list[tuple[str, str]]) -> dict[str, Any]:
    source = {"type": "prometheus", "uid": "${DS_PROMETHEUS}"}
    return {
        "id": number + 1,
        "title": title,
        "type": kind,
        "datasource": source,
        "gridPos": {"x": number % 3 * WIDTH, "y": number // 3 * HEIGHT, "w": WIDTH, "h": HEIGHT},
        "fieldConfig": {"defaults": {"unit": unit}, "overrides": []},
        "targets": [
            {"refId": chr(65 + place), "datasource": source, "expr": query, "legendFormat": legend}
            for place, (query, legend) in enumerate(queries)
        ],
    }


def main(arguments: list[str]) -> int:
    """Write the dashboard, or with `--check` only report whether it would change."""
    return generated_tables.write_or_check({PAGE: json.dumps(dashboard(), indent=2) + "\n"}, arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
