"""List mail rules, forwarding and mailbox access that are in force at the end of the log, as far as its records tell."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import pyarrow as pa

from seawall.events.changes.acts import ChangeAct, read_act, spell_operation
from seawall.events.changes.objects import (
    FORWARDS,
    find_flow_rule_name,
    find_grantee,
    find_opened_mailbox,
    find_rule_name,
    is_on,
    shorten_directory_name,
)
from seawall.events.changes.records import ChangeRecord
from seawall.report.tables.change_list import ChangeList
from seawall.report.tables.table import AnalystTable, TableColumn

_RULE, _FORWARDING, _FLOW, _ACCESS = "inbox rule", "forwarding", "mail flow", "access"
_KINDS: Final = {
    "new-inboxrule": _RULE, "set-inboxrule": _RULE, "enable-inboxrule": _RULE, "updateinboxrules": _RULE,
    "remove-inboxrule": _RULE, "disable-inboxrule": _RULE,
    "set-mailbox": _FORWARDING, "email_forwarding_out_of_domain": _FORWARDING, "create_email_monitor": _FORWARDING,
    "gmail.users.settings.updateautoforwarding": _FORWARDING,
    **{f"{verb}-{noun}": _FLOW for verb in ("new", "set", "enable", "disable", "remove")
       for noun in ("transportrule", "journalrule", "inboundconnector", "outboundconnector")},
    "add-mailboxpermission": _ACCESS, "remove-mailboxpermission": _ACCESS,
    "add-recipientpermission": _ACCESS, "remove-recipientpermission": _ACCESS,
    "gmail.users.settings.delegates.create": _ACCESS, "gmail.users.settings.delegates.delete": _ACCESS,
}  # fmt: skip
_ENDS: Final = ("remove-", "disable-")
_COLUMNS: Final = (
    TableColumn("kind", "kind"),
    TableColumn("tenant", "organisation"),
    TableColumn("mailbox", "mailbox"),
    TableColumn("name", "name"),
    TableColumn("does", "does"),
    TableColumn("by", "by"),
    TableColumn("since", "since", "time"),
    TableColumn("changed", "changed", "time"),
    TableColumn("record", "record", is_detail=True),
)
_NOTE: Final = "What was set before the log begins is not known. The provider's own upkeep is left out."

_Key = tuple[str, str, str, str]


@dataclass(slots=True)
class _Standing:
    """What stands: the record with all parameters that were set, since when, and who set it first."""

    record: ChangeRecord
    since: int
    changed: int
    by: str


class StandingMailRules:
    """Collect the changes of mail rules, forwarding and access, and say which still stand."""

    def __init__(self) -> None:
        self._changes = ChangeList(_KINDS, by_people=True)

    def add(self, table: pa.Table) -> None:
        """Note the changes of a table of events."""
        self._changes.add(table)

    def table(self) -> AnalystTable:
        """Return the table, what was changed last first."""
        standing: dict[_Key, _Standing] = {}
        for record in sorted(self._changes.records, key=lambda one: (one.time, one.id)):
            _apply(standing, record)
        rows = [row for key, one in standing.items() if (row := _list_row(key, one)) is not None]
        rows.sort(key=lambda row: (-int(row[7]), row))
        left = (
            f" {self._changes.left_out:,} further records of changes are left out."
            if self._changes.left_out
            else ""
        )
        return AnalystTable(
            "mail-rules",
            "Mail rules, forwarding and access in force at the end",
            _COLUMNS,
            tuple(rows),
            _NOTE + left,
        )


def _apply(standing: dict[_Key, _Standing], record: ChangeRecord) -> None:
    operation = spell_operation(record.activity)
    kind = _KINDS[operation]
    key = _identify(kind, record)
    if _ends(operation, kind, record):
        standing.pop(key, None)
        return
    if kind == _FORWARDING and read_act(record) is None:
        return  # another setting of the mailbox
    known = standing.get(key)
    if known is None or operation.startswith("new-"):
        standing[key] = _Standing(record, record.time, record.time, record.account)
        return
    merged = replace(record, parameters={**known.record.parameters, **record.parameters})
    known.record, known.changed = merged, record.time


def _identify(kind: str, record: ChangeRecord) -> _Key:
    if kind == _FLOW:
        noun = spell_operation(record.activity).rpartition("-")[2]
        return kind, record.tenant, noun, find_flow_rule_name(record)
    mailbox = shorten_directory_name(find_opened_mailbox(record)) if kind != _RULE else record.owner
    if kind == _RULE:
        return kind, record.tenant, mailbox.lower(), find_rule_name(record)
    if kind == _FORWARDING:
        return kind, record.tenant, mailbox.lower(), ""
    whom = shorten_directory_name(find_grantee(record)) or record.resource
    return kind, record.tenant, mailbox.lower(), f"{whom}: {record.text('AccessRights')}".lower()


def _ends(operation: str, kind: str, record: ChangeRecord) -> bool:
    """Return whether a record ends what stands, rather than setting it."""
    if operation.startswith(_ENDS) or operation.endswith(".delete"):
        return True
    if kind == _RULE and record.text("RuleOperation").lower().startswith(("remove", "delete")):
        return True
    if operation == "set-mailbox":
        forwards = [name for name in FORWARDS if name in record.parameters]
        return bool(forwards) and not any(is_on(record, name) for name in forwards)
    named = [name for name in ("Enabled", "enabled") if record.text(name)]
    return bool(named) and not is_on(record, named[0])


def _list_row(key: _Key, one: _Standing) -> tuple[str | int, ...] | None:
    act = read_act(one.record)
    if act is None:
        return None
    kind, tenant, place, name = key
    mailbox = "whole organisation" if kind == _FLOW else (act.place or place)
    name = act.object or (name if kind == _RULE else "")
    return kind, tenant, mailbox, name, _say(kind, act, one.by), one.by, one.since, one.changed, one.record.id


def _say(kind: str, act: ChangeAct, by: str) -> str:
    if kind == _FORWARDING:
        return f"sends mail on to {act.whom}" if act.whom else act.act.replace("_", " ")
    if kind == _ACCESS:
        rights = {"mailbox_access": "full access", "send_as": "may send as the owner", "delegate": "delegate"}
        whom = by if act.whom == "itself" else act.whom
        return f"{whom}: {rights.get(act.act, act.object)}"
    return act.detail
