"""Build the answers about incidents from incidents as detection stores them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from seawall.console.data.presentation import chance_of, incident_value, time_or_none, time_text
from seawall.detection.incident import SEVERITIES, BaselineComparison, Incident
from seawall.mcp.answers import (
    AddressCount,
    IncidentAnswer,
    IncidentReason,
    IncidentRule,
    IncidentsAnswer,
    IncidentSummary,
    MessageCounts,
    StoryAnswer,
    StoryLineAnswer,
    TimelineAnswer,
    TimelineSlot,
    UsualAnswer,
    UsualField,
    UsualShare,
)
from seawall.mcp.arguments import IncidentArguments, IncidentsArguments
from seawall.mcp.log_text import (
    AnswerWriter,
    BoundedList,
    UntrustedText,
    choose_code,
    choose_id,
    make_bounded_list,
)
from seawall.report.incident_words import record_count, technique
from seawall_base.json_text import clamp_to_finite

MOST_REASONS: Final = 20
MOST_RECORDS: Final = 30
MOST_NAMES: Final = 20
MOST_SENTENCES: Final = 10
MOST_RECORDS_OF_LINE: Final = 10


def list_incident_summaries(
    incidents: Sequence[Incident],
    asked: IncidentsArguments,
    span: tuple[int, int],
    writer: AnswerWriter,
    *,
    is_bounded: bool,
) -> IncidentsAnswer:
    """Return the incidents that were asked for; `incidents` are all, in order of display, and `span` is in microseconds."""
    chosen = [(rank, one) for rank, one in enumerate(incidents, start=1) if _is_wanted(one, asked, *span)]
    page = chosen[asked.offset : asked.offset + asked.limit]
    rows = [summarise_incident(one, rank, writer) for rank, one in page]
    return IncidentsAnswer(make_bounded_list(rows, len(chosen)), is_bounded)


def _is_wanted(one: Incident, asked: IncidentsArguments, start: int, end: int) -> bool:
    return (
        (asked.candidates or one.raised)
        and SEVERITIES.index(one.severity) >= SEVERITIES.index(asked.severity)
        and (asked.account is None or one.account.casefold() == asked.account.casefold())
        and (asked.organisation is None or one.tenant.casefold() == asked.organisation.casefold())
        and one.last_event >= start
        and one.first_event < end
    )


def summarise_incident(one: Incident, rank: int, writer: AnswerWriter) -> IncidentSummary:
    """Return an incident for a list."""
    return IncidentSummary(
        id=choose_id(one.id),
        rank=rank,
        kind=choose_code(one.kind),
        severity=one.severity,
        score=clamp_to_finite(one.score),
        chance=chance_of(one.score) if one.chance is None else clamp_to_finite(one.chance),
        raised=one.raised,
        first_event=time_text(one.first_event),
        last_event=time_text(one.last_event),
        account=writer.write_value(one.account),
        organisation=writer.write_value(one.tenant),
        title=writer.write(one.title or one.summary),
        messages=MessageCounts(max(one.messages_proved, 0), max(one.messages_possible, 0)),
        mailboxes=len(one.mailboxes),
        records=record_count(one),
        attack=choose_id(one.attack),
    )


def explain_incident(
    one: Incident,
    rank: int,
    addresses: Sequence[tuple[str, int]],
    asked: IncidentArguments,
    writer: AnswerWriter,
) -> IncidentAnswer:
    """Return an incident with what explains it, in the console's words, and the record ids that were asked for."""
    shown = incident_value(one)
    reasons = sorted(one.reasons, key=lambda reason: -abs(reason.weight))
    return IncidentAnswer(
        incident=summarise_incident(one, rank, writer),
        base=clamp_to_finite(one.base),
        reasons=make_bounded_list(
            [
                IncidentReason(
                    reason.layer,
                    choose_code(reason.aspect),
                    clamp_to_finite(reason.weight),
                    reason.silent,
                    writer.write(reason.text),
                )
                for reason in reasons[:MOST_REASONS]
            ],
            len(reasons),
        ),
        other_weight=clamp_to_finite(sum(reason.weight for reason in reasons[MOST_REASONS:])),
        severity_because=writer.list_sentences(shown.severity_because, MOST_SENTENCES),
        confidence=writer.write(shown.confidence_text or shown.confidence),
        technique=writer.write_value(technique(one)),
        sessions=writer.write(shown.sessions),
        rules=make_bounded_list(
            [
                IncidentRule(writer.write_value(hit.title), choose_code(hit.level), hit.events)
                for hit in shown.sigma[:MOST_NAMES]
            ],
            len(shown.sigma),
        ),
        left_behind=writer.list_sentences(shown.left_behind, MOST_SENTENCES),
        coverage=writer.list_sentences(one.coverage, MOST_SENTENCES),
        first_steps=writer.list_sentences(one.actions, MOST_SENTENCES),
        mailboxes=writer.list_values(one.mailboxes, MOST_NAMES),
        related_accounts=writer.list_values(one.related, MOST_NAMES),
        addresses=make_bounded_list(
            [AddressCount(writer.write_value(name), count) for name, count in addresses[:MOST_NAMES]],
            len(addresses),
        ),
        records=writer.list_values(one.events[asked.offset :], asked.limit, record_count(one)),
    )


def list_records(one: Incident, writer: AnswerWriter) -> BoundedList[UntrustedText]:
    """Return ids of the records that are attributed to the attacker."""
    return writer.list_values(one.events, MOST_RECORDS, record_count(one))


def tell_story(one: Incident, asked: IncidentArguments, writer: AnswerWriter) -> StoryAnswer:
    """Return what happened, in order of time."""
    page = one.story[asked.offset : asked.offset + asked.limit]
    lines = [
        StoryLineAnswer(
            time_text(act.time),
            time_text(act.end),
            act.is_key,
            act.is_intruders,
            writer.write(f"{act.actor} {act.sentence}"),
            writer.list_values(act.events, MOST_RECORDS_OF_LINE, len(act.events) + max(act.unlisted, 0)),
        )
        for act in page
    ]
    return StoryAnswer(
        choose_id(one.id), writer.write_value(one.account), make_bounded_list(lines, len(one.story))
    )


def draw_timeline(one: Incident, asked: IncidentArguments, writer: AnswerWriter) -> TimelineAnswer:
    """Return the account's events by time and network."""
    page = one.timeline[asked.offset : asked.offset + asked.limit]
    slots = [
        TimelineSlot(
            time_text(point.time), writer.write_value(point.lane), max(point.count, 0), point.is_intruder
        )
        for point in page
    ]
    return TimelineAnswer(
        choose_id(one.id),
        writer.write_value(one.account),
        time_text(one.first_event),
        time_text(one.last_event),
        time_or_none(one.detected_at),
        make_bounded_list(slots, len(one.timeline)),
        list_records(one, writer),
    )


def compare_with_usual(one: Incident, asked: IncidentArguments, writer: AnswerWriter) -> UsualAnswer:
    """Return what the account showed beside what is usual for it, the unusual first."""
    rows = sorted(one.usual, key=lambda row: not row.is_unusual)
    page = rows[asked.offset : asked.offset + asked.limit]
    fields = make_bounded_list([_compare_field(row, writer) for row in page], len(rows))
    return UsualAnswer(choose_id(one.id), writer.write_value(one.account), fields, list_records(one, writer))


def _compare_field(row: BaselineComparison, writer: AnswerWriter) -> UsualField:
    usual = [
        UsualShare(writer.write_value(value), clamp_to_finite(share))
        for value, share in row.usual[:MOST_NAMES]
    ]
    counts: dict[str, Any] = {
        "seen_days": clamp_to_finite(row.seen_days),
        "active_days": clamp_to_finite(row.active_days),
        "peers_with": max(row.peers_with, 0),
        "peers": max(row.peers, 0),
    }
    return UsualField(
        aspect=choose_code(row.aspect),
        now=writer.write_value(row.now),
        usual=make_bounded_list(usual, len(row.usual)),
        is_unusual=row.is_unusual,
        normal_if=writer.write(row.normal_if),
        **counts,
    )
