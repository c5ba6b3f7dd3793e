"""Format declared settings as tables for the reference pages: key, kind, default, meaning."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from seawall.web.peers import Peers
from seawall_base.settings_table import DeclaredSetting, settings_of
from seawall_base.settings_values import Setting
from seawall_tokens.verify.claim_conditions import Conditions


def spelled(value: Any) -> str:
    """Return a default as the settings file would spell it."""
    if value is None or value == "" or isinstance(value, Conditions):
        return ""
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, Peers):
        value = value.texts
    if isinstance(value, (list, tuple)):
        inner = ", ".join(f'"{one}"' for one in value)
        return f"`[{inner}]`"
    if isinstance(value, dict):
        inner = ", ".join(f"{name} = {spelled(one).strip('`')}" for name, one in value.items())
        return f"`{{ {inner} }}`"
    if isinstance(value, (int, float)):
        return f"`{value}`"
    return f'`"{value}"`'


def cell(text: str) -> str:
    """Return a text escaped for a cell of a table."""
    return text.replace("|", "\\|")


def rows_table(settings: Iterable[Setting]) -> str:
    """Return a table of settings that are declared as rows."""
    return _table((one.name, one.kind, one.default, one.needed, one.meaning) for one in settings)


def class_table(kind: type, base: type | None = None) -> str:
    """Return a table of the settings of a class, without its sub-tables, and without those that it has from `base`."""
    shared = {one.name for one in settings_of(base)} if base else set()
    return _table(
        (one.name, _kind(one), one.default, one.is_needed, one.meaning.words)
        for one in settings_of(kind)
        if one.shape == "value" and one.name not in shared
    )


def _kind(setting: DeclaredSetting) -> str:
    if get_origin(setting.hint) is Literal:
        return ", ".join(f'`"{option}"`' for option in get_args(setting.hint))
    return setting.kind


def _table(rows: Iterable[tuple[str, str, Any, bool, str]]) -> str:
    lines = ["| setting | kind | default | meaning |", "|---|---|---|---|"]
    for name, kind, default, is_needed, meaning in rows:
        shown = (
            "(needed)"
            if is_needed
            else cell(spelled(default if not isinstance(default, Path) else str(default)))
        )
        lines.append(f"| `{name}` | {cell(kind)} | {shown} | {cell(meaning)} |")
    return "\n".join(lines)
