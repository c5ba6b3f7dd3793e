"""Replace object ids by account names: a query for an account also finds its records by object id.

The lake stores accounts as the logs state them. Which account an object id belongs to may be learnt later, so names are
looked up for each query.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import pyarrow as pa

from seawall.storage.lake.query import EventQuery

Names = Mapping[str, str]
"""Account name by object id or other name, within one organisation."""

NamesOf = Callable[[str], Names]
"""A function that returns the names of an organisation."""

_ACCOUNT = "account"


def no_names(_: str) -> Names:
    """Return no name for any organisation."""
    return {}


def add_ids(wanted: EventQuery, names: Names) -> EventQuery:
    """Return the query with all object ids of its accounts; an object id among them stands for its account."""
    asked = wanted.accounts if wanted.account is None else frozenset({wanted.account})
    if not names or asked is None:
        return wanted
    meant = frozenset(names.get(one, one) for one in asked)
    whole = meant | {uid for uid, name in names.items() if name in meant}
    return wanted if whole == asked else replace(wanted, account=None, accounts=whole)


def name_accounts(rows: pa.Table, names: Names) -> pa.Table:
    """Return the rows with names in place of object ids in the columns `account` and `mailbox`."""
    for column in (_ACCOUNT, "mailbox"):
        if names and column in rows.column_names and len(rows):
            rows = _name_column(rows, column, names)
    return rows


def _name_column(rows: pa.Table, name: str, names: Names) -> pa.Table:
    column = rows[name]
    encoded = column.cast(pa.string()).combine_chunks().dictionary_encode()
    texts = encoded.dictionary.to_pylist()
    if not any(text in names for text in texts):
        return rows
    dictionary = pa.array([names.get(text, text) for text in texts], pa.string())
    whole = pa.DictionaryArray.from_arrays(encoded.indices, dictionary).cast(pa.string()).cast(column.type)
    return rows.set_column(rows.column_names.index(name), rows.schema.field(name), whole)
