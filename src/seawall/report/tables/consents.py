"""List consents: who let which application do what, and when."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from seawall.events.changes.acts import ACTS, read_act
from seawall.events.changes.records import COLUMNS, ChangeRecord, read_changes
from seawall.report.tables.event_columns import as_text
from seawall.report.tables.table import AnalystTable, TableColumn
from seawall_base.times import MICROSECONDS

MOST_RECORDS: Final = 100_000
"""Records of consents that are kept, the first that are read."""

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
        self._records: list[ChangeRecord] = []
        self._left_out = 0

    def add(self, table: pa.Table) -> None:
        """Note the consents of a table."""
        activity = pc.utf8_lower(pc.utf8_rtrim(pc.utf8_trim_whitespace(as_text(table, "activity_name")), "."))
        is_wanted = pc.and_(
            pc.is_in(activity, pa.array(sorted(_OPERATIONS))), pc.equal(as_text(table, "status"), "success")
        )
        found = table.filter(is_wanted)
        room = MOST_RECORDS - len(self._records)
        self._left_out += max(found.num_rows - room, 0)
        rows = found.select([name for name in COLUMNS if name in found.column_names]).slice(0, room)
        self._records += read_changes(rows.to_pylist(), frozenset())

    def consents(self) -> list[Consent]:
        """Return the consents, the latest first. Several records of one consent are one."""
        read = [(record, act) for record in self._records if (act := read_act(record)) is not None]
        main = [(record, act) for record, act in read if act.act != "permission_grant"]
        alone = [
            (record, act)
            for record, act in read
            if act.act == "permission_grant" and not any(_belongs(record, other) for other, _ in main)
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
        note = f"{self._left_out:,} further records of consents are left out." if self._left_out else ""
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


def _belongs(record: ChangeRecord, other: ChangeRecord) -> bool:
    same = (record.tenant, record.account) == (other.tenant, other.account)
    return same and abs(record.time - other.time) <= _TOGETHER


def _find_id(record: ChangeRecord) -> str:
    return (
        record.text("ServicePrincipal.AppId", "TargetId.ServicePrincipalNames", "client_id")
        or record.app
        or record.resource
    )
