"""Map a field that a rule names to columns and JSON paths of the events, for each family of sources.

A rule may name a field as OCSF does (`actor.user.uid` or `actor_user_uid`), or as the vendor's log does. Logs have several
spellings for one field (`operationName`, `ActivityDisplayName`, `properties.message`). A field without a column is searched
in the JSON of `unmapped` and `parameters`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import pyarrow as pa

from seawall.detection.rules.sigma import spellings
from seawall.detection.rules.sigma.column_tests import Spell
from seawall.detection.rules.sigma.spellings import FAMILIES, SourceFamily
from seawall.events.event import ENRICHED_SCHEMA

TEXTS = frozenset(field.name for field in ENRICHED_SCHEMA if pa.types.is_string(field.type))
NAMES = frozenset(field.name for field in ENRICHED_SCHEMA) - TEXTS
NO_FIELDS = frozenset({"source_line", "unmapped", "parameters"})

SEARCHED = (
    "activity_name", "account", "mailbox", "app_name", "app_uid", "target_app_uid", "status_code", "status_detail", "user_agent",
    "client", "src_ip", "folder",
)  # fmt: skip
"""Name columns in which keywords are searched, besides all texts."""


Where = tuple[str, tuple[str, ...]]
"""A name column, and the values one of which an event must have."""

SERVICE: Where = ("account_type", ("service",))


@dataclass(frozen=True, slots=True)
class NameAnswer:
    """Map to a name column whose values `spell` converts to the vendor's spelling; only for events that satisfy `where`."""

    column: str
    spell: Spell | None = None
    where: Where | None = None

    def __str__(self) -> str:
        return self.column


@dataclass(frozen=True, slots=True)
class PathAnswer:
    """Map to a path in the JSON of a text column (the empty path is the text itself); only for events that satisfy `where`.

    `spell` converts values to the spelling of the vendor's other log.
    """

    column: str
    path: str = ""
    where: Where | None = None
    spell: Spell | None = None

    def __str__(self) -> str:
        return f"{self.column}:{self.path}" if self.path else self.column


Answer = NameAnswer | PathAnswer


@lru_cache(maxsize=100_000)
def find_answers(family: str, field: str) -> tuple[Answer, ...]:
    """Return the columns and paths of a field in the records of a family; empty if its sources do not keep the field."""
    name, known = field.lower(), FAMILIES[family]
    bare = name.removeprefix("properties.")
    for spelled in dict.fromkeys((name, bare)):
        if spelled in known.fields:
            return tuple(_answer(one, known) for one in known.fields[spelled])
    prefix = next(filter(name.startswith, known.prefixes), "")
    if prefix and name != prefix:
        return find_answers(family, name.removeprefix(prefix))
    if name.replace(".", "_") in NAMES | TEXTS and name.replace(".", "_") not in NO_FIELDS:
        return (_column(name.replace(".", "_")),)
    if any(bare == one or bare.startswith(f"{one}.") for one in known.dropped):
        return _other_kinds(bare, known)
    return tuple(
        dict.fromkeys(
            PathAnswer(column, path) for column in known.columns for path in _paths(name, bare, known, column)
        )
    )


def find_keyword_columns() -> tuple[Answer, ...]:
    """Return the columns and paths in which keywords are searched."""
    places = (PathAnswer(column, path) for column in ("unmapped", "parameters") for path in ("*", "*names"))
    return (*map(NameAnswer, SEARCHED), PathAnswer("resource_uid"), *places)


def _column(name: str) -> Answer:
    return PathAnswer(name) if name in TEXTS else NameAnswer(name)


def _answer(written: str | tuple[str, Spell], family: SourceFamily) -> Answer:
    """Return the answer for an entry of a family's table, in the form of `spellings.Written`."""
    place, spell = written if isinstance(written, tuple) else (written, None)
    column, has_path, path = place.partition(":")
    if column == "service":
        return NameAnswer(path, spell, SERVICE)
    if column == "other":
        return PathAnswer("unmapped", path, _whole(family), spell)
    if has_path or (spell and column in TEXTS):
        return PathAnswer(column, path, spell=spell)
    return NameAnswer(column, spell) if spell else _column(column)


def _other_kinds(name: str, family: SourceFamily) -> tuple[Answer, ...]:
    """Return the path of a dropped field in records that are kept whole."""
    return (PathAnswer("unmapped", name, _whole(family)),) if family.whole else ()


def _whole(family: SourceFamily) -> Where | None:
    return ("kind", family.whole) if family.whole else None


def _paths(name: str, bare: str, family: SourceFamily, column: str) -> Iterable[str]:
    yield from dict.fromkeys((name, bare))
    if column == "parameters":
        for bag in (
            "parameters.",
            "operationproperties.",
            "modifiedproperties.",
            "targetresources.modifiedproperties.",
        ):
            if bare.startswith(bag):
                yield bare.removeprefix(bag).removesuffix(".newvalue")
        return
    if family.is_enveloped and not name.startswith("properties."):
        yield f"properties.{name}"
    if "." not in bare:
        yield from (f"{bag}.{bare}" for bag in family.bags)


def find_families(product: str, service: str, category: str = "") -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return the families of a log source, each with the kinds of event to test (empty: all).

    The result is empty if Seawall reads no such logs.
    """
    if not product and (service or category):
        return spellings.LOGSOURCES.get((service or category, ""), ())
    return spellings.LOGSOURCES.get((product, service), spellings.LOGSOURCES.get((product, ""), ()))
