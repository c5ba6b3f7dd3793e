"""Convert incidents to API values. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final, cast

from seawall.console.data.incident_values import (
    AnswerName,
    AnswerValue,
    Chip,
    IncidentRow,
    IncidentValue,
    Messages,
    ReasonValue,
    SeverityName,
    SigmaHit,
    StoryLine,
    TimelineValue,
    UrgentStepValue,
    UsualValue,
)
from seawall.detection.incident import Incident
from seawall.detection.incidents.story.telling import choose_key_lines, list_left_behind
from seawall.detection.ranking.chance import load_chance
from seawall.detection.reason import Reason
from seawall.report import incident_words as words
from seawall.response.first_response import WhereToType, describe_beginning, list_urgent_steps
from seawall.response.judgement import (
    describe_confidence,
    describe_confidence_briefly,
    describe_severity,
    explain_severity,
    list_confidence_reasons,
)
from seawall.storage.database import QueueEntry
from seawall_base.clock import read_wall_clock
from seawall_base.json_text import clamp_to_finite
from seawall_base.program_name import program_anywhere
from seawall_base.safe_text import visible
from seawall_base.times import brief_span, rfc3339

CHIPS: Final = 4
_LATEST: Final = 253_402_300_799_999_999
_EARLIEST: Final = -62_135_596_800_000_000


def time_text(time: int) -> str:
    """Format a time as RFC 3339; a time outside the calendar becomes the nearest valid one."""
    return rfc3339(max(_EARLIEST, min(_LATEST, time)))


def time_or_none(time: int | None) -> str | None:
    """Format a time as RFC 3339, None for None."""
    return None if time is None else time_text(time)


def number_or_none(value: Any) -> float | None:
    """Return a finite number of an incident's details, None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)


def chance_of(score: float) -> float:
    """Return the measured chance that an incident with this score is real."""
    return round(load_chance().estimate(clamp_to_finite(score)), 4)


def chip(reason: Reason) -> Chip:
    """Return a reason in a few words."""
    counts = words.counts_of(reason)
    with_peers = [said for said in counts if "peer" in said]
    short = (with_peers or list(counts) or [words.aspect_name(reason.aspect)])[0]
    return Chip(reason.layer, reason.aspect, reason.text, short, clamp_to_finite(reason.weight))


def listed_row(listed: QueueEntry) -> IncidentRow:
    """Convert a queue entry for a list."""
    against = [reason for reason in listed.reasons if reason.weight > 0 and not reason.silent]
    return IncidentRow(
        id=listed.id,
        tenant=listed.tenant,
        account=listed.account,
        kind=listed.kind,
        severity=cast("SeverityName", listed.severity),
        score=clamp_to_finite(listed.score),
        chance=chance_of(listed.score),
        raised=listed.raised,
        history=listed.is_history,
        announced_at=time_or_none(listed.announced_at),
        detected_at=time_or_none(listed.detected_at),
        first_event=time_text(listed.first_event),
        last_event=time_text(listed.last_event),
        title=listed.title,
        summary=words.one_sentence(listed.kind, listed.account, listed.title, listed.summary),
        answer=cast("AnswerName | None", listed.answer),
        family=listed.family,
        attack=listed.attack,
        related=max(listed.related, 0),
        mailboxes=max(listed.mailboxes, 0),
        messages=Messages(max(listed.messages_proved, 0), max(listed.messages_possible, 0)),
        chips=[chip(reason) for reason in against[:CHIPS]],
    )


def incident_value(
    incident: Incident,
    *,
    answer: AnswerName | None = None,
    announced_at: int | None = None,
    is_history: bool = False,
    answers: Sequence[AnswerValue] = (),
    aliases: Sequence[str] = (),
) -> IncidentValue:
    """Convert an incident with its full explanation."""
    details = incident.details
    rules = details.get("rules")
    more = details.get("events_not_listed", 0)
    return IncidentValue(
        **_row(incident, answer, announced_at, is_history),
        story=_story(incident),
        now=[
            UrgentStepValue(one.name, one.text, list(one.commands), one.by_hand)
            for one in list_urgent_steps(
                incident, WhereToType(program_anywhere()), now=read_wall_clock(), answer=answer
            )
        ],
        began=describe_beginning(incident),
        severity_text=describe_severity(incident, 3),
        confidence=describe_confidence(incident),
        confidence_text=describe_confidence_briefly(incident),
        confidence_because=list(list_confidence_reasons(incident)),
        left_behind=list_left_behind(incident.story),
        unusual=incident.summary,
        reasons=[_reason(reason) for reason in incident.reasons],
        base=clamp_to_finite(incident.base),
        usual=[
            UsualValue(
                row.aspect,
                words.aspect_name(row.aspect),
                row.now,
                [(value, clamp_to_finite(share)) for value, share in row.usual],
                clamp_to_finite(row.seen_days),
                clamp_to_finite(row.active_days),
                max(row.peers_with, 0),
                max(row.peers, 0),
                row.is_unusual,
                row.normal_if,
            )
            for row in incident.usual
        ],
        timeline=[
            TimelineValue(time_text(p.time), p.lane, max(p.count, 0), p.is_intruder, p.label)
            for p in incident.timeline
        ],
        curve=_curve(details.get("curve")),
        threshold=number_or_none(details.get("threshold")),
        technique=words.technique(incident),
        p=number_or_none(details.get("p")),
        unsupervised=number_or_none(details.get("unsupervised")),
        rules=[rule for rule in rules if isinstance(rule, str)] if isinstance(rules, list | tuple) else [],
        sigma=_sigma(details.get("sigma")),
        sessions=words.beginnings_text(incident),
        statements=list(words.statement_lines(words.list_statements(incident))),
        severity_because=list(explain_severity(incident)),
        coverage=list(incident.coverage),
        actions=list(incident.actions),
        events=words.record_count(incident),
        events_not_listed=more if isinstance(more, int) and more >= 0 else 0,
        mailbox_names=list(incident.mailboxes),
        related_accounts=list(incident.related),
        answers=list(answers),
        text=reason_text(incident),
        aliases=list(aliases),
    )


def reason_text(incident: Incident) -> str:
    """Return the verdict and reasons in plain words for pasting, with control characters made visible."""
    return "\n".join(visible(line) for line in words.ticket_lines(incident))


def _row(
    incident: Incident, answer: AnswerName | None, announced_at: int | None, is_history: bool
) -> dict[str, Any]:
    return {
        "id": incident.id,
        "tenant": incident.tenant,
        "account": incident.account,
        "kind": incident.kind,
        "severity": incident.severity,
        "score": clamp_to_finite(incident.score),
        "chance": chance_of(incident.score),
        "raised": incident.raised,
        "history": is_history,
        "announced_at": time_or_none(announced_at),
        "detected_at": time_or_none(incident.detected_at),
        "first_event": time_text(incident.first_event),
        "last_event": time_text(incident.last_event),
        "title": incident.title,
        "summary": words.verdict(incident),
        "answer": answer,
        "family": incident.family,
        "attack": incident.attack,
        "related": len(incident.related),
        "mailboxes": len(incident.mailboxes),
        "messages": Messages(max(incident.messages_proved, 0), max(incident.messages_possible, 0)),
        "chips": [chip(reason) for reason in words.strongest(incident, CHIPS)],
    }


def _story(incident: Incident) -> list[StoryLine]:
    keys = choose_key_lines(incident.story)
    return [
        StoryLine(
            time_text(one.time), time_text(one.end), brief_span(one.time, one.end), one.sentence, one in keys,
            one.is_intruders, len(one.events) + max(one.unlisted, 0),
        )
        for one in incident.story
    ]  # fmt: skip


def _reason(reason: Reason) -> ReasonValue:
    return ReasonValue(
        reason.layer,
        reason.aspect,
        reason.text,
        reason.value,
        clamp_to_finite(reason.weight),
        reason.silent,
        {name: clamp_to_finite(count) for name, count in reason.counts.items()},
    )


def _sigma(hits: Any) -> list[SigmaHit]:
    """Return the Sigma hits in an incident's details, skipping malformed ones."""
    if not isinstance(hits, list | tuple):
        return []
    return [
        SigmaHit(
            str(hit.get("title") or ""), str(hit.get("level") or ""), str(hit.get("technique") or ""), events
        )
        for hit in hits
        if isinstance(hit, dict) and isinstance(events := hit.get("events"), int) and events >= 0
    ]


def _curve(points: Any) -> list[tuple[str, float]]:
    if not isinstance(points, list | tuple):
        return []
    return [
        (time_text(point[0]), clamp_to_finite(point[1]))
        for point in points
        if isinstance(point, list | tuple)
        and len(point) == 2
        and isinstance(point[0], int)
        and isinstance(point[1], int | float)
    ]
