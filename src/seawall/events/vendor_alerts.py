"""Hold what a vendor says about an account: a risk, or an alert. It is evidence of others, and no act of the account.

The events have the kind `vendor_alert` and no status; `status_code` says how it was decided, if it was. `parameters` hold the
statement in the same members for every vendor. `unmapped` holds the whole record, so that rules find each field.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from seawall.events.event_table import Normalised, parse_times
from seawall.events.formats.json_values import as_text, encode
from seawall.events.microsoft.m365_meanings import address, clean, identifier

KIND = "vendor_alert"
COLUMNS = (
    "metadata_uid", "time", "kind", "activity_name", "org_uid", "account", "account_type", "actor_user_uid",
    "actor_app_uid", "app_uid", "app_name", "user_agent", "client", "src_ip", "src_country", "session_uid",
    "resource_uid", "parameters", "status_code",
)  # fmt: skip
MEMBERS = (
    "vendor", "product", "says", "type", "level", "state", "detail", "category", "techniques", "detected", "address",
    "addresses", "accounts", "sign_in", "alert",
)  # fmt: skip
"""Members of `parameters`: who says what, how sure, what became of it, when it was detected, about which addresses, accounts
and sign-in (the id of its record)."""

NOTHING = frozenset({"", "none", "hidden", "unknown", "unknownfuturevalue", "not_started", "notset"})
"""Values that state nothing, in lower case."""
OPEN_STATES = frozenset(
    {"new", "active", "atrisk", "investigating", "inprogress", "in_progress", "open", "newalert", *NOTHING}
)
"""States in which a statement holds and nobody has decided yet, in lower case."""

_LONGEST = 400
_MOST_NAMED = 20
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


@dataclass(frozen=True, slots=True)
class AlertedPerson:
    """Name an account in an alert by its address and directory object id; either may be missing."""

    name: str | None = None
    object_id: str | None = None

    @property
    def account(self) -> str | None:
        """Return the address, or the object id without one."""
        return self.name or self.object_id


@dataclass(slots=True)
class VendorAlert:
    """Collect the values of one record. `said` holds members of `parameters`, `values` columns of the event."""

    vendor: str
    said: dict[str, Any] = field(default_factory=dict)
    values: dict[str, str | None] = field(default_factory=dict)

    def name_people(self, people: Iterable[AlertedPerson], compromised: str | None = None) -> None:
        """Set the account: the only person named, or the one that is called compromised. Of several, list all."""
        found = _merge_people(people)
        main = (compromised or "").lower()
        chosen = [one for one in found if main and main in (one.name, one.object_id)] or found
        if len(chosen) == 1:
            self.values |= {
                "account": chosen[0].account,
                "account_type": "user",
                "actor_user_uid": chosen[0].object_id,
            }
        if len(found) > 1:
            self.said["accounts"] = [one.account for one in found[:_MOST_NAMED]]

    def name_application(self, application: str | None, principal: str | None, name: str | None) -> None:
        """Set the account to an application."""
        app, object_id = identifier(application), identifier(principal)
        self.values |= {
            "account": app or object_id,
            "account_type": "service" if app or object_id else None,
            "actor_user_uid": object_id,
            "actor_app_uid": app or object_id,
            "app_uid": app,
            "app_name": clean(name),
        }

    def name_addresses(self, texts: Iterable[str | None]) -> None:
        """Set the client address, if there is one alone; of several, list all."""
        found = list(dict.fromkeys(ip for text in texts if (ip := address(text)[0])))
        if len(found) == 1:
            self.values["src_ip"] = self.said["address"] = found[0]
        elif found:
            self.said["addresses"] = found[:_MOST_NAMED]

    def row(self, record: dict[str, Any]) -> tuple[str | None, ...]:
        """Return the values of `COLUMNS`, and the whole record as `unmapped`."""
        state = _clean_member(self.said.get("state"))
        decided = None if state is None or state.lower() in OPEN_STATES else state
        statement = write_statement(vendor=self.vendor, **self.said)
        values = {**self.values, "kind": KIND, "parameters": statement, "status_code": decided}
        return (*(values.get(name) for name in COLUMNS), encode(record))


def normalise(table: Any) -> Normalised:
    """Return the event columns, which `VendorAlert.row` has computed already."""
    columns = {name: table.column(name) for name in (*COLUMNS, "unmapped") if name != "time"}
    return Normalised(parse_times(table.column("time")), columns)


def write_statement(**said: Any) -> str:
    """Return a statement as the JSON object of its `MEMBERS`, without those that state nothing."""
    return encode({name: value for name in MEMBERS if (value := _clean_member(said.get(name)))})


def name_person(name: Any, object_id: Any = None) -> AlertedPerson | None:
    """Return a person, None if neither the name is an address nor an object id is there."""
    text = (clean(as_text(name)) or "").lower()
    found = AlertedPerson(text if "@" in text else None, identifier(as_text(object_id)))
    return found if found.account else None


def identify(uid: str, state: str | None) -> str:
    """Return the record id of a statement: a later decision about it is an event of its own."""
    return uid if (state or "").lower() in OPEN_STATES else f"{uid}:{state}"


def spell_out(name: str) -> str:
    """Return a name such as `suspiciousAPITraffic` as words."""
    words = [word if word.isupper() else word.lower() for word in _CAMEL.sub(" ", name).split()]
    return " ".join(words)


def _merge_people(people: Iterable[AlertedPerson]) -> list[AlertedPerson]:
    """Return distinct people. One with a name and one with an object id are the same if an entry has both."""
    found: list[AlertedPerson] = []
    places: dict[str, int] = {}
    for person in people:
        place = _find_place(person, found, places)
        if place is None:
            place = len(found)
            found.append(person)
        known = found[place]
        found[place] = AlertedPerson(known.name or person.name, known.object_id or person.object_id)
        for text in (person.name, person.object_id):
            if text:
                places.setdefault(text, place)
    return found


def _find_place(person: AlertedPerson, found: list[AlertedPerson], places: dict[str, int]) -> int | None:
    """Return the place of a person who was named before. One name with two object ids is two people."""
    place = places.get(person.object_id or "")
    if place is None and person.name in places:
        place = places[person.name]
        if person.object_id and found[place].object_id not in (None, person.object_id):
            return None
    return place


def _clean_member(value: Any) -> Any:
    """Return a member's value, None if it states nothing."""
    if isinstance(value, list):
        texts = [text[:_LONGEST] for item in value if (text := as_text(item))]
        return texts or None
    text = as_text(value)
    return None if text is None or text.lower() in NOTHING else text[:_LONGEST]
