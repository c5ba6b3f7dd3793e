"""Read Google Workspace audit activities from the Reports API, BigQuery and exported tables.

An activity may contain several events. It stays one record and becomes one event, named after the most significant one;
`unmapped` keeps the others.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from seawall.events.addresses import normalise_address
from seawall.events.client_names import reduce_client
from seawall.events.event_table import Normalised, parse_times, timestamps
from seawall.events.formats.distinct_values import Column, Mapper
from seawall.events.formats.json_values import content_id, encode
from seawall.events.google import gmail as google_mail
from seawall.events.google import meanings as judge
from seawall.events.google.formats import (
    Activity,
    Event,
    activity,
    api_method,
    event_kind,
    is_activity,
    main_event,
    scalar,
)
from seawall.events.microsoft.m365_meanings import clean

NAME = "google_workspace"
RAW_COLUMNS = (
    "time", "qualifier", "customer", "more", "content", "application", "kind", "type", "name", "activity", "email",
    "caller", "key", "profile", "client", "affected", "address", "country", "login_type", "challenges", "challenge",
    "second", "suspicious", "failure", "method", "app", "app_name", "resource", "mailbox", "device", "agent",
    "mail_client", "parameters",
)  # fmt: skip

_WITH_PARAMETERS = frozenset({"admin", "directory", "mail_rule"})
_MAIL = frozenset({"mail_access", "mail_action", "mail_rule"})
RESOURCES = (
    "group_email", "group_id", "user_email", "affected_email_address", "target_user", "domain_name", "setting_name",
    "matter_id", "email_forwarding_destination_address",
)  # fmt: skip
"""Parameters that name the changed object; the first one that the event has is used."""
_LONG_QUALIFIER = 15
"""Characters from which a qualifier counts as 64 random bits, which identify an activity."""
_LONGEST = 512
"""Most characters of an identifier. A longer text is no identifier."""

recognises = is_activity


def row(record: dict[str, Any]) -> tuple[str | None, ...]:
    """Return the raw columns of one record, and its `unmapped` last."""
    found = activity(record)
    place = main_event(found.application, found.events)
    event = found.events[place] if found.events else Event(None, None, {})
    of_kind = event_kind(found.application, event)
    is_long = found.address is not None and len(found.address) > _LONGEST
    address, is_odd = (None, True) if is_long else _address(found.address)
    values = {
        "time": scalar(found.time),
        "qualifier": found.qualifier,
        "customer": found.customer,
        "more": found.more,
        "content": None if found.qualifier else content_id(record),
        "application": found.application,
        "kind": of_kind,
        "type": event.type,
        "name": event.name,
        "activity": event.name,
        "email": scalar(found.actor.get("email")),
        "caller": scalar(found.actor.get("callerType")),
        "key": scalar(found.actor.get("key")),
        "profile": scalar(found.actor.get("profileId")),
        "address": address,
        "country": found.country,
        "device": event.text("device_id"),
        "agent": event.text("user_agent"),
    }
    acting = found.actor.get("applicationInfo")
    if isinstance(acting, dict):
        values["client"] = scalar(acting.get("oauthClientId"))
        values["app_name"] = scalar(acting.get("applicationName"))
    _fill(values, found, event, of_kind)
    keeps = keeps_parameters(found.application, event.type, of_kind)
    if keeps and event.parameters:
        values["parameters"] = encode(event.parameters)
    unmapped = _collect_unmapped(found, event, place, with_parameters=not keeps, is_odd=is_odd)
    return (*map(values.get, RAW_COLUMNS), encode(unmapped) if unmapped else None)


def keeps_parameters(application: str | None, of_type: str | None, of_kind: str) -> bool:
    """Return whether an event's parameters are a column."""
    return of_kind in _WITH_PARAMETERS or (application == "drive" and of_type == "acl_change")


def find_mailbox(application: str | None, of_kind: str) -> str | None:
    """Return whose mailbox an event is about: that of its `owner`, one that an `admin` looked into, or None."""
    if of_kind in _MAIL or (of_kind == "admin" and application in ("token", "gmail")):
        return "owner"
    return "admin" if of_kind == "admin" else None


def _fill(values: dict[str, str | None], found: Activity, event: Event, of_kind: str) -> None:
    """Add the columns that depend on the event's log."""
    values["affected"] = event.text("affected_email_address")
    if of_kind == "sign_in":
        values["login_type"] = event.text("login_type")
        values["challenges"] = event.text("login_challenge_method")
        values["challenge"] = event.text("login_challenge_status")
        values["second"] = event.text("is_second_factor")
        values["suspicious"] = event.text("is_suspicious")
        values["failure"] = event.text("login_failure_type", "failure_type")
        values["app_name"] = event.text("application_name")
        values["resource"] = values["affected"]
    elif found.application == "token":
        values["app"] = event.text("client_id")
        values["app_name"] = event.text("app_name")
        values["method"] = api_method(event)
        values["activity"] = values["method"] or event.name
        values["resource"] = values["app"]
    elif found.application == "gmail" and event.name == google_mail.DELIVERY:
        values["activity"] = google_mail.delivery(event.lower)[1] or event.name
        values["mail_client"] = google_mail.client(event.lower)
        if of_kind == "other" and "@" in (values["email"] or ""):
            # Gmail itself acted on the mailbox.
            values["mailbox"], values["email"], values["profile"] = values["email"], None, None
    elif of_kind == "file":
        values["resource"] = event.text("doc_id", "shared_drive_id", "team_drive_id")
        values["app"] = event.text("originating_app_id")
    elif of_kind in ("directory", "admin", "mail_rule"):
        own = values["email"] if found.application != "admin" else None
        values["resource"] = event.text(*RESOURCES) or own
    mailbox = find_mailbox(found.application, of_kind)
    if mailbox == "owner":
        values["mailbox"] = event.text("mailbox", "user_email") or values["email"]
        acting = google_mail.delegate(event.lower) if found.application == "gmail" else None
        if acting:
            values["email"], values["profile"] = acting, None
    elif mailbox == "admin":
        values["mailbox"] = event.text("user_email", "email_log_search_recipient", "target_user")
    if found.application == "token" and event.name == "activity" and judge.is_service_account(values["app"]):
        values["resource"] = values["email"]
        values["client"], values["email"], values["profile"] = values["app"], None, None


def _collect_unmapped(
    found: Activity, event: Event, place: int, *, with_parameters: bool, is_odd: bool
) -> dict[str, Any]:
    kept: dict[str, Any] = {"applicationName": found.application, "type": event.type, "name": event.name}
    if with_parameters and event.parameters:
        kept["parameters"] = event.parameters
    others = [raw for number, raw in enumerate(found.raw_events) if number != place or event.is_odd]
    if others:
        kept["events"] = others
    caller = found.actor.get("callerType")
    if caller not in (None, "USER"):
        kept["callerType"] = caller
    if found.actor.get("applicationInfo"):
        kept["applicationInfo"] = found.actor["applicationInfo"]
    if is_odd:
        kept["ipAddress"] = found.address
    for name, value in found.rest.items():
        kept.setdefault(name, value)
    return {name: value for name, value in kept.items() if value is not None}


@lru_cache(8192)
def _address(text: str | None) -> tuple[str | None, bool]:
    """Return the address, and whether the text is present but no address."""
    address = normalise_address(text)
    return address, address is None and text is not None


def normalise(table: Any) -> Normalised:
    """Return the event columns of a table of raw columns."""
    raw = {name: Column.of(table.column(name)) for name in RAW_COLUMNS if name not in _PLAIN}
    of_kind, application, name = raw["kind"], raw["application"], raw["name"]
    time = parse_times(table.column("time"))
    columns: dict[str, Any] = {"metadata_uid": _record_ids(table, time), "kind": of_kind}
    (columns["activity_name"],) = _clean(raw["activity"])
    columns["status"], columns["status_code"], columns["status_detail"] = _status(
        of_kind, application, name, raw["failure"], raw["challenges"], raw["challenge"], raw["suspicious"]
    )
    (columns["org_uid"],) = _organisation(raw["customer"])
    (
        columns["account"], columns["account_type"], columns["actor_user_uid"], columns["actor_app_uid"],
    ) = _actor(
        raw["email"], raw["caller"], raw["key"], raw["profile"], raw["client"], raw["affected"], raw["type"]
    )  # fmt: skip
    (columns["mailbox"],) = _mailbox(raw["mailbox"])
    (columns["logon_type"],) = _logon(
        columns["mailbox"], columns["account"], columns["actor_app_uid"], of_kind
    )
    columns["resource_uid"] = table.column("resource")
    (columns["app_uid"],) = _lower(raw["app"], raw["client"])
    (columns["app_name"],) = _clean(raw["app_name"])
    (columns["user_agent"],) = _clean(raw["agent"])
    (columns["client"],) = _client(columns["user_agent"], raw["mail_client"])
    (columns["device_uid"],) = _lower(raw["device"], _nothing(raw["device"]))
    columns["src_ip"] = raw["address"]
    (columns["src_country"],) = _country(raw["country"])
    columns["auth_method"], columns["auth_protocol"] = _authentication(
        of_kind, application, name, columns["status"], raw["login_type"], raw["challenges"], raw["second"]
    )
    (columns["is_interactive"],) = _interactive.numbers(of_kind, raw["login_type"], name)
    columns["token_issued_time"] = _find_issued(time, of_kind, columns["status"], raw["activity"])
    (columns["item_count"],) = _messages.numbers(of_kind, raw["method"], name)
    (columns["access_type"],) = _access(of_kind, raw["method"])
    columns["parameters"] = table.column("parameters")
    columns["unmapped"] = table.column("unmapped")
    return Normalised(time, columns)


_PLAIN = frozenset({"time", "qualifier", "more", "content", "resource", "parameters"})
"""Text columns with mostly distinct values, for which a dictionary does not pay."""


def _record_ids(table: Any, time: Any) -> Any:
    """Return record ids: the qualifier, which Google draws from 64 bits. A short one is completed with log, time and customer."""
    qualifier, more = table.column("qualifier"), table.column("more")
    whole = (
        qualifier, table.column("application"), pa.array(time).cast(pa.string()), table.column("customer"), more,
    )  # fmt: skip
    is_long = pc.greater_equal(pc.utf8_length(qualifier), _LONG_QUALIFIER)
    found = pc.if_else(is_long, _join(qualifier, more), _join(*whole))
    return pc.if_else(qualifier.is_valid(), found, table.column("content"))


def _join(*parts: Any) -> Any:
    joined = pc.binary_join_element_wise(*parts, ":", null_handling="replace", null_replacement="")
    return pc.utf8_rtrim(joined, ":")


def _find_issued(time: Any, of_kind: Column, status: Column, activity_name: Column) -> Any:
    """Return token issue times: a successful sign-in issues its token at its own time, and so does an OAuth authorisation."""
    is_success = pc.fill_null(pc.equal(status.array().cast(pa.string()), "success"), False)
    grants = np.array([value == "sign_in" for value in of_kind.values] + [False])[of_kind.codes]
    grants |= np.array([value == judge.AUTHORIZE for value in activity_name.values] + [False])[
        activity_name.codes
    ]
    return pc.if_else(pc.and_(is_success, pa.array(grants)), timestamps(time), None)


def _nothing(like: Column) -> Column:
    return Column(np.full(len(like), -1, np.int32), pa.array([], pa.string()))


def _organisation_of(customer: str | None) -> tuple[str | None]:
    name = (clean(customer) or "").lower()
    return (name if name and name != "my_customer" and len(name) <= _LONGEST else None,)


def _mailbox_of(text: str | None) -> tuple[str | None]:
    name = (clean(text) or "").lower()
    return (name if "@" in name and " " not in name and len(name) <= _LONGEST else None,)


def _logon_of(
    mailbox: str | None, account: str | None, application: str | None, of_kind: str | None
) -> tuple[str | None]:
    if mailbox is None or of_kind not in _MAIL:
        return (None,)
    return ("application" if application else "owner" if mailbox == account else "delegate",)


def _access_of(of_kind: str | None, method: str | None) -> tuple[str | None]:
    (count,) = judge.messages(of_kind, method, None)
    return ("bind" if of_kind == "mail_access" and count else None,)


def _country_of(text: str | None) -> tuple[str | None]:
    code = (clean(text) or "").upper()
    return (code if len(code) == 2 and code.isalpha() and code.isascii() else None,)


def _lower_of(first: str | None, second: str | None) -> tuple[str | None]:
    text = (clean(first) or clean(second) or "").lower()
    return (text if text and len(text) <= _LONGEST else None,)


_status = Mapper(judge.status, 3)
_actor = Mapper(judge.actor, 4)
_authentication = Mapper(judge.authentication, 2)
_interactive = Mapper(judge.interactive, 1)
_messages = Mapper(judge.messages, 1)
_organisation = Mapper(_organisation_of, 1)
_mailbox = Mapper(_mailbox_of, 1)
_logon = Mapper(_logon_of, 1)
_access = Mapper(_access_of, 1)
_country = Mapper(_country_of, 1)
_lower = Mapper(_lower_of, 1)
_client = Mapper(lambda agent, of_mail: (reduce_client(agent) or of_mail,), 1)
_clean = Mapper(lambda text: (clean(text),), 1)
