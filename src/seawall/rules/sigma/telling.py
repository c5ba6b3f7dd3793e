"""What is said of a set of rules before it is asked: how many run, which do not and why."""

from __future__ import annotations

from seawall.plurals import plural
from seawall.rules.sigma.run import RuleSet

MOST_SAID = 10
"""Rules that do not run and are named; the others are counted."""


def told(rules: RuleSet) -> tuple[str, ...]:
    """Return lines: counts, then the first files that do not run, each with its reason. Their names are anybody's text."""
    idle = f" ({rules.idle:,} of them cannot hit)" if rules.idle else ""
    lines = [f"rules: {len(rules):,} run{idle}, {len(rules.skipped):,} do not"]
    lines += [f"not run: {one.file}: {one.reason}" for one in rules.skipped[:MOST_SAID]]
    more = len(rules.skipped) - MOST_SAID
    if more > 0:
        lines.append(f"not run: {plural(more, 'more rule')}, see seawall rules list")
    return tuple(lines)
