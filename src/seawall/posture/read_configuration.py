"""Read configuration exports from files: recognise each object from its fields, whatever the file is called.

A document may be one object, a list, a page of Graph (`{"value": […]}`), a line, a row of a table, or a bundle whose fields
hold any of these (such as `ProviderSettingsExport.json` of CISA's ScubaGear). Nothing that is unreadable stops the rest.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from seawall.events.masked_excerpts import file_problem
from seawall.events.problem import Problem
from seawall.events.small_exports import ExportedDocument, documents
from seawall.posture.exports import EXPORTS, recognise
from seawall.posture.exports.export import Export
from seawall.posture.policy import Configuration
from seawall.posture.values import lower_names, top_fields

MOST_OBJECTS = 2_000_000
"""Most objects of all exports together; further ones are a problem."""
_BUNDLE_DEPTH = 4
_PAGE = ("value", "policies", "items", "resources", "users")
_NEXT = ("@odata.nextlink", "nextpagetoken", "nextlink")
_PARENTHESES = re.compile(r"\([^()]*\)")
_BY_CONTEXT = {context: export for export in reversed(EXPORTS) for context in export.contexts}


@dataclass(slots=True)
class _Reading:
    objects: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    files: dict[str, dict[str, None]] = field(default_factory=lambda: defaultdict(dict))
    followed: set[str] = field(default_factory=set)
    last_page: set[str] = field(default_factory=set)
    cut: set[str] = field(default_factory=set)
    strangers: Counter[str] = field(default_factory=Counter)
    known: Counter[str] = field(default_factory=Counter)
    left_out: int = 0
    size: int = 0

    def give(self, export: Export, file: str) -> None:
        self.objects.setdefault(export.name, [])
        self.files[export.name][file] = None
        self.known[file] += 1

    def keep(self, export: Export, one: dict[str, Any], file: str) -> None:
        self.give(export, file)
        if self.size >= MOST_OBJECTS:
            self.left_out += 1
            self.cut.add(export.name)
            return
        self.size += 1
        self.objects[export.name].append(
            {
                name: lower_names(value)
                for name, value in one.items()
                if not export.keeps or name in export.keeps
            }
        )


def read_configuration(
    paths: Sequence[Path], now: int, emergency: Sequence[str] = ()
) -> tuple[Configuration, list[Problem]]:
    """Return the configuration that the files hold, and what could not be read. `now` is in microseconds since 1970."""
    reading, problems = _Reading(), list[Problem]()
    for document in documents(paths):
        if isinstance(document, Problem):
            problems.append(document)
        else:
            _read(document, reading)
    problems += _problems(reading)
    configuration = Configuration(
        reading.objects,
        now,
        frozenset(reading.followed - reading.last_page | reading.cut),
        frozenset(one.strip().lower() for one in emergency),
        {name: tuple(files) for name, files in reading.files.items()},
    )
    return configuration, problems


def _problems(reading: _Reading) -> Iterator[Problem]:
    for file, count in sorted(reading.strangers.items()):
        if not reading.known[file]:
            yield file_problem(file, "not-a-log", f"no configuration that Seawall checks ({count:,} objects)")
    if reading.left_out:
        yield file_problem(
            "",
            "too-large",
            f"{reading.left_out:,} objects beyond the limit of {MOST_OBJECTS:,} were left out",
        )


def _read(document: ExportedDocument, reading: _Reading) -> None:
    if not _unpack(document.value, "", reading, document.file, _BUNDLE_DEPTH):
        reading.strangers[document.file] += 1


def _unpack(value: Any, hint: str, reading: _Reading, file: str, depth: int) -> bool:
    """Keep the objects inside a value; return whether there was any. `hint` names the list that they are in."""
    if isinstance(value, list):
        if not value and (export := _BY_CONTEXT.get(hint)):
            reading.give(export, file)
            return True
        found = [_unpack(item, hint, reading, file, depth) for item in value]
        return any(found)
    if not isinstance(value, dict):
        return False
    one = top_fields(value)
    if export := recognise(one):
        reading.keep(export, one, file)
        return True
    if not depth:
        return False
    name = next((name for name in _PAGE if isinstance(one.get(name), list)), None)
    if name is not None:
        return _unpack_page(one, name, hint, reading, file, depth)
    inside = [_unpack(inner, key, reading, file, depth - 1) for key, inner in one.items()]
    return any(inside)


def _kind_of(context: str) -> str:
    """Return which list a page of Graph is of: the path in its context, without keys and selected fields, or its last part."""
    path = context[:2_000].partition("#")[2].lower()
    before = ""
    while path != before:
        before, path = path, _PARENTHESES.sub("", path)
    return path if path in _BY_CONTEXT else path.rpartition("/")[2]


def _unpack_page(
    value: dict[str, Any], name: str, hint: str, reading: _Reading, file: str, depth: int
) -> bool:
    """Keep the objects of a page, and note for their exports whether another page follows it."""
    kind = _kind_of(str(value.get("@odata.context", "")))
    before = {key: len(found) for key, found in reading.objects.items()}
    is_found = _unpack(value[name], kind or hint, reading, file, depth - 1)
    grown = {key for key, found in reading.objects.items() if len(found) > before.get(key, 0)}
    (reading.followed if any(value.get(one) for one in _NEXT) else reading.last_page).update(grown)
    return is_found
