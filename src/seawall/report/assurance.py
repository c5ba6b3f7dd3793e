"""Build the JSON document of an assessment of sign-ins: each answer with its records, and the missing information."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from seawall.detection.authentication_strength.accounts import FACTS, AccountAssurance
from seawall.detection.authentication_strength.assess import Assessment
from seawall.detection.authentication_strength.findings import KINDS, AuthenticationFinding
from seawall.detection.authentication_strength.series import DAY
from seawall.detection.authentication_strength.strength import FLAG_WORDS, LEVEL_WORDS
from seawall.detection.authentication_strength.takeover import ATTACKS, AttackPath, TakeoverExposure
from seawall.events.problem import Problem
from seawall.events.sign_in_methods import METHODS
from seawall.report.assurance_what_if import what_if_document
from seawall_base.times import moment, rfc3339

CAUSES = {
    "password-only": "a password alone sufficed",
    "legacy": "a legacy protocol let it in with a password",
    "ropc": "a program handed over the password, and was let in",
    "device-code": "a device code lets in whoever sent it",
    "no-policy": "no policy asks for a second factor",
    "no-second-factor": "no second factor is registered: whoever has the password registers one",
    "phishable": "the strongest that is registered can be phished",
}
BY_SOURCE = {
    ("phishable", "the policies"): "policies ask for no more than what can be phished",
    ("phishable", "sign-in"): "it was let in with what can be phished",
}
"""Texts of a cause that depend on its source: the policies or a sign-in."""
PATH_WORDS = {
    "browser": "in the browser",
    "apps": "in apps",
    "activesync": "by ActiveSync",
    "legacy": "by other legacy protocols",
    "device_code": "by device code",
}


@dataclass(slots=True)
class AssessmentReading:
    """Summarise the records read: counts, time span in microseconds since 1970, and the first problems."""

    records: int = 0
    events: int = 0
    duplicates: int = 0
    first: int = 0
    last: int = 0
    problems: list[Problem] = field(default_factory=list)
    problem_counts: dict[str, int] = field(default_factory=dict)


def assurance_document(
    result: Assessment, read: AssessmentReading, raised: dict[str, str] | None = None
) -> dict[str, Any]:
    """Return the whole assessment as plain values. Times are RFC 3339 in UTC.

    `raised` maps ids of records in raised incidents to the incident's id, or is None if incidents are unknown.
    """
    sessions = result.roots.by_actor()
    return {
        "summary": _summary(result, read),
        "accounts": [
            {
                **_account(person, result.exposed[2 * place], result.exposed[2 * place + 1], result),
                "mail_sessions": sessions.get(person.actor, {}),
            }
            for place, person in enumerate(result.people)
        ],
        "reasons": {attack: reasons(result, attack) for attack in ATTACKS},
        "changes": [
            {
                "kind": step.change.kind,
                "text": step.change.text,
                "closes": step.closes,
                "accounts": list(step.accounts),
                "closed_by_now": step.closed_by_now,
                "open_still": step.open_still,
            }
            for step in result.steps
        ],
        "findings": [_finding(one) for one in result.findings],
        "policies": [
            {
                "name": one.name,
                "id": one.uid,
                "state": one.state,
                "asks_for": one.demand,
                "not_evaluated": list(one.doubts),
                "session_controls": list(one.session),
                "known_from": one.where,
            }
            for one in result.given.policies or ()
        ],
        "holes": [
            {
                "answer": hole.answer,
                "paths": list(hole.paths),
                "needs": hole.need,
                "accounts": list(hole.accounts),
                "applications": list(hole.targets),
            }
            for hole in result.holes
        ],
        "not_given": list(result.not_given),
        "mail_sessions": result.roots.counts(),
        "days": [
            {
                "organisation": one.organisation,
                "day": moment(one.day * DAY).date().isoformat(),
                "sign_ins": dict(zip(LEVEL_WORDS, one.sign_ins, strict=True)),
                "accounts": dict(zip(LEVEL_WORDS, one.accounts, strict=True)),
                "claimed": one.claimed,
                "federated": one.federated,
            }
            for one in result.days
        ],
        "what_if": what_if_document(result, raised),
        "problems": {
            "counts": read.problem_counts,
            "first": [
                {"source_file": p.source_file, "line": p.line, "code": p.code, "reason": p.reason}
                for p in read.problems
            ],
        },
    }


def _summary(result: Assessment, read: AssessmentReading) -> dict[str, Any]:
    answers = Counter((one.attack, one.answer) for one in result.exposed)
    signs = result.signs
    granted = signs.is_granted
    return {
        "records": read.records,
        "events": read.events,
        "duplicates": read.duplicates,
        "problems": sum(read.problem_counts.values()),
        "first_time": rfc3339(read.first) if read.events else None,
        "last_time": rfc3339(read.last) if read.events else None,
        "organisations": sorted({person.organisation for person in result.people if person.organisation}),
        "accounts": len(result.people),
        "accounts_with_sign_ins": sum(person.sign_ins > 0 for person in result.people),
        "accounts_with_registrations": sum(person.registration is not None for person in result.people),
        "sign_ins": len(signs),
        "granted": int(granted.sum()),
        "with_session_id": int((granted & (signs.session != 0)).sum()),
        "by_level": {
            word: int((granted & (signs.level == level)).sum()) for level, word in enumerate(LEVEL_WORDS)
        },
        "by_assurance_level": {
            f"AAL{level}" if level else "not told": int((granted & (signs.aal == level)).sum())
            for level in range(4)
        },
        "marks": {
            word: int((granted & ((signs.flags & flag) != 0)).sum()) for flag, word in FLAG_WORDS.items()
        },
        "policies": None if result.given.policies is None else len(result.given.policies),
        **{
            attack: {answer: answers[attack, answer] for answer in ("open", "closed", "unknown")}
            for attack in ("password", "phishing")
        },
    }


def _account(
    person: AccountAssurance, password: TakeoverExposure, phishing: TakeoverExposure, result: Assessment
) -> dict[str, Any]:
    one = person.registration
    return {
        "organisation": person.organisation,
        "account": person.account,
        "system": person.system,
        "admin": person.is_admin,
        "guest": person.is_guest,
        "registered": None if one is None else [METHODS[name].words for name in one.methods],
        "registered_from": None if one is None else one.where,
        "methods_seen": [METHODS[name].words for name in person.methods],
        "sign_ins": dict(zip(LEVEL_WORDS, person.levels, strict=True)),
        "seen": {
            name: {"count": seen.count, "last": rfc3339(seen.time), "record": seen.uid}
            for name in FACTS
            if (seen := person.fact(name)).count
        },
        "password": _exposure(password, result),
        "phishing": _exposure(phishing, result),
    }


def reasons(result: Assessment, attack: str) -> list[dict[str, Any]]:
    """Return why accounts are open to an attack, the most frequent reason first; administrators come first in each list."""
    found: dict[tuple[str, str], list[AccountAssurance]] = {}
    example: dict[tuple[str, str], str | None] = {}
    for one in result.exposed:
        for way in one.ways if one.attack == attack else ():
            key = (way.cause, _attack_path(way, ())["text"])
            people = found.setdefault(key, [])
            if not people or people[-1] is not one.person:
                people.append(one.person)
            example.setdefault(key, way.seen.uid or None)
    order = sorted(found, key=lambda key: (-len(found[key]), key))
    return [
        {
            "cause": key[0],
            "text": key[1],
            "accounts": [p.account for p in sorted(found[key], key=lambda p: (not p.is_admin, p.account))],
            "administrators": sum(bool(p.is_admin) for p in found[key]),
            "example": example[key],
        }
        for key in order
    ]


def _exposure(one: TakeoverExposure, result: Assessment) -> dict[str, Any]:
    return {
        "answer": one.answer,
        "ways": [_attack_path(way, result.targets) for way in one.ways],
        "because": one.because,
        "not_known": list(dict.fromkeys(one.missing)),
    }


def _attack_path(way: AttackPath, names: Sequence[str]) -> dict[str, Any]:
    return {
        "cause": way.cause,
        "text": BY_SOURCE.get((way.cause, way.known_from), CAUSES[way.cause]),
        "paths": list(way.paths),
        "applications": [names[place] for place in way.targets] if names else [],
        "last": rfc3339(way.seen.time) if way.seen.count else None,
        "record": way.seen.uid or None,
        "known_from": way.known_from,
    }


def _finding(one: AuthenticationFinding) -> dict[str, Any]:
    return {
        "kind": one.kind,
        "what": KINDS[one.kind],
        "organisation": one.organisation,
        "account": one.account,
        "first": rfc3339(one.first) if one.first else None,
        "last": rfc3339(one.last) if one.last else None,
        "text": one.text,
        "records": list(one.records),
        "known_from": one.known_from,
    }
