"""Find the accounts of an organisation that share a value, such as a network or a client."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from seawall.storage.lake.accounts import LakeAccount, count_accounts, list_accounts, sum_accounts
from seawall.storage.lake.lake import Lake
from seawall.storage.lake.query import EventQuery

_ALL = 1_000_000


def list_accounts_sharing(
    lake: Lake, tenant: str, start: int, end: int, column: str, value: str | int, *, most: int = 50
) -> list[LakeAccount]:
    """Return the accounts with a value in a column from `start` to before `end` (microseconds), busiest first.

    The query reads all rows of the span: ask for few days. `events` and times count the rows with the value alone.
    """
    tables = []
    for rows in lake.rows_of_days(tenant, EventQuery(start, end), [column, "account", "account_type"]):
        shown = (table.filter(_shows(table[column], value)) for table in rows)
        tables += [count_accounts(table) for table in shown if len(table)]
    if not tables:
        return []
    found = list_accounts(sum_accounts(pa.concat_tables(tables)), "", None, _ALL)
    return sorted(found, key=lambda one: (-one.events, one.account))[:most]


def _shows(column: pa.ChunkedArray, value: str | int) -> pa.Array:
    """Return whether each row has the value, bool (n,). In a dictionary, only the distinct values are compared."""
    array = column.combine_chunks()
    if not pa.types.is_dictionary(array.type):
        return pc.fill_null(pc.equal(array, value), False)
    place = pc.index(array.dictionary, pa.scalar(value, array.dictionary.type)).as_py()
    return pc.fill_null(pc.equal(array.indices, place), False)
