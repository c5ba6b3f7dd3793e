"""Which columns and JSON paths answer to a field that a rule names, in the records of each vendor.

A rule names fields as its vendor's logs do, and these have several spellings for one thing (`operationName`,
`ActivityDisplayName`, `properties.message`); or it names them as events do (OCSF: `actor.user.uid` or `actor_user_uid`). What
no column holds is looked for in the JSON of `unmapped` and `parameters`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import pyarrow as pa

from seawall.detection.rules.sigma import spellings
from seawall.detection.rules.sigma.facets import Spell
from seawall.detection.rules.sigma.spellings import FAMILIES, SourceFamily
from seawall.events.event import ENRICHED_SCHEMA

TEXTS = frozenset(field.name for field in ENRICHED_SCHEMA if pa.types.is_string(field.type))
NAMES = frozenset(field.name for field in ENRICHED_SCHEMA) - TEXTS
NO_FIELDS = frozenset({"source_line", "unmapped", "parameters"})

SEARCHED = (
    "activity_name", "account", "mailbox", "app_name", "app_uid", "target_app_uid", "status_code", "status_detail", "user_agent",
    "client", "src_ip", "folder",
)  # fmt: skip
"""Name columns that a keyword is looked for in, beside all texts."""


Where = tuple[str, tuple[str, ...]]
"""A name column, and which of its values an event has to hold."""

SERVICE: Where = ("account_type", ("service",))


@dataclass(frozen=True, slots=True)
class NameAnswer:
    """A name column answers, its values spelled as the vendor does; in some events alone, where `where` says which."""

    column: str
    spell: Spell | None = None
    where: Where | None = None

    def __str__(self) -> str:
        return self.column


@dataclass(frozen=True, slots=True)
class PathAnswer:
    """What lies at a path of a text column's JSON answers (the empty path: the text itself), as `where` says in some events.

    Its values are spelled as another log of the vendor does, where `spell` says how.
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
    """Return what answers to a field in the records of a family; empty where its sources do not keep it."""
    name, known = field.lower(), FAMILIES[family]
    bare = name.removeprefix("properties.")
    for spelled in dict.fromkeys((name, bare)):
        if spelled in known.fields:
            return tuple(_answer(one, known) for one in known.fields[spelled])
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
    """Return where a keyword is looked for."""
    places = (PathAnswer(column, path) for column in ("unmapped", "parameters") for path in ("*", "*names"))
    return (*map(NameAnswer, SEARCHED), PathAnswer("resource_uid"), *places)


def _column(name: str) -> Answer:
    return PathAnswer(name) if name in TEXTS else NameAnswer(name)


def _answer(written: str | tuple[str, Spell], family: SourceFamily) -> Answer:
    """Return the answer that a family's table writes as `spellings.Written` says."""
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
    """A field that the family's sources drop is still there in records that are kept whole."""
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
    """Return which families a log source stands for, and for each the kinds of events that it looks at (empty: all).

    Empty where Seawall reads no such logs.
    """
    if not product and (service or category):
        return spellings.LOGSOURCES.get((service or category, ""), ())
    return spellings.LOGSOURCES.get((product, service), spellings.LOGSOURCES.get((product, ""), ()))
