"""Write the files of a scope: `scope.json`, three tables and a page. No log text becomes markup or a formula."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from markupsafe import Markup

from seawall.collection.coverage_gap import CoverageGap
from seawall.report import scope_reasons, scope_words
from seawall.report.incident_page import environment, part, policy, write_page
from seawall.report.scope_words import name
from seawall.response.scope.document import write_scope
from seawall.response.scope_values import Scope, ScopeSubject
from seawall_base import private_files, times
from seawall_base.csv_text import Cell, csv_lines
from seawall_base.errors import OutputUnwritable
from seawall_base.plurals import plural
from seawall_base.times import rfc3339

FILES = ("scope.json", "messages.csv", "possible-messages.csv", "touched.csv", "scope.html")
_MESSAGES = ("organisation", "mailbox", "time", "internet_message_id", "folder", "size", "record")
_TOUCHED = (
    "kind", "organisation", "name", "verdict", "records", "first", "last", "messages", "messages_not_named",
    "folders_taken", "throttled", "possible_messages", "possible_messages_not_named", "at_most", "open_by", "reasons",
)  # fmt: skip


def write_scope_files(folder: Path, scope: Scope) -> None:
    """Write all files, each atomically. Raises OutputUnwritable."""
    try:
        private_files.make_folder(folder)
    except OSError as error:
        raise OutputUnwritable(
            f"cannot write into {folder}: {error.strerror or error}", fix="choose another folder with --out"
        ) from error
    write_scope(folder / "scope.json", scope)
    write_messages(folder / "messages.csv", scope)
    _write(folder / "possible-messages.csv", csv_lines((*_MESSAGES, "doubt"), _possible_messages(scope)))
    _write(folder / "touched.csv", csv_lines(_TOUCHED, map(_subject, _touched_subjects(scope))))
    write_scope_page(folder / "scope.html", scope)


def write_messages(path: Path, scope: Scope) -> None:
    """Write the messages that were certainly read as CSV, atomically. Raises OutputUnwritable."""
    _write(path, csv_lines(_MESSAGES, _messages(scope)))


def _messages(scope: Scope) -> Iterator[list[Cell]]:
    for one in scope.messages:
        yield [one.tenant, one.mailbox, rfc3339(one.time), one.id, one.folder, one.size, one.record]


def _possible_messages(scope: Scope) -> Iterator[list[Cell]]:
    for one in scope.possible_messages:
        row = [
            one.tenant,
            one.mailbox,
            rfc3339(one.time),
            one.id,
            one.folder,
            one.size,
            one.record,
            one.doubt,
        ]
        yield list[Cell](row)


def _touched_subjects(scope: Scope) -> Iterator[ScopeSubject]:
    for parts in (scope.organisations, scope.mailboxes, scope.accounts):
        yield from (one for one in parts if one.verdict != "not_touched")


def _subject(one: ScopeSubject) -> list[Cell]:
    return [
        one.kind,
        one.tenant,
        name(one),
        one.verdict,
        one.record_count,
        rfc3339(one.first) if one.first is not None else None,
        rfc3339(one.last) if one.last is not None else None,
        one.messages,
        one.unnamed_messages,
        "; ".join(folder.path for folder in one.folders),
        one.is_throttled,
        one.possible_messages,
        one.possible_unnamed_messages,
        one.at_most,
        "; ".join(sorted(one.open_by())),
        " ".join(one.reasons),
    ]


def _write(path: Path, lines: Iterable[str]) -> None:
    part = path.with_name(path.name + ".part")
    try:
        descriptor = private_files.open_for_writing(part)
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace", newline="") as target:
            target.writelines(lines)
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise OutputUnwritable(f"{path}: {error.strerror or error}", fix="choose another folder") from error


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
    """Return the gaps in the logs of whole organisations, each once."""
    return [(one.name, gap) for one in scope.organisations for gap in one.gaps]
