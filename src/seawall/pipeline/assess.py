"""Assess sign-ins: read, enrich and code the logs, aggregate them by day, assess them, write the results."""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from io import TextIOWrapper
from pathlib import Path
from typing import Any

from seawall.detection.authentication_strength.assess import AssessmentInputs, assess
from seawall.detection.authentication_strength.collect import DayAggregator
from seawall.events.access_policy import AccessPolicy, PolicyDirectory, Registration
from seawall.events.microsoft.access_policies import read_policies
from seawall.events.networks import Networks, enrich
from seawall.events.problem import Problem
from seawall.events.readers import read, total_bytes
from seawall.events.registrations import read_registrations
from seawall.report.assurance import AssessmentReading, assurance_document
from seawall.report.assurance_page import write_assurance_page
from seawall.report.assurance_tables import TABLES, write_tables
from seawall.storage import Coder, Spool
from seawall_base import private_files
from seawall_base.errors import InputUnreadable, OutputUnwritable
from seawall_base.progress import Progress
from seawall_base.regular_files import open_file

OUTPUTS = ("assurance.html", "assurance.json", *TABLES)
"""The output files of an assessment."""
_MOST_PROBLEMS = 200
_LONGEST_LINE = 64 << 20


@dataclass(slots=True)
class _Counted:
    read: AssessmentReading = field(default_factory=AssessmentReading)
    codes: Counter[str] = field(default_factory=Counter)

    def problem(self, problem: Problem) -> None:
        self.codes[problem.code] += 1
        if len(self.read.problems) < _MOST_PROBLEMS:
            self.read.problems.append(problem)


def assessment(
    paths: Sequence[Path],
    *,
    policies: Sequence[Path] = (),
    methods: Sequence[Path] = (),
    what_if: Path | None = None,
    is_instead: bool = False,
    scanned: Path | None = None,
    out: Path | None = None,
    progress: Progress | None = None,
    posture: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Assess sign-in logs with exported policies and methods; return the document, and with `out` write the files.

    `posture` is the document of an assessed configuration to write with it.

    The policies of `what_if` apply in addition to `policies`, or instead of them (`is_instead`). `scanned` is the folder of a
    scan's results: the what-if reports on its raised incidents. Raises `InputUnreadable` if a path does not exist, or a given
    file has no content of the expected kind. Raises `OutputUnwritable` if `out` cannot be written.
    """
    counted = _Counted()
    _must_exist(
        [*paths, *policies, *methods, *([what_if] if what_if else []), *([scanned] if scanned else [])]
    )
    given = _read_inputs(policies, methods, what_if, counted, is_instead=is_instead)
    raised = _raise(scanned) if scanned is not None else None
    with tempfile.TemporaryDirectory(prefix=".seawall-") as scratch:
        collector = _collect(paths, Path(scratch), counted, progress)
    counted.read.problem_counts = dict(sorted(counted.codes.items()))
    result = assess(collector, given)
    document = assurance_document(result, counted.read, raised) | {"posture": posture}
    if out is not None:
        _write(out, document)
        if paths:
            write_tables(out, result)
    return document


def _must_exist(paths: Sequence[Path]) -> None:
    for path in paths:
        if not path.exists():
            raise InputUnreadable(f"no such file or folder: {path}", fix="check the path")


def _read_inputs(
    policies: Sequence[Path],
    methods: Sequence[Path],
    what_if: Path | None,
    counted: _Counted,
    *,
    is_instead: bool,
) -> AssessmentInputs:
    found: list[AccessPolicy] | None = None
    directory = PolicyDirectory()
    if policies:
        found, directory, problems = read_policies(policies)
        _note_progress(problems, counted)
        if not found:
            raise InputUnreadable(
                f"no Conditional Access policy found in {policies[0]}{_why(problems)}",
                fix="give the response of GET /identity/conditionalAccess/policies",
            )
    registrations: list[Registration] = []
    if methods:
        registrations, problems = read_registrations(methods)
        _note_progress(problems, counted)
        if not registrations:
            raise InputUnreadable(
                f"no account with registered methods found in {methods[0]}{_why(problems)}",
                fix="see docs/how-to/assurance.md for the accepted files",
            )
    proposed: list[AccessPolicy] | None = None
    if what_if is not None:
        read_in, more, problems = read_policies([what_if])
        _note_progress(problems, counted)
        if not read_in:
            raise InputUnreadable(
                f"no Conditional Access policy found in {what_if}{_why(problems)}",
                fix="write it as Microsoft Graph does: docs/how-to/assurance.md",
            )
        proposed = _as_if_enabled(read_in, found or ())
        directory.members |= more.members
        directory.names |= more.names
        directory.places |= more.places
        directory.accounts |= more.accounts
        directory.partial |= more.partial
        directory.nested |= more.nested
    return AssessmentInputs(registrations, found, proposed, directory, is_instead)


def _as_if_enabled(proposed: Sequence[AccessPolicy], today: Sequence[AccessPolicy]) -> list[AccessPolicy]:
    """Return the proposed policies as enabled, except those that are disabled today and in the proposal.

    A whole export may be the proposal, and disabled policies in it should stay disabled.
    """
    off = {one.uid for one in today if one.uid and one.state == "disabled"}
    return [
        one if one.state == "disabled" and one.uid in off else replace(one, state="enabled")
        for one in proposed
    ]


def _why(problems: Sequence[Problem]) -> str:
    """Return the reason why a file was not read, in parentheses, to append to a message."""
    return f" ({problems[0].reason})" if problems else ""


def _note_progress(problems: Sequence[Problem], counted: _Counted) -> None:
    for problem in problems:
        counted.problem(problem)


def _collect(
    paths: Sequence[Path], scratch: Path, counted: _Counted, progress: Progress | None
) -> DayAggregator:
    networks, coder, spool = Networks.load(()), Coder(), Spool(scratch)
    total, done = total_bytes(paths), 0
    for batch in read(paths):
        counted.read.records += batch.records
        _note_progress(batch.problems, counted)
        if batch.events.num_rows:
            spool.add(coder.encode(enrich(batch.events, networks)))
        done += batch.bytes_read
        if progress:
            progress("read", min(done, total), total, counted.read.records)
    spool.settle(*coder.settle())
    collector, days = DayAggregator(), spool.days()
    for place, day in enumerate(days):
        events, duplicates = spool.load(day)
        counted.read.events += len(events)
        counted.read.duplicates += duplicates
        counted.read.first = counted.read.first or int(events.time[0])
        counted.read.last = int(events.time[-1])
        collector.observe(events, day)
        if progress:
            progress("score", place + 1, len(days), counted.read.records)
    return collector


def _raise(folder: Path) -> dict[str, str]:
    """Return the id of the raised incident by the record id of each of its records."""
    path = folder / "incidents.jsonl" if folder.is_dir() else folder
    found: dict[str, str] = {}
    try:
        with TextIOWrapper(open_file(path), encoding="utf-8", errors="replace") as lines:
            while line := lines.readline(_LONGEST_LINE):
                incident = json.loads(line)
                if isinstance(incident, dict) and incident.get("raised") is True:
                    found |= {str(uid): str(incident.get("id", "")) for uid in incident.get("events") or ()}
    except (OSError, ValueError, RecursionError, TypeError) as error:
        raise InputUnreadable(
            f"{path}: the folder holds no readable results of a scan",
            fix="give the folder that `seawall scan --out` wrote",
        ) from error
    return found


def _write(out: Path, document: dict[str, Any]) -> None:
    try:
        private_files.make_folder(out)
        text = json.dumps(document, indent=1, ensure_ascii=False)
        private_files.write_text(out / "assurance.json", text + "\n")
    except OSError as error:
        raise OutputUnwritable(
            f"cannot write into {out}: {error.strerror or error}", fix="choose another folder with --out"
        ) from error
    write_assurance_page(out / "assurance.html", document)
