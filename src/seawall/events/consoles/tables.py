"""List the tables of consoles. To add one, describe it in a module of its vendor and add it here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from seawall.events.consoles import entra, exchange, exchange_audit, google, hunting, hunting_sign_ins, okta
from seawall.events.consoles.columns import VendorTable, plain_names
from seawall.events.formats.field_capitals import Names, once_for_names
from seawall.events.microsoft import entra_signin, m365_columns

TABLES: tuple[VendorTable, ...] = (
    entra.SIGN_INS,
    entra.AUDITS,
    okta.SYSTEM_LOG,
    hunting.CLOUD_APP_EVENTS,
    hunting_sign_ins.USER_SIGN_INS,
    hunting_sign_ins.APPLICATION_SIGN_INS,
    exchange.MESSAGE_TRACE,
    exchange_audit.ADMIN_AUDIT,
    exchange_audit.MAILBOX_AUDIT,
    google.GMAIL_EVENTS,
    google.DRIVE_EVENTS,
    google.OAUTH_EVENTS,
    google.USER_EVENTS,
    google.ADMIN_EVENTS,
)

_STREAMED = "AdvancedHunting-"
"""Begin of the category of a record of Defender's streaming interface."""
_ORGANISATIONS = {m365_columns.NAME: "OrganizationId", entra_signin.NAME: "AADTenantId"}
"""Field of the organisation in the records of a format."""


@once_for_names
def find_table(names: Names) -> VendorTable | None:
    """Return the console's table that has columns of these names."""
    plain = plain_names(names)
    return next((table for table in TABLES if table.has_columns(plain)), None)


@once_for_names
def find_mark(names: Names) -> Names:
    """Return the columns by which a table with these names is recognised; none for a table of no console."""
    table = find_table(names)
    return () if table is None else table.find_mark(names)


def is_console_header(names: Sequence[str]) -> bool:
    """Return whether names of columns are those of a console's table."""
    return find_table(tuple(names)) is not None


def unwrap_streamed(record: dict[str, Any]) -> dict[str, Any]:
    """Return the row in a record of Defender's streaming interface, any other record unchanged."""
    category, row = record.get("category"), record.get("properties")
    is_streamed = isinstance(category, str) and category.startswith(_STREAMED)
    return row if is_streamed and isinstance(row, dict) else record


def add_organisation(source: str, restored: dict[str, Any], streamed: dict[str, Any]) -> dict[str, Any]:
    """Return a row's record with the organisation that the record of the streaming interface states, unless it has one."""
    name, stated = _ORGANISATIONS.get(source), streamed.get("tenantId")
    return {name: stated} | restored if name and isinstance(stated, str) else restored


def restore_record(row: dict[str, Any]) -> tuple[str, dict[str, Any]] | None:
    """Return the name of the format, and the vendor's record, of a row of a console's table; None for any other object."""
    table = find_table(tuple(row))
    return (table.source, table.restore(row)) if table is not None and table.accepts(row) else None
