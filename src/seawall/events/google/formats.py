"""Convert Google Workspace activities of all export formats into one form: an activity and its events."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from seawall.events.addresses import normalise_address
from seawall.events.formats.field_capitals import once_for_names
from seawall.events.formats.json_values import as_text, read_structure
from seawall.events.google.cloud_logging import activity_of, is_log_entry
from seawall.events.google.gmail import DELIVERY, delivery
from seawall.events.google.meanings import AUTHORIZE, FORWARDING, kind

_KINDS = frozenset({"audit#activity", "admin#reports#activity", "reports#activity"})
_VALUES = (
    "multiValue", "multiStrValue", "boolValue", "intValue", "multiIntValue", "multiBoolValue",
    "messageValue", "multiMessageValue",
)  # fmt: skip
_TABLE_COLUMNS = frozenset({
    "time_usec", "email", "event_type", "event_name", "record_type", "ip_address", "unique_identifier",
})  # fmt: skip
_ENVELOPE = frozenset({
    "kind", "id", "actor", "ipAddress", "events", "etag", "networkInfo", "name", "type", "parameters",
})  # fmt: skip
"""Members of an activity that are interpreted. Every other member is kept as it is."""

_BASE64 = re.compile(r"[A-Za-z0-9+/]{8,64}={0,2}")
_LONGEST = 256
"""Most characters of a name that are examined."""
_FIRST = ("mail_rule", "directory", "admin", "sign_in", "mail_access", "mail_action", "file", "other")
_FOREMOST = frozenset({
    "ASSIGN_ROLE", "GRANT_ADMIN_PRIVILEGE", "GRANT_DELEGATED_ADMIN_PRIVILEGES", "AUTHORIZE_API_CLIENT_ACCESS",
    "CREATE_EMAIL_MONITOR", "UNENROLL_USER_FROM_STRONG_AUTH", "TURN_OFF_2_STEP_VERIFICATION", "CHANGE_PASSWORD",
    "change_user_access", "change_document_visibility", AUTHORIZE, FORWARDING,
})  # fmt: skip
"""Events typical of a takeover. An activity with several events of one kind is named after such an event first."""


_SCALARS = frozenset(
    {"time", "uniqueQualifier", "customerId", "applicationName", "email", "key", "profileId"}
)
_EVENT = frozenset({"type", "name", "parameters"})
_PARAMETER = frozenset({"name", *_VALUES, "value"})
_IDENTITY = frozenset({"applicationName", "time", "uniqueQualifier", "customerId"})
_ACTOR = frozenset({"email", "callerType", "key", "profileId", "applicationInfo"})


@dataclass(slots=True)
class Event:
    """Hold one event: type, name, and parameters in the vendor's spelling."""

    type: str | None
    name: str | None
    parameters: dict[str, Any]
    is_odd: bool = False
    """Whether the record contains more than these members."""
    lower: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.lower = {name.lower(): value for name, value in self.parameters.items()}

    def text(self, *names: str) -> str | None:
        """Return the first non-empty parameter among the names (lower case); the elements of a list are joined by blanks."""
        for name in names:
            found = self.lower.get(name)
            if found.__class__ is str:
                if found:
                    return found
            elif isinstance(found, list):
                joined = " ".join(text for text in map(scalar, found) if text)
                if joined:
                    return joined
            elif found is not None and not isinstance(found, dict):
                return as_text(found)
        return None


@dataclass(slots=True)
class Activity:
    """Hold an activity: actor, time and events. `rest` are members that are not interpreted.

    `more` is a digest of the events. Google gives a sign-in and its challenge the same qualifier, and exports repeat it for
    each event.
    """

    application: str | None
    time: Any
    qualifier: str | None
    customer: str | None
    actor: dict[str, Any]
    address: str | None
    country: str | None
    events: list[Event]
    raw_events: list[Any]
    rest: dict[str, Any]
    more: str | None = None


def is_activity(record: dict[str, Any]) -> bool:
    """Return whether an object is a Google Workspace activity, in any export format."""
    stated = record.get("kind")
    if stated.__class__ is str and stated in _KINDS:
        return True
    if "time_usec" in record and "event_name" in record:
        return "record_type" in record or "event_type" in record
    if "id.applicationName" in record:
        return "id.time" in record or "name" in record
    identity = record.get("id")
    if identity.__class__ is dict:
        return "applicationName" in identity
    if identity.__class__ is str and identity[:1] == "{":
        identity = read_structure(identity)
        return isinstance(identity, dict) and "applicationName" in identity
    if "protoPayload" in record:
        return is_log_entry(record)
    log = record.get("p_log_type")
    return log.__class__ is str and log.startswith("GSuite.")


def scalar(value: Any) -> str | None:
    """Return a scalar as text; None for structures and empty values."""
    if value.__class__ is str:
        return value or None
    return None if value is None or isinstance(value, dict | list) else as_text(value)


def activity(record: dict[str, Any]) -> Activity:
    """Return the activity of a record in any export format."""
    if "time_usec" in record and "event_name" in record:
        return _table_row(_nest(record))
    if "protoPayload" in record and is_log_entry(record):
        return _of_api(activity_of(record), is_dotted=False)
    is_dotted = "id.applicationName" in record or "id.time" in record
    return _of_api(_nest(record) if is_dotted else record, is_dotted=is_dotted)


def _of_api(record: dict[str, Any], *, is_dotted: bool) -> Activity:
    identity, actor = _dict(record.get("id")), _dict(record.get("actor"))
    network = _dict(record.get("networkInfo"))
    others = _others(tuple(record))
    rest = {name: record[name] for name in others if _is_something(record[name])} if others else {}
    rest |= _more(record, identity, actor, network)
    found = read_structure(record.get("events"))
    raw = found if isinstance(found, list) else [found] if isinstance(found, dict) else []
    events = [read_event(item) for item in raw if isinstance(item, dict)]
    if found not in (None, "") and len(events) != max(len(raw), 1):
        rest["events"] = found
    result = Activity(
        scalar(identity.get("applicationName")),
        identity.get("time") or record.get("p_event_time") or record.get("time") or record.get("timestamp"),
        scalar(identity.get("uniqueQualifier")),
        scalar(identity.get("customerId")),
        actor,
        scalar(record.get("ipAddress")),
        scalar(network.get("regionCode")),
        events,
        raw if len(events) == len(raw) else [],
        rest,
    )  # fmt: skip
    if not events and (record.get("name") is not None or record.get("type") is not None):
        _flat(result, record, is_dotted=is_dotted)
        return result
    if "name" in record or "type" in record or "parameters" in record:
        rest["envelope"] = _name(record)
    result.more = digest(events, raw)
    return result


def _more(
    record: dict[str, Any], identity: dict[str, Any], actor: dict[str, Any], network: dict[str, Any]
) -> dict[str, Any]:
    """Return the contents of interpreted members that were not extracted."""
    more: dict[str, Any] = {}
    for name, found, known in (("id", identity, _IDENTITY), ("actor", actor, _ACTOR)):
        if not found.keys() <= known or any(
            isinstance(found[one], dict | list) for one in found if one in _SCALARS
        ):
            more[name] = found
        elif not found and _is_something(record.get(name)):
            more[name] = record[name]
    if network.keys() - {"regionCode"}:
        more["networkInfo"] = network
    if isinstance(record.get("ipAddress"), dict | list):
        more["ipAddress"] = record["ipAddress"]
    return more


@once_for_names
def _others(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the members of an activity that are kept as they are."""
    return tuple(name for name in names if name not in _ENVELOPE)


def _flat(result: Activity, record: dict[str, Any], *, is_dotted: bool) -> None:
    """Fill in the event of a record that has one event with its activity repeated around it."""
    held = record.get("parameters")
    if held is None and is_dotted:
        # In a flat table, every other column is a parameter.
        held, result.rest = result.rest, {}
    event = Event(scalar(record.get("type")), scalar(record.get("name")), parameters(held))
    if (
        not _is_plain(held)
        or isinstance(record.get("name"), dict | list)
        or isinstance(record.get("type"), dict | list)
    ):
        event.is_odd, result.raw_events = True, [_name(record)]
    result.events = [event]
    result.more = digest(result.events, result.raw_events)


def _name(record: dict[str, Any]) -> dict[str, Any]:
    return {name: record[name] for name in ("type", "name", "parameters") if _is_something(record.get(name))}


def digest(events: list[Event], raw: Sequence[Any]) -> str | None:
    """Return a digest of events that does not depend on their order; None without events. `raw` are the events as exported."""
    said = [
        msgspec.json.encode(
            raw[place] if event.is_odd and place < len(raw) else [event.type, event.name, event.parameters],
            order="deterministic",
        )
        for place, event in enumerate(events)
    ]
    return hashlib.blake2b(b"\n".join(sorted(said)), digest_size=6).hexdigest() if said else None


def _table_row(record: dict[str, Any]) -> Activity:
    """Return the activity of a row of Google's BigQuery table `activity`: one event, its parameters under the log's name."""
    application = scalar(record.get("record_type"))
    held = record.get(application) if application else None
    event = Event(scalar(record.get("event_type")), scalar(record.get("event_name")), parameters(held))
    used = _TABLE_COLUMNS | {application} if isinstance(read_structure(held), dict | list) else _TABLE_COLUMNS
    rest = {name: value for name, value in record.items() if name not in used and _is_something(value)}
    return Activity(
        application,
        record.get("time_usec"),
        scalar(record.get("unique_identifier")),
        scalar(record.get("customer_id")),
        {"email": record.get("email")},
        _read_address(scalar(record.get("ip_address"))),
        None,
        [event],
        [],
        rest,
        digest([event], ()),
    )


def _read_address(text: str | None) -> str | None:
    """Return an address; in JSON, BigQuery writes the bytes of a column of type BYTES as Base64."""
    if text is None or _BASE64.fullmatch(text) is None:
        return text
    try:
        plain = base64.b64decode(text, validate=True).decode("ascii")
    except ValueError:
        return text
    return text if normalise_address(plain) is None else plain


def _is_something(value: Any) -> bool:
    """Return whether a value is non-empty: table rows name the structures of all logs, and nearly all are empty."""
    if value.__class__ is str:
        return value != ""
    if isinstance(value, dict):
        return any(map(_is_something, value.values()))
    return value not in (None, "", [])


def _nest(record: dict[str, Any]) -> dict[str, Any]:
    """Turn dotted names into nested objects: `id.time` becomes the member `time` of `id`."""
    found: dict[str, Any] = {}
    for name, value in record.items():
        outer, point, inner = name.partition(".")
        if not point or not inner:
            found[name] = value
            continue
        holder = found.setdefault(outer, {})
        if isinstance(holder, dict):
            holder[inner] = value
        else:
            found[name] = value
    return found


def _dict(value: Any) -> dict[str, Any]:
    value = read_structure(value)
    return value if isinstance(value, dict) else {}


def read_event(item: dict[str, Any]) -> Event:
    """Return one element of an activity's `events`."""
    held, named, kind_of = item.get("parameters"), item.get("name"), item.get("type")
    is_plain = (
        item.keys() <= _EVENT
        and _is_plain(held)
        and not isinstance(named, dict | list)
        and not isinstance(kind_of, dict | list)
    )
    return Event(scalar(kind_of), scalar(named), parameters(held), not is_plain)


def _is_plain(held: Any) -> bool:
    """Return whether `parameters` keeps everything in the value."""
    if held is None or isinstance(held, dict):
        return True
    if not isinstance(held, list):
        return isinstance(read_structure(held), dict)
    names = set()
    for item in held:
        if not isinstance(item, dict) or len(item) > 2 or not item.keys() <= _PARAMETER or "name" not in item:
            return False
        names.add(str(item["name"]) if isinstance(item["name"], str) else "")
    return len(names) == len(held) and "" not in names


def parameters(held: Any) -> dict[str, Any]:
    """Return parameters by name, from lists of `{name, value}` with typed value fields, objects, or their JSON text."""
    held = read_structure(held)
    if isinstance(held, dict):
        return {name: value for name, value in held.items() if _is_something(value)}
    found: dict[str, Any] = {}
    for item in held if isinstance(held, list) else ():
        if isinstance(item, dict) and isinstance(item.get("name"), str):
            found.setdefault(item["name"], _value(item))
    return found


def _value(item: dict[str, Any]) -> Any:
    if "value" in item:
        return item["value"]
    for name in _VALUES:
        if name in item:
            value = item[name]
            if name == "messageValue":
                return _message(value)
            if name == "multiMessageValue":
                return [_message(one) for one in value] if isinstance(value, list) else value
            return value
    return None


def _message(value: Any) -> Any:
    inner = value.get("parameter") if isinstance(value, dict) else None
    return parameters(inner) if isinstance(inner, list) else value


def main_event(application: str | None, events: list[Event]) -> int:
    """Return the index of the event that names the activity.

    The most significant kind wins, then the event that Google marks, then the first.
    """
    if len(events) < 2:
        return 0
    return min(range(len(events)), key=lambda place: (_weight(application, events[place]), place))


def _weight(application: str | None, event: Event) -> tuple[int, bool, bool]:
    of_kind = event_kind(application, event)
    return _FIRST.index(of_kind), event.name not in _FOREMOST, event.lower.get("primary_event") is not True


def event_kind(application: str | None, event: Event) -> str:
    """Return the kind of an event of an application's log."""
    if application == "gmail" and event.name == DELIVERY:
        return delivery(event.lower)[0]
    method = scopes = ""
    if application == "token":
        method, scopes = api_method(event) or "", event.text("scope", "api_name") or ""
    # Truncate, so that the cache stays small whatever a record contains.
    said = ((text or "")[:_LONGEST] for text in (application, event.type, event.name, method))
    return kind(*said, scopes[: 2 * _LONGEST])


def api_method(event: Event) -> str | None:
    """Return the API method that a `token` event reports, prefixed with the API's name."""
    method, api = event.text("method_name"), event.text("api_name")
    if method and api and not method.lower().startswith(api.lower()) and "." not in api:
        method = f"{api}.{method}"
    return method[:_LONGEST] if method else None
