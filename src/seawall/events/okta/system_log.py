"""Read Okta's System Log: API pages, lines, Event Hook deliveries, and records inside those of collectors."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from seawall.events.client_names import reduce_client
from seawall.events.countries import country_code
from seawall.events.event_table import Normalised, parse_times
from seawall.events.formats.distinct_values import Column, Mapper
from seawall.events.formats.json_values import content_id, encode
from seawall.events.microsoft.m365_meanings import address, clean, identifier
from seawall.events.okta import meanings as judge
from seawall.events.okta.details import NO_TARGETS, Targets, parameters, rest, spell_methods, targets_of
from seawall.events.okta.event_kinds import kind
from seawall.events.okta.fields import NOTHING, FieldObject, plain_names
from seawall.events.okta.risks import name_person, state_risk
from seawall.events.okta.sentinel_table import is_table_row, record_of
from seawall.events.times import to_microseconds

NAME = "okta"
RAW_COLUMNS = (
    "id", "time", "type", "kind", "result", "reason", "actor_type", "actor_alternate", "actor_id", "actor_name",
    "target_domain", "resource", "app", "app_name", "ip", "forwarded", "country", "agent", "browser", "device", "session",
    "key", "methods", "credential", "mode", "grant", "path", "parameters",
)  # fmt: skip

_PLAIN = ("id", "time", "session", "resource", "parameters")
_TYPE = re.compile(r"[A-Za-z][A-Za-z0-9_]*(?:\.[A-Za-z0-9_]+)+")
_MARKS = (
    "outcome",
    "legacyeventtype",
    "client",
    "debugcontext",
    "securitycontext",
    "authenticationcontext",
    "uuid",
)
_WRAPPERS = ("okta", "detail")
"""Members in which collectors keep the record: Elastic's `okta`, EventBridge's `detail`."""
_TIMES = (
    "published",
    "p_event_time",
    "@timestamp",
    "_time",
    "timestamp",
    "time",
    "eventtime",
    "TimeGenerated",
)
_TRANSIENT = "trs"
"""Prefix of session ids that exist for a single request, as with an API token."""
_LONGEST_TYPE = 256


def recognises(record: dict[str, Any]) -> bool:
    """Return whether an object is a record of the System Log, or contains one."""
    return _hold(record_of(record) if is_table_row(record) else record) is not None


def _hold(record: dict[str, Any]) -> FieldObject | None:
    names = plain_names(tuple(record))
    if "eventtype" in names:
        log = FieldObject(record)
        collector = record.get("p_log_type")
        if _is_log(log, isinstance(collector, str) and collector.lower().startswith("okta.")):
            return log
    for name in _WRAPPERS:
        if name in names:
            log = FieldObject(record[names[name]])
            if _is_log(log, name == "okta"):
                return log
    return None


def _is_log(log: FieldObject, is_said: bool) -> bool:
    event_type = log.value("eventtype")
    if not isinstance(event_type, str) or not event_type or len(event_type) > _LONGEST_TYPE:
        return False
    if is_said:
        return True
    has_mark = any(mark in log for mark in _MARKS)
    return has_mark and "actor" in log and "published" in log and is_type(event_type)


def is_type(event_type: str) -> bool:
    """Return whether a text has the form of an event type."""
    return len(event_type) <= _LONGEST_TYPE and _TYPE.fullmatch(event_type) is not None


def row(record: dict[str, Any]) -> tuple[str | None, ...]:
    """Return the raw columns of one record, and its `unmapped` last."""
    if is_table_row(record):
        record = record_of(record)
    log = _hold(record) or FieldObject(record)
    client = read_client(log.part("client"))
    seen = OktaColumns(
        log.text("uuid") or content_id(record),
        _time(log, record),
        log.text("eventtype") or "",
        read_outcome(log.part("outcome")),
        read_actor(log.part("actor")),
        client,
        read_forwarded(log.part("request")),
        log.part("device").text("id"),
        log.part("authenticationcontext"),
        log.part("debugcontext").part("debugdata"),
        log.part("transaction").part("detail").text("requestapitokenid"),
        targets_of(log) if "target" in log else NO_TARGETS,
    )
    values, keeps_session = columns(seen)
    kept = rest(record, log, client[2], seen.context if keeps_session else None)
    return (*values, encode(kept) if kept else None)


Text = str | None


@dataclass(slots=True)
class OktaColumns:
    """Hold the parts of a record that become columns: see `read_outcome`, `read_actor`, `read_client` and `read_forwarded`."""

    uid: Text
    time: Text
    event_type: str
    outcome: tuple[Text, Text]
    actor: tuple[Text, Text, Text, Text]
    client: tuple[Text, Text, Text, Text]
    forwarded: tuple[Text, Text]
    device: Text
    context: FieldObject
    debug: FieldObject
    token: Text
    targets: Targets


def read_outcome(part: FieldObject) -> tuple[Text, Text]:
    """Return result and reason."""
    return part.text("result"), part.text("reason")


def read_actor(part: FieldObject) -> tuple[Text, Text, Text, Text]:
    """Return type, address, id and name."""
    return part.text("type"), part.text("alternateid"), part.text("id"), part.text("displayname")


def read_client(part: FieldObject) -> tuple[Text, Text, Text, Text]:
    """Return address, country, user agent and browser."""
    agent = part.part("useragent")
    country = part.part("geographicalcontext").text("country")
    return (
        part.text("ipaddress") or part.text("ip"),
        country,
        agent.text("rawuseragent"),
        agent.text("browser"),
    )


def read_forwarded(request: FieldObject) -> tuple[Text, Text]:
    """Return address and country of the first entry in a proxy chain, which is the client."""
    chain = request.parts("ipchain", 1)
    first = chain[0] if chain else NOTHING
    return first.text("ip"), first.part("geographicalcontext").text("country")


def columns(seen: OktaColumns) -> tuple[tuple[Text, ...], bool]:
    """Return the values of `RAW_COLUMNS`, and whether the session id stays in `unmapped` because it identifies no session."""
    debug, targets = seen.debug, seen.targets
    what = kind(seen.event_type)
    session, keeps_session = _session(seen.context, seen.token)
    ip, country, agent, browser = seen.client
    device = seen.device or debug.text("dthash") or debug.text("devicefingerprint")
    actor = name_person(targets, seen.actor) if what == "vendor_alert" else seen.actor
    before = (seen.uid, seen.time, seen.event_type or None, what, *seen.outcome, *actor, targets.domain)
    place = (ip, seen.forwarded[0], country or seen.forwarded[1], agent, browser, device, session, seen.token)
    if what != "sign_in":
        changed = parameters(targets, debug)
        if what == "vendor_alert":
            changed = state_risk(seen.event_type, seen.outcome[1], ip or seen.forwarded[0], debug, changed)
        return (
            *before,
            targets.resource,
            None,
            None,
            *place,
            None,
            None,
            None,
            None,
            None,
            changed,
        ), keeps_session
    proof = (
        spell_methods(debug, seen.context, targets),
        debug.text("clientauthtype") or debug.text("clientauthenticationmethod"),
        debug.text("signonmode"),
        debug.text("granttype"),
        name_path(debug.text("requesturi")),
    )
    return (*before, None, targets.app, targets.app_name, *place, *proof, None), keeps_session


def name_path(address_asked: str | None) -> str | None:
    """Return `active` if WS-Trust was requested, as by old mail clients, `passive` for WS-Federation, else None."""
    asked = (address_asked or "")[:512].lower()
    if "/sso/wsfed/" not in asked:
        return None
    return "active" if "/sso/wsfed/active" in asked else "passive"


def _time(log: FieldObject, record: dict[str, Any]) -> str | None:
    found = log.text("published")
    if found and is_spelt_out(found):
        return found
    around = log if log.held is record else FieldObject(record)
    texts = [text for part in (log, around) for name in _TIMES if (text := part.text(name.replace("_", "")))]
    return next(
        (text for text in texts if to_microseconds(text) is not None), found or next(iter(texts), None)
    )


def is_spelt_out(text: str) -> bool:
    """Return whether a time looks like Okta's spelling. Other times need a closer check."""
    return len(text) > 18 and text[4] == text[7] == "-" and text[:4].isdigit()


def _session(context: FieldObject, token: str | None) -> tuple[str | None, bool]:
    """Return the session id, and whether it stays in `unmapped` because it identifies no session."""
    return session_of(context.text("externalsessionid"), context.text("rootsessionid"), token)


def session_of(outer: str | None, root: str | None, token: str | None) -> tuple[str | None, bool]:
    """Return the session id of a context's two ids, and whether the outer one identifies no session."""
    if token or (outer and outer.startswith(_TRANSIENT)) or clean(outer) is None:
        return None if token else clean(root), True
    return outer, False


def normalise(table: Any) -> Normalised:
    """Return the event columns of a table of raw columns."""
    raw = {name: Column.of(table.column(name)) for name in RAW_COLUMNS if name not in _PLAIN}
    columns: dict[str, Any] = {"metadata_uid": table.column("id"), "resource_uid": table.column("resource")}
    columns["kind"], columns["activity_name"] = raw["kind"], raw["type"]
    columns["status"], columns["status_code"], columns["status_detail"] = _status(
        raw["type"], raw["result"], raw["reason"]
    )
    (
        columns["org_uid"], columns["account"], columns["account_type"], columns["actor_user_uid"],
        columns["actor_app_uid"],
    ) = _who(
        raw["actor_type"], raw["actor_alternate"], raw["actor_id"], raw["actor_name"], raw["target_domain"]
    )  # fmt: skip
    (columns["logon_type"],) = _logon(raw["type"], columns["actor_app_uid"])
    (columns["app_uid"],) = _identifier(raw["app"])
    (columns["app_name"],) = _clean(raw["app_name"])
    columns["user_agent"], columns["client"] = _client(raw["agent"], raw["browser"])
    (columns["device_uid"],) = _identifier(raw["device"])
    (columns["src_ip"],) = _address(raw["ip"], raw["forwarded"])
    (columns["src_country"],) = _country(raw["country"])
    columns["session_uid"] = table.column("session")
    (columns["key_uid"],) = _identifier(raw["key"])
    (columns["auth_method"],) = _method(
        raw["type"], raw["methods"], raw["credential"], columns["account_type"], columns["status"]
    )
    (columns["auth_protocol"],) = _protocol(raw["type"], raw["mode"], raw["grant"], raw["path"])
    (columns["is_interactive"],) = _interactive.numbers(raw["type"])
    columns["parameters"], columns["unmapped"] = table.column("parameters"), table.column("unmapped")
    return Normalised(parse_times(table.column("time")), columns)


_status = Mapper(judge.status, 3)
_who = Mapper(judge.who, 5)
_logon = Mapper(judge.logon_type, 1)
_client = Mapper(
    lambda agent, browser: (clean(agent), reduce_client(clean(agent), None, None, None, clean(browser))), 2
)
_method = Mapper(judge.method, 1)
_protocol = Mapper(judge.protocol, 1)
_interactive = Mapper(judge.interactive, 1)
_address = Mapper(address, 1)
_country = Mapper(lambda text: (country_code(text),), 1)
_identifier = Mapper(lambda text: (identifier(text),), 1)
_clean = Mapper(lambda text: (clean(text),), 1)
