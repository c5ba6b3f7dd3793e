"""Microsoft Graph activity on JSON lines, as raw columns that compiled code reads.

A record that is not plainly one (a field in two spellings, no id, fields in another order than the records before) is left to
the general reader. Both give the same raw columns, to the byte.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from seawall.events.formats.distinct_values import Mapper, coalesce
from seawall.events.json_lines import block as json_block
from seawall.events.json_lines.block import LARGEST_BLOCK, JsonBlock
from seawall.events.microsoft import entra_signin, graph_activity, graph_reduction
from seawall.events.microsoft.property_fields import (
    Flags,
    Kept,
    PropertyFields,
    Rows,
    build_field_tree,
    mark_values,
    read_records,
    write_kept,
)
from seawall.events.microsoft.record_origin import find_tenant
from seawall_base.compiled import try_out

__all__ = ["LARGEST_BLOCK", "NAME", "JsonBlock", "build_field_tree", "prepare", "read_raw_columns"]

NAME = graph_activity.NAME


@lru_cache(1)
def prepare() -> None:
    """Compile, or read back what was compiled, before the first block of a process."""
    json_block.prepare()
    try_out(graph_reduction.prepare)


def read_raw_columns(block: JsonBlock) -> tuple[Any, Rows]:
    """Return raw columns and `unmapped` of the records of a block, and the lines that they are on; the other lines are left."""
    return read_records(block, graph_activity.USED, graph_activity.TEXTS.columns["id"], _is_ours, _columns)


def _is_ours(fields: PropertyFields) -> Flags:
    """Return which records are Graph activity, and of no format that is tried before."""
    category, table = fields.outer_scalar("category"), fields.outer_scalar("type")
    is_ours = mark_values(category, graph_activity.is_log) | mark_values(table, graph_activity.is_log)
    is_ours |= fields.has_one_of_each(graph_activity.MARKS)
    is_other = mark_values(category, entra_signin.is_category) | mark_values(table, entra_signin.is_table)
    is_other |= fields.has_one_of_each(entra_signin.MARKS)
    return np.asarray(is_ours & ~is_other & ~mark_values(table, lambda value: value == "OfficeActivity"))


def _columns(fields: PropertyFields, kept: Kept) -> dict[str, Any]:
    """Return the raw columns, as `graph_activity.row` has them."""
    columns: dict[str, Any] = {
        name: fields.read_texts(*names) if name in graph_activity.PLAIN_COLUMNS else fields.scalar(*names)
        for name, names in graph_activity.TEXTS.columns.items()
    }
    columns["request"] = graph_reduction.reduce_requests(columns["uri"])
    (tenant,) = _tenant(fields.outer_scalar("resourceid"))
    columns["org"] = coalesce(coalesce(columns["org"], tenant), fields.inner_scalar("tenantid"))
    return columns | {"unmapped": write_kept(fields, kept)}


_tenant = Mapper(lambda text: (find_tenant(text),), 1)
