"""Judge each account, mailbox and organisation, with reasons.

`touched` is proved by a record of the intruder's. `not_touched` requires all of these:

1. the sources that would have shown the intruder cover the whole span, without a gap, truncation or throttling;
2. a mailbox occurs in mail access records at all, and its auditing was not disabled;
3. every record of the span carries an identifier, and comes from a place known before, or from a session of such;
4. the intruder did not use the account, and the search was not cut short.

If the operator asserts that the seeds are exhaustive, 3 becomes: every record of the span carries a value of a seed's
kind, and not a seed's value. The verdict then states that it rests on that assertion.

Everything else is `possible`, with the reasons that leave it open.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from seawall.collection.coverage_gap import CoverageGap
from seawall.response.scope.coverage import SpanCoverage
from seawall.response.scope.messages import ReadMessages
from seawall.response.scope.record_counts import RecordCounts, Whose
from seawall.response.scope.search_bounds import MAIL, ROAMING_DAYS, SIGN_IN
from seawall.response.scope_values import (
    DOUBTS,
    Doubt,
    DoubtCode,
    Indicator,
    IndicatorKind,
    ScopeSubject,
    Verdict,
)
from seawall_base.plurals import plural

Key = tuple[str, str]
_MOST_LED = 3
GUEST = "#ext#"
"""Part of a guest account's name."""

_TOLD: frozenset[DoubtCode] = frozenset({"used", "open", "unlinked", "strange"})
"""Doubts about records that exist: what may have been read is stated in them."""

BOUNDED = "The search was cut short by its bounds: what lies behind them is not known."


@dataclass(frozen=True, slots=True)
class SearchFindings:
    """The search's findings for verdicts.

    `given` are accounts and mailboxes named by seeds; `perhaps` is what may have been read.
    """

    coverage: SpanCoverage
    indicators: Sequence[Indicator]
    led: Mapping[Whose, Mapping[Key, Sequence[tuple[int, int]]]]
    ids: Mapping[Whose, Mapping[Key, tuple[str, ...]]]
    read: ReadMessages
    perhaps: ReadMessages
    used: frozenset[Key]
    is_bounded: bool
    since: str
    given: frozenset[str] = field(default_factory=frozenset)
    vouched: tuple[IndicatorKind, ...] = ()


def judge_account(
    tally: RecordCounts, found: SearchFindings, box: RecordCounts | None = None
) -> ScopeSubject:
    """Return the verdict on an account. `box` are its own mailbox's counts, if it has one."""
    has_mail = found.coverage.has(tally.tenant, MAIL)
    kinds = (SIGN_IN, MAIL) if has_mail else (SIGN_IN,)
    gaps = found.coverage.gaps(tally.tenant, kinds, tally.name)
    doubts = find_account_doubts(tally, box, found.since, found.vouched, is_named=tally.name in found.given)
    return _subject("account", tally, found, gaps, doubts, kinds)


def judge_mailbox(tally: RecordCounts, found: SearchFindings) -> ScopeSubject:
    """Return the verdict on a mailbox."""
    gaps = found.coverage.gaps(tally.tenant, (MAIL,), tally.name)
    doubts = find_mailbox_doubts(
        tally,
        found.since,
        found.vouched,
        is_named=tally.name in found.given,
        is_used=(tally.tenant, tally.name) in found.used,
    )
    return _subject("mailbox", tally, found, gaps, doubts, (MAIL,))


def judge_organisation(tenant: str, parts: Sequence[ScopeSubject], found: SearchFindings) -> ScopeSubject:
    """Return the verdict on an organisation, from those on its accounts and mailboxes."""
    mailboxes = [one for one in parts if one.kind == "mailbox"]
    needed = (SIGN_IN, MAIL) if mailboxes or found.coverage.has(tenant, MAIL) else (SIGN_IN,)
    gaps = found.coverage.gaps(tenant, needed)
    verdicts = {one.verdict for one in parts}
    verdict: Verdict = "touched" if "touched" in verdicts else "possible"
    if verdicts == {"not_touched"} and not gaps and tenant != "unknown" and not found.is_bounded:
        verdict = "not_touched"
    reasons = [_shares("mailbox", "mailboxes", mailboxes)] if mailboxes else ["No mailbox is in the logs."]
    reasons.append(_shares("account", "accounts", [one for one in parts if one.kind == "account"]))
    if tenant == "unknown":
        reasons.append("These records do not say which organisation they are of.")
    if found.is_bounded and verdict != "touched":
        reasons.append(BOUNDED)
    if verdict == "not_touched":
        reasons.append(found.coverage.sentence(tenant, needed))
    touched = [one for one in parts if one.verdict == "touched"]
    return ScopeSubject(
        "organisation",
        tenant,
        tenant,
        verdict,
        tuple(reasons),
        gaps,
        record_count=sum(one.record_count for one in touched if one.kind == "account"),
        first=min((one.first for one in touched if one.first is not None), default=None),
        last=max((one.last for one in touched if one.last is not None), default=None),
        messages=sum(one.messages for one in mailboxes),
        unnamed_messages=sum(one.unnamed_messages for one in mailboxes),
        is_throttled=any(one.is_throttled for one in mailboxes),
        domains=_domains(parts),
    )


def _domains(parts: Sequence[ScopeSubject]) -> tuple[str, ...]:
    """Return the domains of most accounts, most used first. Guests are left out: their names have their home domain."""
    names = (one.name.lower() for one in parts if one.kind == "account" and GUEST not in one.name.lower())
    counts = Counter(name.rpartition("@")[2] for name in names if "@" in name)
    return tuple(
        domain for domain, _ in sorted(counts.items(), key=lambda one: (-one[1], one[0]))[:_MOST_LED]
    )


def _shares(noun: str, nouns: str, parts: Sequence[ScopeSubject]) -> str:
    counts = [
        sum(one.verdict == verdict for one in parts) for verdict in ("touched", "possible", "not_touched")
    ]
    touched, possible, clear = counts
    return (
        f"Of {plural(len(parts), noun, nouns)} {touched:,} proved touched, {possible:,} possibly touched, "
        f"{clear:,} proved not touched."
    )


def _subject(
    kind: Whose,
    tally: RecordCounts,
    found: SearchFindings,
    gaps: tuple[CoverageGap, ...],
    doubts: list[Doubt],
    needed: Sequence[str],
) -> ScopeSubject:
    key = (tally.tenant, tally.name)
    if found.is_bounded:
        doubts = [*doubts, Doubt("bounded", BOUNDED)]
    if tally.tenant == "unknown":
        doubts = [*doubts, Doubt("no-organisation", "Its records do not say which organisation they are of.")]
    if tally.sure:
        verdict: Verdict = "touched"
        reasons = [*_describe_proof(kind, tally, found), *(one.text for one in doubts)]
    elif doubts or gaps:
        verdict = "possible"
        reasons = [one.text for one in doubts] + [gap.text for gap in gaps[:_MOST_LED]]
    else:
        verdict = "not_touched"
        reasons = [_clear(kind, tally, found), found.coverage.sentence(tally.tenant, needed)]
    if tally.tried:
        reasons.append(f"{plural(tally.tried, 'attempt')} with something of the intruder's failed.")
    messages, unnamed = found.read.counts.get(key, (0, 0)) if kind == "mailbox" else (0, 0)
    possible, possible_unnamed = found.perhaps.counts.get(key, (0, 0)) if kind == "mailbox" else (0, 0)
    return ScopeSubject(
        kind,
        tally.tenant,
        tally.name,
        verdict,
        tuple(reasons),
        gaps if verdict != "not_touched" else (),
        records=found.ids[kind].get(key, ()),
        record_count=tally.sure,
        first=tally.first,
        last=tally.last,
        messages=messages,
        unnamed_messages=unnamed,
        folders=found.read.folders.get(key, ()) if kind == "mailbox" else (),
        is_throttled=kind == "mailbox" and tally.throttled > 0,
        doubts=tuple(doubts),
        possible_messages=possible,
        possible_unnamed_messages=possible_unnamed,
        at_most=_bound_messages(tally, doubts)
        if kind == "mailbox" and verdict == "possible" and not gaps
        else None,
    )


def _bound_messages(tally: RecordCounts, doubts: Sequence[Doubt]) -> int | None:
    """Return the maximum of messages that may have been read; None if other doubts than existing records remain."""
    is_told = all(one.code in _TOLD for one in doubts)
    return tally.items if is_told and not tally.syncs else None


def _describe_proof(kind: Whose, tally: RecordCounts, found: SearchFindings) -> list[str]:
    """Return the proof as sentences: which indicators matched, and what the intruder did."""
    led = found.led[kind].get((tally.tenant, tally.name), ())
    named = [
        f"{name_indicator(found.indicators[number].kind)} {found.indicators[number].value} ({plural(count, 'record')})"
        for number, count in led[:_MOST_LED]
    ]
    more = f" and {len(led) - _MOST_LED:,} more" if len(led) > _MOST_LED else ""
    reasons = [f"{plural(tally.sure, 'record')} of the intruder's, by {', '.join(named)}{more}."]
    done = []
    if tally.signed_in:
        done.append(plural(tally.signed_in, "sign-in"))
    if tally.read:
        done.append(f"{plural(tally.read, 'record')} of mail access")
    rest = tally.sure - tally.signed_in - tally.read
    if rest:
        done.append(plural(rest, "other action"))
    return [*reasons, f"Among them {', '.join(done)}."]


def _clear(kind: Whose, tally: RecordCounts, found: SearchFindings) -> str:
    if not tally.records:
        return f"No record of the span is of this {kind}, which the logs show otherwise."
    if found.vouched:
        carried = " or ".join(name_indicator(one) for one in found.vouched)
        return (
            f"None of its {plural(tally.records, 'record')} of the span carries anything of the intruder's: all carry another "
            f"{carried}, and whoever asked vouches that the intruder is known by nothing else."
        )
    roaming = (
        f" ({tally.roaming:,} of them from a new address block of a provider of households or telephones which it came through "
        f"on {ROAMING_DAYS} days or more before, with the same application and client; whoever asked vouches that the intruder "
        "comes from rented servers alone)"
        if tally.roaming
        else ""
    )
    return (
        f"None of its {plural(tally.records, 'record')} of the span carries anything of the intruder's: all carry an address or "
        f"a session, and come from where the account was before{roaming}."
    )


def find_mailbox_doubts(
    tally: RecordCounts, since: str, vouched: Sequence[IndicatorKind], *, is_named: bool, is_used: bool
) -> list[Doubt]:
    """Return what leaves a mailbox open.

    `is_named`: a seed names it. `is_used`: its account was or may have been the intruder's.
    """
    doubts = []
    if is_named:
        doubts.append(
            Doubt("named", "It is named as touched: its records are the intruder's or its owner's.")
        )
    if is_used and not tally.sure:
        text = "Its account was used by the intruder, or may have been: presume that the mailbox was too."
        doubts.append(Doubt("used", text))
    doubts += _find_record_doubts(tally, since, vouched)
    doubts += _find_access_doubts(tally)
    return _order(doubts)


def find_account_doubts(
    tally: RecordCounts,
    box: RecordCounts | None,
    since: str,
    vouched: Sequence[IndicatorKind],
    *,
    is_named: bool,
) -> list[Doubt]:
    """Return what leaves an account open: its own records, and what its mailbox's counts cannot show."""
    doubts = []
    if is_named:
        doubts.append(
            Doubt("named", "It is named as taken over: its records are the intruder's or its owner's.")
        )
    doubts += _find_record_doubts(tally, since, vouched)
    if box is not None:
        doubts += _find_access_doubts(box)
    return _order(doubts)


def _order(doubts: list[Doubt]) -> list[Doubt]:
    return sorted(doubts, key=lambda one: DOUBTS.index(one.code))


def _find_access_doubts(tally: RecordCounts) -> list[Doubt]:
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


def _find_record_doubts(tally: RecordCounts, since: str, vouched: Sequence[IndicatorKind]) -> list[Doubt]:
    doubts = []
    if tally.open:
        text = (
            f"{_carry(tally.open)} something of the intruder's, from where the account was before {since}, or from an address "
            "that others may share or that only resembles the intruder's: the intruder's or the owner's."
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
            f"{known}: the owner's or somebody else's."
        )
        doubts.append(Doubt("strange", text, tally.strange))
    return doubts


def _carry(count: int) -> str:
    return f"{plural(count, 'record')} {'carries' if count == 1 else 'carry'}"


def name_indicator(kind: IndicatorKind) -> str:
    """Return the word for a kind of indicator in a sentence."""
    return kind.replace("_", " ")
