"""Write tables of a settings file as TOML, and add them to a file that people edit too."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from seawall_base.durable_file import write_whole
from seawall_base.errors import OutputUnwritable, UsageError
from seawall_base.private_files import make_folder

HEAD: Final = "# Seawall's settings: every one is described in `seawall help settings`. Secrets are in files of their own.\n"
_ESCAPES: Final = str.maketrans({"\\": "\\\\", '"': '\\"'})
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")


def toml_text(value: str) -> str:
    """Return a text as TOML spells it."""
    escaped = value.translate(_ESCAPES)
    return '"' + _CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", escaped) + '"'


Value = str | tuple[str, ...]
"""A setting's value: a text, or several."""


def _value_text(value: Value) -> str:
    if isinstance(value, str):
        return toml_text(value)
    return f"[{', '.join(map(toml_text, value))}]"


def table_text(name: str, settings: Mapping[str, Value]) -> str:
    """Return one table of texts and lists of texts."""
    rows = "".join(f"{setting} = {_value_text(value)}\n" for setting, value in settings.items())
    return f"[{name}]\n{rows}"


def add_tables(file: Path, tables: Mapping[str, Mapping[str, Value]], known: Iterable[str]) -> None:
    """Add tables at the end of a settings file; make the file, with mode 0600, if it is missing.

    What stands in the file stays as it is. `known` are the tables that it has. Raises `UsageError` and `OutputUnwritable`.
    """
    twice = sorted(set(known) & tables.keys())
    if twice:
        raise UsageError(
            f"{file} has a table [{twice[0]}] already", fix="change it there, or delete it first"
        )
    make_folder(file.absolute().parent)
    try:
        before = file.read_bytes() if file.exists() else HEAD.encode()
    except OSError as error:
        raise OutputUnwritable(f"{file}: {error.strerror}", fix="check the path and its owner") from None
    added = "\n".join(table_text(name, settings) for name, settings in tables.items())
    write_whole(file, before.rstrip() + b"\n\n" + added.encode(), fix="choose another file with --to")
