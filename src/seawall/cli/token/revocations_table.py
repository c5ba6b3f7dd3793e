"""Revocations for a terminal: one line each, and a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from seawall_base.safe_text import visible

_NAME = 120
_WORDS = {
    "kid": "keys called {value}",
    "thumbprint": "the key {value}",
    "issuer": "everything",
    "subject": "the account {value}",
    "session": "the session {value}",
    "token-id": "the token {value}",
    "client": "the client {value}",
    "not-before": "all tokens issued before {not_before}",
}


def sentence(entry: Mapping[str, Any]) -> str:
    """What one revocation (as `revocation_form.described` gives it) revokes, in words."""
    kind, value = str(entry.get("kind")), visible(str(entry.get("value")), _NAME)
    words = _WORDS.get(kind, "{value}").format(
        value=value, not_before=visible(str(entry.get("not_before")), _NAME)
    )
    if kind == "not-before" and entry.get("value"):
        words += f" to {value}"
    issuer = str(entry.get("issuer"))
    place = "every issuer" if issuer == "*" else visible(issuer, _NAME)
    ends = entry.get("expires")
    return f"{words} of {place}, {'until ' + visible(str(ends), _NAME) if ends else 'permanently'}"


def show_revocations(console: Console, entries: Sequence[Mapping[str, Any]]) -> None:
    """Print a table, oldest first."""
    table = Table(box=box.SIMPLE, pad_edge=False)
    for heading in ("id", "since", "what", "why", "who"):
        table.add_column(heading, overflow="fold")
    for entry in entries:
        why = visible(str(entry.get("reason")), _NAME)
        lifted = entry.get("lifted")
        if isinstance(lifted, Mapping):
            why += f" (lifted {visible(str(lifted.get('at')), _NAME)}: {visible(str(lifted.get('reason')), _NAME)})"
        cells = (
            str(entry.get("id")),
            visible(str(entry.get("at")), _NAME),
            sentence(entry),
            why,
            visible(str(entry.get("who")), _NAME),
        )
        table.add_row(*(Text(cell, style="dim" if lifted else "") for cell in cells))
    console.print(table)
