"""Read declared settings from a TOML table, and gather all errors of a file with their lines, to report them at once."""

from __future__ import annotations

import difflib
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from seawall_base.errors import PolicyInvalid, SeawallError
from seawall_base.settings_values import InvalidValue, Setting, kind_of, quote_value
from seawall_base.toml_lines import Path

MOST_SHOWN = 100
MALFORMED = object()
"""Stand for a value that could not be read, and whose error is recorded already."""


@dataclass(slots=True)
class SettingsErrors:
    """Gather the errors of one file. `name` is the file's name in messages.

    `kind` is the exception class that `refuse` raises, `described` the fix that this exception carries.
    """

    name: str
    lines: Mapping[Path, int]
    kind: type[SeawallError] = PolicyInvalid
    described: str = "every setting is described in docs/reference/policy.md"
    found: list[tuple[int, str]] = field(default_factory=list)

    def line(self, at: Path) -> int:
        """Return the line of a setting or table.

        If the file does not contain it, return the line of the nearest enclosing table.
        """
        while at and at not in self.lines:
            at = at[:-1]
        return self.lines.get(at, 1)

    def add(self, at: Path, what: str, fix: str) -> None:
        """Record an error of a setting or table at a path, which the file need not contain."""
        setting = next((part for part in reversed(at) if isinstance(part, str)), "the file")
        shown = setting if setting.isidentifier() or not at else quote_value(setting)
        line = self.line(at)
        self.found.append((line, f"{self.name}:{line}: {shown}: {_one_line(what)}; {_one_line(fix)}"))

    def refuse(self, kind: type[SeawallError] | None = None, described: str | None = None) -> None:
        """Raise one exception with all recorded errors, ordered by line, if there are any."""
        if not self.found:
            return
        ordered = sorted(self.found, key=lambda fault: fault[0])
        said = [text for _, text in ordered[:MOST_SHOWN]]
        if len(ordered) > MOST_SHOWN:
            line, more = ordered[MOST_SHOWN][0], len(ordered) - MOST_SHOWN
            said.append(f"{self.name}:{line}: {more} more; correct the faults above first")
        raise (kind or self.kind)("\n".join(said), fix=described or self.described, details=said)


def _one_line(text: str) -> str:
    """Return the text with unprintable characters escaped: a file name may contain anything."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else ascii(one)[1:-1] for one in text)


def check_names(
    table: Mapping[str, Any], known: Iterable[str], at: Path, faults: SettingsErrors, noun: str = "a setting"
) -> None:
    """Record an error for each unknown name in a table, with the nearest known name as a suggestion."""
    names = sorted(known)
    for name in table:
        if name not in names:
            near = difflib.get_close_matches(name[:100], names, n=1)
            fix = f"did you mean {near[0]}?" if near else f"known here: {', '.join(names)}"
            faults.add((*at, name), f"is not {noun}", fix)


def check_unique(setting: str, values: Iterable[tuple[Path, Hashable]], faults: SettingsErrors) -> None:
    """Record an error for each table whose value of a setting an earlier table has too.

    `values` are (path of the table, value).
    """
    first: dict[Hashable, Path] = {}
    for at, value in values:
        earlier = first.setdefault(value, at)
        if earlier != at:
            what = f"{quote_value(value)} is also that of the table on line {faults.line(earlier)}"
            faults.add((*at, setting), what, "keep one of them")


def read_settings(
    table: Mapping[str, Any],
    settings: Iterable[Setting],
    defaults: Mapping[str, Any],
    at: Path,
    faults: SettingsErrors,
) -> dict[str, Any]:
    """Return the value of every setting: the table's, else the default. Use `MALFORMED` after an error and None if unset.

    A default may itself be `MALFORMED`, if the setting it derives from is missing or wrong; that error is recorded already.
    """
    values: dict[str, Any] = {}
    for setting in settings:
        raw = table.get(setting.name, defaults.get(setting.name, setting.default))
        if raw is MALFORMED:
            values[setting.name] = MALFORMED
            continue
        if raw is None:
            values[setting.name] = MALFORMED if setting.needed else None
            if setting.needed:
                where = f" in {header_of(at)}" if at else ""
                fix = f"set {setting.name}{where}: {plain_words(setting.meaning)}"
                faults.add((*at, setting.name), "is missing", fix)
            continue
        try:
            values[setting.name] = setting.read(raw)
        except InvalidValue as wrong:
            faults.add((*at, setting.name, *wrong.at), wrong.what, wrong.fix)
            values[setting.name] = MALFORMED
    return values


def read_rows(
    table: object, settings: Iterable[Setting], at: Path, faults: SettingsErrors, known: Iterable[str] = ()
) -> dict[str, Any]:
    """Check that `table` is a table, check its names, and read its settings. Other code reads the names in `known`."""
    rows = tuple(settings)
    if not isinstance(table, dict):
        faults.add(at, f"is {kind_of(table)} where a table is needed", f"write {header_of(at)}")
        return dict.fromkeys((row.name for row in rows), MALFORMED)
    check_names(table, {*known, *(row.name for row in rows)}, at, faults)
    return read_settings(table, rows, {}, at, faults)


def header_of(at: Path) -> str:
    """Return the header line of a table: `[gate.admin]`, or `[[stream]]` for an element of an array of tables."""
    name = ".".join(part for part in at if isinstance(part, str))
    return f"[[{name}]]" if at and isinstance(at[-1], int) else f"[{name}]"


def tables_of(
    document: Mapping[str, Any], name: str, faults: SettingsErrors, at: Path = ()
) -> list[tuple[Path, dict[str, Any]]]:
    """Return the tables of an array of tables, each with its path. `at` is the path of the enclosing table."""
    entries = document.get(name, [])
    place = (*at, name)
    fix = f"write [[{'.'.join(map(str, place))}]]"
    if isinstance(entries, dict):
        faults.add(place, "is one table where there may be several", fix)
        return []
    if not isinstance(entries, list):
        faults.add(place, f"is {kind_of(entries)} where tables are needed", fix)
        return []
    found: list[tuple[Path, dict[str, Any]]] = []
    for number, entry in enumerate(entries):
        if isinstance(entry, dict):
            found.append(((*place, number), entry))
        else:
            faults.add((*place, number), f"is {kind_of(entry)} where a table is needed", fix)
    return found


def plain_words(meaning: str) -> str:
    """Return the text without Markdown marks, for messages."""
    return meaning.replace("`", "").replace("*", "")
