"""List the hits of rules by rule, level and account, from `rules.json`, or from the incidents of a store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from seawall.detection.incident import Incident
from seawall.report.tables.table import AnalystTable, TableColumn
from seawall_base.errors import InputUnreadable
from seawall_base.regular_files import open_file
from seawall_base.times import parse_rfc3339

RULES: Final = "rules.json"
_LARGEST: Final = 512 << 20
_LEVELS: Final = ("critical", "high", "medium", "low", "informational")
_COLUMNS: Final = (
    TableColumn("level", "level"),
    TableColumn("rule", "rule"),
    TableColumn("tenant", "organisation"),
    TableColumn("account", "account"),
    TableColumn("hits", "hits", "count"),
    TableColumn("first", "first", "time"),
    TableColumn("last", "last", "time"),
    TableColumn("id", "id of the rule", is_detail=True),
)
_WITHOUT_ACCOUNTS: Final = (
    "This scan is of an older version, which kept no accounts and times of hits: scan again to have them."
)
_OF_INCIDENTS: Final = (
    "A store keeps the hits that belong to incidents. Times are those of the incident's records."
)


class _AccountHits(msgspec.Struct):
    tenant: str
    account: str
    hits: int
    first: str
    last: str


class _RuleHits(msgspec.Struct):
    id: str | None = None
    title: str | None = None
    level: str | None = None
    file: str | None = None
    hits: int = 0
    accounts: list[_AccountHits] | None = None
    accounts_not_listed: int = 0


class _Document(msgspec.Struct):
    rules: list[_RuleHits]


Row = tuple[str | int, ...]


def read_rule_hits(folder: Path) -> AnalystTable:
    """Return the hits of a results folder, worst level first. Raises InputUnreadable."""
    path = folder / RULES
    try:
        with open_file(path) as file:
            document = msgspec.json.decode(file.read(_LARGEST), type=_Document)
        rows = [row for rule in document.rules if rule.hits for row in _list_rows(rule)]
    except OSError as error:
        why = error.strerror or str(error)
        raise InputUnreadable(
            f"{path}: {why}", fix="name the folder that `seawall scan --out` wrote"
        ) from error
    except (msgspec.MsgspecError, ValueError, OverflowError, RecursionError) as error:
        raise InputUnreadable(f"{path}: not what a scan writes", fix="scan again") from error
    is_old = any(rule.hits and rule.accounts is None for rule in document.rules)
    hidden = sum(rule.accounts_not_listed for rule in document.rules)
    note = _WITHOUT_ACCOUNTS if is_old else ""
    if hidden:
        note = f"{hidden:,} accounts with few hits of rules that hit more than 1,000 accounts are not listed."
    return _make_table(rows, note)


def list_incident_hits(incidents: Iterable[Incident]) -> AnalystTable:
    """Return the hits that the incidents of a store hold."""
    counted: dict[tuple[str, str, str, str, str], list[int]] = {}
    for incident in incidents:
        for rule in incident.details.get("sigma") or ():
            if not isinstance(rule, Mapping):
                continue
            level, title, uid = (str(rule.get(name) or "") for name in ("level", "title", "id"))
            key = (level, title, incident.tenant, incident.account, uid)
            found = counted.setdefault(key, [0, incident.first_event, incident.last_event])
            found[0] += _count(rule.get("events"))
            found[1] = min(found[1], incident.first_event)
            found[2] = max(found[2], incident.last_event)
    rows: list[Row] = [(*key[:4], *numbers, key[4]) for key, numbers in counted.items()]
    return _make_table(rows, _OF_INCIDENTS)


def _list_rows(rule: _RuleHits) -> Iterable[Row]:
    level, title, uid = rule.level or "", rule.title or rule.file or "", rule.id or ""
    if rule.accounts is None:
        yield level, title, "", "", rule.hits, 0, 0, uid
        return
    for one in rule.accounts:
        times = parse_rfc3339(one.first), parse_rfc3339(one.last)
        yield level, title, one.tenant, one.account, one.hits, *times, uid


def _make_table(rows: list[Row], note: str) -> AnalystTable:
    places = {level: place for place, level in enumerate(_LEVELS)}
    rows.sort(
        key=lambda row: (places.get(str(row[0]), len(places)), str(row[1]), str(row[7]), -int(row[4]), row)
    )
    return AnalystTable("rule-hits", "Rule hits by level, rule and account", _COLUMNS, tuple(rows), note)


def _count(value: Any) -> int:
    return value if isinstance(value, int) else 0
