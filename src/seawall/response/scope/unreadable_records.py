"""Locate unreadable records: each may be the intruder's, so the accounts and times it may concern are gaps.

A lost record opens as little as is safe:

- Its remaining text may state time, mailbox and account. Then it opens only those, and only if it lies in the span.
- Otherwise it lies between its neighbours in the file, within the file's largest disorder, and opens the file's
  organisations. The disorder is minutes for a sorted file and everything for an unsorted one.
- A file that contains only sign-ins has lost no mail access.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet

import numpy as np

from seawall.collection.coverage_gap import CoverageGap
from seawall.events.problem import DamagedRecordHint
from seawall.response.scope.log_rhythm import Counts
from seawall.response.scope.records import SearchRecords
from seawall.response.scope.search_bounds import MAIL, SIGN_IN
from seawall_base.plurals import plural
from seawall_base.times import minute_text, span_text

MOST = 2_000
"""Lost records of a file that are located one by one; beyond, the file's whole period is a gap."""

_NAMED = 5
_NO_MAIL = frozenset(
    {"entra_signin", "entra_audit", "okta", "entra_risk", "microsoft_alerts", "google_alerts"}
)
"""Sources that never contain mail access."""

Owned = tuple[str, str, CoverageGap]
"""(organisation, mailbox or account, gap); an empty name means all."""

Span = tuple[int, int]


def find_gaps(
    records: SearchRecords,
    file: str,
    lines: Sequence[int],
    span: Span,
    tenants: Sequence[str],
    told: Mapping[int, DamagedRecordHint],
) -> Iterator[Owned]:
    """Yield the gaps from a file's lost records, for its organisations, or all if no event of the file is known.

    `lines` are the record numbers; 0 means behind a damaged part, anywhere in the span. `told` is what remains of
    some of them.
    """
    held = [
        (tenant, source)
        for tenant, source in records.rows(
            "SELECT DISTINCT tenant, source FROM events WHERE file = ? ORDER BY ALL", [file]
        )
    ]
    owners = list(dict.fromkeys(tenant for tenant, _ in held)) or list(tenants)
    whole = SIGN_IN if held and {source for _, source in held} <= _NO_MAIL else "all"
    known_names = _find_known(records) if told else set()
    named: dict[tuple[str, str, str], list[tuple[int, int]]] = {}
    others = []
    for line in lines if 0 not in lines and len(lines) <= MOST else ():
        names = _find_owners(told.get(line), owners, known_names)
        if names is None:
            others.append(line)
        for key in names or ():
            named.setdefault(key, []).append((_time(told[line]), line))
    for (tenant, name, kind), places in sorted(named.items()):
        inside = [(time, line) for time, line in places if span[0] <= time < span[1]]
        if inside:
            yield tenant, name, _name(file, kind, inside)
    if others or not named:
        known = {line: told[line].time for line in others if line in told}
        for gap in _find_unowned_gaps(
            records, file, others or lines, span, known, whole, is_known=bool(held)
        ):
            yield from ((tenant, "", gap) for tenant in owners)


def _find_known(records: SearchRecords) -> set[tuple[str, str]]:
    """Return the names in intact records. A name that occurs in no other record may itself be damaged."""
    return set(
        records.rows(
            """SELECT tenant, account FROM events WHERE account IS NOT NULL
            UNION SELECT tenant, mailbox FROM events WHERE mailbox IS NOT NULL"""
        )
    )


def _time(one: DamagedRecordHint) -> int:
    if one.time is None:
        raise LookupError("a record that names somebody has a time")
    return one.time


def _find_owners(
    one: DamagedRecordHint | None, owners: Sequence[str], known: AbstractSet[tuple[str, str]]
) -> list[tuple[str, str, str]] | None:
    """Return (organisation, name, kind) that a lost record concerns; None if it does not say so beyond doubt."""
    if (
        one is None
        or one.time is None
        or one.account is None
        or one.tenant is None
        or one.tenant not in owners
    ):
        return None
    if (one.tenant, one.account) not in known:
        return None
    if one.kind in (MAIL, "mail_action") and (one.tenant, one.mailbox) in known and one.mailbox is not None:
        return [(one.tenant, name, MAIL) for name in dict.fromkeys((one.account, one.mailbox))]
    if one.kind in (SIGN_IN, "file"):
        return [(one.tenant, one.account, SIGN_IN)]
    return None


def shorten_file_name(file: str) -> str:
    """Return a file's name and its folder's for use in a reason.

    Letters quote reasons, so the full path of a machine is left out.
    """
    return "/".join(file.split("/")[-2:])


def _name(file: str, kind: str, places: Sequence[tuple[int, int]]) -> CoverageGap:
    first, last = min(places)[0], max(places)[0]
    when = minute_text(first) if len(places) == 1 else span_text(first, last)
    which = _numbers([line for _, line in places])
    count = plural(len(places), "record")
    text = f"{count} of {shorten_file_name(file)} of this name ({which}, {when}) could not be read whole: look at it by hand."
    return CoverageGap(first, last + 1, kind, "not-read", text)


def _find_unowned_gaps(
    records: SearchRecords,
    file: str,
    lines: Sequence[int],
    span: Span,
    known: Mapping[int, int | None],
    kind: str,
    *,
    is_known: bool,
) -> Iterator[CoverageGap]:
    """Yield gaps for lost records that do not say whom they concern."""
    is_damaged = 0 in lines
    if not is_known or is_damaged:
        spans = [(*span, len(lines))]
    elif len(lines) > MOST:
        spans = [(*records.one("SELECT min(time), max(time) FROM events WHERE file = ?", [file]), len(lines))]
    else:
        spans = _merge(_locate(records, file, lines, span, known))
    for first, last, count in spans:
        if first < span[1] and last >= span[0]:
            where = f", from {span_text(first, last)}," if is_known and not is_damaged else ""
            which = "" if is_damaged else f" ({_numbers(lines)})"
            text = f"{plural(count, 'record')} of {shorten_file_name(file)}{where} could not be read{which}: look at it by hand."
            yield CoverageGap(first, last, kind, "not-read", text)


def _numbers(lines: Sequence[int]) -> str:
    more = " …" if len(lines) > _NAMED else ""
    return "number " + ", ".join(f"{line:,}" for line in sorted(lines)[:_NAMED]) + more


def _locate(
    records: SearchRecords, file: str, lines: Sequence[int], span: Span, known: Mapping[int, int | None]
) -> Iterator[Span]:
    """Yield the time span in which each lost record may lie."""
    held = records.columns("SELECT line, time FROM events WHERE file = ? AND line > 0 ORDER BY line", [file])
    slack = _measure_disorder(held["time"])
    for line in lines:
        time = known.get(line)
        if time is not None:
            yield time, time
            continue
        at = int(np.searchsorted(held["line"], line))
        near = [int(one) for one in held["time"][max(at - 1, 0) : at + 1]]
        is_between = 0 < at < len(held["line"])
        low = min(near) - slack if is_between else min(span[0], *near)
        high = max(near) + slack if is_between else max(span[1], *near)
        yield low, high


def _measure_disorder(times: Counts) -> int:
    """Return the largest disorder of a file's records, forwards or backwards, whichever is less."""
    if not len(times):
        return 0
    falls = int((np.maximum.accumulate(times) - times).max())
    rises = int((times - np.minimum.accumulate(times)).max())
    return min(falls, rises)


def _merge(spans: Iterator[Span]) -> list[tuple[int, int, int]]:
    """Merge overlapping spans, with the number of records that may lie in each."""
    found: list[tuple[int, int, int]] = []
    for low, high in sorted(spans):
        if found and low <= found[-1][1]:
            first, last, count = found[-1]
            found[-1] = (first, max(last, high), count + 1)
        else:
            found.append((low, high, 1))
    return found
