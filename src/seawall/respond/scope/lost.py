"""Where records lie that could not be read: they may be the intruder's, so the time in which they may lie is a gap.

A lost record lies between its neighbours in the file, give or take as much as any record of that file lies out of order. Of a
sorted file that is minutes; of one in no order, all of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from seawall.plurals import plural
from seawall.report.times import span_text
from seawall.respond.scope.records import Records
from seawall.schema.scope import Gap

MOST = 2_000
"""Lost records of a file that are placed one by one; of more, all of the file's time is a gap."""

_NAMED = 5
_TIMES = """SELECT line, time, max(time) OVER before - time, time - min(time) OVER before FROM events WHERE file = ? AND line > 0
    WINDOW before AS (ORDER BY line ROWS UNBOUNDED PRECEDING)"""


def gaps(
    records: Records, file: str, lines: Sequence[int], span: tuple[int, int], tenants: Sequence[str]
) -> Iterator[tuple[str, Gap]]:
    """Yield what the lost records of a file leave open, by organisation: of those in the file, of all where it names none.

    `lines` are the numbers of the records, 0 for what is behind the damage of a file: that may lie anywhere in the span.
    """
    held = [
        tenant
        for (tenant,) in records.rows("SELECT DISTINCT tenant FROM events WHERE file = ? ORDER BY 1", [file])
    ]
    if not held or 0 in lines:
        spans = [(*span, len(lines))]
    elif len(lines) > MOST:
        spans = [(*records.one("SELECT min(time), max(time) FROM events WHERE file = ?", [file]), len(lines))]
    else:
        spans = _merged(_placed(records, file, lines, span))
    numbers = ", ".join(f"{line:,}" for line in sorted(lines)[:_NAMED]) + (
        " …" if len(lines) > _NAMED else ""
    )
    for tenant in held or tenants:
        for first, last, count in spans:
            if first < span[1] and last >= span[0]:
                where = f", from {span_text(first, last)}," if held and 0 not in lines else ""
                which = f" (number {numbers})" if 0 not in lines else ""
                text = f"{plural(count, 'record')} of {file}{where} could not be read{which}: look at it by hand."
                yield tenant, Gap(first, last, "all", "not-read", text)


def _placed(
    records: Records, file: str, lines: Sequence[int], span: tuple[int, int]
) -> Iterator[tuple[int, int]]:
    """Yield the time in which each lost record may lie."""
    falls, rises = records.one(
        f"SELECT max(falls), max(rises) FROM ({_TIMES}) t(line, time, falls, rises)", [file]
    )
    slack = min(falls or 0, rises or 0)
    near = """SELECT (SELECT arg_max(time, line) FROM events WHERE file = $file AND line < $line),
        (SELECT arg_min(time, line) FROM events WHERE file = $file AND line > $line)"""
    for line in lines:
        before, after = records.one(near, {"file": file, "line": line})
        known = [time for time in (before, after) if time is not None]
        low = min(known) - slack if before is not None and after is not None else min(span[0], *known)
        high = max(known) + slack if before is not None and after is not None else max(span[1], *known)
        yield low, high


def _merged(spans: Iterator[tuple[int, int]]) -> list[tuple[int, int, int]]:
    """Spans that overlap as one, with how many records may lie in it."""
    found: list[tuple[int, int, int]] = []
    for low, high in sorted(spans):
        if found and low <= found[-1][1]:
            first, last, count = found[-1]
            found[-1] = (first, max(last, high), count + 1)
        else:
            found.append((low, high, 1))
    return found
