"""Write the machine-readable package of a case or one organisation: STIX 2.1, CSV, and a manifest of SHA-256.

Equal scope and case give equal bytes. An organisation's package contains only what the scope says of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from seawall.response.errors import CaseInvalid
from seawall.response.export import stix_objects as stix
from seawall.response.notification.case_file import NotificationCase
from seawall.response.notification.drafts import write_file
from seawall.response.notification.enclosures import write_acts, write_messages
from seawall.response.notification.language import load_language
from seawall.response.scope_values import Indicator, Scope, ScopeSubject
from seawall_base.csv_text import Cell, csv_lines
from seawall_base.plurals import plural
from seawall_base.rfc3339 import format_time
from seawall_base.safe_text import visible
from seawall_base.times import rfc3339

MANIFEST: Final = "SHA256SUMS"
_RECORDS: Final = 999_999_999
"""The maximum of `number_observed` (STIX 2.1, section 4.14)."""


def write_package(
    case: NotificationCase, scope: Scope, out: Path, *, organisation: str = ""
) -> tuple[str, ...]:
    """Write the package into a folder and return its file names. Raises CaseInvalid or OutputUnwritable."""
    subjects = _subjects(scope, organisation)
    if organisation and not subjects:
        raise CaseInvalid(
            f"the scope says nothing of the organisation {visible(organisation, 100)!r}",
            fix="name it as scope.json does",
        )
    messages = tuple(m for m in scope.messages if not organisation or m.tenant == organisation)
    files = {
        "bundle.json": msgspec.json.format(
            msgspec.json.encode(make_package_bundle(case, scope, subjects, organisation)), indent=2
        )
        + b"\n",
        "messages.csv": write_messages(messages),
        "subjects.csv": _subjects_csv(subjects),
        "indicators.csv": _indicators_csv(_indicators(scope, organisation)),
        "acts.csv": write_acts((subject.name, subject.acts) for subject in subjects if subject.acts),
    }
    sums = "".join(
        f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in sorted(files.items())
    )
    for name, content in {**files, MANIFEST: sums.encode()}.items():
        write_file(out / name, content)
    return (*sorted(files), MANIFEST)


def make_package_bundle(
    case: NotificationCase, scope: Scope, subjects: Sequence[ScopeSubject], organisation: str = ""
) -> stix.Object:
    """Build the bundle: author, incident, observed data, indicators, and a report that references all."""
    at, tlp = scope.end, case.case.tlp
    sender = stix.make_identity(case.sender.organisation, at)
    author = sender["id"]
    touched = [
        subject for subject in subjects if subject.verdict == "touched" and subject.kind != "organisation"
    ]
    observed = [made for subject in touched for made in _observe(subject, at, author, tlp)]
    victims = [
        stix.make_identity(subject.name, at)
        for subject in subjects
        if subject.kind == "organisation" and subject.verdict == "touched"
    ]
    known = stix.make_indicators(_indicators(scope, organisation), at, author=author, tlp=tlp)
    title = case.case.title or f"Access to mail, case {case.case.id}"
    incident = stix.make_object(
        "incident",
        at,
        {"name": stix.clean_text(title), "description": f"{_counts(subjects)}{_tell_acts(subjects)}"},
        author=author,
        tlp=tlp,
    )
    targets = [
        stix.make_object(
            "relationship",
            at,
            {"relationship_type": "targets", "source_ref": incident["id"], "target_ref": victim["id"]},
            author=author,
            tlp=tlp,
        )
        for victim in victims
    ]
    objects = [sender, incident, *victims, *targets, *observed, *known]
    report = stix.make_object(
        "report",
        at,
        {
            "name": stix.clean_text(title),
            "description": _limits(scope),
            "report_types": ["observed-data", "indicator"],
            "published": format_time(at),
            "object_refs": sorted({made["id"] for made in objects}),
        },
        author=author,
        tlp=tlp,
    )
    return stix.make_bundle([*objects, report])


def _subjects(scope: Scope, organisation: str) -> list[ScopeSubject]:
    everything = (*scope.organisations, *scope.mailboxes, *scope.accounts)
    return [subject for subject in everything if not organisation or subject.tenant == organisation]


def _indicators(scope: Scope, organisation: str) -> list[Indicator]:
    """Return the seeds and the indicators followed from them, each once.

    Indicators of other organisations are left out, and of account indicators only the organisation's own are kept.
    """
    followed = dict.fromkeys((*scope.seeds, *(step.indicator for step in scope.steps if step.is_followed)))
    if not organisation:
        return list(followed)
    own = {subject.name for subject in _subjects(scope, organisation)}
    return [
        one
        for one in followed
        if one.tenant == organisation
        or (not one.tenant and (one.kind not in {"account", "mailbox"} or one.value in own))
    ]


def _observe(subject: ScopeSubject, at: int, author: str, tlp: str) -> list[stix.Object]:
    observables = stix.make_account(subject.name)
    first = at if subject.first is None else subject.first
    last = max(first, at if subject.last is None else subject.last)
    properties = {
        "first_observed": format_time(first),
        "last_observed": format_time(last),
        "number_observed": min(max(subject.record_count, 1), _RECORDS),
        "object_refs": [made["id"] for made in observables],
    }
    return [*observables, stix.make_object("observed-data", at, properties, author=author, tlp=tlp)]


def _counts(subjects: Sequence[ScopeSubject]) -> str:
    counts = {
        verdict: sum(s.verdict == verdict and s.kind == "mailbox" for s in subjects)
        for verdict in ("touched", "possible", "not_touched")
    }
    read = sum(subject.messages for subject in subjects if subject.kind == "mailbox")
    return (
        f"Mailboxes: {counts['touched']} proved accessed, {counts['possible']} cannot be ruled out, "
        f"{counts['not_touched']} proved not accessed. Messages certainly read: {read}."
    )


def _tell_acts(subjects: Sequence[ScopeSubject]) -> str:
    """Return what the intruder did, a sentence for each kind of act in order of time, without names."""
    acts = sorted((act.first, act.act, one.name) for one in subjects for act in one.acts)
    names: dict[str, set[str]] = {}
    for _, act, name in acts:
        names.setdefault(act, set()).add(name)
    say = load_language("en").say
    told = [
        f" {say(f'act.{act}').capitalize()} ({plural(len(found), 'mailbox or account', 'mailboxes or accounts')})."
        for act, found in names.items()
    ]
    return "".join(told)


def _limits(scope: Scope) -> str:
    bounded = " The search reached a limit of its own; more may be affected." if scope.is_bounded else ""
    return f"Records were examined from {format_time(scope.start)} to {format_time(scope.end)}.{bounded}"


def _subjects_csv(subjects: Sequence[ScopeSubject]) -> bytes:
    header = ("organisation", "kind", "name", "verdict", "first", "last", "messages_read", "messages_unnamed", "folders",
              "throttled", "records", "reasons", "gaps")  # fmt: skip
    rows: list[tuple[Cell, ...]] = [
        (
            s.tenant, s.kind, s.name, s.verdict, _time(s.first), _time(s.last), s.messages, s.unnamed_messages, len(s.folders),
            s.is_throttled, s.record_count, "; ".join(s.reasons),
            "; ".join(f"{gap.source} {rfc3339(gap.start)} to {rfc3339(gap.end)}: {gap.text}" for gap in s.gaps),
        )
        for s in subjects
    ]  # fmt: skip
    return _encode(header, rows)


def _indicators_csv(found: Sequence[Indicator]) -> bytes:
    rows: list[tuple[Cell, ...]] = [
        (one.tenant, one.kind, one.value, rfc3339(one.start), rfc3339(one.end)) for one in found
    ]
    return _encode(("organisation", "kind", "value", "first", "last"), rows)


def _time(at: int | None) -> str | None:
    return None if at is None else rfc3339(at)


def _encode(header: tuple[str, ...], rows: list[tuple[Cell, ...]]) -> bytes:
    return ("\ufeff" + "".join(csv_lines(header, rows))).encode("utf-8", "replace")
