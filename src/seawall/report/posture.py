"""Build the JSON document of an assessed configuration: each policy with its evidence, its incidents and its fix."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from seawall.events.problem import Problem
from seawall.posture.assess import Finding
from seawall.posture.changes import compare_findings
from seawall.posture.exports import BY_NAME
from seawall.posture.incidents import INCIDENTS
from seawall.posture.policy import Configuration
from seawall_base.times import rfc3339

STATES = ("not met", "cannot say", "met")
STRENGTH_WORDS = {"shall": "required", "lesson": "lesson of an incident", "should": "recommended"}
_MOST_PROBLEMS = 200


def posture_document(
    findings: Sequence[Finding],
    configuration: Configuration,
    problems: Sequence[Problem],
    earlier: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the whole assessment as plain values. `earlier` is a document of this kind to compare with."""
    listed = [_finding(one) for one in findings]
    return {
        "assessed": rfc3339(configuration.now),
        "summary": {state: sum(one["state"] == state for one in listed) for state in STATES},
        "findings": listed,
        "missing_exports": _missing(findings),
        "products": sorted({BY_NAME[name].product for name in configuration.objects}),
        "exports": [
            {
                "name": name,
                "title": BY_NAME[name].title,
                "objects": len(objects),
                "files": list(configuration.files.get(name, ())),
                "is_partial": name in configuration.partial,
            }
            for name, objects in sorted(configuration.objects.items())
        ],
        "since": _since(earlier, listed),
        "problems": {
            "counts": dict(sorted(Counter(problem.code for problem in problems).items())),
            "first": [
                {"source_file": p.source_file, "line": p.line, "code": p.code, "reason": p.reason}
                for p in problems[:_MOST_PROBLEMS]
            ],
        },
    }


def by_weight(findings: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return findings as an administrator should take them: most incidents first, then what the baseline requires."""
    strengths = tuple(STRENGTH_WORDS)
    return sorted(findings, key=lambda one: (-len(one["incidents"]), strengths.index(one["strength"])))


def _finding(finding: Finding) -> dict[str, Any]:
    policy, verdict = finding.policy, finding.verdict
    return {
        "id": policy.id,
        "title": policy.title,
        "baseline": policy.baseline,
        "strength": policy.strength,
        "state": verdict.state,
        "reason": verdict.reason,
        "names": list(verdict.names),
        "count": verdict.count,
        "requires": policy.requires,
        "stops": policy.stops,
        "incidents": [
            {
                "key": key,
                "name": INCIDENTS[key].name,
                "when": INCIDENTS[key].when,
                "way_in": INCIDENTS[key].way_in,
            }
            for key in policy.incidents
        ],
        "fix": verdict.fix or policy.fix,
        "formerly": list(policy.formerly),
        "missing_exports": [list(names) for names in finding.missing],
    }


def _missing(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """Return each missing export with the policies that wait for it, the one that most wait for first."""
    waiting: dict[str, list[str]] = {}
    for finding in findings:
        for names in finding.missing:
            waiting.setdefault(names[0], []).append(finding.policy.id)
    found = [
        {
            "name": name,
            "title": BY_NAME[name].title,
            "get": BY_NAME[name].get,
            "permission": BY_NAME[name].permission,
            "product": BY_NAME[name].product,
            "policies": policies,
        }
        for name, policies in waiting.items()
    ]
    return sorted(found, key=lambda one: (-len(one["policies"]), one["name"]))


def _since(earlier: Mapping[str, Any] | None, listed: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    if earlier is None:
        return None
    before = [one for one in earlier["findings"] if isinstance(one, dict)]
    return {
        "assessed": str(earlier.get("assessed", "")),
        "changes": [
            {
                "id": change.id,
                "title": change.title,
                "before": change.before,
                "now": change.now,
                "appeared": list(change.appeared),
                "gone": list(change.gone),
            }
            for change in compare_findings(before, listed)
        ],
    }
