"""Read Microsoft Graph activity: `MicrosoftGraphActivityLogs`, `AADGraphActivityLogs`, `GraphApiAuditEvents`.

Rows of Log Analytics and advanced hunting, and records of diagnostic settings with the fields in `properties`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from seawall.events.client_names import reduce_client
from seawall.events.event_table import Normalised, parse_times, timestamps
from seawall.events.formats.distinct_values import Column, Mapper
from seawall.events.formats.field_capitals import (
    RecordFields,
    RequestedFields,
)
from seawall.events.formats.json_values import content_id, encode
from seawall.events.microsoft.graph_requests import read_request, reduce_request
from seawall.events.microsoft.m365_meanings import address, clean, identifier
from seawall.events.microsoft.record_origin import find_tenant, has_one_of_each, read_origin_with

NAME = "graph_activity"
RAW_COLUMNS = (
    "id", "time", "method", "uri", "request", "status", "org", "user", "app", "principal", "ip", "agent", "device",
    "session", "token", "issued", "credential", "entity",
)  # fmt: skip
PLAIN_COLUMNS = frozenset({"id", "time", "uri", "token", "issued"})
"""Text columns with mostly distinct values."""

LOGS = frozenset(
    {"microsoftgraphactivitylogs", "azureadgraphactivitylogs", "aadgraphactivitylogs", "graphapiauditevents"}
)
"""Categories and tables, in lower case."""

MARKS = (
    ("requesturi",),
    ("requestmethod",),
    ("responsestatuscode",),
    ("userid", "accountobjectid", "serviceprincipalid"),
)
"""Fields by which a row without its table's name is recognised: one of each."""

TEXTS = RequestedFields(
    {"token": "signinactivityid uniquetokenid uniquetokenidentifier"},
    id="requestid", time="timegenerated time timestamp", method="requestmethod httpmethod", uri="requesturi",
    status="responsestatuscode httpstatuscode", org="aadtenantid", user="userid accountobjectid",
    app="appid applicationid", principal="serviceprincipalid", ip="ipaddress calleripaddress", agent="useragent",
    device="deviceid c_deviceid", session="sessionid c_sid",
    issued="tokenissuedat issuedat", credential="clientauthmethod",
    entity="entitytype actortype",
)  # fmt: skip
"""Field names (lower case) of each text column; the first with a value is used."""

USED = frozenset({
    *(name for names in TEXTS.columns.values() for name in names),
    "properties", "category", "type", "tenantid", "resourceid", "operationname", "operationversion", "operationid",
    "correlationid", "clientrequestid", "durationms", "requestduration", "location", "apiversion", "level",
    "resultsignature", "resulttype", "sourcesystem", "atcontent", "atcontenth", "atcontentp", "_billedsize",
    "_isbillable", "_resourceid", "_subscriptionid", "mg", "env_cloud_role", "directaccesssource",
    "__udi_requiredfields_eventtime", "__udi_requiredfields_regionscope", "__udi_requiredfields_tenantid",
    "__udi_requiredfields_uniqueid",
})  # fmt: skip
"""Fields that columns hold, or that are irrelevant to a takeover. Every other field goes to `unmapped`."""

_read_origin = read_origin_with(lambda names: has_one_of_each(names, MARKS))
_ZERO = "AAAAAAAAAAAAAAAAAAAAAA"
"""The identifier of no token: sixteen bytes of zero."""
_APPLICATIONS = frozenset({"app", "application", "serviceprincipal"})
_CREDENTIALS = {"1": "secret", "2": "certificate"}


def is_log(value: Any) -> bool:
    """Return whether a category or type names a log of Graph requests."""
    return isinstance(value, str) and value.lower() in LOGS


def recognises(record: dict[str, Any]) -> bool:
    """Return whether an object is a record of a request to Microsoft Graph."""
    category, table, has_fields = _read_origin(record)
    return has_fields or is_log(category) or is_log(table)


def row(record: dict[str, Any]) -> tuple[str | None, ...]:
    """Return the raw columns of one record, and its `unmapped` last."""
    get = RecordFields(record)
    values = get.texts(TEXTS)
    found = values.get
    uri = found("uri")
    values["id"] = found("id") or content_id(record)
    values["request"] = None if uri is None else reduce_request(uri)
    if not found("org"):
        values["org"] = find_tenant(get.envelope_text("resourceid")) or get.inner_text("tenantid")
    kept = get.rest(USED)
    return (*map(found, RAW_COLUMNS), encode(kept) if kept else None)


def normalise(table: Any) -> Normalised:
    """Return the event columns of a table of raw columns."""
    raw = {name: Column.of(table.column(name)) for name in RAW_COLUMNS if name not in PLAIN_COLUMNS}
    columns: dict[str, Any] = {"metadata_uid": table.column("id"), "resource_uid": table.column("uri")}
    (
        columns["kind"], columns["activity_name"], columns["mailbox"], columns["logon_type"], columns["folder"],
        columns["access_type"], items,
    ) = _request(raw["method"], raw["request"], raw["user"], raw["entity"])  # fmt: skip
    columns["item_count"] = _numbers_of(items)
    columns["status"], columns["status_code"] = _status(raw["status"])
    columns["account"], columns["account_type"], columns["actor_user_uid"], columns["actor_app_uid"] = _who(
        raw["user"], raw["entity"], raw["app"], raw["principal"]
    )
    for name, source in (
        ("org_uid", "org"),
        ("app_uid", "app"),
        ("device_uid", "device"),
    ):
        (columns[name],) = _identifier(raw[source])
    columns["user_agent"], columns["client"] = _client(raw["agent"], columns["app_uid"])
    (columns["src_ip"],) = _address(raw["ip"])
    (columns["session_uid"],) = _clean(raw["session"])
    (columns["auth_method"],) = _credential(raw["credential"], columns["account_type"])
    columns["token_uid"] = _tokens(table.column("token"))
    columns["token_issued_time"] = timestamps(parse_times(table.column("issued")))
    columns["unmapped"] = table.column("unmapped")
    return Normalised(parse_times(table.column("time")), columns)


def _tokens(texts: Any) -> Any:
    """Return token identifiers as sign-ins spell them: without the padding that the legacy log adds."""
    if texts.null_count == len(texts):
        return texts
    bare = pc.utf8_rtrim(texts, characters="=")
    is_none = pc.equal(bare, _ZERO)
    return pc.if_else(is_none, pa.scalar(None, pa.string()), bare) if pc.any(is_none).as_py() else bare


def _request_of(
    method: str | None, reduced: str | None, user: str | None, entity: str | None
) -> tuple[str | None, ...]:
    request = read_request(method, reduced)
    person = _find_person(user, entity)
    whose, logon = request.mailbox, None
    if whose is not None:
        whose = whose or person
        logon = "application" if person is None else _logon_of(whose, person)
    items = None if request.items is None else str(request.items)
    return request.kind, request.operation, whose, logon, request.folder, request.access_type, items


def _numbers_of(column: Column) -> npt.NDArray[np.float64]:
    """Return a column of whole numbers as float64 (n,), NaN for null."""
    return np.array([*map(float, filter(None, column.values)), np.nan])[column.codes]


def _logon_of(whose: str | None, person: str) -> str | None:
    if whose == person:
        return "owner"
    # An address may be the person's own.
    return None if whose is None or "@" in whose else "delegate"


def _status_of(code: str | None) -> tuple[str | None, str | None]:
    text = clean(code)
    if text is None or not (text.isascii() and text.isdigit() and len(text) == 3):
        return None, text
    return ("success", None) if text < "400" else ("failure", text)


def _who_of(
    user: str | None, entity: str | None, app: str | None, principal: str | None
) -> tuple[str | None, ...]:
    person = _find_person(user, entity)
    if person is not None:
        return person, "user", person, None
    principal_id = identifier(principal) or identifier(user)
    application = identifier(app) or principal_id
    return application, "service" if application else None, principal_id, application


def _find_person(user: str | None, entity: str | None) -> str | None:
    """Return the object id of a user; None for an application, whose own id advanced hunting gives as the account's."""
    return None if (entity or "").strip().lower() in _APPLICATIONS else identifier(user)


def _client_of(agent: str | None, app: str | None) -> tuple[str | None, str | None]:
    return clean(agent), reduce_client(clean(agent), None, None, app)


def _credential_of(credential: str | None, account_type: str | None) -> tuple[str | None]:
    return (_CREDENTIALS.get(credential or "") if account_type == "service" else None,)


_request = Mapper(_request_of, 7)
_status = Mapper(_status_of, 2)
_who = Mapper(_who_of, 4)
_client = Mapper(_client_of, 2)
_credential = Mapper(_credential_of, 1)
_address = Mapper(address, 1)
_identifier = Mapper(lambda text: (identifier(text),), 1)
_clean = Mapper(lambda text: (clean(text),), 1)
