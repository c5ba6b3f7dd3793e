"""What is said of a set of rules before it is asked: how many run, which do not and why."""

from __future__ import annotations

from seawall.detection.rules.sigma.run import RuleSet
from seawall_base.plurals import plural

MOST_SAID = 10
"""Rules that do not run and are named; the others are counted."""


def summarise_rules(rules: RuleSet) -> tuple[str, ...]:
    """Return lines: counts, then the first files that do not run, each with its reason. Their names are anybody's text."""
    parts = len(rules.parts)
    more = [f"{parts:,} of them for others that count them"] if parts else []
    more += [f"{rules.idle:,} cannot hit"] if rules.idle else []
    of_these = f" ({', '.join(more)})" if more else ""
    lines = [f"rules: {len(rules):,} run{of_these}, {len(rules.skipped):,} do not"]
    lines += [f"not run: {one.file}: {one.reason}" for one in rules.skipped[:MOST_SAID]]
    others = len(rules.skipped) - MOST_SAID
    if others > 0:
        lines.append(f"not run: {plural(others, 'more rule')}, see seawall rules list")
    return tuple(lines)
