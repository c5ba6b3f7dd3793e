"""Read every other log with a readable time: kind `other`, all fields in `unmapped`, account and address if recognisable."""

from __future__ import annotations

from typing import Any

from seawall.events.addresses import normalise_address
from seawall.events.common_schemas.fields import Table, fill
from seawall.events.event_table import Normalised, parse_times
from seawall.events.formats.json_values import as_text, content_id, encode, read_structure
from seawall.events.microsoft.m365_meanings import clean
from seawall.events.times import to_microseconds

NAME = "other"
RAW_COLUMNS = ("metadata_uid", "time", "kind", "activity_name", "status", "org_uid", "account",
"account_type",
               "src_ip", "user_agent")  # fmt: skip

_TIMES = (
    "time", "timestamp", "@timestamp", "eventtime", "timegenerated", "timecreated", "published",
    "createddatetime",
    "creationtime", "creationdate", "activitydatetime", "eventtimestamp", "datetime", "date", "starttime",
    "_time",
    "p_event_time", "timecollected", "createdat", "lastmodified",
)  # fmt: skip
_IDS = ("uuid", "eventdataid", "insertid", "uniquequalifier", "prowid", "eventoriginid", "id")
_SHORTEST_ID = 16
"""Fewest characters of a record id. Shorter ones (a Windows event's `Id`) identify the kind of event and not the record."""
_LONGEST_ID, _DIGEST = 512, 12
"""Most characters of an id (`_LONGEST_ID`), and of the digest appended to it."""
_ACCOUNTS = (
    "userprincipalname", "accountupn", "initiatingprocessaccountupn", "useremail", "email", "alternateid",
    "caller",
    "username", "user", "userid", "accountname",
)  # fmt: skip
_ADDRESSES = (
    "ipaddress",
    "clientip",
    "clientipaddress",
    "calleripaddress",
    "sourceipaddress",
    "srcip",
    "remoteip",
    "ip",
)
_NAMES = ("eventtype", "operation", "operationname", "eventname", "actiontype", "activity", "name",
"displaymessage",
          "type")  # fmt: skip
_AGENTS = ("useragent", "rawuseragent", "browseragent")
_NESTED = (
    "actor",
    "client",
    "id",
    "httprequest",
    "useragent",
    "initiatedby",
    "properties",
    "eventname",
    "operationname",
)


_OCSF: Table = (
    ("eventname", "metadata.event_code api.operation"),
    ("email", "actor.user.email_addr user.email_addr actor.user.name user.name"),
    ("srcip", "src_endpoint.ip"),
    ("useragent", "http_request.user_agent"),
)
"""Fields of an event of the Open Cybersecurity Schema Framework under the names that are looked for here."""


_NOTHING = tuple("other" if name == "kind" else None for name in RAW_COLUMNS)
_SETS: dict[tuple[str, ...], frozenset[str]] = {
    names: frozenset(names) for names in (_TIMES, _IDS, _ACCOUNTS, _ADDRESSES, _NAMES, _AGENTS)
}


def recognises(record: dict[str, Any]) -> bool:
    """Return True: this source accepts every object."""
    del record
    return True


def row(record: dict[str, Any]) -> tuple[str | None, ...]:
    """Return the raw columns of one record, and the whole record as `unmapped`."""
    fields = _flat(record)
    if "class_uid" in record:
        fields = fill(fields, record, _OCSF)
    time = _time(fields)
    if time is None:  # becomes a problem, not an event
        return (*_NOTHING, encode(record))
    account = _first_text(fields, _ACCOUNTS)
    account = account.lower() if account and "@" in account else None
    values = {
        "metadata_uid": _record_id(fields, content_id(record)),
        "time": time,
        "kind": "other",
        "activity_name": _first_text(fields, _NAMES),
        "account": account,
        "account_type": "user" if account else None,
        "src_ip": next(
            filter(None, (normalise_address(_as_address(value)) for value in _present(fields, _ADDRESSES))),
            None,
        ),
        "user_agent": _first_text(fields, _AGENTS),
    }
    return (*(values.get(name) for name in RAW_COLUMNS), encode(record))


def normalise(table: Any) -> Normalised:
    """Return the event columns, which `row` has computed already."""
    columns = {name: table.column(name) for name in (*RAW_COLUMNS, "unmapped") if name != "time"}
    return Normalised(parse_times(table.column("time")), columns)


def _flat(record: dict[str, Any]) -> dict[str, Any]:
    """Return fields by name without case and underscores; fields of known nested objects come after the others."""
    found: dict[str, Any] = {}
    nested: list[dict[str, Any]] = []
    for key, value in record.items():
        name = key.lower().replace("_", "") if not key.startswith(("_", "p_")) else key.lower()
        found.setdefault(name.replace("p_row_id", "prowid"), value)
        value = read_structure(value) if name in _NESTED else value
        if isinstance(value, dict) and name in _NESTED:
            nested.append(value)
    for level in nested:
        for key, value in level.items():
            name = key.lower().replace("_", "")
            if isinstance(value, dict) and name in _NESTED:
                for inner, leaf in value.items():
                    found.setdefault(inner.lower(), leaf)
            elif not isinstance(found.get(name), str):
                found[name] = value
    return found


def _present(fields: dict[str, Any], names: tuple[str, ...]) -> list[Any]:
    """Return the values of the fields that exist, in the order of the names. The set test is fast for small records."""
    if _SETS[names].isdisjoint(fields):
        return []
    return [fields[name] for name in names if name in fields]


def _time(fields: dict[str, Any]) -> str | None:
    texts = [
        as_text(value) for value in _present(fields, _TIMES) if not isinstance(value, dict | list | bool)
    ]
    for text in texts:
        if text and to_microseconds(text) is not None:
            return text
    return next((text for text in texts if text), None)


def _as_address(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _record_id(fields: dict[str, Any], content: str) -> str:
    """Return the record's id with a digest of its content, because in an unknown log the `id` may not identify the record."""
    for value in _present(fields, _IDS):
        if isinstance(value, str | int) and len(str(value)) >= _SHORTEST_ID:
            return f"{str(value)[:_LONGEST_ID]}:{content[-_DIGEST:]}"
    return content


def _first_text(fields: dict[str, Any], names: tuple[str, ...]) -> str | None:
    for value in _present(fields, names):
        if isinstance(value, str | int) and not isinstance(value, bool):
            text = clean(str(value))
            if text:
                return text[:512]
    return None
