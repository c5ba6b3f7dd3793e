"""A peer of `seawall.detection.rules.sigma` for comparison: raw records in SQLite, queried by pySigma's SQLite backend.

It shares no code with Seawall, except that both parse rules with pySigma. Each vendor's log is a table with the columns
that some rule uses. A column has the rule's name of the field, and holds the raw record's value at that path or at an alias
(`ALIASES`). JSON text in a record is decoded; a pair of name and value becomes a field of that name.

SQL has no lists: if a field has several values in some record, its column holds them between separators. Patterns must then
begin and end at a separator (`_EachValue`). Empty and missing values are NULL. Correlations are not supported.
"""

from __future__ import annotations

import json
import re
import shlex
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec
import yaml
from sigma.backends.sqlite import sqliteBackend
from sigma.exceptions import SigmaError
from sigma.processing.pipeline import ProcessingItem, ProcessingPipeline
from sigma.processing.transformations.base import ValueTransformation
from sigma.rule import SigmaRule
from sigma.types import SigmaBool, SigmaNull, SigmaNumber, SigmaString, SigmaType, SpecialChars

SEPARATOR = "\x1f"
BATCH = 10_000
EVERYTHING = "everything"
"""The column that keywords are searched in."""

ALIASES: Mapping[str, Mapping[str, Sequence[str]]] = {
    "m365": {
        "eventsource": ("workload",),
        "eventname": ("operation", "name"),
        "user.email": ("userid",),
        "status": ("resultstatus", "status", "portal.status"),
    },
    "sign_in": {
        "resulttype": ("status.errorcode",),
        "resultdescription": ("status.failurereason", "status.additionaldetails"),
        "username": ("userprincipalname",),
        "resourceidentity": ("resourceid",),
        "clientapp": ("clientappused",),
        "status": ("portal.status", "status.failurereason", "status.additionaldetails"),
        "properties.message": ("portal.authenticationprotocol",),
    },
    "audit": {
        "operationname": ("activitydisplayname",),
        "activitytype": ("activitydisplayname",),
        "properties.message": ("activitydisplayname",),
        "status": ("result", "resultreason"),
        "properties.result": ("result",),
        "properties.targetresources": ("targetresources",),
        "failure_status_reason": ("resultreason",),
        "target": ("targetresources",),
        "additionaldetails.additionalinfo": ("additionaldetails.additional info",),
    },
    "risk": {},
    "activity": {
        "operationname": ("operationname", "operationnamevalue"),
        "properties.message": ("operationname", "operationnamevalue"),
        "categoryvalue": ("categoryvalue", "category"),
    },
    "okta": {},
    "google": {
        "eventname": ("events.name",),
        "protopayload.metadata.event.eventname": ("events.name",),
        "eventservice": ("cloud.servicename",),
        "eventsource": ("cloud.servicename",),
        "protopayload.servicename": ("cloud.servicename",),
    },
}
"""Paths in raw logs for names that rules use from other schemas (Log Analytics or a SIEM), in lower case."""

BAGS = {
    "google": ("events.parameters", "events"),
    "m365": ("extendedproperties",),
    "audit": ("additionaldetails", "targetresources.modifiedproperties"),
}
"""Pairs of name and value whose names rules use without a path."""

PREFIXES = {"google": "protopayload.metadata.event.", "m365": "o365.audit."}
"""Before the vendor's names of fields in Google Cloud's logs, and in Elastic's."""

TARGETS = (
    *(
        f"parameters.{name}"
        for name in ("forwardingsmtpaddress", "forwardingaddress", "forwardto", "redirectto")
    ),
    *(
        f"parameters.{name}"
        for name in ("forwardasattachmentto", "blindcopyto", "copyto", "redirectmessageto")
    ),
    "parameters.addtorecipients",
    "operationproperties.ruleactions.recipients",
)
"""Paths at which audit records name the recipients of forwarded mail."""

LOGS = {
    ("m365", ""): ("m365",),
    ("azure", "signinlogs"): ("sign_in",),
    ("azure", "auditlogs"): ("audit",),
    ("azure", "activitylogs"): ("activity", "audit"),
    ("azure", "pim"): ("audit",),
    ("azure", "riskdetection"): ("risk",),
    ("okta", ""): ("okta",),
    ("gcp", ""): ("google",),
}
"""The logs for a rule's product and service; rules for other logs are left out."""


def log_of(record: dict[str, Any]) -> str | None:
    """Return the log of a raw record."""
    marks = {
        "m365": "Operation",
        "risk": "riskEventType",
        "sign_in": "createdDateTime",
        "audit": "activityDateTime",
        "activity": "OperationNameValue",
        "okta": "eventType",
    }
    for name, mark in marks.items():
        if mark in record:
            return name
    if "operationName" in record and record.get("category") == "Administrative":
        return "activity"
    return "google" if record.get("kind") == "admin#reports#activity" else None


def list_logs_asked(rule: SigmaRule) -> tuple[str, ...]:
    """Return the logs that a rule is for."""
    product, service = rule.logsource.product or "", rule.logsource.service or ""
    return LOGS.get((product, service), LOGS.get((product, ""), ()))


@dataclass(frozen=True, slots=True)
class Asked:
    """A rule of the peer, asked of one log: its id, and the fields that it uses."""

    id: str
    log: str
    rule: SigmaRule
    fields: frozenset[str]


def rules(folders: Sequence[Path]) -> list[Asked]:
    """Return the single rules below folders that are for one of the logs."""
    found = []
    paths = [path for folder in folders for path in sorted(folder.rglob("*.yml"))]
    for path in paths:
        for document in yaml.safe_load_all(path.read_text("utf-8")):
            if "detection" not in document:
                continue  # a correlation, or its action
            rule = SigmaRule.from_dict(document, collect_errors=True)
            for log in () if rule.errors else list_logs_asked(rule):
                fields = frozenset(_fields(rule.detection.detections.values()))
                found.append(Asked(str(rule.id or rule.name).lower(), log, rule, fields))
    return found


def _fields(detections: Iterable[Any]) -> Iterator[str]:
    for one in detections:
        if hasattr(one, "detection_items"):
            yield from _fields(one.detection_items)
        else:
            yield one.field.lower() if one.field else EVERYTHING


class Peer:
    """Tables of raw records and the queries on them. Rows are numbered in the order of the records."""

    def __init__(self, asked: Sequence[Asked], path: str = ":memory:") -> None:
        self.asked = asked
        self.connection = sqlite3.connect(path)
        self.connection.create_function("regexp", 2, _regexp, deterministic=True)
        self._columns: dict[str, list[str]] = {}
        self._several: dict[str, set[str]] = defaultdict(set)
        for log in ALIASES:
            names = sorted({field for one in asked if one.log == log for field in one.fields})
            self._columns[log] = names
            columns = "".join(f", {_quote(name)} TEXT COLLATE NOCASE" for name in names)
            self.connection.execute(f"CREATE TABLE {log} (number INTEGER PRIMARY KEY{columns})")

    def fill(self, records: Iterable[bytes]) -> None:
        """Insert raw records into their tables."""
        rows: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
        decode = msgspec.json.Decoder().decode
        for number, text in enumerate(records):
            record = decode(text)
            log = log_of(record)
            if log is not None:
                rows[log].append((number, *self._row(log, record)))
                if len(rows[log]) >= BATCH:
                    self._insert(log, rows.pop(log))
        for log, some in rows.items():
            self._insert(log, some)
        for log, fields in self._several.items():
            for field in sorted(fields):
                name = _quote(field)
                self.connection.execute(
                    f"UPDATE {log} SET {name} = ?1 || {name} || ?1 WHERE {name} IS NOT NULL", (SEPARATOR,)
                )
        self.connection.commit()

    def queries(self) -> dict[str, tuple[Asked, str]]:
        """Return the query of each rule and log, by both, that the backend can convert."""
        found = {}
        for log in ALIASES:
            each = _EachValue(frozenset(self._several[log]))
            backend = sqliteBackend(
                ProcessingPipeline(items=[ProcessingItem(each)]), table=log, fulltext_field=EVERYTHING
            )
            for one in self.asked:
                if one.log == log:
                    with suppress(SigmaError):
                        found[f"{one.id} {one.log}"] = (one, str(backend.convert_rule(one.rule)[0]))
        return found

    def hits(self, query: str) -> list[int]:
        """Return the numbers of the records that a query matches."""
        return [row[0] for row in self.connection.execute(query)]

    def _row(self, log: str, record: dict[str, Any]) -> Iterator[str | None]:
        said: dict[str, list[str]] = defaultdict(list)
        _flatten(record, "", said)
        _in_other_words(log, said)
        said["parameters.added"] = _gained_properties(record)
        said["parameters.forwardingtarget"] = _forwarded_to(said)
        aliases, bags = ALIASES[log], BAGS.get(log, ())
        for name in self._columns[log]:
            if name == EVERYTHING:
                yield SEPARATOR.join(text for texts in said.values() for text in texts)
                continue
            bare = name.removeprefix(PREFIXES.get(log, ""))
            paths = (*aliases.get(name, (name, bare)), *(f"{bag}.{bare}" for bag in bags))
            texts = list(dict.fromkeys(text for path in paths for text in said.get(path, ())))
            if len(texts) > 1:
                self._several[log].add(name)
            yield SEPARATOR.join(texts) if texts else None

    def _insert(self, log: str, rows: list[tuple[Any, ...]]) -> None:
        marks = ", ".join("?" * len(rows[0]))
        self.connection.executemany(f"INSERT INTO {log} VALUES ({marks})", rows)


def hits_by_record(marked: Iterable[tuple[Sequence[int], Sequence[str | None]]]) -> dict[str, set[int]]:
    """Return the matching record numbers of each rule according to Seawall, from batches of (lines, marks)."""
    found: dict[str, set[int]] = defaultdict(set)
    for lines, marks in marked:
        for line, mark in zip(lines, marks, strict=True):
            for name in mark.split() if mark else ():
                found[name].add(line - 1)
    return found


def same_log(numbers: Iterable[int], log: str, logs: Sequence[str | None]) -> set[int]:
    """Return the numbers of records of one log: Seawall also applies rules for Entra's logs to the audit log."""
    return {number for number in numbers if logs[number] == log}


class _EachValue(ValueTransformation):
    """Surround the values of a field with several values by separators; an empty value becomes NULL."""

    def __init__(self, several: frozenset[str]) -> None:
        self._several = several
        super().__post_init__()

    def apply_value(self, field: str | None, val: SigmaType) -> SigmaType | None:
        """Return the value to search for, None to keep it."""
        if not isinstance(val, SigmaString | SigmaNumber | SigmaBool):
            return None
        if isinstance(val, SigmaString) and str(val) in ("", "[]", "{}"):
            return SigmaNull()
        if field is None or field.lower() not in self._several:
            return None
        text = val if isinstance(val, SigmaString) else SigmaString(str(val).lower())
        many = SpecialChars.WILDCARD_MULTI
        if not text.startswith(many):
            text = many + (SEPARATOR + text)
        return text if text.endswith(many) else (text + SEPARATOR) + many


def _in_other_words(log: str, said: dict[str, list[str]]) -> None:
    """Add fields in the schemas of Entra's portal or of Google Cloud's logs, which rules use and raw records lack."""
    if log == "sign_in":
        is_ok = said.get("status.errorcode") == ["0"]
        said["portal.status"] = ["Success"] if is_ok else ["Failure"]
        words = {"devicecode": "Device Code", "ropc": "ROPC"}
        used = [one.lower() for one in said.get("authenticationprotocol", ())]
        said["portal.authenticationprotocol"] = [words[one] for one in used if one in words]
    elif log == "m365":
        if said.get("resultstatus", [""])[0].lower() in ("true", "succeeded"):
            said["portal.status"] = ["Success"]
        for text in said.get("parameters", ()):
            parts = shlex.split(text) if text.startswith("-") else []
            for at, word in enumerate(parts):
                is_set = at + 1 == len(parts) or parts[at + 1].startswith("-")
                if word.startswith("-"):
                    said[f"parameters.{word[1:].lower()}"].append("True" if is_set else parts[at + 1])
    elif log == "google":
        names = said.get("id.applicationname", [])
        said["cloud.servicename"] = [*names, *(f"{name}.googleapis.com" for name in names)]


def _gained_properties(record: dict[str, Any]) -> list[str]:
    """Return the names of changed properties with a new entry in their list."""
    targets = record.get("targetResources") or []
    changes = [
        *(record.get("ModifiedProperties") or []),
        *(one for t in targets for one in t.get("modifiedProperties") or []),
    ]
    found = []
    for change in changes:
        if isinstance(change, dict):
            named = {name.lower(): value for name, value in change.items()}
            old, new = (_members(named.get(name)) for name in ("oldvalue", "newvalue"))
            if not new <= old:
                found.append(str(named.get("name", named.get("displayname"))))
    return ["; ".join(found)] if found else []


def _forwarded_to(said: dict[str, list[str]]) -> list[str]:
    """Return `inside` if every forwarding target is in the domain of the mailbox's owner, the user or the tenant."""
    own = [*said.get("mailboxownerupn", ()), *said.get("organizationname", ())]
    own += said.get("userid", ()) if said.get("externalaccess") == ["false"] else ()
    domains = {name.rpartition("@")[2].lower() for name in own}
    targets = [text for path in TARGETS for text in said.get(path, ())]
    named = [one.strip(' "]>').rpartition("@") for text in targets for one in text.split(";")]
    return ["inside"] if named and all(at and domain.lower() in domains for _, at, domain in named) else []


def _members(text: Any) -> set[str]:
    with suppress(ValueError, TypeError):
        listed = json.loads(text)
        return {json.dumps(one) for one in listed} if isinstance(listed, list) else set()
    return set()


def _flatten(value: Any, path: str, said: dict[str, list[str]]) -> None:
    """Collect the values of a record at each path, in lower case, and structures as JSON too."""
    if isinstance(value, str) and value[:1] in ("{", "[", '"') and len(value) > 1:
        with suppress(ValueError, RecursionError):
            opened = json.loads(value)
            if opened:
                said[path].append(value)
            if not isinstance(opened, str):
                _parts(opened, path, said)
            elif opened:
                said[path].append(opened)
            return
    if isinstance(value, dict | list):
        if value and path:
            said[path].append(msgspec.json.encode(value).decode())
        _parts(value, path, said)
    elif value is not None and (text := str(value).strip()):
        said[path].append(text.lower() if isinstance(value, bool) else text)


def _parts(value: Any, path: str, said: dict[str, list[str]]) -> None:
    if isinstance(value, list):
        for one in value:
            if isinstance(one, dict | list):
                _parts(one, path, said)
                _add_pair(one, path, said)
            else:
                _flatten(one, path, said)
    elif isinstance(value, dict) and list(value) == ["parameter"]:  # Google nests pairs within pairs
        _parts(value["parameter"], path, said)
    elif isinstance(value, dict):
        for name, one in value.items():
            _flatten(one, f"{path}.{name.lower()}" if path else name.lower(), said)


def _add_pair(one: Any, path: str, said: dict[str, list[str]]) -> None:
    """Add a pair of name and value as a field of that name."""
    if not isinstance(one, dict):
        return
    names = {name.lower(): name for name in one}
    name = next((one[names[key]] for key in ("name", "key", "displayname") if key in names), None)
    if isinstance(name, str):
        for key, spelled in names.items():
            if key in ("newvalue", "multimessagevalue", "messagevalue") or re.fullmatch(
                r"(multi)?(int|bool)?value", key
            ):
                _flatten(one[spelled], f"{path}.{name.lower()}", said)


@lru_cache(maxsize=1_000)
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text)


def _regexp(pattern: str, value: str | None) -> bool:
    """Return whether a pattern matches one of the values; SQLite has no REGEXP of its own."""
    if value is None:
        return False
    return any(_pattern(pattern).search(one) for one in value.split(SEPARATOR) if one)


def _quote(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"
