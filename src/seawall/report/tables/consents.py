"""List consents: who let which application do what, and when."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import pyarrow as pa

from seawall.events.changes.acts import ACTS, read_act
from seawall.events.changes.records import ChangeRecord
from seawall.report.tables.change_list import ChangeList
from seawall.report.tables.table import AnalystTable, TableColumn
from seawall_base.times import MICROSECONDS

_ACTS: Final = ("consent", "consent_for_all", "permission_grant", "app_permission", "app_trusted")
_OPERATIONS: Final = frozenset(operation for operation, (act, _) in ACTS.items() if act in _ACTS)
_TOGETHER: Final = 10 * MICROSECONDS
"""Time within which a vendor writes the further records of one consent."""

_STATED: Final = re.compile(r"Scope:\s*([^\],]*)")
_WORD: Final = re.compile(r"[A-Za-z][\w.:/\-]{2,199}")
_COLUMNS: Final = (
    TableColumn("time", "when", "time"),
    TableColumn("tenant", "organisation"),
    TableColumn("account", "who"),
    TableColumn("application", "application"),
    TableColumn("for", "for"),
    TableColumn("meaning", "may"),
    TableColumn("permissions", "permissions", is_detail=True),
    TableColumn("id", "id of the application", is_detail=True),
    TableColumn("record", "record", is_detail=True),
)


@dataclass(frozen=True, slots=True)
class Consent:
    """Say what one consent gave. Times are microseconds since 1970."""

    time: int
    tenant: str
    account: str
    application: str
    scope: str
    meaning: str
    permissions: tuple[str, ...]
    uid: str
    record: str


class ConsentList:
    """Collect the successful consents of tables of events."""

    def __init__(self) -> None:
        self._changes = ChangeList(_OPERATIONS)

    def add(self, table: pa.Table) -> None:
        """Note the consents of a table."""
        self._changes.add(table)

    def consents(self) -> list[Consent]:
        """Return the consents, the latest first. Several records of one consent are one."""
        read = [(record, act) for record in self._changes.records if (act := read_act(record)) is not None]
        main = [(record, act) for record, act in read if act.act != "permission_grant"]
        times = _sort_times(record for record, _ in main)
        alone = [
            (record, act)
            for record, act in read
            if act.act == "permission_grant" and not _is_near(record, times)
        ]
        found = [
            Consent(
                record.time, record.tenant, record.account,
                act.whom if act.act == "app_permission" else act.object,
                "the application itself" if act.act == "app_permission"
                else "everybody" if act.act in {"consent_for_all", "app_trusted"} else "the account",
                act.detail or " ".join(list_permissions(record)), list_permissions(record), _find_id(record), record.id,
            )
            for record, act in [*main, *alone]
        ]  # fmt: skip
        return sorted(
            found,
            key=lambda one: (
                -one.time,
                one.tenant,
                one.account,
                one.application,
                one.permissions,
                one.record,
            ),
        )

    def names(self) -> list[tuple[str, str]]:
        """Return pairs of id and name of the applications."""
        return [(one.uid, one.application) for one in self.consents()]

    def table(self) -> AnalystTable:
        """Return the table, the latest consent first."""
        rows = [
            (
                one.time, one.tenant, one.account, one.application, one.scope, one.meaning, " ".join(one.permissions),
                one.uid, one.record,
            )
            for one in self.consents()
        ]  # fmt: skip
        note = (
            f"{self._changes.left_out:,} further records of consents are left out."
            if self._changes.left_out
            else ""
        )
        return AnalystTable("consents", "Consents to applications", _COLUMNS, tuple(rows), note)


def list_permissions(record: ChangeRecord) -> tuple[str, ...]:
    """Return the names of the permissions that a consent states, in alphabetical order."""
    after = record.text("ConsentAction.Permissions").rpartition("=>")[2]
    texts = [
        *_STATED.findall(after),
        record.text("DelegatedPermissionGrant.Scope", "OAuth2PermissionGrant.Scope"),
        record.text("scope", "API_SCOPES"),
        record.text("AppRole.Value"),
    ]
    return tuple(sorted({word for text in texts for word in _WORD.findall(text)}))


def _sort_times(records: Iterable[ChangeRecord]) -> Mapping[tuple[str, str], list[int]]:
    """Return the times of records by organisation and account, ascending."""
    found: dict[tuple[str, str], list[int]] = defaultdict(list)
    for record in records:
        found[record.tenant, record.account].append(record.time)
    return {who: sorted(times) for who, times in found.items()}


def _is_near(record: ChangeRecord, times: Mapping[tuple[str, str], list[int]]) -> bool:
    """Return whether the account has one of these times close to the record's."""
    own = times.get((record.tenant, record.account), [])
    place = bisect_left(own, record.time - _TOGETHER)
    return place < len(own) and own[place] <= record.time + _TOGETHER


def _find_id(record: ChangeRecord) -> str:
    return (
        record.text("ServicePrincipal.AppId", "TargetId.ServicePrincipalNames", "client_id")
        or record.app
        or record.resource
    )
