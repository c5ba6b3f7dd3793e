"""An examination of a token as a table for a terminal and as one JSON document. The token itself is in neither."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from seawall_base.safe_text import visible
from seawall_tokens.policy.prepared_policy import TIMES
from seawall_tokens.verify.claim_checks import LATEST_TIME
from seawall_tokens.verify.decision import WITHHELD, harmless
from seawall_tokens.verify.examination import CheckStep, Examination

_MARKS = {"passed": ("✓", "green"), "refused": ("✗", "bold red"), "not reached": ("·", "dim")}
_ASCII = {"passed": "+", "refused": "X", "not reached": "."}
_LONGEST_NAME = 60
_LONGEST_VALUE = 200
_MOST_SHOWN = 60
_DEEPEST = 8

ELSEWHERE = (
    (
        13,
        "the verifier checks renewal before a new token is issued: `seawall_tokens.verify.renewal`",
        "RFC 9700 4.14",
    ),
    (15, "only the verification of a request writes the decision log; an examination does not", "CSRB"),
)
"""The checks that an examination of a token does not run."""


def check_document(examination: Examination) -> dict[str, Any]:
    """Everything about an examination, as plain values. Values that look like a token or a key are withheld."""
    refusal, held = examination.refusal, getattr(examination.state, "held", None)
    entry = getattr(examination.state, "entry", None)
    return {
        "accepted": refusal is None,
        "refusal": None
        if refusal is None
        else {
            "code": refusal.code,
            "check": refusal.check,
            "words": refusal.words,
            "detail": refusal.detail,
            "source": refusal.source,
            "status": refusal.status,
            "challenge": refusal.challenge,
        },
        "verified": examination.state.verified,
        "policy": None if entry is None else entry.name,
        "key": None if held is None else {"kid": _safe(held.key.kid), "thumbprint": held.key.thumbprint},
        "checks": [_step(step) for step in examination.steps],
        "not_run": [
            {"check": number, "words": words, "source": source} for number, words, source in ELSEWHERE
        ],
        "header": _safe(examination.header),
        "claims": _safe(examination.claims),
    }


def show_check(console: Console, examination: Examination) -> None:
    """Print the steps, the verdict, and what the token says."""
    plain = not console.encoding.lower().startswith("utf")
    table = Table(box=box.SIMPLE, pad_edge=False, header_style="bold")
    for heading, width in (("check", 5), ("", 1), ("what", None), ("", None), ("where it is written", None)):
        table.add_column(heading, width=width)
    for step in examination.steps:
        mark, style = _MARKS[step.outcome]
        table.add_row(
            str(step.check.number),
            Text(_ASCII[step.outcome] if plain else mark, style=style),
            step.check.words,
            Text(step.outcome, style=style),
            Text(step.check.source, style="dim"),
        )
    for number, words, source in ELSEWHERE:
        table.add_row(
            str(number), "", Text(words, style="dim"), Text("not run", style="dim"), Text(source, style="dim")
        )
    console.print(table)
    _show_verdict(console, examination)
    verified = "verified" if examination.state.verified else "not verified: anybody could have written this"
    _show_members(console, f"header ({verified})", examination.header)
    _show_members(console, f"claims ({verified})", examination.claims)


def _show_verdict(console: Console, examination: Examination) -> None:
    refusal = examination.refusal
    if refusal is None:
        console.print(Text(f"accepted: policy {visible(examination.state.entry.name)}", style="bold green"))
        return
    console.print(Text(f"refused by check {refusal.check}: {refusal.code}", style="bold red"))
    detail = f" ({visible(refusal.detail)})" if refusal.detail else ""
    console.print(Text(f"  {refusal.words}{detail}"))
    console.print(Text(f"  {refusal.source}", style="dim"))


def _show_members(console: Console, title: str, members: Mapping[str, Any]) -> None:
    if not members:
        return
    table = Table(box=None, show_header=False, pad_edge=False)
    for name, value in list(members.items())[:_MOST_SHOWN]:
        table.add_row(
            Text(visible(_safe(name), _LONGEST_NAME), style="cyan"),
            Text(visible(_write(name, value), _LONGEST_VALUE), overflow="fold"),
        )
    console.print()
    console.print(Text(title, style="bold"))
    console.print(table)
    if len(members) > _MOST_SHOWN:
        console.print(Text(f"and {len(members) - _MOST_SHOWN:,} more", style="dim"))


def _write(name: str, value: Any) -> str:
    safe = _safe(value)
    if isinstance(safe, str):
        return safe
    text = json.dumps(safe, ensure_ascii=False)
    if name in TIMES and type(value) in {int, float} and 0 <= value <= LATEST_TIME:
        return f"{text} ({datetime.fromtimestamp(value, UTC):%Y-%m-%d %H:%M:%S} UTC)"
    return text


def _safe(value: Any, depth: int = 0) -> Any:
    """The value, with whatever in it looks like a token or a key withheld, and long texts cut."""
    if isinstance(value, str):
        return harmless(value)
    if isinstance(value, Mapping):
        if depth >= _DEEPEST:
            return WITHHELD
        return {_safe(name): _safe(item, depth + 1) for name, item in value.items()}
    if isinstance(value, list):
        return WITHHELD if depth >= _DEEPEST else [_safe(item, depth + 1) for item in value]
    return value


def _step(step: CheckStep) -> dict[str, Any]:
    return {
        "check": step.check.number,
        "words": step.check.words,
        "source": step.check.source,
        "outcome": step.outcome,
        "code": None if step.refusal is None else step.refusal.code,
    }
