"""Everything that is wrong with a policy file, gathered by line, so that it is said at once."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from seawall_base.errors import PolicyInvalid, SeawallError
from seawall_base.settings_values import InvalidValue, Setting, kind_of, quote_value
from seawall_base.toml_lines import Path

MOST_SHOWN = 100
MALFORMED = object()
"""Stands for a value that could not be read; its fault is already said."""


@dataclass(slots=True)
class SettingsErrors:
    """Collects faults of one file. `name` is how the file is called in messages."""

    name: str
    lines: Mapping[Path, int]
    found: list[tuple[int, str]] = field(default_factory=list)

    def add(self, at: Path, what: str, fix: str) -> None:
        """Say what is wrong at a place; an unknown place counts for the nearest one around it."""
        while at and at not in self.lines:
            at = at[:-1]
        setting = next((part for part in reversed(at) if isinstance(part, str)), "policy")
        line = self.lines.get(at, 1)
        self.found.append((line, f"{self.name}:{line}: {_plain(setting)}: {what}; {fix}"))

    def missing(self, at: Path, setting: str, fix: str) -> None:
        """Say that a table lacks a setting."""
        line = self.lines.get(at, 1)
        self.found.append((line, f"{self.name}:{line}: {setting}: is missing; {fix}"))

    def refuse(
        self,
        kind: type[SeawallError] = PolicyInvalid,
        fix: str = "every setting is described in docs/reference/policy.md",
    ) -> None:
        """Raise `kind` with all faults in the order of lines, if there are any."""
        if not self.found:
            return
        said = [text for _, text in sorted(self.found, key=lambda fault: fault[0])]
        if len(said) > MOST_SHOWN:
            said = [*said[:MOST_SHOWN], f"{self.name}: {len(said) - MOST_SHOWN} more"]
        raise kind("\n".join(said), fix=fix, details=said)


def _plain(name: str) -> str:
    return name if name.isidentifier() else quote_value(name)


def check_names(table: Mapping[str, Any], known: Iterable[str], at: Path, faults: SettingsErrors) -> None:
    """Say which settings of a table do not exist, and which one was perhaps meant."""
    names = sorted(known)
    for name in table:
        if name not in names:
            near = difflib.get_close_matches(name[:100], names, n=1)
            fix = f"did you mean {near[0]}?" if near else f"known here: {', '.join(names)}"
            faults.add((*at, name), "is not a setting", fix)


def read_settings(
    table: Mapping[str, Any],
    settings: Iterable[Setting],
    defaults: Mapping[str, Any],
    at: Path,
    faults: SettingsErrors,
) -> dict[str, Any]:
    """Every setting's value: the table's own, else the default; `MALFORMED` after a fault, None where there is none.

    A default may be `MALFORMED` itself: what it is made from is already said to be missing or wrong.
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
                faults.missing(at, setting.name, f"set {setting.name}: {setting.meaning}")
            continue
        try:
            values[setting.name] = setting.read(raw)
        except InvalidValue as wrong:
            faults.add((*at, setting.name, *wrong.at), wrong.what, wrong.fix)
            values[setting.name] = MALFORMED
    return values


def tables_of(
    document: Mapping[str, Any], name: str, faults: SettingsErrors, at: Path = ()
) -> list[tuple[Path, dict[str, Any]]]:
    """The tables of an array of tables, with their places; `at` is the place of the table that holds the array."""
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
