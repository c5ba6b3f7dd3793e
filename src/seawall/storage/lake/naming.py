"""Names in the place of object ids: what is asked of an account includes its records by id, and answers name the account.

The lake keeps what came. Of whom an id is may be learnt later, so that is looked up whenever something is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import pyarrow as pa

from seawall.storage.lake.query import EventQuery

Names = Mapping[str, str]
"""The account of each object id, within an organisation."""

NamesOf = Callable[[str], Names]
"""Gives the names of an organisation."""

_ACCOUNT = "account"


def no_names(_: str) -> Names:
    """Return no name for any organisation."""
    return {}


def add_ids(wanted: EventQuery, names: Names) -> EventQuery:
    """Return what is wanted with the ids of the wanted accounts; an id stands for its account."""
    asked = wanted.accounts if wanted.account is None else frozenset({wanted.account})
    if not names or asked is None:
        return wanted
    meant = frozenset(names.get(one, one) for one in asked)
    whole = meant | {uid for uid, name in names.items() if name in meant}
    return wanted if whole == asked else replace(wanted, account=None, accounts=whole)


def name_accounts(rows: pa.Table, names: Names) -> pa.Table:
    """Return rows with the names of accounts in the place of their ids."""
    if not names or _ACCOUNT not in rows.column_names or not len(rows):
        return rows
    column = rows[_ACCOUNT]
    encoded = column.cast(pa.string()).combine_chunks().dictionary_encode()
    texts = encoded.dictionary.to_pylist()
    if not any(text in names for text in texts):
        return rows
    dictionary = pa.array([names.get(text, text) for text in texts], pa.string())
    whole = pa.DictionaryArray.from_arrays(encoded.indices, dictionary).cast(pa.string()).cast(column.type)
    return rows.set_column(rows.column_names.index(_ACCOUNT), rows.schema.field(_ACCOUNT), whole)
