"""The arguments of each tool, with limits. Unknown arguments and values beyond a limit are refused."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from seawall.detection.incident import Severity
from seawall.response.look_up.subject import LookUpKind

IncidentName = Annotated[
    str,
    Meta(
        pattern="^[0-9A-Za-z-]{1,64}$",
        description="An incident: its id, the start of an id, or its number from 1.",
    ),
]
Name = Annotated[str, Meta(min_length=1, max_length=320, pattern=r"^[^\x00-\x1f\x7f]+$")]
Day = Annotated[
    str,
    Meta(
        max_length=40,
        pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9:.]{5,15}(Z|[+-][0-9]{2}:[0-9]{2}))?$",
        description="A day (2026-05-15) or a time (2026-05-15T08:00:00Z).",
    ),
]
Offset = Annotated[int, Meta(ge=0, le=100_000, description="Entries to leave out at the beginning.")]
Limit = Annotated[int, Meta(ge=1, le=50, description="Entries to return at most.")]


class ToolArguments(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """No arguments."""


class IncidentsArguments(ToolArguments, frozen=True, kw_only=True):
    """Which incidents to list: raised ones, or all candidates too; at least of a severity, of an account, of a time."""

    candidates: Annotated[bool, Meta(description="List also what was not raised.")] = False
    severity: Annotated[Severity, Meta(description="The least severity.")] = "low"
    account: Annotated[Name, Meta(description="Only incidents of this account.")] | None = None
    organisation: Annotated[Name, Meta(description="Only incidents of this organisation.")] | None = None
    after: Day | None = None
    before: Day | None = None
    offset: Offset = 0
    limit: Limit = 20


class IncidentArguments(ToolArguments, frozen=True, kw_only=True):
    """Which incident, and which part of the list."""

    incident: IncidentName
    offset: Offset = 0
    limit: Limit = 20


class PlanArguments(IncidentArguments, frozen=True, kw_only=True):
    """Which incident, whether the plan is for its whole attack, and which part of the list."""

    attack: Annotated[bool, Meta(description="Plan for all incidents of the incident's attack together.")] = (
        False
    )


class CoverageArguments(ToolArguments, frozen=True, kw_only=True):
    """Which part of the list of coverage gaps."""

    organisation: Annotated[Name, Meta(description="Only gaps of this organisation.")] | None = None
    offset: Offset = 0
    limit: Limit = 20


class RuleHitsArguments(ToolArguments, frozen=True, kw_only=True):
    """Which hits of rules to list."""

    rule: Annotated[Name, Meta(description="The id of a rule, or a part of its title.")] | None = None
    account: Annotated[Name, Meta(description="Only hits on records of this account.")] | None = None
    organisation: Annotated[Name, Meta(description="Only hits in this organisation.")] | None = None
    offset: Offset = 0
    limit: Limit = 20


class SearchArguments(ToolArguments, frozen=True, kw_only=True):
    """Which value records must show, and when."""

    kind: Annotated[LookUpKind, Meta(description="The kind of the value.")]
    value: Annotated[str, Meta(min_length=1, max_length=1_000)]
    organisation: Annotated[Name, Meta(description="Only records of this organisation.")] | None = None
    after: Day | None = None
    before: Day | None = None
    limit: Limit = 20
