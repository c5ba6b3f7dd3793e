"""Replace object ids by account names: a query for an account also finds its records by object id.

The lake stores accounts as the logs state them. Which account an object id belongs to may be learnt later, so names are
looked up for each query.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

from seawall.storage.lake.query import EventQuery

Names = Mapping[str, str]
"""Account name by object id, within one organisation."""

NamesOf = Callable[[str], Names]
"""A function that returns the names of an organisation."""

_ACCOUNT, _MAILBOX = "account", "mailbox"


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
    """Return the rows with names in place of object ids in the column `account`, and in `mailbox` for an account's own."""
    if not names or _ACCOUNT not in rows.column_names or not len(rows):
        return rows
    column = rows[_ACCOUNT]
    texts = column.cast(pa.string()).combine_chunks()
    named = _name_texts(texts, names)
    if named is texts:
        return rows
    if _MAILBOX in rows.column_names:
        mailbox = rows[_MAILBOX].cast(pa.string()).combine_chunks()
        is_own = pc.fill_null(pc.equal(mailbox, texts), False)
        rows = _replace(rows, _MAILBOX, pc.if_else(is_own, named, mailbox))
    return _replace(rows, _ACCOUNT, named)


def _name_texts(texts: pa.StringArray, names: Names) -> pa.StringArray:
    """Return texts with names in place of object ids; the same array where it has none."""
    encoded = texts.dictionary_encode()
    values = encoded.dictionary.to_pylist()
    if not any(value in names for value in values):
        return texts
    dictionary = pa.array([names.get(value, value) for value in values], pa.string())
    return pa.DictionaryArray.from_arrays(encoded.indices, dictionary).cast(pa.string())


def _replace(rows: pa.Table, name: str, texts: pa.StringArray) -> pa.Table:
    place = rows.column_names.index(name)
    return rows.set_column(place, rows.schema.field(name), texts.cast(rows.schema.field(name).type))
