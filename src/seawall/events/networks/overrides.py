"""Let the operator's databases override the built-in table, field by field."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

import pyarrow as pa

from seawall.events.networks.addresses import Addresses
from seawall.events.networks.builtin_table import NetworkTable
from seawall.events.networks.columns import NetworkColumns
from seawall.events.networks.mmdb import DatabaseRecord, OperatorDatabase
from seawall.events.networks.network_class import CLASSES, classify

T = TypeVar("T")


def apply_overrides(
    columns: NetworkColumns, parsed: Addresses, table: NetworkTable, databases: Sequence[OperatorDatabase]
) -> NetworkColumns:
    """Return the columns with the databases' values in place of the table's.

    Each field comes from the first database that has it. A new AS number or name is classified again. A class stated by a
    database takes precedence, except that "hosting" does not replace the more specific "microsoft".
    """
    said = {at: facts for at, text in parsed.texts() if (facts := _ask(databases, text)) is not None}
    asn = columns.asn.copy()
    name, country = columns.asn_name.to_pylist(), columns.country.to_pylist()
    network_class = columns.network_class.to_pylist()

    numbers = {at: facts.asn for at, facts in said.items() if facts.asn is not None}
    with_asn = list(numbers)
    asn[with_asn] = list(numbers.values())
    names = table.names.take(pa.array(table.rows_of(asn[with_asn]))).to_pylist()
    for at, known in zip(with_asn, names, strict=True):
        name[at] = known
    for at, facts in said.items():
        name[at] = facts.name or name[at]
        country[at] = facts.country or country[at]

    renamed = [at for at, facts in said.items() if facts.asn is not None or facts.name]
    rows = classify(asn[renamed], pa.array([name[at] for at in renamed], pa.string()))
    for at, row in zip(renamed, rows.tolist(), strict=True):
        network_class[at] = CLASSES[row] if row >= 0 else None
    for at, facts in said.items():
        if facts.network_class and (facts.network_class, network_class[at]) != ("hosting", "microsoft"):
            network_class[at] = facts.network_class
    encoded = (pa.array(column, pa.string()).dictionary_encode() for column in (name, country, network_class))
    return NetworkColumns(columns.prefix, asn, *encoded)


def _ask(databases: Sequence[OperatorDatabase], text: str) -> DatabaseRecord | None:
    """Return the databases' combined record; None if no database lists the address."""
    facts = [found for database in databases if (found := database.look_up(text)) is not None]
    if len(facts) < 2:
        return facts[0] if facts else None
    return DatabaseRecord(
        _first(found.asn for found in facts),
        _first(found.name for found in facts),
        _first(found.country for found in facts),
        _first(found.network_class for found in facts),
    )


def _first(values: Iterable[T | None]) -> T | None:
    return next((value for value in values if value is not None), None)
