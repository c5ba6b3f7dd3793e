"""Targets, changes and what is left of an Okta record."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from seawall.events.formats.field_capitals import Names, once_for_names
from seawall.events.formats.json_values import as_text, encode
from seawall.events.microsoft.m365_meanings import clean
from seawall.events.okta.fields import FieldObject, plain_names

_MOST_TARGETS = 64
_MOST_CHANGES = 200
_APPS = frozenset({"appinstance", "publicclientapp", "application", "app", "oauth2clientapp", "clientapp"})
_PEOPLE = frozenset({"user", "appuser"})
_DOMAIN = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+")

_COLUMNS = frozenset({
    "uuid", "published", "eventtype", "plogtype", "peventtime", "pparsetime", "prowid", "psourceid", "psourcelabel",
    "penrichment", "panyipaddresses", "panydomainnames", "panyusernames", "panyemails", "panytraceids", "pudm",
})  # fmt: skip
"""Fields that columns hold, or that a collector made of the others."""

_PARTLY = frozenset({"version", "client", "request", "authenticationcontext"})
"""Fields that columns hold a part of."""
_EMPTY: tuple[Any, ...] = ("", [], {})

_NOISE = frozenset({
    "requestid", "requesturi", "url", "dthash", "devicefingerprint", "threatsuspected", "authnrequestid", "origin",
    "oktauseragentextended", "logonlysecuritydata", "behaviors", "risk",
})  # fmt: skip
"""What debug data says of the request rather than of a change."""


@dataclass(frozen=True, slots=True)
class Targets:
    """Whom and what a record is about.

    `resource` is the first person's address, or else the first thing's id; `domain` that of the first person;
    `named` are all in words; `methods` the authenticators among them.
    """

    resource: str | None = None
    domain: str | None = None
    app: str | None = None
    app_name: str | None = None
    named: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    changes: dict[str, str | None] = field(default_factory=dict)


NO_TARGETS = Targets()


def targets_of(log: FieldObject) -> Targets:
    """What the target list of a record says."""
    person = thing = app = app_name = None
    named: list[str] = []
    methods: list[str] = []
    changes: dict[str, str | None] = {}
    for target in log.parts("target", _MOST_TARGETS):
        kind = (target.text("type") or "").replace(" ", "").lower()
        number, alternate = clean(target.text("id")), clean(target.text("alternateid"))
        name = clean(target.text("displayname"))
        if kind in _PEOPLE:
            person = person or (alternate.lower() if alternate and "@" in alternate else number)
        elif kind in _APPS and app is None and app_name is None:
            app, app_name = number or alternate or name, name or alternate
        elif "authenticator" in kind or kind == "factor":
            methods += filter(None, (name, alternate))
        thing = thing or number or alternate
        shown = alternate or name or number if kind in _PEOPLE else name or alternate or number
        if shown:
            named.append(shown)
        details = target.part("detailentry")
        methods += filter(
            None, (details.text("methodtypeused"), _join(details.value("methodusedverifiedproperties")))
        )
        _changes(target.part("changedetails"), changes)
    return Targets(person or thing, _domain(person), app, app_name, tuple(named), tuple(methods), changes)


def _join(value: Any) -> str | None:
    text = as_text(value) if isinstance(value, str | list) and value else None
    return text[:512] if text else None


def _domain(person: str | None) -> str | None:
    domain = (person or "").rpartition("@")[2] if person and "@" in person else ""
    return domain if _DOMAIN.fullmatch(domain) else None


def _changes(details: FieldObject, found: dict[str, str | None]) -> None:
    """Old and new values of what was changed."""
    for side, prefix in (("from", "old "), ("to", "")):
        for name, value in details.part(side).held.items():
            if len(found) < _MOST_CHANGES:
                found.setdefault(prefix + name, as_text(value))


def spell_methods(debug: FieldObject, context: FieldObject, targets: Targets) -> str | None:
    """The factors that a sign-in names, joined: few distinct texts."""
    said = (
        debug.text("factor"), debug.text("factortype"), debug.text("authenticator"), context.text("credentialtype"),
        *targets.methods,
    )  # fmt: skip
    return ";".join(dict.fromkeys(text[:512] for text in said if text))[:2048] or None


def parameters(targets: Targets, debug: FieldObject) -> str | None:
    """What was changed, and for whom, as the text of an object."""
    found: dict[str, str | None] = {}
    for name, value in debug.held.items():
        if (
            name.lower() not in _NOISE
            and value is not None
            and value not in _EMPTY
            and len(found) < _MOST_CHANGES
        ):
            found[name] = as_text(value)
    found |= targets.changes
    if targets.named:
        found["Target"] = "; ".join(targets.named)
    return encode(found) if found else None


@once_for_names
def _roles(names: Names) -> tuple[tuple[str, str], ...]:
    """The fields that are not held by columns, each with its plain name where a part of it is."""
    plain = [(name, name.lower().replace("_", "")) for name in names]
    return tuple((name, found if found in _PARTLY else "") for name, found in plain if found not in _COLUMNS)


def rest(
    record: dict[str, Any], log: FieldObject, agent: str | None, context: FieldObject | None
) -> dict[str, Any]:
    """What no column holds, as the vendor nests and spells it. `context` is given where its session id is kept."""
    kept: dict[str, Any] = {}
    held = log.held
    for name, role in _roles(tuple(held)):
        value = held[name]
        if value is None or value in _EMPTY:
            continue
        if role:
            value = _partly(role, value, log, agent, context)
            if not value:
                continue
        kept[name] = value
    if held is not record:
        for name, _ in _roles(tuple(record)):
            if name.lower() not in ("okta", "detail") and record[name] not in (None, *_EMPTY):
                kept.setdefault(name, record[name])
    return kept


def _partly(role: str, value: Any, log: FieldObject, agent: str | None, context: FieldObject | None) -> Any:
    """A field without what columns hold of it."""
    if role == "version":
        return None if value == "0" else value
    if role == "client":
        return without_agent(value) if agent else value
    if role == "request":
        return without_copy(value, log.part("client"))
    return without(value, "externalsessionid") if context is None and isinstance(value, dict) else value


@once_for_names
def _others(names: Names) -> dict[str, Names]:
    """For each plain name, all names but it."""
    return {
        plain: tuple(name for name in names if name.lower().replace("_", "") != plain)
        for plain in ("externalsessionid", "rawuseragent", "ipchain")
    }


def without(value: dict[str, Any], plain: str) -> dict[str, Any]:
    """An object without the member of a plain name, one of those of `_others`."""
    return {name: value[name] for name in _others(tuple(value))[plain]}


def without_agent(client: Any) -> Any:
    """A client without the text of its user agent."""
    if not isinstance(client, dict):
        return client
    place = plain_names(tuple(client)).get("useragent")
    agent = client.get(place) if place is not None else None
    return {**client, place: without(agent, "rawuseragent")} if isinstance(agent, dict) else client


def without_copy(request: Any, client: FieldObject) -> Any:
    """Leave out a chain of addresses that only repeats the client's own."""
    part = FieldObject(request)
    chain = part.value("ipchain")
    if not isinstance(request, dict) or not isinstance(chain, list):
        return request
    if not chain:
        return without(request, "ipchain")
    own = FieldObject(chain[0])
    is_copy = len(chain) == 1 and own.value("ip") == client.value("ipaddress") and set(own.held) <= {
        "ip", "version", "source", "geographicalContext"
    }  # fmt: skip
    if is_copy and own.value("geographicalcontext") == client.value("geographicalcontext"):
        return without(request, "ipchain") if own.value("source") is None else request
    return request
