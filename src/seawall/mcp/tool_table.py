"""The fixed tools of the server: name, words for the assistant, types, least role, and what each does."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import msgspec

from seawall.mcp import answers as answer_types
from seawall.mcp import incident_answers, wider_answers
from seawall.mcp.arguments import (
    CoverageArguments,
    IncidentArguments,
    IncidentsArguments,
    PlanArguments,
    RuleHitsArguments,
    SearchArguments,
    ToolArguments,
)
from seawall.mcp.log_text import AnswerWriter
from seawall.response.look_up.stored import LookUpSpan
from seawall.response.look_up.subject import make_subject
from seawall.response.search_window import EARLIEST, LATEST
from seawall_base.errors import UsageError
from seawall_base.rfc3339 import parse_time

if TYPE_CHECKING:
    from seawall.mcp.results_source import ResultsSource
    from seawall.mcp.stored_source import StoreSource
    from seawall.storage.database import Role

    AnswerSource = ResultsSource | StoreSource

SEARCH_SECONDS: Final = 20.0
"""Seconds after which a search in a store looks at no older day; the answer then says that it is bounded."""

Answering = Callable[["AnswerSource", Any, AnswerWriter], msgspec.Struct]


@dataclass(frozen=True, slots=True, kw_only=True)
class AssistantTool:
    """One tool. `role` is the least role of a console's user, as the console's own route for the same data asks it."""

    name: str
    title: str
    description: str
    arguments: type[ToolArguments]
    answer: type[msgspec.Struct]
    role: Role
    work: Answering


def list_incidents(
    source: AnswerSource, asked: IncidentsArguments, writer: AnswerWriter
) -> answer_types.IncidentsAnswer:
    """Return the incidents that were asked for."""
    incidents = source.list_incidents()
    span = read_span(asked.after, asked.before)
    return incident_answers.list_incident_summaries(
        incidents, asked, span, writer, is_bounded=source.is_bounded
    )


def explain_incident(
    source: AnswerSource, asked: IncidentArguments, writer: AnswerWriter
) -> answer_types.IncidentAnswer:
    """Return an incident with what explains it."""
    rank, found = source.find_incident(asked.incident)
    return incident_answers.explain_incident(found, rank, source.count_addresses(found), asked, writer)


def tell_story(
    source: AnswerSource, asked: IncidentArguments, writer: AnswerWriter
) -> answer_types.StoryAnswer:
    """Return the story of an incident."""
    return incident_answers.tell_story(source.find_incident(asked.incident)[1], asked, writer)


def draw_timeline(
    source: AnswerSource, asked: IncidentArguments, writer: AnswerWriter
) -> answer_types.TimelineAnswer:
    """Return the timeline of an incident."""
    return incident_answers.draw_timeline(source.find_incident(asked.incident)[1], asked, writer)


def compare_with_usual(
    source: AnswerSource, asked: IncidentArguments, writer: AnswerWriter
) -> answer_types.UsualAnswer:
    """Return what is usual for the account of an incident beside what it showed."""
    return incident_answers.compare_with_usual(source.find_incident(asked.incident)[1], asked, writer)


def search_scope(
    source: AnswerSource, asked: IncidentArguments, writer: AnswerWriter
) -> answer_types.ScopeAnswer:
    """Return who else was touched."""
    _, found = source.find_incident(asked.incident)
    scope = source.search_scope(found)
    if scope is None:
        return wider_answers.await_scope(found)
    return wider_answers.describe_scope(found, scope, asked, writer)


def list_coverage(
    source: AnswerSource, asked: CoverageArguments, writer: AnswerWriter
) -> answer_types.CoverageAnswer:
    """Return the limits of the logs."""
    return wider_answers.list_coverage(source.list_coverage(), source.count_problems(), asked, writer)


def make_plan(source: AnswerSource, asked: PlanArguments, writer: AnswerWriter) -> answer_types.PlanAnswer:
    """Return the containment plan of an incident, or of its whole attack."""
    _, found = source.find_incident(asked.incident)
    plan = source.make_plan(found, with_attack=asked.attack)
    return wider_answers.describe_plan(found, plan, asked, writer)


def list_rule_hits(
    source: AnswerSource, asked: RuleHitsArguments, writer: AnswerWriter
) -> answer_types.RuleHitsAnswer:
    """Return hits of rules."""
    table, records = source.list_hits()
    return wider_answers.list_rule_hits(table, records, asked, writer)


def search_records(
    source: AnswerSource, asked: SearchArguments, writer: AnswerWriter
) -> answer_types.SearchAnswer:
    """Return what the records show of a value."""
    subject = make_subject(asked.kind, asked.value)
    start, end = read_span(asked.after, asked.before)
    last = time.monotonic() + SEARCH_SECONDS
    span = LookUpSpan(
        tenant=asked.organisation, start=start, end=end, may_continue=lambda: time.monotonic() < last
    )
    found, rows, listed = source.look_up(subject, span, asked.limit)
    return wider_answers.describe_search(found, rows, listed, writer)


def read_span(after: str | None, before: str | None) -> tuple[int, int]:
    """Return a span in microseconds, from `after` to before `before`. Raises UsageError."""
    start, end = _read_time("after", after, EARLIEST), _read_time("before", before, LATEST)
    if start >= end:
        raise UsageError("`after` is not before `before`", fix="exchange them, or leave one out")
    return start, end


def _read_time(name: str, text: str | None, default: int) -> int:
    if text is None:
        return default
    try:
        return parse_time(text)
    except ValueError:
        raise UsageError(f"`{name}` is not a time", fix="write 2026-05-15 or 2026-05-15T08:00:00Z") from None


TOOLS: Final = (
    AssistantTool(
        name="incidents", title="Incidents", role="viewer",
        description="List suspected account takeovers, the worst first, with severity, account, time and a one-line story. "
        "Start here. A raised incident is a suspicion, not a verdict.",
        arguments=IncidentsArguments, answer=answer_types.IncidentsAnswer, work=list_incidents,
    ),
    AssistantTool(
        name="incident", title="One incident", role="viewer",
        description="Explain one incident: the reasons of its score with their weights, why it has its severity, rules, "
        "addresses, what the attacker left behind, what the logs cannot show, first steps, and record ids "
        "(`offset` and `limit` page through these).",
        arguments=IncidentArguments, answer=answer_types.IncidentAnswer, work=explain_incident,
    ),
    AssistantTool(
        name="story", title="Story of an incident", role="viewer",
        description="Tell what happened in an incident, act by act in order of time, each with the ids of its records.",
        arguments=IncidentArguments, answer=answer_types.StoryAnswer, work=tell_story,
    ),
    AssistantTool(
        name="timeline", title="Timeline of an incident", role="viewer",
        description="Count the account's events around an incident by time slot and network, and which are the attacker's.",
        arguments=IncidentArguments, answer=answer_types.TimelineAnswer, work=draw_timeline,
    ),
    AssistantTool(
        name="usual_against_now", title="Usual against now", role="viewer",
        description="Compare what an account showed in an incident with what is usual for it and its peers, field by field.",
        arguments=IncidentArguments, answer=answer_types.UsualAnswer, work=compare_with_usual,
    ),
    AssistantTool(
        name="scope", title="Scope of an incident", role="analyst",
        description="Determine which accounts and mailboxes the attacker of an incident touched, and which cannot be ruled "
        "out. Takes seconds to minutes. `possible` must never be reported as not touched.",
        arguments=IncidentArguments, answer=answer_types.ScopeAnswer, work=search_scope,
    ),
    AssistantTool(
        name="coverage", title="Coverage of the logs", role="viewer",
        description="List what the logs could not have shown: gaps, missing sources and identifiers, records that could not "
        "be read. Consult it before saying that something did not happen.",
        arguments=CoverageArguments, answer=answer_types.CoverageAnswer, work=list_coverage,
    ),
    AssistantTool(
        name="plan", title="Containment plan", role="viewer",
        description="Show the ordered containment plan of an incident with reasons and record ids, or with `attack` that of "
        "all incidents of its attack. It holds no commands and applies nothing: a person does that.",
        arguments=PlanArguments, answer=answer_types.PlanAnswer, work=make_plan,
    ),
    AssistantTool(
        name="rule_hits", title="Hits of rules", role="viewer",
        description="List which Sigma rules hit records of which accounts, the worst level first.",
        arguments=RuleHitsArguments, answer=answer_types.RuleHitsAnswer, work=list_rule_hits,
    ),
    AssistantTool(
        name="search", title="Search records", role="viewer",
        description="Look up one value, such as a client address, a session, an application or an account: how many records "
        "show it, when, beside what, in which incidents, and the newest records.",
        arguments=SearchArguments, answer=answer_types.SearchAnswer, work=search_records,
    ),
)  # fmt: skip
"""All tools, in the order in which they are listed."""


def make_input_schema(tool: AssistantTool) -> dict[str, Any]:
    """Return the JSON Schema of a tool's arguments."""
    return _inline(tool.arguments)


def make_output_schema(tool: AssistantTool) -> dict[str, Any]:
    """Return the JSON Schema of a tool's answer."""
    return _inline(tool.answer)


def _inline(kind: type[msgspec.Struct]) -> dict[str, Any]:
    """Return a type's schema with the type itself at the root, as the protocol asks."""
    schema = msgspec.json.schema(kind)
    definitions: dict[str, Any] = schema["$defs"]
    root: dict[str, Any] = definitions.pop(schema["$ref"].rpartition("/")[2])
    return {**root, "$defs": definitions} if definitions else root
