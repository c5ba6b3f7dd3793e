"""A scope as one page to hand over: opens from disk, no script, no network, log text always text."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from markupsafe import Markup

from seawall.collection.coverage_gap import CoverageGap
from seawall.report import scope_reasons, scope_words
from seawall.report.incident_page import environment, part, policy, write_page
from seawall.response.scope_values import Scope
from seawall_base import times
from seawall_base.plurals import plural

ROWS = 500
"""Rows of every table that can grow without limit; `scope.json` and the tables beside it have all."""


def write_scope_page(path: Path, scope: Scope) -> None:
    """Write the page to `path`, whole or not at all. Raises OutputUnwritable."""
    write_page(path, render_scope(scope))


def render_scope(scope: Scope) -> str:
    """Return the page as text."""
    style = part("report.css") + part("assurance.css")
    return (
        environment()
        .get_template("scope.html")
        .render(
            scope=scope,
            style=Markup(style),  # noqa: S704 - our own files, allowed by their hash
            policy=policy(style, ""),
            plural=plural,
            said=scope_words,
            moment=times.minute_text,
            gaps=_gaps(scope),
            why=scope_reasons,
            shared=scope_reasons.shared_gaps(scope),
            rows=ROWS,
            groups=[
                (name, of_kind, scope_words.shares(of_kind))
                for name, of_kind in (
                    ("Organisations", scope.organisations),
                    ("Mailboxes", scope.mailboxes),
                    ("Accounts", scope.accounts),
                )
            ],
            named=Counter((one.tenant, one.mailbox) for one in scope.messages),
        )
    )


def _gaps(scope: Scope) -> list[tuple[str, CoverageGap]]:
    """What was missing of whole organisations, each once."""
    return [(one.name, gap) for one in scope.organisations for gap in one.gaps]
