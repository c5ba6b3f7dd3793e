"""Declare the settings of a TOML table as a dataclass, and read the table into it.

Each field that is a setting is `Annotated` with its `SettingDescription`. A field without a default is required. A field of such
a dataclass is a table; a tuple of them is an array of tables; a dictionary of them holds tables by name.

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Smtp:
        host: Annotated[str, Meaning("the server's name or address", read=host)]
        timeout: Annotated[float, Meaning("seconds for one answer", read=number(float, 0.1, 600))] = 60.0

The class attribute `CHECKS` holds functions for conditions on several settings. Each gets the values by name, and yields
the setting (empty for the table), the fault and the fix. A check that uses a malformed value is skipped.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path as FilePath
from typing import Any, Literal, TypeVar, cast, get_args, get_origin, get_type_hints

from seawall_base.errors import SeawallError
from seawall_base.settings_document import read_toml
from seawall_base.settings_reader import (
    MALFORMED,
    SettingsErrors,
    check_unique,
    header_of,
    plain_words,
    read_rows,
    tables_of,
)
from seawall_base.settings_values import (
    Reader,
    Setting,
    any_text,
    any_texts,
    choice,
    flag,
    kind_of,
    number,
    time_with_offset,
)
from seawall_base.toml_lines import Path

T = TypeVar("T")
Check = Callable[[Any], Iterable[tuple[str, str, str]]]


@dataclass(frozen=True, slots=True)
class SettingDescription:
    """Describe a setting, for messages and reference pages, and say how to read its value.

    `read` is needed if the type does not determine the reader. `kind` names the permitted values on the pages. `unique`
    maps a value to a key that no two tables of an array may share. `is_file` marks a path relative to the settings file.
    """

    words: str
    read: Reader | None = None
    kind: str = ""
    unique: Callable[[Any], Hashable] | None = None
    is_file: bool = False


@dataclass(frozen=True, slots=True)
class DeclaredSetting:
    """Hold one setting of a dataclass. `hint` is its type, or the type of its tables. A `default` of MALFORMED means required."""

    name: str
    hint: Any
    meaning: SettingDescription
    default: Any
    shape: Literal["value", "table", "tables", "named tables"]

    @property
    def is_needed(self) -> bool:
        """Return whether the setting has no default."""
        return self.default is MALFORMED

    @property
    def kind(self) -> str:
        """Return how the reference pages name the permitted values."""
        names = {
            bool: "true or false",
            int: "whole number",
            float: "number",
            FilePath: "path",
            datetime: "time",
        }
        if self.meaning.kind or self.shape != "value":
            return self.meaning.kind or self.shape
        if self.meaning.is_file:
            return "path"
        origin = get_origin(self.hint)
        return {tuple: "texts", Literal: "word"}.get(origin, names.get(self.hint, "text"))


@cache
def settings_of(kind: type) -> tuple[DeclaredSetting, ...]:
    """Return the settings that a dataclass declares, in the order of its fields."""
    hints = get_type_hints(kind, include_extras=True)
    return tuple(
        _declare_setting(entry, hints[entry.name])
        for entry in dataclasses.fields(kind)
        if _meaning(hints[entry.name])
    )


def load_table(
    kind: type[T],
    path: FilePath,
    error: type[SeawallError],
    *,
    give: str,
    described: str,
    check: Callable[[Mapping[str, Any], SettingsErrors], None] = lambda _, __: None,
) -> T:
    """Read a whole file as `kind`. Raises `error` with every error of the file, including those that `check` records.

    `give` is the fix if the file cannot be read, `described` the fix for errors in it.
    """
    document, faults = read_toml(path, error, give=give, described=described)
    found = read_table(kind, document, (), faults, path.parent)
    check(document, faults)
    faults.refuse()
    return cast("T", found)  # None came with faults


def read_table(kind: type[T], table: object, at: Path, faults: SettingsErrors, folder: FilePath) -> T | None:
    """Read the table at a path as `kind`; return None if it has errors. File names are relative to `folder`."""
    values = read_values(kind, table, at, faults, folder)
    sound = not _has_contradictions(kind, values, at, faults)
    return kind(**values) if sound and not is_malformed(values) else None


def read_values(
    kind: type, table: object, at: Path, faults: SettingsErrors, folder: FilePath, known: Collection[str] = ()
) -> dict[str, Any]:
    """Return the value of every setting: the table's, else the default, or `MALFORMED` after an error.

    Other code reads the names in `known`. `CHECKS` are not run.
    """
    settings = settings_of(kind)
    rows = [_as_setting(setting, folder) for setting in settings if setting.shape == "value"]
    nested = [setting for setting in settings if setting.shape != "value"]
    values = read_rows(table, rows, at, faults, {*known, *(setting.name for setting in nested)})
    own = table if isinstance(table, dict) else {}
    for setting in nested:
        values[setting.name] = (
            _read_nested(setting, own, at, faults, folder) if isinstance(table, dict) else MALFORMED
        )
    return {
        setting.name: setting.default if values[setting.name] is None else values[setting.name]
        for setting in settings
    }


def is_malformed(values: Mapping[str, Any]) -> bool:
    """Return whether any of the values could not be read."""
    return any(value is MALFORMED for value in values.values())


def _has_contradictions(kind: type, values: Mapping[str, Any], at: Path, faults: SettingsErrors) -> bool:
    before = len(faults.found)
    checks: tuple[Check, ...] = getattr(kind, "CHECKS", ())
    for check in checks:
        try:
            for setting, what, fix in check(_Values(values)):
                faults.add((*at, setting) if setting else at, what, fix)
        except _Malformed:
            continue
    return len(faults.found) > before


class _Malformed(Exception):
    """A check used a value that could not be read."""


class _Values:
    """Give a check the values as attributes. Raises _Malformed for a value that could not be read."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    def __getattr__(self, name: str) -> Any:
        value = self._values[name]
        if value is MALFORMED:
            raise _Malformed
        return value


def _meaning(hint: Any) -> SettingDescription | None:
    parts = get_args(hint) if get_origin(hint) is typing.Annotated else ()
    return next((part for part in parts if isinstance(part, SettingDescription)), None)


def _declare_setting(entry: dataclasses.Field[Any], hint: Any) -> DeclaredSetting:
    meaning = _meaning(hint)
    if meaning is None:
        raise TypeError(f"{entry.name} is no setting")
    default = MALFORMED if entry.default is dataclasses.MISSING else entry.default
    if entry.default_factory is not dataclasses.MISSING:
        default = entry.default_factory()
    plain = get_args(hint)[0]
    if get_origin(plain) in {types.UnionType, typing.Union}:
        plain = next(part for part in get_args(plain) if part is not type(None))
    origin, inner = get_origin(plain), get_args(plain)
    if meaning.read is None and dataclasses.is_dataclass(plain):
        return DeclaredSetting(entry.name, plain, meaning, default, "table")
    if meaning.read is None and origin is tuple and dataclasses.is_dataclass(inner[0]):
        return DeclaredSetting(entry.name, inner[0], meaning, default, "tables")
    if meaning.read is None and origin is dict and dataclasses.is_dataclass(inner[1]):
        return DeclaredSetting(entry.name, inner[1], meaning, default, "named tables")
    return DeclaredSetting(entry.name, plain, meaning, default, "value")


def _as_setting(setting: DeclaredSetting, folder: FilePath) -> Setting:
    read = setting.meaning.read or _reader(setting.hint)
    if setting.meaning.is_file or setting.hint is FilePath:
        read = _relative_to_folder(read, folder, setting.hint)
    return Setting(setting.name, setting.kind, None, setting.meaning.words, read, setting.is_needed)


def _relative_to_folder(read: Reader, folder: FilePath, kind: type) -> Reader:
    def place(value: Any) -> Any:
        name = read(value)
        return kind(folder / name) if name else kind(name)

    return place


def _reader(hint: Any) -> Reader:
    """Return the default reader for a type."""
    if get_origin(hint) is tuple:
        return any_texts()
    if get_origin(hint) is Literal:
        return choice(*get_args(hint))
    readers: dict[Any, Reader] = {
        bool: flag,
        int: number(int, 0),
        float: number(float, 0),
        str: any_text(),
        FilePath: any_text(least=1),
        datetime: time_with_offset,
    }
    return readers[hint]


def _read_nested(
    setting: DeclaredSetting, table: Mapping[str, Any], at: Path, faults: SettingsErrors, folder: FilePath
) -> Any:
    place = (*at, setting.name)
    if setting.name not in table:
        if setting.is_needed:
            header = header_of((*place, 0) if setting.shape == "tables" else place)
            faults.add(place, "is missing", f"add {header}: {plain_words(setting.meaning.words)}")
        return setting.default
    raw = table[setting.name]
    if setting.shape == "table":
        found = read_table(setting.hint, raw, place, faults, folder)
        return MALFORMED if found is None else found
    before = len(faults.found)
    if setting.shape == "named tables":
        if not isinstance(raw, dict):
            faults.add(
                place, f"is {kind_of(raw)} where tables are needed", f"write {header_of((*place, 'NAME'))}"
            )
            return MALFORMED
        named = {
            name: read_table(setting.hint, one, (*place, name), faults, folder) for name, one in raw.items()
        }
        return MALFORMED if len(faults.found) > before else named
    entries = tables_of(table, setting.name, faults, at)
    read = [(where, read_values(setting.hint, one, where, faults, folder)) for where, one in entries]
    for one in settings_of(setting.hint):
        if one.meaning.unique is not None:
            _check_unique(one.name, one.meaning.unique, read, faults)
    for where, values in read:
        _has_contradictions(setting.hint, values, where, faults)
    return MALFORMED if len(faults.found) > before else tuple(setting.hint(**values) for _, values in read)


def _check_unique(
    name: str,
    unique: Callable[[Any], Hashable],
    read: Iterable[tuple[Path, Mapping[str, Any]]],
    faults: SettingsErrors,
) -> None:
    sound = ((at, values[name]) for at, values in read if values[name] is not MALFORMED)
    check_unique(name, ((at, unique(value)) for at, value in sound), faults)
