"""Build the answers that need more than one incident: scope, coverage, plan, hits of rules, search."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from seawall.console.data.presentation import time_or_none, time_text
from seawall.console.data.record_rows import network_name
from seawall.detection.coverage_note import CoverageNote
from seawall.detection.incident import Incident
from seawall.events.applications import find_application_name
from seawall.mcp.answers import (
    BesideField,
    BesideValue,
    CoverageAnswer,
    CoverageGapAnswer,
    FoundRecord,
    PlanAnswer,
    PlanStepAnswer,
    ProblemTotal,
    RuleHitAnswer,
    RuleHitsAnswer,
    ScopeAnswer,
    ScopeMember,
    SearchAnswer,
    VerdictCount,
)
from seawall.mcp.arguments import CoverageArguments, IncidentArguments, RuleHitsArguments
from seawall.mcp.incident_answers import MOST_NAMES, MOST_RECORDS_OF_LINE, MOST_SENTENCES
from seawall.mcp.log_text import AnswerWriter, BoundedList, choose_code, choose_id, make_bounded_list
from seawall.report import scope_words
from seawall.report.scope_reasons import gravest_first
from seawall.report.tables.table import AnalystTable
from seawall.response.containment.values import ContainmentPlan
from seawall.response.look_up import LookUp, SeenField
from seawall.response.look_up.links import is_meant
from seawall.response.scope_values import Scope, ScopeSubject, SubjectKind

MOST_RULE_RECORDS: Final = 5


def describe_scope(
    one: Incident, scope: Scope, asked: IncidentArguments, writer: AnswerWriter
) -> ScopeAnswer:
    """Return who was touched and who may have been; accounts and mailboxes that are proved untouched are only counted."""
    parts = [*scope.accounts, *scope.mailboxes]
    touched = [part for part in parts if part.verdict == "touched"]
    touched.sort(key=lambda part: (-part.messages, -part.record_count, part.kind, part.tenant, part.name))
    members = [*touched, *gravest_first([part for part in parts if part.verdict == "possible"])]
    page = members[asked.offset : asked.offset + asked.limit]
    return ScopeAnswer(
        incident=choose_id(one.id),
        state="done",
        start=time_text(scope.start),
        end=time_text(scope.end),
        counts=[_count_verdicts("account", scope.accounts), _count_verdicts("mailbox", scope.mailboxes)],
        members=make_bounded_list([_describe_member(part, writer) for part in page], len(members)),
        warnings=writer.list_sentences(scope_words.warnings(scope), MOST_SENTENCES),
        is_bounded=scope.is_bounded,
    )


def await_scope(one: Incident) -> ScopeAnswer:
    """Return that the search for a scope has begun and is not done."""
    return ScopeAnswer(
        incident=choose_id(one.id),
        state="running",
        start=None,
        end=None,
        counts=[],
        members=make_bounded_list([]),
        warnings=make_bounded_list([]),
        is_bounded=False,
    )


def _count_verdicts(kind: SubjectKind, parts: Sequence[ScopeSubject]) -> VerdictCount:
    shares = scope_words.shares(parts)
    return VerdictCount(kind, shares["touched"][0], shares["possible"][0], shares["not_touched"][0])


def _describe_member(part: ScopeSubject, writer: AnswerWriter) -> ScopeMember:
    return ScopeMember(
        kind=part.kind,
        verdict=part.verdict,
        name=writer.write_value(part.name),
        organisation=writer.write_value(part.tenant),
        reasons=writer.list_sentences(part.reasons, 3),
        messages=part.messages,
        first=time_or_none(part.first),
        last=time_or_none(part.last),
        records=writer.list_values(part.records, MOST_RECORDS_OF_LINE, part.record_count),
    )


def list_coverage(
    notes: Sequence[CoverageNote],
    problems: Mapping[str, int],
    asked: CoverageArguments,
    writer: AnswerWriter,
) -> CoverageAnswer:
    """Return the limits of the logs, the latest first, and how many records could not be read."""
    wanted = None if asked.organisation is None else asked.organisation.casefold()
    chosen = sorted(
        (note for note in notes if wanted is None or note.tenant.casefold() == wanted),
        key=lambda note: (-note.end, note.tenant, note.source, note.code, note.text),
    )
    gaps = [
        CoverageGapAnswer(
            code=choose_code(note.code),
            source=choose_code(note.source),
            organisation=writer.write_value(note.tenant),
            account=writer.write_value(note.account) if note.account else None,
            start=time_text(note.start),
            end=time_text(note.end),
            text=writer.write(note.text),
        )
        for note in chosen[asked.offset : asked.offset + asked.limit]
    ]
    counted = sorted(problems.items(), key=lambda problem: (-problem[1], problem[0]))
    totals = [ProblemTotal(choose_code(code), count) for code, count in counted[:MOST_NAMES]]
    return CoverageAnswer(make_bounded_list(gaps, len(chosen)), make_bounded_list(totals, len(counted)))


def describe_plan(
    one: Incident, plan: ContainmentPlan | None, asked: IncidentArguments, writer: AnswerWriter
) -> PlanAnswer:
    """Return the steps of a plan, without the calls and commands that would do them."""
    if plan is None:
        nothing: BoundedList[Any] = make_bounded_list([])
        return PlanAnswer(
            incident=choose_id(one.id), steps=nothing, before=nothing, warnings=nothing, missing="no-records"
        )
    numbers = plan.numbers
    steps = [
        PlanStepAnswer(
            number=numbers[step.id],
            confidence=step.confidence,
            action=choose_code(step.kind),
            account=writer.write_value(step.account),
            title=writer.write(step.title),
            reason=writer.write(step.reason),
            after=sorted(numbers[id_] for id_ in step.after),
            by_hand=step.is_by_hand,
            cannot_undo=writer.write(step.irreversible),
            records=writer.list_values(step.evidence, MOST_RECORDS_OF_LINE),
        )
        for step in plan.actions[asked.offset : asked.offset + asked.limit]
    ]
    return PlanAnswer(
        incident=choose_id(one.id),
        steps=make_bounded_list(steps, len(plan.actions)),
        before=writer.list_sentences(plan.prerequisites, MOST_SENTENCES),
        warnings=writer.list_sentences(plan.warnings, MOST_SENTENCES),
        missing="",
    )


def list_rule_hits(
    table: AnalystTable,
    records: Mapping[str, Sequence[str]],
    asked: RuleHitsArguments,
    writer: AnswerWriter,
) -> RuleHitsAnswer:
    """Return the hits that were asked for; `records` are ids of records by the id of a rule."""
    places = {column.name: place for place, column in enumerate(table.columns)}
    rows = [dict(zip(places, row, strict=True)) for row in table.rows]
    chosen = [row for row in rows if _is_hit_wanted(row, asked)]
    hits = [
        RuleHitAnswer(
            rule=writer.write_value(str(row["rule"])),
            rule_id=writer.write_value(str(row["id"])),
            level=choose_code(str(row["level"])),
            organisation=writer.write_value(str(row["tenant"])),
            account=writer.write_value(str(row["account"])),
            hits=int(row["hits"]),
            first=time_or_none(int(row["first"]) or None),
            last=time_or_none(int(row["last"]) or None),
            records=writer.list_values(records.get(str(row["id"]), ()), MOST_RULE_RECORDS),
        )
        for row in chosen[asked.offset : asked.offset + asked.limit]
    ]
    return RuleHitsAnswer(make_bounded_list(hits, len(chosen)), writer.write(table.note))


def _is_hit_wanted(row: Mapping[str, str | float], asked: RuleHitsArguments) -> bool:
    account, organisation = str(row["account"]).casefold(), str(row["tenant"]).casefold()
    return (
        (asked.rule is None or is_meant(asked.rule, str(row["id"]), str(row["rule"])))
        and (asked.account is None or asked.account.casefold() == account)
        and (asked.organisation is None or asked.organisation.casefold() == organisation)
    )


def describe_search(
    found: LookUp, records: Sequence[Mapping[str, Any]], listed: Collection[str], writer: AnswerWriter
) -> SearchAnswer:
    """Return what the records show of a value; `records` are some of them, and `listed` the ids that incidents list."""
    return SearchAnswer(
        kind=found.subject.kind,
        value=writer.write_value(found.subject.value),
        matches=found.records,
        first=time_or_none(found.first),
        last=time_or_none(found.last),
        beside=[_describe_field(name, field, writer) for name, field in found.fields.items()],
        incidents=make_bounded_list(
            [choose_id(one.id) for one in found.incidents[:MOST_NAMES]], len(found.incidents)
        ),
        records=make_bounded_list([_describe_record(one, listed, writer) for one in records], found.records),
        searched=found.searched,
        is_bounded=found.is_cut,
    )


def _describe_field(name: str, field: SeenField, writer: AnswerWriter) -> BesideField:
    values = [
        BesideValue(
            writer.write_value(f"{one.value} {one.name}" if one.name else one.value),
            one.records,
            time_text(one.first),
            time_text(one.last),
        )
        for one in field.values[:MOST_NAMES]
    ]
    return BesideField(choose_code(name), make_bounded_list(values, field.total))


def _describe_record(row: Mapping[str, Any], listed: Collection[str], writer: AnswerWriter) -> FoundRecord:
    uid = row["metadata_uid"] or ""
    return FoundRecord(
        id=writer.write_value(uid),
        time=time_text(row["time"]),
        operation=writer.write_name(row["activity_name"]),
        status=writer.write_name(row["status"]),
        account=writer.write_name(row["account"]),
        mailbox=writer.write_name(row["mailbox"]),
        address=writer.write_name(row["src_ip"]),
        network=writer.write_name(network_name(row["src_asn"], row["src_asn_name"], row["src_prefix"])),
        app=writer.write_name(row["app_name"] or find_application_name(row["app_uid"]) or row["app_uid"]),
        client=writer.write_name(row["client"]),
        user_agent=writer.write_name(row["user_agent"]),
        in_incident=uid in listed,
    )
