"""Find auditing that was disabled before the span's end, for an organisation, a mailbox, or all acts of an account.

Auditing counts as disabled until a day after a record re-enables it, because enabling takes time. The acts of an
account with audit bypass are logged in no mailbox. This leaves open its own mailbox and those in which it was seen.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from seawall.collection.coverage_gap import CoverageGap
from seawall.response.scope.records import SearchRecords
from seawall.response.scope.search_bounds import DAY, MAIL
from seawall_base.times import minute_text

_OFF = {
    "unifiedauditlogingestionenabled": "false",
    "auditenabled": "false",
    "auditdisabled": "true",
    "auditbypassenabled": "true",
    "adminauditlogenabled": "false",
}
_BYPASS = "auditbypassenabled"
_MOST = 10_000
_SWITCHES = f"""SELECT tenant, coalesce(mailbox, ''), time, coalesce(activity, ''), parameters FROM events
    WHERE ok AND time < ? AND parameters ILIKE '%audit%' AND kind IN ('admin', 'mail_rule', 'directory')
    ORDER BY time, id LIMIT {_MOST + 1}"""

Key = tuple[str, str, str]
"""(organisation, mailbox, setting); an empty mailbox means all mailboxes."""


def find_disabled_auditing(
    records: SearchRecords, start: int, end: int
) -> Iterator[tuple[str, str, CoverageGap]]:
    """Yield (organisation, mailbox, gap); an empty mailbox means all of the organisation's mailboxes."""
    off: dict[Key, tuple[int, str]] = {}
    rows = records.rows(_SWITCHES, [end])
    if len(rows) > _MOST:
        text = f"More than {_MOST:,} records switch auditing: which of them held is not looked at."
        for (tenant,) in records.rows("SELECT DISTINCT tenant FROM events ORDER BY 1"):
            yield tenant, "", CoverageGap(start, end, MAIL, "audit-off", text)
    for tenant, mailbox, time, activity, parameters in rows[:_MOST]:
        for setting, is_off in _settings(parameters):
            key = (tenant, mailbox, setting)
            if is_off:
                off.setdefault(key, (time, activity))
            elif key in off:
                yield from _gaps(records, key, off.pop(key), min(time + DAY, end), time, start)
    for key, since in sorted(off.items()):
        yield from _gaps(records, key, since, end, None, start)


def _gaps(
    records: SearchRecords, key: Key, since: tuple[int, str], until: int, again: int | None, start: int
) -> Iterator[tuple[str, str, CoverageGap]]:
    tenant, mailbox, setting = key
    if until <= start:
        return
    on = f" and on again on {minute_text(again)}" if again is not None else ""
    what = "Auditing" if setting != _BYPASS else f"Auditing of what {mailbox or 'an account'} does"
    text = f"{what} was switched off on {minute_text(since[0])}{on} ({since[1]})."
    gap = CoverageGap(max(since[0], start), until, MAIL, "audit-off", text)
    yield tenant, mailbox, gap
    if setting == _BYPASS and mailbox:
        query = """SELECT DISTINCT mailbox FROM events
            WHERE tenant = ? AND account = ? AND mailbox IS NOT NULL AND mailbox <> account ORDER BY 1"""
        for (other,) in records.rows(query, [tenant, mailbox]):
            yield tenant, other, gap


def _settings(parameters: str) -> Iterator[tuple[str, bool]]:
    """Yield (setting, is_off) for each audit setting in a record's parameters. Accepts any text without error."""
    try:
        held: Any = json.loads(parameters)
    except (ValueError, RecursionError):
        return
    if isinstance(held, dict):
        for name, value in held.items():
            off = _OFF.get(str(name).lower())
            if off is not None:
                yield str(name).lower(), str(value).lower().strip('"$') == off
