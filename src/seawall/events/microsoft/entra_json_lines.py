"""Entra sign-ins on JSON lines, as raw columns that compiled code reads: Graph, Log Analytics, diagnostic settings.

A record that is not plainly a sign-in (a field in two spellings, no id, fields in another order than the records before) is left
to the general reader. Both give the same raw columns, to the byte.
"""

from __future__ import annotations

from functools import reduce
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from seawall.events.formats.distinct_values import Column, Mapper, coalesce
from seawall.events.formats.json_values import as_text, encode, parse, read_structure
from seawall.events.json_lines.block import LARGEST_BLOCK, JsonBlock, prepare
from seawall.events.microsoft import entra_signin as signin
from seawall.events.microsoft.entra_strength import (
    PLAIN,
    RISK_FIELDS,
    STRUCTURES,
    read_device,
    read_risks,
    read_steps,
    read_structures,
    write_application_strength,
    write_strength,
)
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

__all__ = ["LARGEST_BLOCK", "NAME", "JsonBlock", "build_field_tree", "prepare", "read_raw_columns"]

NAME = signin.NAME

_TEXT_COLUMNS = ("id", "time", "envelope_time", "token")
"""Columns of which nearly every value is another."""
_ANY_DEPTH = 1 << 20
_STEP_TIME = r'(?i)(\\?"authenticationStepDateTime\\?":\\?")[0-9TZ:.+-]+'


def read_raw_columns(block: JsonBlock) -> tuple[Any, Rows]:
    """Return raw columns and `unmapped` of the records of a block, and the lines that they are on; the other lines are left."""
    return read_records(block, signin.USED, signin.TEXTS.columns["id"], _is_ours, _columns)


def _is_ours(fields: PropertyFields) -> Flags:
    """Return which records are sign-ins."""
    category, table = fields.outer_scalar("category"), fields.outer_scalar("type")
    is_ours = mark_values(category, signin.is_category) | mark_values(table, signin.is_table)
    is_ours |= fields.has_one_of_each(signin.MARKS)
    return np.asarray(is_ours & ~mark_values(table, lambda value: value == "OfficeActivity"))


def _columns(fields: PropertyFields, kept: Kept) -> dict[str, Any]:
    """Return the raw columns, as `entra_signin.row` has them."""
    wanted = signin.TEXTS.columns
    found: dict[str, Any] = {
        name: fields.scalar(*names) for name, names in wanted.items() if name not in _TEXT_COLUMNS
    }
    error, has_error, reason, more, more_text = _status(fields.structure("status"))
    browser, device, device_said = _device(fields.structure("devicedetail"))
    methods, failure, steps = _details(_without_times(fields.structure("authenticationdetails")))
    found["error"] = _where(has_error.codes >= 0, error, found["result"])
    found["reason"] = coalesce(reason, found["reason"])
    (types,) = _types(fields.structure("signineventtypes"))
    found["type"] = coalesce(found["type"], types)
    (tenant,) = _tenant(fields.outer_scalar("resourceid"))
    found["org"] = coalesce(coalesce(found["org"], tenant), found["resource_org"])
    (guid,) = _guid(found["resource_id"])
    found["resource"] = coalesce(found["resource"], guid)
    countries = (_country(fields.structure(name))[0] for name in ("locationdetails", "location"))
    found["country"] = reduce(coalesce, [*countries, found["country"]])
    found["browser"], found["device"], found["methods"] = browser, device, methods
    found["detail"] = coalesce(more_text, failure)
    is_application = (found["principal"].codes >= 0) & (found["upn"].codes < 0)
    (facts,) = _facts(fields.structure(*RISK_FIELDS), *map(fields.structure, STRUCTURES))
    (how,) = _how(_flag(is_application), steps, device_said, facts, *(found[name] for name in PLAIN.values()))
    columns: dict[str, Any] = {name: found[name] for name in signin.RAW_COLUMNS if name in found}
    columns["id"] = fields.read_texts(*wanted["id"])
    columns["time"] = fields.read_texts(*wanted["time"])
    if columns["time"].null_count:
        columns["time"] = pc.coalesce(columns["time"], fields.read_texts(*wanted["envelope_time"]))
    columns["token"] = fields.read_texts(*wanted["token"])
    columns["how"] = how.array().cast(pa.string())
    return columns | {"unmapped": _join_unmapped(fields, kept, more)}


def _join_unmapped(fields: PropertyFields, kept: Kept, more: Column) -> Any:
    """Write JSON objects of the fields that no column holds."""
    joined = write_kept(fields, kept)
    if not len(more.dictionary):
        return joined
    # The last member: behind the others, in place of the closing brace.
    texts = pa.array([*(f',"status":{text}}}' for text in more.values), None], pa.string())
    status = texts.take(pa.array(np.where(more.codes < 0, len(texts) - 1, more.codes)))
    before = pc.fill_null(pc.utf8_slice_codeunits(joined, 0, -1), "{")
    whole = pc.binary_join_element_wise(before, status, "")
    is_alone = joined.is_null() if joined.null_count else None
    if is_alone is not None:
        whole = pc.if_else(is_alone, pc.replace_substring(whole, "{,", "{", max_replacements=1), whole)
    return pc.coalesce(whole, joined)


def _without_times(details: Column) -> Column:
    """Return the steps of authentications without their times, so that most are equal to others."""
    texts = Column.of(pc.replace_substring_regex(details.dictionary, _STEP_TIME, r"\1"))
    return Column(np.append(texts.codes, np.int32(-1))[details.codes], texts.dictionary)


def _where(rows: Flags, one: Column, other: Column) -> Column:
    """Return a column with the values of one in some rows, and of another in the rest."""
    return coalesce(
        Column(np.where(rows, one.codes, -1).astype(np.int32), one.dictionary),
        Column(np.where(rows, -1, other.codes).astype(np.int32), other.dictionary),
    )


def _flag(rows: Flags) -> Column:
    return Column(np.where(rows, 0, -1).astype(np.int32), pa.array(["yes"], pa.string()))


def _value(text: str | None) -> Any:
    return None if text is None else read_structure(parse(text, _ANY_DEPTH))


def _status_of(text: str | None) -> tuple[str | None, ...]:
    error, reason, more = signin.read_members(_value(text), *signin.STATUS_FIELDS)
    kept = encode({"additionalDetails": more}) if more else None
    return as_text(error), None if error is None else "yes", as_text(reason), kept, as_text(more)


def _device_of(text: str | None) -> tuple[str | None, ...]:
    machine = _value(text)
    browser, device = signin.read_members(machine, *signin.DEVICE_FIELDS)
    said = read_device(machine)
    return as_text(browser), as_text(device), encode(said) if said else None


def _details_of(text: str | None) -> tuple[str | None, ...]:
    details = _value(text)
    steps = read_steps(details)
    return signin.join_methods(details), signin.find_last_failure(details), encode(steps) if steps else None


def _country_of(text: str | None) -> tuple[str | None]:
    location = _value(text)
    (country,) = signin.read_members(location, "countryorregion")
    return (as_text(country) if country else None,)


def _facts_of(risks: str | None, *structures: str | None) -> tuple[str | None]:
    said = read_structures(*map(_value, structures)) | read_risks(_value(risks))
    return (encode(said) if said else None,)


def _how_of(
    is_application: str | None, steps: str | None, device: str | None, facts: str | None, *plain: str | None
) -> tuple[str | None]:
    texts = dict(zip(PLAIN.values(), plain, strict=True))
    said = _value(facts) or {}
    if is_application:
        return (write_application_strength(texts, said),)
    return (write_strength(_value(steps) or [], texts, (_value(device) or {}) | said),)


_status = Mapper(_status_of, 5)
_device = Mapper(_device_of, 3)
_details = Mapper(_details_of, 3)
_types = Mapper(lambda text: (signin.join_types(_value(text)),), 1)
_tenant = Mapper(lambda text: (find_tenant(text),), 1)
_guid = Mapper(lambda text: (signin.keep_guid(text),), 1)
_country = Mapper(_country_of, 1)
_facts = Mapper(_facts_of, 1)
_how = Mapper(_how_of, 1)
