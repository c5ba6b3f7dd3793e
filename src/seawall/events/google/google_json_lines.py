"""Google Workspace activities on JSON lines, as raw columns that compiled code reads.

An activity of several events, with a structure among its parameters or further members is left to the general reader. Both give
the same raw columns, to the byte.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import reduce
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from seawall.events.addresses import normalise_address
from seawall.events.formats.distinct_values import Column, Mapper, coalesce
from seawall.events.formats.json_values import encode, parse
from seawall.events.formats.raw_columns import RawColumns
from seawall.events.google import activities, formats
from seawall.events.google.meanings import is_service_account
from seawall.events.json_lines import block, joins, named_values
from seawall.events.json_lines.block import LARGEST_BLOCK, JsonBlock
from seawall.events.json_lines.field_tree import FieldTree
from seawall.events.json_lines.joins import join_objects
from seawall.events.json_lines.layout import FORM_BITS, IS_ARRAY, IS_OBJECT, PADDING
from seawall.events.json_lines.named_values import read_events

__all__ = ["LARGEST_BLOCK", "NAME", "JsonBlock", "build_field_tree", "prepare", "read_raw_columns"]

NAME = activities.NAME

Rows = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Text = str | None

_TOP = ("kind", "id", "etag", "actor", "ownerDomain", "ipAddress", "events", "networkInfo")
_IDENTITY = ("time", "uniqueQualifier", "applicationName", "customerId")
_ACTOR = ("callerType", "email", "profileId", "key", "applicationInfo")
_ID, _WHO, _WHERE, _EVENT = "id\0", "actor\0", "network\0", "event\0"
_REGION = f"{_WHERE}regionCode"
_WANTED = tuple(dict.fromkeys((
    "device_id", "user_agent", "affected_email_address", "login_type", "login_challenge_method", "login_challenge_status",
    "is_second_factor", "is_suspicious", "login_failure_type", "failure_type", "application_name", "client_id", "app_name",
    "method_name", "api_name", "scope", "doc_id", "shared_drive_id", "team_drive_id", "originating_app_id", "mailbox",
    "user_email", "email_log_search_recipient", "target_user", *activities.RESOURCES,
)))  # fmt: skip
"""Parameters that columns are made of."""
_ANY_DEPTH = 1 << 20
_LONGEST = 512


def prepare() -> None:
    """Compile, or read back what was compiled, before the first block of a process."""
    block.prepare()
    joins.prepare()
    named_values.prepare()


def build_field_tree() -> FieldTree:
    """Declare the fields of an activity. All others get columns as they turn up, and their records are left."""
    tree = FieldTree()
    nodes = {"id": tree.add_node(_ID), "actor": tree.add_node(_WHO), "networkInfo": tree.add_node(_WHERE)}
    for name in _TOP:
        flags = IS_OBJECT if name in nodes else IS_ARRAY if name == "events" else 0
        tree.add(name, column=name, child=nodes.get(name, -1), flags=flags)
    for name in _IDENTITY:
        tree.add(name, node=nodes["id"], column=_ID + name)
    for name in _ACTOR:
        tree.add(name, node=nodes["actor"], column=_WHO + name)
    tree.add("regionCode", node=nodes["networkInfo"], column=_REGION)
    return tree


_KNOWN = frozenset((*build_field_tree().columns, *(f"{_EVENT}{name}" for name in ("type", "name", *_WANTED))))


def read_raw_columns(block: JsonBlock) -> tuple[Any, Rows]:
    """Return raw columns and `unmapped` of the records of a block, and the lines that they are on; the other lines are left."""
    fields = _Fields(block, np.flatnonzero(block.is_read))
    if len(fields.rows):
        fields = _Fields(block, fields.rows[_is_plain(fields)])
    if not len(fields.rows):
        return None, fields.rows
    events = _Events(block, fields.rows)
    fields = _Fields(block, fields.rows[events.is_right])
    rows = fields.rows
    return RawColumns(_columns(fields, events), len(rows)) if len(rows) else None, rows


class _Fields:
    """The fields of some rows of a block."""

    def __init__(self, block: JsonBlock, rows: Rows) -> None:
        self.block, self.rows = block, rows
        self.held = block.list_columns(rows)
        self._found: dict[str, Column] = {}

    def has(self, column: str) -> Flags:
        """Return which records have a field, also with null."""
        return self.block.has_field(column, self.rows)

    def scalar(self, name: str) -> Column:
        """Return a field as text."""
        if name not in self.held:
            return Column(np.full(len(self.rows), -1, np.int32), pa.array([], pa.string()))
        if name not in self._found:
            self._found[name] = self.block.encode_scalars(name, self.rows)
        return self._found[name]

    def texts(self, name: str, *, is_json: bool = False) -> Any:
        """Return a field as an Arrow string array."""
        if name not in self.held:
            return pa.nulls(len(self.rows), pa.string())
        return self.block.read_texts(name, self.rows, is_json=is_json)

    def structure(self, name: str) -> Column:
        """Return a field as JSON, null where it is empty."""
        if name not in self.held:
            return self.scalar(name)
        return self.block.encode_column(name, self.rows, is_json=True)

    def parameter(self, *names: str) -> Column:
        """Return the first parameter that is not empty, as `Event.text` has it."""
        return reduce(coalesce, map(self._parameter, names))

    def _parameter(self, name: str) -> Column:
        column = f"{_EVENT}{name}"
        if column not in self.held or not self.block.is_structure(column, self.rows).any():
            return self.scalar(column)
        (found,) = _parameter(self.structure(column))
        return found


class _Events:
    """The events of some rows: one object with a type, a name and parameters. `is_right`, bool (rows,), tells which have one.

    `objects` are the parameters of each row that is right as JSON, and `digests` those of its event; Arrow string arrays.
    """

    def __init__(self, block: JsonBlock, rows: Rows) -> None:
        spans = block.spans("events")
        room = int((spans[rows, 1] >> FORM_BITS).sum()) + 32 * len(rows) + PADDING
        cells = np.full((len(_WANTED) + 2, len(block), 2), -1, np.int32)
        letters = np.frombuffer("".join(_WANTED).encode() + bytes(PADDING), np.uint8)
        self.is_right, is_loose = np.zeros((2, len(rows)), np.bool_)
        texts, said = np.empty(room, np.uint8), np.empty(room, np.uint8)
        text_ends, said_ends = np.zeros((2, len(rows) + 1), np.int64)
        read_events(
            block.data,
            spans,
            rows,
            letters,
            np.cumsum([len(name) for name in _WANTED]),
            cells,
            self.is_right,
            is_loose,
            texts,
            text_ends,
            said,
            said_ends,
        )
        block.add_columns([f"{_EVENT}{name}" for name in ("type", "name", *_WANTED)], cells)
        offsets = pa.array(text_ends.astype(np.int32))
        found = pa.StringArray.from_buffers(len(rows), offsets.buffers()[1], pa.py_buffer(texts))
        found = found.filter(pa.array(self.is_right))
        self.objects = pc.if_else(pc.equal(pc.binary_length(found), 0), None, found)
        whole, digest = said.data, hashlib.blake2b
        ends = said_ends.tolist()
        digests: list[Text] = [
            digest(whole[ends[place] : ends[place + 1]], digest_size=6).hexdigest()
            for place in np.flatnonzero(self.is_right).tolist()
        ]
        odd = np.flatnonzero(is_loose[self.is_right])
        if len(odd):
            others = [
                _read_event(text) for text in block.read_texts("events", rows[self.is_right][odd]).to_pylist()
            ]
            places = np.arange(len(found))
            places[odd] = len(found) + np.arange(len(odd))
            fresh = pa.array([text for text, _ in others], pa.string())
            self.objects = pa.concat_arrays([self.objects, fresh]).take(pa.array(places))
            for place, (_, text) in zip(odd.tolist(), others, strict=True):
                digests[place] = text
        self.digests = pa.array(digests, pa.string())


def _read_event(text: str) -> tuple[Text, Text]:
    """Return the parameters of the only event in a text as JSON, and its digest."""
    event = formats.read_event(parse(text, _ANY_DEPTH)[0])
    return encode(event.parameters) if event.parameters else None, formats.digest([event], ())


_SCALARS = (*(_ID + name for name in _IDENTITY), *(_WHO + name for name in _ACTOR[:-1]), _REGION, "ipAddress",
            "ownerDomain")  # fmt: skip


def _is_plain(fields: _Fields) -> Flags:
    """Return which records are activities with nothing further, whose identity and addresses are spelt as usual."""
    block, rows = fields.block, fields.rows
    is_plain = np.ones(len(rows), np.bool_)
    for name in fields.held:
        if name not in _KNOWN and not name.startswith(_WHERE):
            is_plain &= ~fields.has(name)
    for name in ("time", "uniqueQualifier", "applicationName"):
        is_plain &= np.asarray(fields.texts(_ID + name).is_valid(), np.bool_)
    for name in (_ID + "time", _ID + "applicationName"):
        if name in fields.held:
            is_plain &= block.is_string(name, rows)
    if f"{_WHO}applicationInfo" in fields.held:
        is_plain &= ~fields.has(f"{_WHO}applicationInfo") | block.is_structure(f"{_WHO}applicationInfo", rows)
    for name in _SCALARS:
        if name in fields.held:
            is_plain &= ~block.is_structure(name, rows)
    is_plain &= ~_are(fields.scalar(_ID + "applicationName"), lambda text: text == "gmail")
    is_plain &= _are(fields.scalar("ipAddress"), _is_address) | ~_is_there(fields.scalar("ipAddress"))
    for name in ("ipAddress", "ownerDomain", f"{_WHO}callerType", f"{_WHO}applicationInfo", "networkInfo"):
        if name in fields.held:
            is_plain &= ~fields.has(name) | _is_there(fields.structure(name))
    return np.asarray(is_plain, np.bool_)


def _columns(fields: _Fields, events: _Events) -> dict[str, Any]:
    """Return the raw columns, as `activities.row` has them."""
    said = fields.parameter
    application, what, name = (
        fields.scalar(column) for column in (f"{_ID}applicationName", f"{_EVENT}type", f"{_EVENT}name")
    )
    email, profile = fields.scalar(f"{_WHO}email"), fields.scalar(f"{_WHO}profileId")
    found: dict[str, Any] = {"application": application, "type": what, "name": name, "activity": name}
    found |= {"customer": fields.scalar(f"{_ID}customerId"), "country": fields.scalar(_REGION)}
    found |= {"caller": fields.scalar(f"{_WHO}callerType"), "key": fields.scalar(f"{_WHO}key")}
    (found["address"],) = _address(fields.scalar("ipAddress"))
    found["device"], found["agent"] = said("device_id"), said("user_agent")
    found["client"], found["app_name"] = _acting(fields.structure(f"{_WHO}applicationInfo"))
    found["affected"] = said("affected_email_address")
    method, api, scope = said("method_name"), said("api_name"), said("scope", "api_name")
    found["kind"], keeps, mailbox_of, method = _kind(application, what, name, method, api, scope)
    is_token = _are(application, lambda text: text == "token")
    is_sign_in = _are(found["kind"], lambda text: text == "sign_in")
    is_token &= ~is_sign_in
    is_file = _are(found["kind"], lambda text: text == "file") & ~is_token
    is_change = _are(found["kind"], lambda text: text in ("directory", "admin", "mail_rule")) & ~is_token
    for column, names in _SIGN_IN.items():
        found[column] = _keep(said(*names), is_sign_in)
    found["app_name"] = coalesce(
        _keep(said("application_name"), is_sign_in),
        coalesce(_keep(said("app_name"), is_token), _keep(found["app_name"], ~is_sign_in & ~is_token)),
    )
    found["method"] = _keep(method, is_token)
    found["activity"] = coalesce(found["method"], name)
    found["app"] = coalesce(_keep(said("client_id"), is_token), _keep(said("originating_app_id"), is_file))
    changed = said(*activities.RESOURCES)
    own = _keep(email, ~_are(application, lambda text: text == "admin"))
    found["resource"] = _first(
        len(fields.rows),
        _keep(found["affected"], is_sign_in),
        _keep(found["app"], is_token),
        _keep(said("doc_id", "shared_drive_id", "team_drive_id"), is_file),
        _keep(coalesce(changed, own), is_change),
    )
    is_owner = _are(mailbox_of, lambda text: text == "owner")
    is_admin = _are(mailbox_of, lambda text: text == "admin")
    found["mailbox"] = coalesce(
        _keep(coalesce(said("mailbox", "user_email"), email), is_owner),
        _keep(said("user_email", "email_log_search_recipient", "target_user"), is_admin),
    )
    is_service = is_token | (is_sign_in & _are(application, lambda text: text == "token"))
    is_service &= _are(name, lambda text: text == "activity") & _are(found["app"], is_service_account)
    if is_service.any():
        found["resource"] = coalesce(_keep(email, is_service), _keep(found["resource"], ~is_service))
        found["client"] = coalesce(_keep(found["app"], is_service), _keep(found["client"], ~is_service))
        email, profile = _keep(email, ~is_service), _keep(profile, ~is_service)
    found |= {"email": email, "profile": profile}
    is_kept = pa.array(_are(keeps, lambda _: True))
    texts = {
        "time": fields.texts(f"{_ID}time"),
        "qualifier": fields.texts(f"{_ID}uniqueQualifier"),
        "more": events.digests,
        "parameters": pc.if_else(is_kept, events.objects, None),
    } | {column: _text(found.pop(column)) for column in ("resource", "application", "customer")}
    unmapped = _join_unmapped(fields, pc.if_else(is_kept, None, events.objects))
    return found | texts | {"unmapped": unmapped}


_SIGN_IN = {
    "login_type": ("login_type",),
    "challenges": ("login_challenge_method",),
    "challenge": ("login_challenge_status",),
    "second": ("is_second_factor",),
    "suspicious": ("is_suspicious",),
    "failure": ("login_failure_type", "failure_type"),
}


def _join_unmapped(fields: _Fields, parameters: Any) -> Any:
    """Write JSON objects of the fields that no column holds."""
    caller = fields.structure(f"{_WHO}callerType")
    network = fields.structure("networkInfo")
    has_more = np.zeros(len(fields.rows), np.bool_)
    for name in fields.held:
        if name.startswith(_WHERE) and name != _REGION:
            has_more |= fields.has(name)
    kept = [
        ("applicationName", fields.texts(f"{_ID}applicationName", is_json=True)),
        ("type", fields.texts(f"{_EVENT}type", is_json=True)),
        ("name", fields.texts(f"{_EVENT}name", is_json=True)),
        ("parameters", parameters),
        ("callerType", _text(_keep(caller, ~_are(caller, lambda text: text == '"USER"')))),
        ("applicationInfo", fields.texts(f"{_WHO}applicationInfo", is_json=True)),
        ("ownerDomain", fields.texts("ownerDomain", is_json=True)),
        ("networkInfo", _text(_keep(network, has_more))),
    ]
    return join_objects(kept, len(fields.rows))


def _text(column: Column) -> Any:
    return column.array().cast(pa.string())


def _is_there(column: Column) -> Flags:
    return column.codes >= 0


def _is_address(text: str) -> bool:
    return len(text) <= _LONGEST and normalise_address(text) is not None


def _are(column: Column, is_one: Callable[[str], bool]) -> Flags:
    return np.array([*(is_one(value or "") for value in column.values), False], np.bool_)[column.codes]


def _keep(column: Column, rows: Flags) -> Column:
    """Return a column with values in some rows alone."""
    return Column(np.where(rows, column.codes, np.int32(-1)).astype(np.int32), column.dictionary)


def _first(size: int, *columns: Column) -> Column:
    return reduce(coalesce, columns, Column(np.full(size, -1, np.int32), pa.array([], pa.string())))


def _acting_of(text: Text) -> tuple[Text, Text]:
    acting = None if text is None else parse(text, _ANY_DEPTH)
    if not isinstance(acting, dict):
        return None, None
    return formats.scalar(acting.get("oauthClientId")), formats.scalar(acting.get("applicationName"))


def _parameter_of(text: Text) -> tuple[Text]:
    value = None if text is None else parse(text, _ANY_DEPTH)
    return (formats.Event(None, None, {"it": value}).text("it"),)


def _kind_of(
    application: Text, what: Text, name: Text, method: Text, api: Text, scope: Text
) -> tuple[Text, ...]:
    """Return the kind, whether parameters are kept, whose the mailbox is (`owner`, `admin`), and the method of the API."""
    said = {"method_name": method, "api_name": api, "scope": scope}
    event = formats.Event(what, name, {one: text for one, text in said.items() if text is not None})
    of_kind = formats.event_kind(application, event)
    keeps = activities.keeps_parameters(application, what, of_kind)
    mailbox = activities.find_mailbox(application, of_kind)
    return of_kind, "yes" if keeps else None, mailbox, formats.api_method(event)


_address = Mapper(lambda text: (normalise_address(text),), 1)
_acting = Mapper(_acting_of, 2)
_parameter = Mapper(_parameter_of, 1)
_kind = Mapper(_kind_of, 4)
