"""List the tables of consoles. To add one, describe it in a module of its vendor and add it here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from seawall.events.consoles import entra, okta
from seawall.events.consoles.columns import ConsoleTable, plain_names
from seawall.events.formats.field_capitals import Names, once_for_names

TABLES: tuple[ConsoleTable, ...] = (entra.SIGN_INS, entra.AUDITS, okta.SYSTEM_LOG)


@once_for_names
def find_table(names: Names) -> ConsoleTable | None:
    """Return the console's table that has columns of these names."""
    plain = plain_names(names)
    return next((table for table in TABLES if table.has_columns(plain)), None)


def is_console_header(names: Sequence[str]) -> bool:
    """Return whether names of columns are those of a console's table."""
    return find_table(tuple(names)) is not None


def restore_record(row: dict[str, Any]) -> tuple[str, dict[str, Any]] | None:
    """Return the name of the format, and the vendor's record, of a row of a console's table; None for any other object."""
    table = find_table(tuple(row))
    return None if table is None else (table.source, table.restore(row))
