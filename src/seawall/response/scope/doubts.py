"""What of its own records leaves an account or a mailbox open, the gravest first, in words."""

from __future__ import annotations

from collections.abc import Sequence

from seawall.response.scope.record_counts import RecordCounts
from seawall.response.scope_values import DOUBTS, Doubt, IndicatorKind
from seawall_base.plurals import plural


def find_mailbox_doubts(
    tally: RecordCounts, since: str, vouched: Sequence[IndicatorKind], *, is_named: bool, is_used: bool
) -> list[Doubt]:
    """Return what leaves a mailbox open. `is_named`: a seed names it; `is_used`: its account was the intruder's, or may be."""
    doubts = []
    if is_named:
        doubts.append(
            Doubt("named", "It is named as touched: its records are the intruder's or its holder's.")
        )
    if is_used and not tally.sure:
        text = "Its account was used by the intruder, or may have been: presume that the mailbox was too."
        doubts.append(Doubt("used", text))
    doubts += _of_records(tally, since, vouched)
    doubts += _of_access(tally)
    return _order(doubts)


def find_account_doubts(
    tally: RecordCounts,
    box: RecordCounts | None,
    since: str,
    vouched: Sequence[IndicatorKind],
    *,
    is_named: bool,
) -> list[Doubt]:
    """Return what leaves an account open: its records, and what its own mailbox's cannot show of its use."""
    doubts = []
    if is_named:
        doubts.append(
            Doubt("named", "It is named as taken over: its records are the intruder's or its holder's.")
        )
    doubts += _of_records(tally, since, vouched)
    if box is not None:
        doubts += _of_access(box)
    return _order(doubts)


def _order(doubts: list[Doubt]) -> list[Doubt]:
    return sorted(doubts, key=lambda one: DOUBTS.index(one.code))


def _of_access(tally: RecordCounts) -> list[Doubt]:
    doubts = []
    if tally.throttled:
        text = (
            f"Mail access was throttled ({plural(tally.throttled, 'record')} say so, or are as many as are logged in a day): "
            "reads of 24 hours are missing, presume everything read."
        )
        doubts.append(Doubt("throttled", text, tally.throttled))
    if not tally.shown:
        text = "The mailbox is in no record of mail access: its auditing may be off."
        doubts.append(Doubt("not-shown", text))
    return doubts


def _of_records(tally: RecordCounts, since: str, vouched: Sequence[IndicatorKind]) -> list[Doubt]:
    doubts = []
    if tally.open:
        text = (
            f"{_carry(tally.open)} something of the intruder's, from where the account was before {since}, or from an address "
            "that others may share or that only resembles the intruder's: the intruder's or the holder's."
        )
        doubts.append(Doubt("open", text, tally.open))
    if tally.unlinked:
        missing = " or ".join(map(name_indicator, vouched)) or "address or session"
        text = f"{plural(tally.unlinked, 'record')} of the span without {missing}: nobody can tell whose."
        doubts.append(Doubt("unlinked", text, tally.unlinked))
    if tally.strange:
        known = "this account was not seen before" if tally.before else "nothing is known before the span"
        text = (
            f"{plural(tally.strange, 'record')} of the span without anything that the intruder is known by, but from where "
            f"{known}: the holder's or somebody else's."
        )
        doubts.append(Doubt("strange", text, tally.strange))
    return doubts


def _carry(count: int) -> str:
    return f"{plural(count, 'record')} {'carries' if count == 1 else 'carry'}"


def name_indicator(kind: IndicatorKind) -> str:
    """Return what an indicator is called in a sentence."""
    return kind.replace("_", " ")
