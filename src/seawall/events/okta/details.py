"""Extract targets and changes of an Okta record, and the fields that no column holds."""

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
"""Fields that columns hold, or that a collector derived from others."""

_PARTLY = frozenset({"version", "client", "request", "authenticationcontext"})
"""Fields of which columns hold a part."""
_EMPTY: tuple[Any, ...] = ("", [], {})

NOISE = frozenset({
    "requestid", "requesturi", "url", "dthash", "devicefingerprint", "threatsuspected", "authnrequestid", "origin",
    "oktauseragentextended", "logonlysecuritydata", "behaviors", "risk",
})  # fmt: skip
"""Debug data that describes the request, not a change."""


@dataclass(frozen=True, slots=True)
class Targets:
    """Describe the targets of a record.

    `resource` is the first person's address, else the first object's id; `domain` is the first person's mail domain.
    `named` are the names of all targets, `methods` the authenticators among them.
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
    """Return the targets of a record."""
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
    """Add old and new values of changed properties."""
    for side, prefix in (("from", "old "), ("to", "")):
        for name, value in details.part(side).held.items():
            if len(found) < _MOST_CHANGES:
                found.setdefault(prefix + name, as_text(value))


def spell_methods(debug: FieldObject, context: FieldObject, targets: Targets) -> str | None:
    """Return the factors that a sign-in names, joined; there are few distinct texts."""
    return join_methods(
        debug.text("factor"), debug.text("factortype"), debug.text("authenticator"), context.text("credentialtype"),
        *targets.methods,
    )  # fmt: skip


def join_methods(*said: str | None) -> str | None:
    """Return factors joined, each once."""
    return ";".join(dict.fromkeys(text[:512] for text in said if text))[:2048] or None


def parameters(targets: Targets, debug: FieldObject) -> str | None:
    """Return changed properties and targets as the text of a JSON object."""
    found: dict[str, str | None] = {}
    for name, value in debug.held.items():
        if (
            name.lower() not in NOISE
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
    """Return the fields that columns do not hold completely, each with its plain name if a column holds a part, else ""."""
    plain = [(name, name.lower().replace("_", "")) for name in names]
    return tuple((name, found if found in _PARTLY else "") for name, found in plain if found not in _COLUMNS)


def rest(
    record: dict[str, Any], log: FieldObject, agent: str | None, context: FieldObject | None
) -> dict[str, Any]:
    """Return the fields that no column holds, in the vendor's nesting and spelling. Pass `context` to keep its session id."""
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
    """Return a field without the parts that columns hold."""
    if role == "version":
        return None if value == "0" else value
    if role == "client":
        return without_agent(value) if agent else value
    if role == "request":
        return without_copy(value, log.part("client"))
    return without(value, "externalsessionid") if context is None and isinstance(value, dict) else value


@once_for_names
def _others(names: Names) -> dict[str, Names]:
    """Return for each plain name all other names."""
    return {
        plain: tuple(name for name in names if name.lower().replace("_", "") != plain)
        for plain in ("externalsessionid", "rawuseragent", "ipchain")
    }


def without(value: dict[str, Any], plain: str) -> dict[str, Any]:
    """Return an object without the member of a plain name, one of those in `_others`."""
    return {name: value[name] for name in _others(tuple(value))[plain]}


def without_agent(client: Any) -> Any:
    """Return a client without the text of its user agent."""
    if not isinstance(client, dict):
        return client
    place = plain_names(tuple(client)).get("useragent")
    agent = client.get(place) if place is not None else None
    return {**client, place: without(agent, "rawuseragent")} if isinstance(agent, dict) else client


def without_copy(request: Any, client: FieldObject) -> Any:
    """Return a request without an address chain that only repeats the client's address."""
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
