"""Format an audit of key sets as a table for a terminal and as one JSON document."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from seawall.keys.inventory.audit import AuditedSet, AuditResult
from seawall.keys.inventory.checks import compute_age
from seawall.keys.inventory.codes import SEVERITIES, InventoryFinding
from seawall.keys.inventory.entries import KeySetEntry
from seawall.keys.inventory.history import date
from seawall.keys.inventory.store import InventoryKey
from seawall_base.plurals import plural
from seawall_base.safe_text import visible

_MARKS = {
    "critical": ("⬢", "bold red"),
    "high": ("▲", "dark_orange"),
    "medium": ("◆", "yellow"),
    "low": ("○", "cyan"),
}
"""Shape and style of a severity: never colour alone."""

MOST_SHOWN = 40
"""Findings of one kind, and rows of one set, that a terminal shows; JSON has all."""
_NAME = 80
_GAP = 3
"""Blank characters between two columns of a table."""


def audit_document(result: AuditResult) -> dict[str, Any]:
    """Return the whole audit as JSON values. Times are RFC 3339 in UTC."""
    counts = Counter(finding.kind.severity for finding in result.findings)
    return {
        "audited_at": _time(result.now),
        "findings": [_finding(finding) for finding in result.findings],
        "accepted": [_finding(finding) for finding in result.accepted],
        "counts": {severity: counts[severity] for severity in reversed(SEVERITIES)},
        "sets": [_set(audited, result.now) for audited in result.sets],
        "unread": [
            {"source": item.source, "reason": item.reason} for item in result.unread if not item.foreign
        ],
        "passed_over": [item.source for item in result.unread if item.foreign],
        "notes": list(result.notes),
        "complete": not result.partial,
        "new_ledger": result.fresh,
    }


def _finding(finding: InventoryFinding) -> dict[str, Any]:
    kind = finding.kind
    return {
        "code": kind.code,
        "severity": kind.severity,
        "source": finding.source,
        "place": finding.place,
        "issuer": finding.issuer,
        "kid": finding.kid,
        "key": finding.thumbprint,
        "what": kind.what,
        "detail": finding.detail,
        "why": kind.why,
        "action": kind.action,
    }


def _set(audited: AuditedSet, now: int) -> dict[str, Any]:
    listing = audited.listing
    known = {key.identity: key for key in audited.keys}
    listed = {entry.identity for entry in listing.entries}
    return {
        "source": listing.source,
        "keys_from": audited.document.keys_from,
        "issuer": listing.issuer,
        "complete": listing.complete,
        "entries": audited.document.total,
        "verifier": audited.verifier or "accepted",
        "keys": [_entry(entry, known.get(entry.identity or ""), now) for entry in listing.entries],
        "gone": [_describe_absence(key) for key in audited.keys if key.identity not in listed],
    }


def _entry(entry: KeySetEntry, key: InventoryKey | None, now: int) -> dict[str, Any]:
    dates = entry.certificate
    return {
        "place": entry.place,
        "kid": entry.kid,
        "key": entry.thumbprint,
        "issuer": entry.issuer,
        "kty": entry.kty,
        "curve": entry.curve,
        "bits": entry.modulus.bit_length() if entry.modulus else None,
        "algorithm": entry.algorithm,
        "use": entry.use,
        "not_before": _time(dates.not_before),
        "not_after": _time(dates.not_after),
        "certificate": dates.thumbprint,
        "first_seen": _time(key.first_seen) if key else None,
        "last_seen": _time(key.last_seen) if key else None,
        "age_days": compute_age(key, now) // 86_400 if key else None,
        "state": state_of(key),
        "verifier": entry.verifier or "accepted",
    }


def _describe_absence(key: InventoryKey) -> dict[str, Any]:
    return {
        "kid": key.kid,
        "key": key.thumbprint,
        "issuer": key.issuer,
        "first_seen": _time(key.first_seen),
        "last_seen": _time(key.last_seen),
        "gone_since": _time(key.gone_since),
        "state": state_of(key),
    }


def state_of(key: InventoryKey | None) -> str:
    """Return `listed`, `returned`, `gone`, or `not kept` for an entry that is no signing key."""
    if key is None:
        return "not kept"
    if key.gone_since is not None:
        return "gone"
    return "returned" if key.returns else "listed"


def _time(seconds: int | None) -> str | None:
    if seconds is None:
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        return None


def show_audit(console: Console, result: AuditResult) -> None:
    """Print every set with its keys, then the findings, worst first."""
    for audited in result.sets:
        _show_set(console, audited, result.now)
    for line in _findings(result, ascii_only=not console.encoding.lower().startswith("utf")):
        console.print(line)


def _text(value: str, style: str = "") -> Text:
    return Text(visible(value, _NAME * 3), style=style, overflow="fold")


def _show_set(console: Console, audited: AuditedSet, now: int) -> None:
    listing = audited.listing
    console.print(_text(listing.source, "bold"))
    if listing.issuer is not None:
        console.print(_text(f"  issuer {listing.issuer}"))
    if audited.verifier:
        console.print(_text(f"  Seawall's verifier refuses the whole set: {audited.verifier}"))
    _show_keys(console, list(_rows(audited, now)))
    left_out = len(listing.entries) - MOST_SHOWN
    if left_out > 0:
        console.print(f"  and {left_out:,} more (--json has all)")


_HEADINGS = ("kid", "key", "type", "issuer", "first seen", "age", "certificate until", "state", "verifier")
_SAYS_NOTHING = {"issuer": {"-"}, "certificate until": {""}, "verifier": {"accepted"}}
"""Column values that say nothing: if all keys have one, the column is omitted to save room."""


_FOLDED = {"kid": 12, "issuer": 24, "verifier": 8}
"""Columns that may wrap, and their minimum widths."""


def _show_keys(console: Console, rows: list[tuple[str, ...]]) -> None:
    """Print one line for each key if all columns fit; else its kid, with the other columns below. Nothing is omitted."""
    shown = [
        place
        for place, heading in enumerate(_HEADINGS)
        if not {row[place] for row in rows} <= _SAYS_NOTHING.get(heading, set())
    ]
    least = {}
    for place in shown:
        longest = max(
            len(visible(text, _NAME * 3)) for text in (_HEADINGS[place], *(row[place] for row in rows))
        )
        least[place] = min(longest, _FOLDED.get(_HEADINGS[place], longest))
    if sum(least.values()) + _GAP * (len(shown) - 1) <= console.width:
        console.print(_table(rows, least))
        return
    for row in rows:
        console.print(_text(row[0]))
        said = (f"{_HEADINGS[place]} {row[place]}" for place in shown[1:] if row[place])
        console.print(Padding(_text(", ".join(said)), (0, 0, 0, 2)))


def _table(rows: list[tuple[str, ...]], least: dict[int, int]) -> Table:
    table = Table(box=box.SIMPLE, pad_edge=False, show_edge=False)
    for place, width in least.items():
        is_folded = _HEADINGS[place] in _FOLDED
        table.add_column(_HEADINGS[place], overflow="fold", no_wrap=not is_folded, min_width=width)
    for row in rows:
        table.add_row(*(_text(row[place]) for place in least))
    return table


def _rows(audited: AuditedSet, now: int) -> Iterator[tuple[str, ...]]:
    known = {key.identity: key for key in audited.keys}
    for entry in audited.listing.entries[:MOST_SHOWN]:
        key = known.get(entry.identity or "")
        until = entry.certificate.not_after
        yield (
            _short(entry.kid, 24),
            _short(entry.thumbprint, 12),
            " ".join(filter(None, (_type(entry), entry.algorithm))),
            _short(entry.issuer, 48),
            date(key.first_seen) if key else "",
            _days(key, now) if key else "",
            date(until) if until is not None else "",
            state_of(key),
            entry.verifier or "accepted",
        )
    gone = [key for key in audited.keys if key.gone_since is not None]
    for key in gone[-MOST_SHOWN:]:
        yield (
            _short(key.kid, 24), _short(key.thumbprint, 12), key.curve or key.kty, _short(key.issuer, 48),
            date(key.first_seen), _days(key, now), "", f"gone, seen {date(key.last_seen)}", "",
        )  # fmt: skip


def _short(text: str | None, size: int) -> str:
    if text is None:
        return "-"
    return text if len(text) <= size else text[: size - 1] + "…"


def _days(key: InventoryKey, now: int) -> str:
    return plural(compute_age(key, now) // 86_400, "day")


def _type(entry: KeySetEntry) -> str:
    if entry.modulus is not None:
        return f"RSA {entry.modulus.bit_length():,}".replace(",", "")
    return entry.curve or entry.kty or "-"


def _findings(result: AuditResult, *, ascii_only: bool) -> Iterator[Text]:
    if not result.findings:
        yield Text("no findings")
    shown: Counter[str] = Counter()
    for finding in result.findings:
        kind = finding.kind
        shown[kind.code] += 1
        if shown[kind.code] > MOST_SHOWN:
            continue
        if shown[kind.code] == 1:
            mark, style = _MARKS[kind.severity]
            yield Text("")
            yield Text.assemble(
                (f"{kind.severity if ascii_only else f'{mark} {kind.severity}'}", style),
                f"  {kind.code}: {kind.what}",
            )
            yield Text(f"    why: {kind.why}", style="dim")
            yield Text(f"    do:  {kind.action}", style="dim")
        yield _case(finding)
    if result.accepted:
        yield Text("")
        yield Text(f"{len(result.accepted):,} accepted findings are not shown (--json has them)", style="dim")
    for code, count in shown.items():
        if count > MOST_SHOWN:
            yield Text(f"  {code}: and {count - MOST_SHOWN:,} more (--json has all)")


def _case(finding: InventoryFinding) -> Text:
    parts = [finding.source]
    if finding.place is not None:
        parts.append(f"place {finding.place}")
    if finding.issuer:
        parts.append(f"issuer {_short(finding.issuer, _NAME)}")
    if finding.kid:
        parts.append(f"kid {_short(finding.kid, _NAME)}")
    if finding.thumbprint:
        parts.append(f"key {finding.thumbprint}")
    line = Text("  - ")
    line.append_text(_text(", ".join(visible(part, _NAME * 2) for part in parts)))
    if finding.detail:
        line.append_text(_text(f": {finding.detail}"))
    return line
