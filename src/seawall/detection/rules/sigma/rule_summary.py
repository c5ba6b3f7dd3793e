"""Summarise a rule set before it runs: how many rules run, and which do not and why."""

from __future__ import annotations

from seawall.detection.rules.sigma.run import RuleSet
from seawall_base.plurals import plural

MOST_SAID = 10
"""Number of skipped rules that are named; the others are counted."""


def summarise_rules(rules: RuleSet) -> tuple[str, ...]:
    """Return lines: counts, then the first skipped files with their reasons. File names are untrusted text."""
    parts = len(rules.parts)
    more = [f"{parts:,} of them only as parts of correlation rules"] if parts else []
    more += [f"{rules.idle:,} cannot hit"] if rules.idle else []
    of_these = f" ({', '.join(more)})" if more else ""
    lines = [f"rules: {plural(len(rules), 'Sigma rule')} loaded{of_these}, {len(rules.skipped):,} skipped"]
    lines += [f"not run: {one.file}: {one.reason}" for one in rules.skipped[:MOST_SAID]]
    others = len(rules.skipped) - MOST_SAID
    if others > 0:
        lines.append(f"not run: {plural(others, 'more rule')}, see seawall rules list")
    return tuple(lines)
