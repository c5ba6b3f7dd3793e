"""What was collected, for a person and as JSON."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from seawall.cli import output
from seawall_base.errors import InputUnreadable
from seawall_base.plurals import plural

if TYPE_CHECKING:
    from rich.console import Console

    from seawall.collection.ledger.reading import FeedStatus

GAPS_FOUND = 10
BEHIND = 24 * 3600 * 1_000_000
"""A feed that was last asked so long ago is behind: what is missing there only grows."""


def show(out: Path, as_json: bool) -> None:
    """Report coverage; exit with 10 when records are missing."""
    from seawall.collection.collector import ledger_folder
    from seawall.collection.ledger import read_feed_statuses
    from seawall_base.clock import Clock

    found = read_feed_statuses(ledger_folder(out))
    if not found:
        raise InputUnreadable(f"{out}: this folder holds no collected logs", fix="check --out")
    now = Clock().now()
    rows = [_row(one, now) for one in found]
    is_missing = any(row["gaps"] or row["is_behind"] for row in rows)
    if as_json:
        output.answer_json({"out": str(out), "is_missing": is_missing, "feeds": rows})
    else:
        output.answer(lambda console: _draw(console, rows))
    if is_missing:
        raise typer.Exit(GAPS_FOUND)


def _row(one: FeedStatus, now: int) -> dict[str, Any]:
    feed = one.feed
    return {
        "vendor": one.vendor,
        "tenant": feed.tenant,
        "source": feed.source,
        "feed": feed.feed,
        "begin": _time(feed.begin),
        "asked_until": _time(one.asked_until),
        "last_asked": _time(one.last_asked),
        "ended": _time(feed.ended),
        "is_behind": not feed.ended and now - one.asked_until > BEHIND,
        "proved": [[_time(start), _time(end)] for start, end in feed.proved],
        "gaps": [
            {"start": _time(gap.start), "end": _time(gap.end), "code": gap.code, "text": gap.text}
            for gap in feed.gaps
        ],
        "asks": one.asks,
        "open_asks": one.open_asks,
        "pieces": one.pieces,
        "records": one.records,
        "new_records": one.new_records,
        "bytes": one.bytes,
        "files": one.segments,
        "counts": one.counts,
        "partitions": [
            {
                "partition": place.number,
                "next": place.next,
                "end": place.high,
                "lag": place.lag,
                "looked_at": _time(place.looked_at),
                "messages": place.messages,
            }
            for place in one.partitions
        ],
        "delays": {
            kind: dict(zip(("p50", "p95", "p99"), values, strict=True)) for kind, values in one.delays.items()
        },
    }


def _time(micros: int) -> str | None:
    return f"{datetime.fromtimestamp(micros / 1e6, UTC):%Y-%m-%dT%H:%M:%SZ}" if micros else None


def _draw(console: Console, rows: list[dict[str, Any]]) -> None:
    from rich.table import Table

    from seawall_base.safe_text import visible

    names = ("log", "records", "asked until", "proved until", "missing", "half within", "95 % within")
    for tenant in dict.fromkeys(row["tenant"] for row in rows):
        table = Table(
            box=None, padding=(0, 2, 0, 0), header_style="bold", title=visible(tenant), title_justify="left"
        )
        for name in names:
            table.add_column(
                name, justify="right" if name in {"records", *names[-2:]} else "left", no_wrap=True
            )
        for row in (one for one in rows if one["tenant"] == tenant):
            delays = row["delays"].get("event", {})
            cells = (
                f"{row['vendor']}/{row['feed']}",
                f"{row['new_records']:,}",
                row["asked_until"] or "never",
                row["proved"][-1][1] if row["proved"] else "nothing yet",
                _missing(row),
                _seconds(delays.get("p50")),
                _seconds(delays.get("p95")),
            )
            table.add_row(*(visible(cell) for cell in cells))
        console.print(table)
    for row in rows:
        for gap in row["gaps"]:
            text = (
                f"{row['vendor']}/{row['feed']}: {gap['start']} to {gap['end']}: {gap['code']}: {gap['text']}"
            )
            console.print(visible(text), soft_wrap=True)


def _missing(row: dict[str, Any]) -> str:
    words = [plural(len(row["gaps"]), "gap")] if row["gaps"] else []
    words += ["behind"] if row["is_behind"] else []
    words += [f"no longer asked since {row['ended']}"] if row["ended"] else []
    lag = sum(place["lag"] or 0 for place in row["partitions"])
    words += [f"{lag:,} messages to read"] if lag else []
    return ", ".join(words) or "nothing"


def _seconds(value: float | None) -> str:
    if value is None:
        return "-"
    return (
        f"{value:.0f} s"
        if value < 120
        else f"{value / 60:.0f} min"
        if value < 7200
        else f"{value / 3600:.0f} h"
    )
