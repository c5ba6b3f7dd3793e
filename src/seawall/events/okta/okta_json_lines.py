"""Records of Okta's System Log on JSON lines, as raw columns that compiled code reads.

A record that is not spelt as Okta spells it, or whose fields come in another order than in the records before, is left to the
general reader. Both give the same raw columns, to the byte.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from seawall.events.formats.distinct_values import Column, Mapper, coalesce
from seawall.events.formats.json_values import encode, parse
from seawall.events.formats.raw_columns import RawColumns
from seawall.events.json_lines import block, joins
from seawall.events.json_lines.block import LARGEST_BLOCK, JsonBlock
from seawall.events.json_lines.field_tree import FieldTree
from seawall.events.json_lines.joins import join_objects
from seawall.events.json_lines.layout import IS_OBJECT
from seawall.events.okta import details, system_log
from seawall.events.okta.event_kinds import kind
from seawall.events.okta.fields import NOTHING, FieldObject

__all__ = ["LARGEST_BLOCK", "NAME", "JsonBlock", "build_field_tree", "prepare", "read_raw_columns"]

NAME = system_log.NAME

Rows = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Text = str | None

_NEEDED = ("uuid", "published", "eventType", "actor")
_WHOLE = ("outcome", "client", "request", "device", "target", "securityContext", "displayMessage", "legacyEventType", "severity",
          "version")  # fmt: skip
_DEBUG, _CONTEXT, _TRANSACTION = "debugContext", "authenticationContext", "transaction"
_LOOKED_INTO = (_DEBUG, _CONTEXT, _TRANSACTION)
_KNOWN = frozenset((*_NEEDED, *_WHOLE, *_LOOKED_INTO))
_DATA, _AROUND, _INNER, _DETAIL, _OF = "data\0", "debug\0", "context\0", "detail\0", "transaction\0"
"""What names of columns begin with: those in `debugData` and beside it, in the context, in `detail` and beside it."""
_SESSION = "externalSessionId"
_TIME = r"^[0-9]{4}-[^\n]{2}-[^\n]{11,}$"
_MOST_CHANGES = 200
_ANY_DEPTH = 1 << 20


def prepare() -> None:
    """Compile, or read back what was compiled, before the first block of a process."""
    block.prepare()
    joins.prepare()


def build_field_tree() -> FieldTree:
    """Declare the fields of a record. All others get columns as they turn up, and their records are left."""
    tree = FieldTree()
    for name in (*_NEEDED, *_WHOLE):
        tree.add(name, column=name)
    debug, context, transaction = (tree.add_node(prefix) for prefix in (_AROUND, _INNER, _OF))
    data, detail = tree.add_node(_DATA), tree.add_node(_DETAIL)
    tree.add(_DEBUG, column=_DEBUG, child=debug, flags=IS_OBJECT)
    tree.add("debugData", node=debug, column=f"{_AROUND}debugData", child=data, flags=IS_OBJECT)
    tree.add(_CONTEXT, column=_CONTEXT, child=context, flags=IS_OBJECT)
    tree.add(_TRANSACTION, column=_TRANSACTION, child=transaction, flags=IS_OBJECT)
    tree.add("detail", node=transaction, column=f"{_OF}detail", child=detail, flags=IS_OBJECT)
    return tree


def read_raw_columns(block: JsonBlock) -> tuple[Any, Rows]:
    """Return raw columns and `unmapped` of the records of a block, and the lines that they are on; the other lines are left."""
    fields = _Fields(block, np.flatnonzero(block.is_read))
    if len(fields.rows):
        fields = _Fields(block, fields.rows[_is_plain(fields)])
    if len(fields.rows):
        fields = _Fields(block, fields.rows[_is_spelt(fields)])
    if not len(fields.rows):
        return None, fields.rows
    columns, is_read = _columns(fields)
    rows = fields.rows[is_read]
    if not len(rows):
        return None, rows
    if len(rows) < len(fields.rows):
        columns = {name: _pick(column, is_read) for name, column in columns.items()}
    return RawColumns(columns, len(rows)), rows


class _Fields:
    """The fields of some rows of a block by plain name, at the top and in each object that is looked into."""

    def __init__(self, block: JsonBlock, rows: Rows) -> None:
        self.block, self.rows = block, rows
        self.top: list[str] = []
        self.inner: dict[str, dict[str, list[str]]] = {
            prefix: {} for prefix in (_DATA, _AROUND, _INNER, _DETAIL, _OF)
        }
        for column in block.list_columns(rows):
            place, zero, name = column.partition("\0")
            if zero:
                self.inner[place + zero].setdefault(name.lower().replace("_", ""), []).append(column)
            else:
                self.top.append(column)

    def has(self, column: str) -> Flags:
        """Return which records have a field, also with null."""
        return self.block.has_field(column, self.rows)

    def structure(self, name: str) -> Column:
        """Return a field at the top as JSON, null where it is empty."""
        return self.block.encode_column(name, self.rows, is_json=True) if name in self.top else self.empty()

    def scalar(self, name: str) -> Column:
        """Return a field at the top as text."""
        return self.block.encode_scalars(name, self.rows) if name in self.top else self.empty()

    def inner_scalar(self, prefix: str, plain: str) -> Column:
        """Return a field of an object that is looked into, as text."""
        columns = self.inner[prefix].get(plain, ())
        return reduce(
            coalesce, (self.block.encode_scalars(name, self.rows) for name in columns), self.empty()
        )

    def texts(self, name: str) -> Any:
        """Return a field at the top as compact JSON, an Arrow string array."""
        return self.block.read_texts(name, self.rows, is_json=True)

    def empty(self) -> Column:
        """Return a column without values."""
        return Column(np.full(len(self.rows), -1, np.int32), pa.array([], pa.string()))


def _is_plain(fields: _Fields) -> Flags:
    """Return which records have the fields of Okta's, each in one spelling, in their usual order."""
    block, rows = fields.block, fields.rows
    is_plain = np.ones(len(rows), np.bool_)
    for name in _NEEDED:
        is_plain &= fields.has(name) if name in fields.top else False
    for name in fields.top:
        if name not in _KNOWN:
            is_plain &= ~fields.has(name)
    for columns in (columns for group in fields.inner.values() for columns in group.values()):
        if len(columns) > 1:
            is_plain &= sum(fields.has(column).astype(np.int8) for column in columns) <= 1
    for prefix, plain in ((_AROUND, "debugdata"), (_OF, "detail")):
        for column in fields.inner[prefix].get(plain, ())[1:]:
            is_plain &= ~fields.has(column)
    return np.asarray(is_plain & block.is_ordered(_order(fields), rows))


def _order(fields: _Fields) -> list[str]:
    """List the fields at the top in the order in which they come."""
    return fields.block.order_fields([name for name in fields.top if name in _KNOWN], fields.rows)


def _is_spelt(fields: _Fields) -> Flags:
    """Return which records have an id, and a type and a time as Okta spells them."""
    block, rows = fields.block, fields.rows
    is_ours = np.asarray(block.read_texts("uuid", rows).is_valid(), np.bool_) & ~block.is_structure(
        "uuid", rows
    )
    types = fields.scalar("eventType")
    is_ours &= _are(types, lambda text: system_log.is_type(text) and kind(text) != "vendor_alert")
    time = block.read_texts("published", rows)
    is_time = pc.fill_null(pc.match_substring_regex(time, _TIME), False)
    return is_ours & np.asarray(is_time, np.bool_) & ~block.is_structure("published", rows)


def _columns(fields: _Fields) -> tuple[dict[str, Any], Flags]:
    """Return the raw columns, as `system_log.row` has them, and which records they are right for."""
    block, rows = fields.block, fields.rows
    found: dict[str, Any] = {"type": fields.scalar("eventType")}
    (found["kind"],) = _kind(found["type"])
    is_sign_in = _are(found["kind"], lambda value: value == "sign_in")
    found["result"], found["reason"] = _outcome(fields.structure("outcome"))
    found["actor_type"], found["actor_alternate"], found["actor_id"], found["actor_name"] = _actor(
        fields.structure("actor")
    )
    client, request, targets = (fields.structure(name) for name in ("client", "request", "target"))
    found["ip"], country, found["agent"], found["browser"], client_kept = _client(client)
    found["forwarded"], other_country, request_kept = _request(request, client)
    found["country"] = coalesce(country, other_country)
    (device,) = _device(fields.structure("device"))
    debug = {plain: fields.inner_scalar(_DATA, plain) for plain in _DEBUG_TEXTS}
    found["device"] = coalesce(coalesce(device, debug["dthash"]), debug["devicefingerprint"])
    found["key"] = fields.inner_scalar(_DETAIL, "requestapitokenid")
    outer = fields.inner_scalar(_INNER, "externalsessionid")
    found["session"], stays = _session(outer, fields.inner_scalar(_INNER, "rootsessionid"), found["key"])
    resource, domain, app, app_name, methods, changed, names = _targets(targets)
    found["target_domain"] = domain
    found["resource"] = _keep(resource, ~is_sign_in)
    found["app"], found["app_name"] = _keep(app, is_sign_in), _keep(app_name, is_sign_in)
    credential = fields.inner_scalar(_INNER, "credentialtype")
    (said,) = _methods(debug["factor"], debug["factortype"], debug["authenticator"], credential, methods)
    found["methods"] = _keep(said, is_sign_in)
    found["credential"] = _keep(
        coalesce(debug["clientauthtype"], debug["clientauthenticationmethod"]), is_sign_in
    )
    found["mode"], found["grant"] = (
        _keep(debug["signonmode"], is_sign_in),
        _keep(debug["granttype"], is_sign_in),
    )
    (path,) = _path(debug["requesturi"])
    found["path"] = _keep(path, is_sign_in)
    parameters, is_read = _parameters(fields, ~is_sign_in, changed, names)
    context, is_cut = _context(fields, _are(stays, lambda _: True))
    kept = {
        "client": client_kept.array().cast(pa.string()),
        "request": request_kept.array().cast(pa.string()),
        _CONTEXT: context,
        "version": _keep(fields.structure("version"), ~_are(fields.structure("version"), _is_zero))
        .array()
        .cast(pa.string()),
    }
    columns = found | {"id": block.read_texts("uuid", rows), "time": block.read_texts("published", rows)}
    columns["parameters"] = parameters
    for name in ("session", "resource"):
        columns[name] = columns[name].array().cast(pa.string())
    order = [name for name in _order(fields) if name not in ("uuid", "published", "eventType")]
    unmapped = join_objects(
        [(name, kept[name] if name in kept else fields.texts(name)) for name in order], len(rows)
    )
    return columns | {"unmapped": unmapped}, is_read & is_cut


_DEBUG_TEXTS = ("dthash", "devicefingerprint", "factor", "factortype", "authenticator", "clientauthtype",
                "clientauthenticationmethod", "signonmode", "granttype", "requesturi")  # fmt: skip


def _is_zero(text: str) -> bool:
    return parse(text or "null", _ANY_DEPTH) in (None, "0", 0)


def _are(column: Column, is_one: Callable[[str], bool]) -> Flags:
    return np.array([*(is_one(value or "") for value in column.values), False], np.bool_)[column.codes]


def _pick(column: Any, rows: Flags) -> Any:
    """Return some rows of a column or of an Arrow array."""
    if isinstance(column, Column):
        return Column(column.codes[rows], column.dictionary)
    return column.filter(pa.array(rows))


def _keep(column: Column, rows: Flags) -> Column:
    """Return a column with values in some rows alone."""
    return Column(np.where(rows, column.codes, np.int32(-1)).astype(np.int32), column.dictionary)


def _context(fields: _Fields, stays: Flags) -> tuple[Any, Flags]:
    """Return the authentication contexts without the session's id, unless it stays, and which of them could be cut."""
    if _CONTEXT not in fields.top:
        return pa.nulls(len(fields.rows), pa.string()), np.ones(len(fields.rows), np.bool_)
    texts = fields.texts(_CONTEXT)
    columns = fields.inner[_INNER].get("externalsessionid", [])
    has_other = np.zeros(len(fields.rows), np.bool_)
    for column in columns:
        if column != f"{_INNER}{_SESSION}":
            has_other |= fields.has(column)
    name = f'"{_SESSION}":'
    is_one = pc.fill_null(pc.less_equal(pc.count_substring(texts, name), 1), True)
    less = pc.replace_substring_regex(texts, name + r'"(?:[^"\\]|\\.)*",', "")
    less = pc.replace_substring_regex(less, f",?{name}" + r'"(?:[^"\\]|\\.)*"}', "}")
    is_gone = pc.fill_null(pc.equal(pc.count_substring(less, name), 0), True)
    is_cut = stays | (np.asarray(pc.and_(is_one, is_gone), np.bool_) & ~has_other)
    return pc.if_else(pa.array(stays), texts, less), is_cut


def _parameters(fields: _Fields, is_wanted: Flags, changed: Column, names: Column) -> tuple[Any, Flags]:
    """Return changed properties and targets as JSON objects where they are wanted, and which records these are right for."""
    block, rows = fields.block, fields.rows
    is_right = np.ones(len(rows), np.bool_)
    columns = [
        column
        for group in fields.inner[_DATA].values()
        for column in group
        if column.partition("\0")[2].lower() not in details.NOISE
    ]
    places = np.flatnonzero(is_wanted)
    if not len(places):
        return pa.nulls(len(rows), pa.string()), is_right
    wanted = rows[places]
    columns = [column for column in columns if block.has_field(column, wanted).any()]
    columns = block.order_fields(columns, wanted)
    own = {column.partition("\0")[2] for column in columns}
    is_mine = block.is_ordered(columns, wanted) & (len(columns) <= _MOST_CHANGES)
    for column in columns:
        is_mine &= block.is_string(column, wanted)
    is_mine &= ~_are(names, lambda text: not own.isdisjoint(parse(text, _ANY_DEPTH)))[places]
    is_right[places] = is_mine
    texts = [
        (column.partition("\0")[2], block.read_texts(column, wanted, is_json=True)) for column in columns
    ]
    mine = pc.utf8_slice_codeunits(join_objects(texts, len(wanted)), 1, -1)
    others = Column(changed.codes[places], changed.dictionary).array().cast(pa.string())
    # The empty first part keeps rows in which every other part is null.
    joined = pc.binary_join_element_wise("", mine, others, ",", null_handling="skip")
    whole = pc.binary_join_element_wise("{", pc.utf8_slice_codeunits(joined, 1), "}", "")
    joined = pc.if_else(pc.equal(pc.binary_length(joined), 0), None, whole)
    take = np.full(len(rows), -1, np.int64)
    take[places] = np.arange(len(wanted))
    return joined.take(pa.array(np.maximum(take, 0), mask=take < 0)), is_right


def _part(text: Text) -> FieldObject:
    value = None if text is None else parse(text, _ANY_DEPTH)
    return FieldObject(value) if value else NOTHING


def _encode_kept(value: Any) -> Text:
    """Return a value as it appears in `unmapped`, None if it is omitted."""
    return None if value is None or value in ("", [], {}) else encode(value)


def _client_of(text: Text) -> tuple[Text, ...]:
    value = None if text is None else parse(text, _ANY_DEPTH)
    found = system_log.read_client(FieldObject(value) if value else NOTHING)
    kept = (details.without_agent(value) if found[2] is not None else value) if value else None
    return (*found, _encode_kept(kept))


def _request_of(text: Text, client: Text) -> tuple[Text, ...]:
    request = None if text is None else parse(text, _ANY_DEPTH)
    kept = details.without_copy(request, _part(client)) if request else None
    return (*system_log.read_forwarded(_part(text)), _encode_kept(kept))


def _session_of(outer: Text, root: Text, token: Text) -> tuple[Text, Text]:
    session, stays = system_log.session_of(outer, root, token)
    return session, "yes" if stays else None


def _targets_of(text: Text) -> tuple[Text, ...]:
    """Return `resource`, `domain`, `app` and `app_name`, methods as JSON, members of `parameters`, and their names as JSON."""
    if text is None:
        return (None,) * 7
    found = details.targets_of(FieldObject({"target": parse(text, _ANY_DEPTH)}))
    changed = details.parameters(found, NOTHING)
    methods = encode(list(found.methods)) if found.methods else None
    names = encode([*found.changes, "Target"]) if changed else None
    return (
        found.resource,
        found.domain,
        found.app,
        found.app_name,
        methods,
        changed[1:-1] if changed else None,
        names,
    )


def _methods_of(*said: Text) -> tuple[Text]:
    methods = () if said[-1] is None else parse(said[-1], _ANY_DEPTH)
    return (details.join_methods(*said[:-1], *methods),)


_kind = Mapper(lambda text: (kind(text) if text else None,), 1)
_outcome = Mapper(lambda text: system_log.read_outcome(_part(text)), 2)
_actor = Mapper(lambda text: system_log.read_actor(_part(text)), 4)
_client = Mapper(_client_of, 5)
_request = Mapper(_request_of, 3)
_device = Mapper(lambda text: (_part(text).text("id"),), 1)
_session = Mapper(_session_of, 2)
_targets = Mapper(_targets_of, 7)
_methods = Mapper(_methods_of, 1)
_path = Mapper(lambda text: (system_log.name_path(text),), 1)
