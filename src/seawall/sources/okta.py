"""Okta System Log: API pages, lines, Event Hook deliveries, and records that collectors put into others."""

from __future__ import annotations

import re
from typing import Any

from seawall.sources import okta_judgement as judge
from seawall.sources.assemble import Normalised, parse_times
from seawall.sources.clients import reduce_client
from seawall.sources.countries import country_code
from seawall.sources.distinct import Column, Mapper
from seawall.sources.json_values import content_id, encode
from seawall.sources.m365_judgement import address, clean, identifier
from seawall.sources.okta_details import NO_TARGETS, Targets, parameters, rest, spelt_methods, targets_of
from seawall.sources.okta_fields import NOTHING, Part, plain_names
from seawall.sources.okta_kinds import kind
from seawall.sources.times import to_microseconds

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
"""Members in which collectors keep the record beside what they add: Elastic's fields, EventBridge's detail."""
_TIMES = ("published", "p_event_time", "@timestamp", "_time", "timestamp", "time", "eventtime")
_TRANSIENT = "trs"
"""How session ids begin that are made for a single request, as with an API token."""
_LONGEST_TYPE = 256


def recognises(record: dict[str, Any]) -> bool:
    """Whether an object is a record of the System Log, or holds one."""
    return _held(record) is not None


def _held(record: dict[str, Any]) -> Part | None:
    names = plain_names(tuple(record))
    if "eventtype" in names:
        log = Part(record)
        collector = record.get("p_log_type")
        if _is_log(log, isinstance(collector, str) and collector.lower().startswith("okta.")):
            return log
    for name in _WRAPPERS:
        if name in names:
            log = Part(record[names[name]])
            if _is_log(log, name == "okta"):
                return log
    return None


def _is_log(log: Part, is_said: bool) -> bool:
    event_type = log.value("eventtype")
    if not isinstance(event_type, str) or not event_type or len(event_type) > _LONGEST_TYPE:
        return False
    if is_said:
        return True
    has_mark = any(mark in log for mark in _MARKS)
    return has_mark and "actor" in log and "published" in log and _TYPE.fullmatch(event_type) is not None


def row(record: dict[str, Any]) -> tuple[str | None, ...]:
    """The raw columns of one record, and its `unmapped` last."""
    log = _held(record) or Part(record)
    event_type = log.text("eventtype") or ""
    what = kind(event_type)
    outcome, actor, client = log.part("outcome"), log.part("actor"), log.part("client")
    context, debug = log.part("authenticationcontext"), log.part("debugcontext").part("debugdata")
    targets = targets_of(log) if "target" in log else NO_TARGETS
    agent, forwarded = client.part("useragent"), _forwarded(log)
    place = client.part("geographicalcontext")
    token = log.part("transaction").part("detail").text("requestapitokenid")
    session, kept_session = _session(context, token)
    raw_agent = agent.text("rawuseragent")
    values: dict[str, str | None] = {
        "id": log.text("uuid") or content_id(record),
        "time": _time(log, record),
        "type": event_type or None,
        "kind": what,
        "result": outcome.text("result"),
        "reason": outcome.text("reason"),
        "actor_type": actor.text("type"),
        "actor_alternate": actor.text("alternateid"),
        "actor_id": actor.text("id"),
        "actor_name": actor.text("displayname"),
        "target_domain": targets.domain,
        "ip": client.text("ipaddress") or client.text("ip"),
        "forwarded": forwarded.text("ip"),
        "country": place.text("country") or forwarded.part("geographicalcontext").text("country"),
        "agent": raw_agent,
        "browser": agent.text("browser"),
        "device": _device(log, debug),
        "session": session,
        "key": token,
    }
    if what == "sign_in":
        values |= _sign_in(debug, context, targets)
    else:
        values["resource"] = targets.resource
        values["parameters"] = parameters(targets, debug)
    kept = rest(record, log, raw_agent, context if kept_session else None)
    return (*map(values.get, RAW_COLUMNS), encode(kept) if kept else None)


def _sign_in(debug: Part, context: Part, targets: Targets) -> dict[str, str | None]:
    return {
        "app": targets.app,
        "app_name": targets.app_name,
        "methods": spelt_methods(debug, context, targets),
        "credential": debug.text("clientauthtype") or debug.text("clientauthenticationmethod"),
        "mode": debug.text("signonmode"),
        "grant": debug.text("granttype"),
        "path": _path(debug.text("requesturi")),
    }


def _path(address_asked: str | None) -> str | None:
    """Whether WS-Trust was asked, as old mail clients do, or WS-Federation."""
    asked = (address_asked or "")[:512].lower()
    if "/sso/wsfed/" not in asked:
        return None
    return "active" if "/sso/wsfed/active" in asked else "passive"


def _time(log: Part, record: dict[str, Any]) -> str | None:
    found = log.text("published")
    if found and _is_spelt_out(found):
        return found
    around = log if log.held is record else Part(record)
    texts = [text for part in (log, around) for name in _TIMES if (text := part.text(name.replace("_", "")))]
    return next(
        (text for text in texts if to_microseconds(text) is not None), found or next(iter(texts), None)
    )


def _is_spelt_out(text: str) -> bool:
    """Whether a time is spelt about as Okta does; anything else is looked at closer."""
    return len(text) > 18 and text[4] == text[7] == "-" and text[:4].isdigit()


def _forwarded(log: Part) -> Part:
    """The first address of a chain of proxies, which is the client's."""
    chain = log.part("request").parts("ipchain", 1)
    return chain[0] if chain else NOTHING


def _device(log: Part, debug: Part) -> str | None:
    return log.part("device").text("id") or debug.text("dthash") or debug.text("devicefingerprint")


def _session(context: Part, token: str | None) -> tuple[str | None, bool]:
    """The session's id, and whether it is to be kept beside the columns because it is none."""
    found = context.text("externalsessionid")
    if token or (found and found.startswith(_TRANSIENT)) or clean(found) is None:
        root = None if token else clean(context.text("rootsessionid"))
        return root, True
    return found, False


def normalise(table: Any) -> Normalised:
    """Event columns of a table of raw columns."""
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
