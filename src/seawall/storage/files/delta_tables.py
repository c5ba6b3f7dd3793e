"""Open a Delta table, for which the package `deltalake` is needed: it comes with the extra `spark`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from seawall_base.errors import InputUnreadable, MissingExtra

if TYPE_CHECKING:
    from deltalake import DeltaTable

DELTA_LOG: Final = "_delta_log"
"""Folder that makes a folder a Delta table."""


def is_delta_table(place: Path) -> bool:
    """Return whether a folder is a Delta table."""
    return (place / DELTA_LOG).is_dir()


def open_delta_table(place: Path) -> DeltaTable:
    """Open the latest version of a Delta table. Raises `MissingExtra` without `deltalake`, and `InputUnreadable`."""
    try:
        from deltalake import DeltaTable
        from deltalake.exceptions import DeltaError
    except ImportError as error:
        raise MissingExtra(
            f"{place} is a Delta table, which needs the package deltalake", extra="spark"
        ) from error
    try:
        return DeltaTable(str(place.absolute()))
    except (DeltaError, OSError, ValueError) as error:
        raise InputUnreadable(f"{place}: no Delta table", fix="check the folder and its log") from error


def list_delta_files(place: Path) -> list[Path]:
    """Return the files of the latest version of a Delta table, in the order of their names. Raises as `open_delta_table`."""
    named = open_delta_table(place).get_add_actions(flatten=True).column("path").to_pylist()
    files = sorted((place / unquote(name)).resolve() for name in named)
    if not all(file.is_relative_to(place.resolve()) for file in files):
        raise InputUnreadable(
            f"{place}: its log names a file outside its folder", fix="check the table's log"
        )
    return files
