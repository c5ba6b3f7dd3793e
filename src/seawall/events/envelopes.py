"""List the envelopes in which SIEMs and tools hand out a vendor's record, and take the record out.

To add an envelope, add it to `ENVELOPES`. Sources: the pages and public samples that `docs/reference/sources.md` names.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any, Literal

from seawall.events.common_schemas.bigquery_row import make_named_row
from seawall.events.common_schemas.ecs_entra import make_entra_record
from seawall.events.common_schemas.ecs_google import make_activity
from seawall.events.common_schemas.ecs_office import make_audit_record
from seawall.events.common_schemas.ecs_okta import make_okta_record
from seawall.events.common_schemas.hawk import make_searched_record
from seawall.events.common_schemas.ocsf import make_vendor_record
from seawall.events.common_schemas.sentinel_google import make_flat_activity, make_named_activity
from seawall.events.common_schemas.small_letters import spell_activity, spell_audit_record
from seawall.events.formats.field_capitals import Names, once_for_names
from seawall.events.formats.json_values import NotJson, TooDeep, parse

MOST_LEVELS = 4
"""Envelopes inside each other that are opened."""

Holds = Literal["its own record", "any log", "a known log"]


class EmbeddedDocumentError(ValueError):
    """An embedded document is damaged; `field` names the field with it."""

    def __init__(self, field: str, reason: str, text: str) -> None:
        super().__init__(reason)
        self.field = field
        self.text = text


@dataclass(frozen=True, slots=True)
class Envelope:
    """Describe an envelope: a record lies at `place`, as an object or as its JSON text.

    `beside` are fields of which one must be there too, unless it is empty; a record with more than `most` fields is none.
    `holds` says what is inside: its own record (an object and nothing else), any log, or only what a known log's format
    recognises. A member of an object is also found under its dotted name (`event.original`), and alone in a list.
    With `make`, the vendor's record is made of the whole one, which has something at the place.
    """

    product: str
    place: tuple[str, ...]
    holds: Holds = "a known log"
    beside: frozenset[str] = frozenset()
    most: int | None = None
    make: Callable[[dict[str, Any]], dict[str, Any] | None] | None = None

    @property
    def name(self) -> str:
        """Return the place with dots."""
        return ".".join(self.place)

    def has_fields(self, names: Names) -> bool:
        """Return whether records with these fields may be such an envelope."""
        if (self.beside and self.beside.isdisjoint(names)) or (
            self.most is not None and len(names) > self.most
        ):
            return False
        return self.place[0] in names or (len(self.place) > 1 and self.name in names)


AUDIT_DATA = ("AuditData", "auditData", "Auditdata", "auditdata")

_OCSF = frozenset({"class_uid"})

ENVELOPES = (
    *(Envelope("Purview", (name,), "its own record") for name in AUDIT_DATA),
    Envelope("Elastic", ("event", "original")),
    Envelope("Elastic Agent", ("o365audit",)),
    Envelope("Logstash, Filebeat", ("message",)),
    *(
        Envelope("Elastic", ("o365", "audit", name), make=make_audit_record)
        for name in ("RecordType", "UserId", "UserKey")
    ),
    *(
        Envelope("Elastic", ("azure", log, name), make=make_entra_record)
        for log in ("signinlogs", "auditlogs", "identity_protection", "provisioning", "graphactivitylogs")
        for name in ("category", "properties")
    ),
    *(Envelope("Elastic", ("okta", name), make=make_okta_record) for name in ("event_type", "uuid")),
    *(
        Envelope("Elastic", ("google_workspace", name), make=make_activity)
        for name in ("kind", "event", "actor")
    ),
    Envelope("Wazuh", ("data", "office365")),
    Envelope("Wazuh", ("data", "ms-graph")),
    Envelope("Wazuh", ("data", "gcp")),
    Envelope("Wazuh", ("office365",), beside=frozenset({"integration"})),
    Envelope("Wazuh", ("ms-graph",), beside=frozenset({"integration"})),
    Envelope("Wazuh", ("gcp",), beside=frozenset({"integration"})),
    Envelope("Wazuh", ("data",)),
    Envelope("CIPP", ("Data", "RawData"), beside=frozenset({"LogId"})),
    Envelope("Panther", ("log",), "any log", beside=frozenset({"rule_id"})),
    Envelope("Panther", ("log",), "any log", most=3),
    Envelope("Fluentd, Fluent Bit", ("log",)),
    Envelope("Elasticsearch", ("_source",), "any log"),
    Envelope("Splunk", ("result",), "any log", beside=frozenset({"preview"})),
    Envelope("Splunk", ("result", "_raw"), "any log"),
    Envelope("Splunk", ("_raw",), "any log"),
    Envelope("Splunk HEC", ("event",)),
    Envelope("OCSF", ("raw_data",), beside=_OCSF),
    Envelope("Elasticsearch", ("fields",), beside=frozenset({"_index"})),
    Envelope("Hawk", ("AuditCreationTime",), make=make_searched_record),
    *(
        Envelope("Athena, Snowflake", (name,), make=spell_audit_record)
        for name in ("creationtime", "CREATIONTIME", "creation_time", "CREATION_TIME", "creationTime")
    ),
    *(
        Envelope("Athena", (name,), beside=frozenset({"events"}), make=spell_activity)
        for name in ("ipaddress", "ownerdomain")
    ),
    Envelope("OCSF", ("metadata", "product"), beside=_OCSF, make=make_vendor_record),
    Envelope("BigQuery", ("row", "f"), beside=frozenset({"schema"}), make=make_named_row),
    Envelope("Sentinel", ("id_applicationName_s",), make=make_flat_activity),
    Envelope("Sentinel", ("IdApplicationName",), make=make_named_activity),
)
"""Envelopes in the order in which they are tried."""


@dataclass(frozen=True, slots=True)
class RecordPage:
    """Describe an object with many records: a list of objects at `place`, or several in an object there.

    `beside` are fields of which one must be there too, unless it is empty; an object with more than `most` fields is none.
    """

    product: str
    place: tuple[str, ...]
    beside: frozenset[str] = frozenset()
    most: int = 16

    def find(self, value: dict[str, Any]) -> list[Any] | None:
        """Return the records of an object; None if it is no such page."""
        if len(value) > self.most or (self.beside and self.beside.isdisjoint(value)):
            return None
        found: Any = value
        for name in self.place:
            found = found.get(name) if isinstance(found, dict) else None
        if isinstance(found, dict) and found and all(isinstance(part, list) for part in found.values()):
            found = list(chain.from_iterable(found.values()))
        is_list = isinstance(found, list) and (not found or isinstance(found[0], dict))
        return found if is_list else None


PAGES = (
    RecordPage("Elasticsearch", ("hits", "hits")),
    RecordPage("Elasticsearch", ("responses",), frozenset({"took"})),
    RecordPage("Kibana", ("rawResponse", "hits", "hits")),
    RecordPage(
        "Splunk", ("results",), frozenset({"init_offset", "preview", "fields", "messages", "highlighted"})
    ),
    RecordPage("Splunk", ("results",), most=1),
    RecordPage("Microsoft Graph", ("results",), frozenset({"schema"})),
    RecordPage("Defender", ("Results",), frozenset({"Schema", "Stats"})),
    RecordPage("CIPP", ("Results",), frozenset({"Metadata"}), most=2),
    RecordPage("ALFA", ("activities",), most=2),
    RecordPage("Google Alert Center", ("alerts",), most=2),
)
PAGE_FIELDS = frozenset(page.place[0] for page in PAGES)
PAGE_STARTS = (
    "took", "_scroll_id", "pit_id", "timed_out", "_shards", "hits", "rawResponse", "preview", "init_offset", "messages",
    "fields", "results", "query", "activities", "alerts", "@odata.context", "schema", "Schema", "Stats", "Results",
)  # fmt: skip
"""First fields of pages that are too large to be parsed as a whole."""


def page_records(value: dict[str, Any]) -> list[Any] | None:
    """Return the records of a page; None for anything else."""
    if PAGE_FIELDS.isdisjoint(value):
        return None
    return next((found for page in PAGES if (found := page.find(value)) is not None), None)


FIELDS = frozenset(
    name for one in ENVELOPES for name in (one.place[0], one.name if len(one.place) > 1 else "") if name
)
"""Fields of which an envelope has at least one."""

_SEPARATORS = " \t\r\n\ufeff"
_BEGIN = re.compile(r'[ \t\r\n\ufeff]*(?:"\{|\{[ \t\r\n]*(?:["}]|$))')
"""Matches the beginning of an object, and of one in a text."""
_PAGE = re.compile(
    r'[ \t\r\n\ufeff]*(?:\[[ \t\r\n]*\{|\{[ \t\r\n]*"(?:records|Records|value)"[ \t\r\n]*:[ \t\r\n]*\[)'
)
"""Matches the beginning of a list of objects, and of a page of diagnostic settings or Graph."""


@once_for_names
def _list_candidates(names: Names) -> tuple[Envelope, ...]:
    """Return the envelopes that records with these fields may be, in order."""
    return tuple(envelope for envelope in ENVELOPES if envelope.has_fields(names))


def open_envelopes(
    record: dict[str, Any], depth: int, *, is_bare: bool
) -> Iterator[tuple[Holds, dict[str, Any]]]:
    """Yield the objects in the envelopes that a record may be, in order. A bare record is only asked for its own record.

    Raises EmbeddedDocumentError if the text in an envelope begins as a JSON object and is damaged.
    """
    for envelope in _list_candidates(tuple(record)):
        if is_bare and envelope.holds != "its own record":
            return
        value = _find(record, envelope.place)
        if value is not None and envelope.make is not None:
            value = envelope.make(record)
        if envelope.holds == "its own record":
            if envelope.place[0] in record:
                yield envelope.holds, _read_own(record[envelope.place[0]], envelope.name, depth)
        elif isinstance(value, dict) and value:
            yield envelope.holds, value
        elif isinstance(value, str) and (inner := _read_text(value, envelope.name, depth)):
            yield envelope.holds, inner


def open_pages(record: dict[str, Any], depth: int) -> Iterator[dict[str, Any] | list[Any]]:
    """Yield what lies in the envelopes that a record may be, as far as it may be a page. Damaged texts are left out."""
    for envelope in _list_candidates(tuple(record)):
        if envelope.make is not None or envelope.holds == "its own record":
            continue
        value = _find(record, envelope.place)
        if isinstance(value, str) and _PAGE.match(value) is not None:
            try:
                value = parse(value.strip(_SEPARATORS), depth)
            except (NotJson, TooDeep):
                continue
        if isinstance(value, dict | list) and value:
            yield value


def _find(record: dict[str, Any], place: tuple[str, ...]) -> Any:
    value = record.get(place[0])
    if len(place) > 1:
        value = _find(value, place[1:]) if isinstance(value, dict) else None
        if value is None:
            value = record.get(".".join(place))
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def read_object(value: Any, name: str, depth: int) -> dict[str, Any] | None:
    """Return the object that a field holds, itself or as its JSON text; None for anything else.

    Raises EmbeddedDocumentError if a text begins as a JSON object and is damaged.
    """
    if isinstance(value, str):
        return _read_text(value, name, depth)
    return value if isinstance(value, dict) else None


def _read_text(text: str, name: str, depth: int) -> dict[str, Any] | None:
    """Return the object in a text, or in a text in it; None if the text does not begin as one."""
    for _ in range(2):
        if _BEGIN.match(text) is None:
            return None
        try:
            value = parse(text.strip(_SEPARATORS), depth)
        except (NotJson, TooDeep) as error:
            raise EmbeddedDocumentError(name, str(error) or "nested too deep", text) from error
        if not isinstance(value, str):
            return value if isinstance(value, dict) else None
        text = value
    return None


def _read_own(value: Any, name: str, depth: int) -> dict[str, Any]:
    text = value
    for _ in range(3):
        if not isinstance(value, str):
            break
        text = value
        try:
            value = parse(value, depth)
        except (NotJson, TooDeep) as error:
            raise EmbeddedDocumentError(name, str(error) or "nested too deep", text) from error
    if not isinstance(value, dict):
        raise EmbeddedDocumentError(name, "no JSON object", str(text)[:400])
    return value
