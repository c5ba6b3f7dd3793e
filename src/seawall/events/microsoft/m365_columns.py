"""Convert raw columns of the Microsoft 365 unified audit log into event columns.

Records arrive one by one (`row`) or as whole columns from the bulk readers. All deliver the same raw columns
(`RAW_COLUMNS`), and only `normalise` interprets them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from seawall.events.event_table import Normalised, parse_times, timestamps
from seawall.events.formats.distinct_values import Column, Mapper, coalesce
from seawall.events.formats.json_values import read_structure
from seawall.events.microsoft import forwarding
from seawall.events.microsoft import m365_details as details
from seawall.events.microsoft import m365_meanings as judge
from seawall.events.microsoft import m365_records as records
from seawall.events.microsoft.audit_alerts import state_alert
from seawall.events.microsoft.m365_fields import DERIVED_FIELDS, NESTED_FIELDS, TEXT_FIELDS

NAME = "m365_audit"
RAW_COLUMNS = (*TEXT_FIELDS, *NESTED_FIELDS, *DERIVED_FIELDS)
UNMAPPED = "unmapped"
row = records.row

_NOTHING = pa.array(["", "Not Available", "null", "None", "00000000-0000-0000-0000-000000000000"])
_SESSION_START, _SESSION_END, _USUAL_SESSION = '{"Name":"SessionId","Value":"', '"}', r'^[^"\\]+$'
_DEVICE_SESSION = re.compile(r'\{"Name":"SessionId","Value":"([^"\\]+)"\}')

_ADDRESSES = ("ClientIPAddress", "ClientIP", "ActorIpAddress")
"""Fields with the client address; the first with a value is used."""
_OCTET = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_PLAIN_ADDRESS = rf"^(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]\d?)(?:\.{_OCTET}){{3}}$"
"""Matches a canonical IPv4 address, which needs no parsing."""

_kind = Mapper(judge.kind, 1)
_status = Mapper(judge.status, 3)
_actor = Mapper(judge.actor, 5)
_acting_user = Mapper(judge.find_acting_user, 1)
_acting = Mapper(lambda text: (judge.acting_application(text),), 1)
_admin_mailbox = Mapper(judge.admin_mailbox, 1)
_address = Mapper(judge.address, 1)
_agent = Mapper(judge.agent, 2)
_extended = Mapper(details.read_extended, 3)
_device = Mapper(details.read_device, 3)
_request = Mapper(details.read_request, 2)
_access = Mapper(lambda text: details.read_access(text)[:1], 1)
_throttled = Mapper(details.is_throttled, 1)
_logon = Mapper(judge.logon_type, 1)
_own_domains = Mapper(forwarding.own_domains, 1)
_change = Mapper(details.read_change, 1)
_folder = Mapper(details.read_folder, 1)
_target = Mapper(lambda text, kind: (judge.target_application(text, kind),), 1)
_identifier = Mapper(lambda text: (judge.identifier(text),), 1)
_first_identifier = Mapper(lambda *texts: (next((i for i in map(judge.identifier, texts) if i), None),), 1)
_clean = Mapper(lambda text: (judge.clean(text),), 1)
_first = Mapper(lambda *texts: (next((i for i in map(judge.clean, texts) if i), None),), 1)


def recognises(record: dict[str, Any]) -> bool:
    """Return whether an object is a unified audit record, extracted from its `AuditData`."""
    return (
        "Operation" in record
        and "CreationTime" in record
        and not record.keys().isdisjoint(("RecordType", "Workload", "UserType", "OrganizationId", "UserKey"))
    )


def normalise(table: Any) -> Normalised:
    """Return event columns from a table of RAW_COLUMNS and `unmapped`, or RawColumns, one row for each record."""
    raw: dict[str, Any] = {
        name: Column.of(table.column(name)) for name in RAW_COLUMNS if name not in PLAIN_COLUMNS
    }
    raw["_device_session"], rest = _device_sessions(contiguous(table.column("DeviceProperties")))
    raw["DeviceProperties"] = Column.of(rest)
    time = parse_times(table.column("CreationTime"))
    columns: dict[str, Any] = {"src_ip": _addresses(table)}
    (kind,) = _kind(raw["Operation"], raw["RecordType"], raw["Workload"], raw["Parameters"])
    columns["metadata_uid"], columns["kind"] = (
        contiguous(table.column("Id")),
        kind,
    )  # as it came: also `null` is an id
    columns["activity_name"] = raw["Operation"]
    columns["status"], columns["status_code"], columns["status_detail"] = _status(
        raw["Operation"], raw["ResultStatus"], raw["ErrorNumber"], raw["LogonError"],
        _only(raw["ExtendedProperties"], raw["Operation"], ("UserLoginFailed",)),
    )  # fmt: skip
    (columns["org_uid"],) = _identifier(raw["OrganizationId"])
    objects = _blank_to_null(table.column("ObjectId"))
    columns["_object"] = _rows_of(objects, _is(kind, ("admin", "mail_rule", "sign_in")))
    raw["UserId"] = _find_alerted(raw["UserId"], contiguous(table.column(UNMAPPED)))
    _who(raw, kind, columns)
    _with_what(raw, kind, columns)
    _token(raw, table, columns)
    _how_much(raw, kind, columns)
    (columns["target_app_uid"],) = _target(columns.pop("_object"), kind)
    columns["resource_uid"] = objects
    (columns["parameters"],) = _change(
        raw["Operation"], kind, raw["Parameters"], raw["ModifiedProperties"],
        _only(raw["Target"], kind, ("directory",)), _only(raw["Item"], kind, ("admin", "mail_rule")),
        _only(raw["OperationProperties"], raw["Operation"], ("UpdateInboxRules",)), _domains(raw, table),
    )  # fmt: skip
    columns["parameters"] = _state_alerts(columns["parameters"], kind, contiguous(table.column(UNMAPPED)))
    columns["unmapped"] = table.column(UNMAPPED)
    return Normalised(time, columns)


PLAIN_COLUMNS = frozenset({
    "Id", "CreationTime", "ObjectId", "Context.UniqueTokenId", "UniqueTokenId", "Context.AADSessionId",
    "AADSessionId",
    "SessionId", "Context.IssuedAtTime", "IssuedAtTime", "DeviceProperties", "OrganizationName", "ExternalAccess", *_ADDRESSES,
})  # fmt: skip
"""Text columns with mostly distinct values, or used in few rows, for which a dictionary does not pay."""


def _domains(raw: dict[str, Any], table: Any) -> Column:
    """Return the organisation's own domains, in the rows of operations that can forward mail."""
    rows = _is(raw["Operation"], forwarding.OPERATIONS)
    if not rows.any():
        return _empty(raw["Operation"])
    asked = (
        _only(raw[name], raw["Operation"], forwarding.OPERATIONS)
        for name in ("UserId", "UserType", "MailboxOwnerUPN")
    )
    told = (_rows_of(contiguous(table.column(name)), rows) for name in ("ExternalAccess", "OrganizationName"))
    (domains,) = _own_domains(*asked, *told)
    return domains


def _find_alerted(user: Column, record: Any) -> Column:
    """Return the users, with the person named by an alert in place of the alert service."""
    rows = np.append([judge.is_alert(value) for value in user.values], False)[user.codes]
    if not rows.any():
        return user
    return coalesce(_read_alerts(rows, record, judge.find_alerted_person), user)


def _state_alerts(parameters: Column, kind: Column, record: Any) -> Column:
    """Return the parameters, with what an alert says in the rows of alerts."""
    rows = _is(kind, ("vendor_alert",))
    return coalesce(_read_alerts(rows, record, state_alert), parameters) if rows.any() else parameters


def _read_alerts(rows: Any, record: Any, read: Callable[[str | None], str | None]) -> Column:
    """Return what a function reads from the whole records of some rows, without a cache: alerts are few and distinct."""
    texts = record.filter(pa.array(rows)).to_pylist()
    places = np.full(len(rows), -1)
    places[rows] = np.arange(len(texts))
    found = pa.array(list(map(read, texts)), pa.string())
    return Column.of(found.take(pa.array(places, mask=places < 0)))


def _who(raw: dict[str, Any], kind: Column, columns: dict[str, Any]) -> None:
    acting = _empty(kind)
    if _has(raw["Actor"]) and _holds(raw["UserId"], "ServicePrincipal_"):
        (acting,) = _acting(raw["Actor"])
    account, account_type, user_uid, app_only, mailbox = _actor(
        raw["UserId"], raw["UserKey"], raw["UserType"], raw["MailboxOwnerUPN"],
        _only(raw["AppId"], raw["UserType"], judge.APP_ONLY), _only(raw["ClientAppId"], raw["UserType"], judge.APP_ONLY),
        _only(kind, raw["UserType"], judge.APP_ONLY), acting,
    )  # fmt: skip
    columns["account"], columns["account_type"], columns["actor_app_uid"] = account, account_type, app_only
    (user_uid,) = _first_identifier(user_uid, raw["TokenObjectId"])
    columns["actor_user_uid"] = coalesce(user_uid, _stated_ids(raw["Actor"], user_uid, account, account_type))
    acts = ("admin", "mail_rule")
    (admin,) = _admin_mailbox(
        _only(columns["_object"], kind, acts), raw["Parameters"], kind, _only(account, kind, acts)
    )
    columns["mailbox"] = coalesce(mailbox, admin)
    (columns["logon_type"],) = _logon(raw["LogonType"], app_only)


def _stated_ids(actors: Column, known: Column, account: Column, account_type: Column) -> Column:
    """Return the object ids in the `Actor` entries of people whose key is none."""
    rows = (actors.codes >= 0) & (known.codes < 0) & _is(account_type, ("user",))
    if not rows.any():
        return _empty(actors)
    (found,) = _acting_user(
        Column(np.where(rows, actors.codes, -1).astype(np.int32), actors.dictionary),
        Column(np.where(rows, account.codes, -1).astype(np.int32), account.dictionary),
    )
    return found


def _with_what(raw: dict[str, Any], kind: Column, columns: dict[str, Any]) -> None:
    user_agent, request_type, method = _extended(raw["ExtendedProperties"])
    device_id, session, browser = _device(raw["DeviceProperties"])
    (columns["app_uid"],) = _first_identifier(
        raw["ClientAppId"], raw["ApplicationId"], raw["Context.ClientAppId"], raw["AppId"]
    )
    (columns["app_name"],) = _clean(raw["ApplicationDisplayName"])
    (agent,) = _first(raw["UserAgent"], user_agent)
    (named,) = _first(raw["BrowserType"], raw["BrowserName"], browser)
    columns["user_agent"], columns["client"] = _agent(
        agent, raw["ClientInfoString"], raw["ClientProcessName"], columns["app_uid"], named
    )
    (columns["device_uid"],) = _first_identifier(raw["DeviceId"], raw["Context.DeviceId"], device_id)
    columns["auth_method"], columns["auth_protocol"] = _request(request_type, method, kind)
    columns["_session"] = session


def _token(raw: dict[str, Any], table: Any, columns: dict[str, Any]) -> None:
    in_properties = columns.pop("_session").array().cast(pa.string())
    columns["session_uid"] = pc.coalesce(
        _first_text(table, "Context.AADSessionId", "AADSessionId", "SessionId"),
        raw["_device_session"],
        in_properties,
    )
    columns["token_uid"] = _first_text(table, "Context.UniqueTokenId", "UniqueTokenId")
    columns["token_issued_time"] = timestamps(
        parse_times(_first_text(table, "Context.IssuedAtTime", "IssuedAtTime"))
    )
    (columns["token_org_uid"],) = _identifier(raw["TokenTenantId"])


def _how_much(raw: dict[str, Any], kind: Column, columns: dict[str, Any]) -> None:
    (access,) = _access(raw["OperationProperties"])
    (throttled,) = _throttled.numbers(raw["OperationProperties"])
    (counted,) = _number.numbers(raw["OperationCount"])
    (listed,) = _number.numbers(raw["Folders.Items"])
    (touched,) = _touched.numbers(raw["AffectedItems"])
    bound = np.fmax(counted, listed)
    is_access = _is(kind, ("mail_access",))
    is_sync = _is(access, ("sync",))
    # A bind of a single message has neither a count nor a list. Who only opens a mailbox reads no message.
    bound = np.where(is_access & np.isnan(bound), 1.0, bound)
    bound = np.where(_is(raw["Operation"], ("MailboxLogin",)), 0.0, bound)
    count = np.where(is_access, np.where(is_sync, 0.0, bound), np.nan)
    count = np.where(_is(kind, ("mail_action",)), np.where(np.isnan(touched), 1.0, touched), count)
    columns["item_count"] = np.minimum(count, 2**31 - 1)
    columns["access_type"], columns["is_throttled"] = access, throttled
    mail = ("mail_access", "mail_action", "admin", "mail_rule")
    (columns["folder"],) = _folder(
        raw["Folders.Path"], _only(raw["Item"], kind, mail), _only(raw["Folder"], kind, mail)
    )


def _number_of(text: str | None) -> tuple[float | None]:
    return (float(text) if text and text.isascii() and text.isdigit() and len(text) < 12 else None,)


def _find_touched(text: str | None) -> tuple[float | None]:
    items = read_structure(text)
    return (float(len(items)) if isinstance(items, list) else None,)


_number = Mapper(_number_of, 1)
_touched = Mapper(_find_touched, 1)


def _addresses(table: Any) -> Column:
    """Return the address of each row. Canonical ones, by far the most, are handled in bulk; the others are parsed."""
    spellings = [contiguous(table.column(name)) for name in _ADDRESSES]
    first = pc.coalesce(*spellings)
    found = Column.of(first)
    is_plain = np.append(pc.match_substring_regex(found.dictionary, _PLAIN_ADDRESS).to_numpy(False), True)
    if is_plain.all() and first.null_count + np.count_nonzero(found.codes >= 0) == len(first):
        return found
    odd = np.flatnonzero(~is_plain[found.codes] | (found.codes < 0))
    (read,) = _address(*(Column.of(spelling.take(pa.array(odd))) for spelling in spellings))
    places = np.arange(len(first))
    places[odd] = len(first) + np.arange(len(odd))
    return Column.of(pa.concat_arrays([first, read.array().cast(pa.string())]).take(pa.array(places)))


def _device_sessions(text: Any) -> tuple[Any, Any]:
    """Return session ids in the usual spelling of DeviceProperties, and the texts without them, which repeat."""
    if text.null_count == len(text):
        return pa.nulls(len(text), pa.string()), text
    has = text.is_valid().to_numpy(zero_copy_only=False)
    held = text.drop_null()
    parts = pc.split_pattern(held, _SESSION_START)
    starts, counts = parts.offsets.to_numpy()[:-1], np.diff(parts.offsets.to_numpy())
    # Most contain one id in the usual spelling: these are split in bulk, the others one by one.
    one = np.flatnonzero(counts == 2)
    pieces = parts.flatten()
    ends = pc.split_pattern(pieces.take(pa.array(starts[one] + 1)), _SESSION_END, max_splits=1)
    halves, first, has_end = (
        ends.flatten(),
        ends.offsets.to_numpy()[:-1],
        np.diff(ends.offsets.to_numpy()) == 2,
    )
    session = halves.take(pa.array(first))
    is_usual = has_end & pc.match_substring_regex(session, _USUAL_SESSION).to_numpy(zero_copy_only=False)
    usual, first = one[is_usual], first[is_usual]
    sessions, rests = (
        [session.filter(pa.array(is_usual))],
        [
            pc.binary_join_element_wise(
                pieces.take(pa.array(starts[usual])), halves.take(pa.array(first + 1)), "{}"
            )
        ],
    )
    others = np.setdiff1d(np.arange(len(held)), usual)
    matches = [(value, _DEVICE_SESSION.search(value)) for value in held.take(pa.array(others)).to_pylist()]
    sessions.append(pa.array([match and match[1] for _, match in matches], pa.string()))
    rests.append(
        pa.array(
            [_DEVICE_SESSION.sub("{}", value) if match else value for value, match in matches], pa.string()
        )
    )
    places = np.empty(len(held), np.int64)
    places[np.concatenate([usual, others])] = np.arange(len(held))
    rows = np.zeros(len(text), np.int64)
    rows[has] = places
    picked = pa.array(rows, mask=~has)
    return pa.concat_arrays(sessions).take(picked), pa.concat_arrays(rests).take(picked)


def _first_text(table: Any, *names: str) -> Any:
    found = _blank_to_null(table.column(names[0]))
    for name in names[1:]:
        more = table.column(name)
        # Usually the first field is present in every record that has any.
        if (
            more.null_count < len(more)
            and pc.any(pc.and_(found.is_null(), contiguous(more).is_valid())).as_py()
        ):
            found = pc.coalesce(found, _blank_to_null(more))
    return found


def contiguous(column: Any) -> Any:
    """Return a chunked column as one array."""
    if isinstance(column, pa.ChunkedArray):
        return column.chunk(0) if column.num_chunks == 1 else pa.concat_arrays(column.chunks)
    return column


def _blank_to_null(array: Any) -> Any:
    array = contiguous(array)
    if array.null_count == len(array):
        return array
    is_nothing = pc.is_in(array, value_set=_NOTHING)
    return pc.if_else(is_nothing, None, array) if pc.any(is_nothing).as_py() else array


def _rows_of(array: Any, rows: Any) -> Column:
    """Return a text column as `Column`, null outside the rows."""
    if not rows.any():
        return Column(np.full(len(rows), -1, np.int32), pa.array([], pa.string()))
    return Column.of(pc.if_else(pa.array(rows), array, None))


def _has(column: Column) -> bool:
    return len(column.dictionary) > 0


def _holds(column: Column, start: str) -> bool:
    return any(value is not None and value.startswith(start) for value in column.values)


def _empty(like: Column) -> Column:
    return Column(np.full(len(like), -1, np.int32), pa.array([], pa.string()))


def _is(column: Column, values: tuple[str, ...]) -> Any:
    table = np.array([value in values for value in column.values] + [False])
    return table[column.codes]


def _only(column: Column, by: Column, values: tuple[str, ...]) -> Column:
    """Return the column where `by` has one of the values, null elsewhere, so that few combinations remain."""
    if not _has(column):
        return column
    return Column(np.where(_is(by, values), column.codes, -1).astype(np.int32), column.dictionary)
