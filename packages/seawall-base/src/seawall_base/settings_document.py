"""Read a settings file: its TOML document, and a collector of errors that knows the line of each setting."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path as FilePath
from typing import Any, Final

from seawall_base.errors import SeawallError
from seawall_base.regular_files import open_file
from seawall_base.settings_reader import SettingsErrors
from seawall_base.toml_lines import toml_lines

LARGEST: Final = 4 * 1024 * 1024
"""Largest accepted settings file, in bytes."""

_TOML: Final = "correct the TOML: https://toml.io/en/v1.0.0"


def read_toml(
    path: FilePath, error: type[SeawallError], *, give: str, described: str
) -> tuple[dict[str, Any], SettingsErrors]:
    """Return a file's TOML document, and the collector that gathers errors in it.

    `give` is the fix if the file cannot be read, `described` the fix for errors in it. Raises `error` if the file cannot be
    read, is too large, is not UTF-8, is not TOML, or is nested too deep.
    """
    name = show_name(path)
    try:
        with open_file(path) as file:
            content = file.read(LARGEST + 1)
    except (OSError, ValueError) as failed:  # ValueError: NUL in a name
        reason = getattr(failed, "strerror", None)
        raise error(f"{name} cannot be read{f': {reason}' if reason else ''}", fix=give) from None
    if len(content) > LARGEST:
        raise error(f"{name}:1: is larger than {LARGEST:,} bytes", fix=give)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as failed:
        line = content.count(b"\n", 0, failed.start) + 1
        raise error(f"{name}:{line}: is not UTF-8", fix="save the file as UTF-8") from None
    try:
        document, lines = tomllib.loads(text), toml_lines(text)
    except RecursionError:
        raise error(f"{name}:1: is nested too deep", fix=_TOML) from None
    except ValueError as failed:  # also what tomllib does not catch itself: a number of thousands of digits
        what, line = _fault_of(text, str(failed))
        raise error(f"{name}:{line}: {what}", fix=_TOML) from None
    return document, SettingsErrors(name, lines, error, described)


def show_name(path: FilePath) -> str:
    """Return the file's name for messages, always one printable line."""
    return str(path) if str(path).isprintable() else ascii(str(path))


def _fault_of(text: str, said: str) -> tuple[str, int]:
    """Split the message of `tomllib` into the fault and its line number."""
    place = re.search(r" \(at line (\d+), column \d+\)$| \(at end of document\)$", said)
    line = int(place[1]) if place and place[1] else len(text.splitlines()) or 1
    return (said[: place.start()] if place else "is not TOML"), line
