"""Render the report: one self-contained HTML file that works from disk, without network access.

The whole content is rendered here, so the page is complete without JavaScript. The script only adds keyboard navigation,
filtering, copying and the theme switch. Every value passes `visible` and Jinja's escaping, both applied to all values
(`finalize`, `autoescape`). The content security policy allows only the one style and the one script, by their hashes. So
even a value that escaped both could not run.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from jinja2 import BaseLoader, Environment, StrictUndefined
from jinja2.exceptions import TemplateNotFound
from markupsafe import Markup, escape

from seawall.detection.incident import SEVERITIES, Incident
from seawall.detection.incidents.reading_order import number_incidents, order_incidents
from seawall.events.problem import Problem
from seawall.report import attack_words, campaign_words
from seawall.report import incident_words as words
from seawall.report import page_figures as figures
from seawall.report import story_words as story
from seawall.report.input import ReportedBudget, ReportInput
from seawall.response import first_response, judgement
from seawall_base import private_files, times
from seawall_base.errors import OutputUnwritable
from seawall_base.program_name import name_program, program_anywhere
from seawall_base.safe_text import visible

__all__ = ["ReportInput", "ReportedBudget", "render_report", "write_report"]

DETAILED = 150
"""Number of raised incidents shown in full. Later ones get one row each, so that the page stays usable."""

ROWS = 200
"""Most rows of each list of unbounded length."""

RECORDS = 400
"""Most record ids listed for one incident."""

WIDE, NARROW = 1080, 340
"""Widths of the timeline in pixels: for a screen and for a telephone."""


@dataclass(frozen=True, slots=True)
class _CoverageGroup:
    """Hold the notes of one kind, the longest first."""

    name: str
    count: int
    notes: tuple[tuple[str, str, str], ...]


def write_report(path: Path, report: ReportInput) -> None:
    """Write the page to `path` atomically. Raises OutputUnwritable."""
    write_page(path, render_report(report))


def write_page(path: Path, page: str) -> None:
    """Write a page's text to `path` atomically. Raises OutputUnwritable."""
    partial = path.with_name(path.name + ".partial")
    try:
        private_files.write_text(partial, page)
        partial.replace(path)
    except OSError as error:
        raise OutputUnwritable(
            f"{path}: {error.strerror or error}", fix="choose a folder that you may write with --out"
        ) from error


def render_report(report: ReportInput) -> str:
    """Return the page as HTML."""
    style, script = part("report.css"), part("report.js")
    raised, candidates = order_incidents(report.raised_incidents), order_incidents(report.candidates)
    return (
        environment()
        .get_template("page.html")
        .render(
            report=report,
            style=Markup(style),  # noqa: S704 - our own file, allowed by its hash
            script=Markup(script),  # noqa: S704
            policy=policy(style, script),
            raised=raised,
            candidates=candidates,
            severities=_severity_counts(raised),
            attacks=attack_words.group_by_attack(number_incidents(raised)[:DETAILED]),
            tenants=_tenants(report),
            coverage=_coverage_groups(report),
            unjudged=[note.text for note in report.coverage if note.code == "not-judged"],
            problems=_problem_groups(report),
            period=_period(report),
            table_date=report.networks.get("date", ""),
            credits=_credits(report.networks),
        )
    )


def policy(style: str, script: str) -> str:
    """Return the content security policy that allows this style and this script alone."""
    return (
        f"default-src 'none'; style-src '{digest_part(style)}'; script-src '{digest_part(script)}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def digest_part(text: str) -> str:
    """Return the hash of a style or script for a content security policy."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


class _Parts(BaseLoader):
    """Load templates from inside the package, also if it is zipped."""

    def get_source(self, environment: Environment, template: str) -> tuple[str, None, None]:  # noqa: ARG002
        try:
            return part(template), None, None
        except FileNotFoundError as error:
            raise TemplateNotFound(template) from error


def part(name: str) -> str:
    """Return the text of a file in the templates folder. Raises FileNotFoundError."""
    return resources.files("seawall.report").joinpath("templates", name).read_text("utf-8")


@cache
def environment() -> Environment:
    """Return the Jinja environment that all pages share."""
    environment = Environment(
        loader=_Parts(),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_show,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(
        words=words,
        attack_words=attack_words,
        story=story,
        first_response=first_response,
        called=program_anywhere,
        judgement=judgement,
        campaign_words=campaign_words,
        times=times,
        detailed=DETAILED,
        rows=ROWS,
        records=RECORDS,
        wide=WIDE,
        narrow=NARROW,
        timeline=figures.timeline,
        close_up=figures.close_up,
        evidence_curve=figures.evidence_curve,
        bars=figures.evidence_bars,
        anchor=_anchor,
    )
    environment.filters["number"] = words.number
    environment.filters["code"] = _show_code
    environment.filters["command"] = _name_program
    environment.filters["capitalize_first"] = words.sentence
    return environment


def _show(value: Any) -> Any:
    """Make a value's text visible. Jinja calls this on the value of every expression, before it escapes it."""
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    return visible(value)


def _name_program(text: str) -> str:
    """Return a command as it can be typed in any folder: a page is read elsewhere than it was written."""
    return name_program(text, program_anywhere())


def _anchor(incident_id: str) -> str:
    """Return a fragment id for an incident, safe whatever the incident's id contains."""
    return "incident-" + re.sub(r"[^A-Za-z0-9_-]", "-", incident_id)[:80]


def _show_code(text: str) -> Markup:
    """Return a text with what stands between backticks as code; everything is escaped."""
    parts = [escape(visible(part)) for part in text.split("`")]
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if place % 2 else part for place, part in enumerate(parts)
    )


def _severity_counts(incidents: Sequence[Incident]) -> list[tuple[str, int]]:
    counts = Counter(incident.severity for incident in incidents)
    return [(severity, counts[severity]) for severity in reversed(SEVERITIES) if counts[severity]]


def _tenants(report: ReportInput) -> list[str]:
    """Return the organisations by number of incidents, or by number of coverage notes if there are no incidents."""
    named = Counter(i.tenant for i in report.incidents) or Counter(note.tenant for note in report.coverage)
    accounts: dict[str, list[str]] = defaultdict(list)
    for incident in report.incidents:
        accounts[incident.tenant].append(incident.account)
    return [words.name_organisation(tenant, accounts[tenant]) for tenant, _ in named.most_common() if tenant]


def _period(report: ReportInput) -> tuple[int, int] | None:
    if report.period is not None or not report.incidents:
        return report.period
    return min(i.first_event for i in report.incidents), max(i.last_event for i in report.incidents)


def _credits(networks: dict[str, Any]) -> list[str]:
    """Return the sources of the network table, which their licences require to be named."""
    sources = networks.get("sources", ())
    named = (
        [source for source in sources if isinstance(source, dict)]
        if isinstance(sources, (list, tuple))
        else []
    )
    return [str(source.get("attribution") or source.get("package") or "") for source in named]


def _coverage_groups(report: ReportInput) -> list[_CoverageGroup]:
    counts = Counter(note.code for note in report.coverage)
    groups = []
    for code, count in counts.most_common():
        notes = [note for note in report.coverage if note.code == code]
        notes.sort(key=lambda note: note.start - note.end)
        shown = tuple(
            (
                note.account or note.tenant,
                f"{note.source}: {note.text}",
                times.span_text(note.start, note.end),
            )
            for note in notes[: ROWS // 4]
        )
        groups.append(_CoverageGroup(words.COVERAGE.get(code, code), count, shown))
    return groups


def _problem_groups(report: ReportInput) -> list[tuple[str, int, list[Problem]]]:
    counts = Counter(report.problem_counts) or Counter(str(problem.code) for problem in report.problems)
    return [
        (words.PROBLEMS.get(code, code), count, [p for p in report.problems if p.code == code][:5])
        for code, count in counts.most_common()
    ]
