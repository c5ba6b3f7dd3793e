"""Describe tables of the audit and investigation page of Google's admin console: user, OAuth, Drive, Gmail and admin log events.

The console names events and parameters for people. They become names of the Reports API; what it has no name for stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from seawall.events.consoles.columns import (
    ELSEWHERE,
    Cell,
    Row,
    VendorTable,
    cell,
    flag,
    number,
    plain_name,
    snake,
)
from seawall.events.consoles.google_labels import DRIVE, GMAIL, LOGIN, TOKEN
from seawall.events.formats.json_values import read_structure
from seawall.events.google import activities
from seawall.events.google.gmail import DELIVERY

_DELIVERY_TYPE = "delivery_type"
_FAILURE = "login_failure_"


def _labels(text: str) -> str | list[str]:
    """Return the names of one or several labels: `Google Prompt` becomes `google_prompt`."""
    names = [snake(part) for part in text.split(",") if plain_name(part)]
    return names[0] if len(names) == 1 else names


def _failure(text: str) -> str:
    """Return why a login failed: `Invalid password` becomes `login_failure_invalid_password`."""
    return _FAILURE + snake(text).removeprefix(_FAILURE)


def _texts(text: str) -> list[str]:
    """Return the entries of a list."""
    found = read_structure(text)
    parts = found if isinstance(found, list) else text.replace(",", " ").split()
    return [str(part) for part in parts]


def _network(text: str) -> Any:
    """Return what the API says of a network, from the console's object."""
    found = read_structure(text)
    if not isinstance(found, dict):
        return None
    names = {"ipasn": "ipAsn", "regioncode": "regionCode", "subdivisioncode": "subdivisionCode"}
    return {names.get(plain_name(name), name): value for name, value in found.items()}


_COMMON: Mapping[str, Cell] = {
    "date": cell("id.time"),
    "event": ELSEWHERE,
    "oauthevent": ELSEWHERE,
    "actor": cell("actor.email"),
    "user": cell("actor.email"),
    "ipaddress": cell("ipAddress"),
    "networkinfo": cell("networkInfo", _network),
    "description": cell("description"),
}


def _parameters(names: Mapping[str, str], **converted: Callable[[str], Any]) -> dict[str, Cell]:
    """Return the cells of columns that are parameters, by plain name; `converted` are functions by the parameter's name."""
    return {
        column: Cell(("parameters", *name.split(".")), converted.get(name.rpartition(".")[2]))
        for column, name in names.items()
    }


def _finish(
    record: Row, said: dict[str, str], application: str, events: Mapping[str, tuple[str, Any]]
) -> None:
    """Complete the activity: its log, and its event with the parameters."""
    label = said.get("oauthevent") or said.get("event") or ""
    of_type, name = events.get(plain_name(label), (None, None))
    record.setdefault("id", {})["applicationName"] = application
    parameters = record.pop("parameters", {})
    if of_type == _DELIVERY_TYPE:
        parameters.setdefault("event_info", {})["mail_event_type"] = name
        name = DELIVERY
    if name is None:
        name = snake(label).upper() if application == "admin" else snake(label)
    event = {"type": of_type, "name": name, "parameters": parameters}
    record["kind"] = "admin#reports#activity"
    record["events"] = [{key: value for key, value in event.items() if value}]


def _table(
    application: str, events: Mapping[str, tuple[str, Any]], cells: Mapping[str, Cell], *marks: set[str]
) -> VendorTable:
    return VendorTable(
        activities.NAME,
        tuple(frozenset(mark | {"date"}) for mark in marks),
        {**_COMMON, **cells},
        partial(_finish, application=application, events=events),
    )


_LOGIN = _parameters(
    {
        "logintype": "login_type",
        "challengetype": "login_challenge_method",
        "challengestatus": "login_challenge_status",
        "issuspicious": "is_suspicious",
        "issecondfactor": "is_second_factor",
        "loginfailuretype": "login_failure_type",
        "affecteduser": "affected_email_address",
        "affectedemailaddress": "affected_email_address",
        "emailforwardingaddress": "email_forwarding_destination_address",
        "sensitiveactionname": "sensitive_action_name",
    },
    login_type=snake,
    login_challenge_method=_labels,
    login_challenge_status=snake,
    login_failure_type=_failure,
    is_suspicious=flag,
    is_second_factor=flag,
)
_OAUTH = _parameters(
    {
        "appid": "client_id",
        "applicationid": "client_id",
        "clientid": "client_id",
        "oauthclientid": "client_id",
        "appname": "app_name",
        "applicationname": "app_name",
        "scope": "scope",
        "scopes": "scope",
        "apiname": "api_name",
        "method": "method_name",
        "numberofresponsebytes": "num_response_bytes",
        "product": "product_bucket",
        "clienttype": "client_type",
    },
    scope=_texts,
    num_response_bytes=number,
)
_DRIVE = _parameters(
    {
        "documentid": "doc_id",
        "title": "doc_title",
        "documenttitle": "doc_title",
        "documenttype": "doc_type",
        "visibility": "visibility",
        "priorvisibility": "old_visibility",
        "visibilitychange": "visibility_change",
        "owner": "owner",
        "target": "target_user",
        "recipients": "recipients",
    },
    doc_type=snake,
    visibility=snake,
    old_visibility=snake,
    visibility_change=snake,
)
_GMAIL = {
    "owner": cell("actor.email"),
    **_parameters(
        {
            "clienttype": "event_info.client_context.client_type",
            "delegate": "event_info.client_context.session_context.delegate_user_email",
            "messageid": "message_info.rfc2822_message_id",
            "subject": "message_info.subject",
            "fromenvelope": "message_info.source.address",
            "fromheaderaddress": "message_info.source.from_header_address",
            "fromheadername": "message_info.source.from_header_displayname",
            "toenvelope": "message_info.flattened_destinations",
        },
        client_type=str.upper,
    ),
}
_ADMIN = _parameters(
    {"setting": "SETTING_NAME", "newvalue": "NEW_VALUE", "oldvalue": "OLD_VALUE", "target": "TARGET"}
)

USER_EVENTS = _table(
    "login",
    LOGIN,
    _LOGIN,
    {"event", "logintype"},
    {"event", "issuspicious"},
    {"event", "issecondfactor"},
    {"event", "challengetype", "ipaddress"},
)
OAUTH_EVENTS = _table(
    "token",
    TOKEN,
    _OAUTH,
    {"oauthevent"},
    {"event", "appid", "scope"},
    {"event", "appid", "appname"},
    {"event", "applicationid", "scopes"},
)
DRIVE_EVENTS = _table("drive", DRIVE, _DRIVE, {"event", "documentid"})
GMAIL_EVENTS = _table(
    "gmail",
    GMAIL,
    _GMAIL,
    {"event", "owner", "messageid", "subject"},
    {"event", "messageid", "fromheaderaddress"},
    {"event", "messageid", "fromenvelope"},
)
ADMIN_EVENTS = _table("admin", {}, _ADMIN, {"event", "actor", "setting"})
