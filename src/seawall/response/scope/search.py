"""Search: follow indicators from the seeds, round by round, and judge every account, mailbox and organisation."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from pathlib import Path
from typing import Final

from seawall.collection.collected_spans import CollectedFeed
from seawall.collection.coverage_gap import CoverageGap
from seawall.events.problem import DamagedRecordHint
from seawall.response.scope import record_counts, verdicts
from seawall.response.scope.address_blocks import addresses_in
from seawall.response.scope.candidates import IndicatorCandidate, find_candidates
from seawall.response.scope.coverage import SpanCoverage
from seawall.response.scope.indicator_matches import SURE, IndicatorCounts, IndicatorMatches
from seawall.response.scope.judging import decide_to_follow
from seawall.response.scope.ledgers import CollectionLedgers
from seawall.response.scope.messages import find_possible_messages, read_messages
from seawall.response.scope.record_counts import RecordCounts, Whose, make_empty_counts
from seawall.response.scope.records import SearchRecords
from seawall.response.scope.roaming import is_from_servers
from seawall.response.scope.search_bounds import LEAD, MAIL, SearchBounds
from seawall.response.scope.seeds import ScopeQuery
from seawall.response.scope.subject_acts import find_subject_acts
from seawall.response.scope_values import Indicator, IndicatorKind, Scope, ScopeSubject, SearchStep
from seawall_base.plurals import plural
from seawall_base.times import day_text

_WHOSE: tuple[Whose, ...] = ("account", "mailbox")


def search(
    events: Path,
    asked: ScopeQuery,
    scratch: Path,
    *,
    bounds: SearchBounds = SearchBounds(),  # noqa: B008 - frozen
    cut: Sequence[tuple[str, CoverageGap]] = (),
    lost: Mapping[str, Sequence[int]] | None = None,
    told: Mapping[str, Mapping[int, DamagedRecordHint]] | None = None,
    sources: Sequence[str] = (),
    collected: Sequence[CollectedFeed] = (),
) -> Scope:
    """Search an events file (`store.events_file`) from known indicators.

    `scratch` is a folder for the search's own files. `cut` are gaps known only to the reader of the logs, by
    organisation. `lost` are the numbers of each file's unreadable records, `told` what remains of some. `collected`
    is what collection ledgers prove. Raises UsageError for invalid seeds, InputUnreadable for a file without events.
    """
    asked.check()
    with SearchRecords(events, scratch) as records:
        start, end = _determine_span(records, asked)
        records.place(start)
        meetings = IndicatorMatches(records, asked.incidents, start)
        seeds = asked.indicators(start, end)
        steps, is_bounded = _expand(records, meetings, seeds, bounds, (start, end))
        read = read_messages(records, bounds.messages)
        vouched = tuple(dict.fromkeys(one.kind for one in seeds)) if asked.is_complete else ()
        record_counts.classify_records(records, start, vouched, is_servers_only=asked.is_servers_only)
        perhaps = find_possible_messages(records, (start, end), bounds.messages)
        unread = None if asked.is_unread_checked else lost
        coverage = SpanCoverage(records, start, end, cut, unread, told, CollectionLedgers(records, collected))
        found = verdicts.SearchFindings(
            coverage,
            meetings.indicators,
            {whose: record_counts.list_matched_indicators(records, whose) for whose in _WHOSE},
            {whose: record_counts.list_intruder_ids(records, whose) for whose in _WHOSE},
            read,
            perhaps,
            frozenset(record_counts.list_used_accounts(records)),
            is_bounded,
            day_text(start),
            frozenset(one.value for one in seeds if one.kind in _WHOSE),
            vouched,
        )
        acts = find_subject_acts(records)
        known, is_rented = find_proved_values(records, start, end), is_from_servers(records)
        accounts = record_counts.count_records(records, "account", start, end)
        mailboxes = record_counts.count_records(records, "mailbox", start, end)
    boxes = {(one.tenant, one.name): one for one in mailboxes}
    boxes |= {
        (one.tenant, one.name): make_empty_counts(one)
        for one in _find_unnamed_mailboxes(boxes, accounts, found)
    }
    judged_accounts = [
        verdicts.judge_account(one, found, boxes.get((one.tenant, one.name))) for one in accounts
    ]
    judged_mailboxes = [verdicts.judge_mailbox(boxes[key], found) for key in sorted(boxes)]
    return Scope(
        start,
        end,
        tuple(seeds),
        tuple(steps),
        tuple(acts.attach(judged_accounts, judged_mailboxes)),
        tuple(acts.attach(judged_mailboxes, judged_accounts)),
        tuple(_organisations(coverage.tenants, [*judged_accounts, *judged_mailboxes], found)),
        read.messages,
        tuple(sources),
        is_bounded or read.is_cut or perhaps.is_cut,
        asked.is_unread_checked,
        asked.is_complete,
        perhaps.messages,
        asked.is_servers_only,
        known,
        is_rented,
    )


def _find_unnamed_mailboxes(
    named: Container[tuple[str, str]], accounts: Sequence[RecordCounts], found: verdicts.SearchFindings
) -> list[RecordCounts]:
    """Return user accounts whose mailbox no record names, if other mailboxes are named."""
    return [
        one
        for one in accounts
        if one.is_person
        and "@" in one.name
        and verdicts.GUEST not in one.name
        and (one.tenant, one.name) not in named
        and found.coverage.has(one.tenant, MAIL)
    ]


def _organisations(
    tenants: Sequence[str], parts: Sequence[ScopeSubject], found: verdicts.SearchFindings
) -> list[ScopeSubject]:
    of: dict[str, list[ScopeSubject]] = {tenant: [] for tenant in tenants}
    for part in parts:
        of[part.tenant].append(part)
    return [verdicts.judge_organisation(tenant, of[tenant], found) for tenant in tenants]


def _determine_span(records: SearchRecords, asked: ScopeQuery) -> tuple[int, int]:
    """Return the intrusion's span: as requested, else from a week before the first match of a seed to the logs' end."""
    first, last = records.one("SELECT coalesce(min(time), 0), coalesce(max(time), 0) + 1 FROM events")
    end = asked.end if asked.end is not None else last
    if asked.start is not None:
        return asked.start, max(end, asked.start + 1)
    begins = []
    seeds = asked.indicators(0, end)
    blocks = addresses_in(records, seeds)
    for one in seeds:
        if one.kind == "incident":
            query = "SELECT min(time) FROM events WHERE uid IN (SELECT unnest(?::VARCHAR[]))"
            begins += records.rows(query, [list(asked.incidents[one.value])])
            continue
        query = f"""SELECT coalesce(min(time) FILTER (ok), min(time)) FROM events
            WHERE {one.kind} IN (SELECT unnest(?::VARCHAR[])) AND time < ? AND (? = '' OR tenant = ?)"""
        values = list(blocks.get(one, (one.value,)))
        begins += records.rows(query, [values, end, one.tenant, one.tenant])
    known = [time for (time,) in begins if time is not None]
    start = min(known) - LEAD if known else first
    return start, max(end, start + 1)


def _expand(
    records: SearchRecords,
    meetings: IndicatorMatches,
    seeds: Sequence[Indicator],
    bounds: SearchBounds,
    span: tuple[int, int],
) -> tuple[list[SearchStep], bool]:
    """Match the seeds, then follow indicators until nothing is left or a limit is reached."""
    steps = [
        _step(0, one, None, True, f"given; {_match(met)}", met)
        for one, met in zip(seeds, meetings.meet(seeds), strict=True)
    ]
    known = {(one.kind, one.value, one.tenant) for one in seeds}
    known |= {
        (one.kind, value, one.tenant) for one, held in addresses_in(records, seeds).items() for value in held
    }
    for number in range(1, bounds.rounds + 2):
        found = find_candidates(records, *span, known)
        if not found:
            return steps, False
        known |= {(one.kind, one.value, one.tenant) for one in found}
        answers = [decide_to_follow(one, bounds, day_text(span[0])) for one in found]
        follow = [one for one, (is_followed, _) in zip(found, answers, strict=True) if is_followed]
        room = bounds.indicators - len(meetings.indicators)
        is_full = number > bounds.rounds or len(follow) > room or meetings.sure_accounts() > bounds.accounts
        if is_full and follow:
            return [*steps, *_is_stopped(number, found, answers, meetings)], True
        steps += _follow(number, found, answers, meetings, span)
        if not follow:
            return steps, False
    return steps, False


def _follow(
    number: int,
    found: Sequence[IndicatorCandidate],
    answers: Sequence[tuple[bool, str]],
    meetings: IndicatorMatches,
    span: tuple[int, int],
) -> list[SearchStep]:
    follow = [one for one, (is_followed, _) in zip(found, answers, strict=True) if is_followed]
    sources = list(meetings.indicators)
    alike = {_indicator(one, span) for one in follow if one.client or one.is_shared}
    met = (
        dict(zip(follow, meetings.meet([_indicator(one, span) for one in follow], alike), strict=True))
        if follow
        else {}
    )
    return [
        _step(
            number,
            _indicator(one, span),
            sources[one.source],
            is_followed,
            ("followed: " if is_followed else "not followed: ") + reason,
            met.get(one, IndicatorCounts(one.events, one.accounts)),
        )
        for one, (is_followed, reason) in zip(found, answers, strict=True)
    ]


def _is_stopped(
    number: int,
    found: Sequence[IndicatorCandidate],
    answers: Sequence[tuple[bool, str]],
    meetings: IndicatorMatches,
) -> list[SearchStep]:
    span = (meetings.indicators[0].start, meetings.indicators[0].end)
    return [
        _step(
            number,
            _indicator(one, span),
            meetings.indicators[one.source],
            False,
            f"not followed, because the search reached its bounds: {reason}",
            IndicatorCounts(one.events, one.accounts),
        )
        for one, (is_followed, reason) in zip(found, answers, strict=True)
        if is_followed
    ]


def _indicator(one: IndicatorCandidate, span: tuple[int, int]) -> Indicator:
    return Indicator(one.kind, one.value, *span, one.tenant)


def _step(
    number: int,
    one: Indicator,
    source: Indicator | None,
    is_followed: bool,
    reason: str,
    met: IndicatorCounts,
) -> SearchStep:
    return SearchStep(number, one, source, is_followed, reason, met.events, met.accounts)


def _match(met: IndicatorCounts) -> str:
    if not met.events:
        return "no record of the span carries it"
    carry = "carries" if met.events == 1 else "carry"
    return f"{plural(met.events, 'record')} of {plural(met.accounts, 'account')} in the span {carry} it"


_MOST_PROVED: Final = 200
"""The most proved values of one kind."""

_PROVED_KINDS: Final[tuple[IndicatorKind, ...]] = ("address", "session", "token", "key")


def find_proved_values(records: SearchRecords, start: int, end: int) -> tuple[Indicator, ...]:
    """Return the addresses, sessions, tokens and keys of the proved records, by kind, most records first.

    A later search can use them as seeds instead of an incident. Addresses of the provider's own network are left out,
    because everybody's requests come from there. Each value gets the span from `start` to `end` (microseconds).
    """
    found: list[Indicator] = []
    for kind in _PROVED_KINDS:
        where = "AND e.class IS DISTINCT FROM 'microsoft'" if kind == "address" else ""
        rows = records.rows(
            f"""SELECT e.{kind} FROM best b JOIN events e USING (id) WHERE b.grade = {SURE} AND e.{kind} IS NOT NULL {where}
            GROUP BY ALL ORDER BY count(*) DESC, e.{kind} LIMIT {_MOST_PROVED}"""
        )
        found += [Indicator(kind, value, start, end) for (value,) in rows]
    return tuple(found)
