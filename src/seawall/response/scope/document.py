"""Convert a scope to and from JSON (`scope.json`). Times are RFC 3339 UTC; keys are the field names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from seawall.response.scope_values import Scope
from seawall_base.document_version import SCHEMA_VERSION
from seawall_base.durable_file import write_whole
from seawall_base.errors import InputUnreadable
from seawall_base.json_text import replace_surrogates
from seawall_base.msgspec_types import prepare
from seawall_base.regular_files import open_file
from seawall_base.times import parse_rfc3339, rfc3339

LARGEST: Final = 512 * 1024 * 1024
"""Bytes of a `scope.json` that are read: enough for some millions of messages."""

_TIMES: Final = frozenset({"start", "end", "first", "last", "time"})
_FIX: Final = "run `seawall scope` and give the scope.json that it wrote"

prepare(Scope)


def scope_to_document(scope: Scope) -> dict[str, Any]:
    """Return the scope as JSON values. Unpaired surrogates, which UTF-8 JSON cannot hold, become `?`."""
    plain: dict[str, Any] = _walk(msgspec.to_builtins(scope), rfc3339)
    return {"schema_version": SCHEMA_VERSION, **plain}


def scope_from_document(document: Mapping[str, Any]) -> Scope:
    """Parse a document that `scope_to_document` wrote.

    Raises ValueError, or msgspec's subclasses of it, for anything else.
    """
    plain = {name: value for name, value in document.items() if name != "schema_version"}
    return msgspec.convert(_walk(plain, _parse), Scope)


def write_scope(path: Path, scope: Scope) -> None:
    """Write a scope to `path` atomically. Raises OutputUnwritable."""
    content = msgspec.json.format(msgspec.json.encode(scope_to_document(scope)), indent=1) + b"\n"
    write_whole(path, content, fix="choose another folder")


def read_scope(path: Path) -> Scope:
    """Read a `scope.json`. Raises InputUnreadable if it is missing or invalid."""
    try:
        with open_file(path) as source:
            content = source.read(LARGEST + 1)
    except OSError as error:
        raise InputUnreadable(f"{path}: {error.strerror or error}", fix=_FIX) from error
    if len(content) > LARGEST:
        raise InputUnreadable(f"{path}: larger than {LARGEST:,} bytes", fix=_FIX)
    try:
        return scope_from_document(msgspec.json.decode(content, type=dict[str, Any]))
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise InputUnreadable(f"{path}: not a scope ({error})", fix=_FIX) from error


def _walk(value: Any, of_time: Callable[[Any], Any]) -> Any:
    if isinstance(value, Mapping):
        return {
            name: of_time(part) if name in _TIMES and part is not None else _walk(part, of_time)
            for name, part in value.items()
        }
    if isinstance(value, list | tuple):
        return [_walk(part, of_time) for part in value]
    return replace_surrogates(value)


def _parse(time: Any) -> int:
    if not isinstance(time, str):
        raise ValueError(f"a time is RFC 3339 text, not {type(time).__name__}")  # noqa: TRY004 - of the document
    return parse_rfc3339(time)
