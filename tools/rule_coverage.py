"""Write the tables of docs/reference/rule-coverage.md: our rules by ATT&CK technique, beside the counts of `rule_peers.toml`.

`python -m tools.rule_tables` writes this page too.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from seawall.detection.rules.sigma.model import RuleDescription
from tools import generated_tables

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "rule-coverage.md"
PEERS = Path(__file__).with_name("rule_peers.toml")
VENDORS = ("microsoft", "okta", "google")
UNKNOWN = "–"


def read_peers() -> dict[str, Any]:
    """Return the counts of other people's rules, with their dates."""
    return tomllib.loads(PEERS.read_text("utf-8"))


def count_rules(rules: Sequence[RuleDescription], technique: str, *, with_parts: bool) -> dict[str, int]:
    """Return by vendor how many rules have a technique, or with `with_parts` one of its sub-techniques."""
    counts = dict.fromkeys(VENDORS, 0)
    for rule in rules:
        names = {name.partition(".")[0] for name in rule.techniques} if with_parts else set(rule.techniques)
        if technique in names:
            counts[Path(rule.file).parts[1]] += 1
    return counts


def make_techniques_table(
    rules: Sequence[RuleDescription], names: Mapping[str, str], peers: Mapping[str, Any]
) -> str:
    """Return the table of techniques, sub-techniques included."""
    own = {name.partition(".")[0] for rule in rules for name in rule.techniques}
    lines = [
        "| technique | Seawall | Microsoft | Okta | Google | SigmaHQ | Elastic | Splunk |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for technique in sorted(own | set(peers["sigmahq"]["counts"])):
        counts = count_rules(rules, technique, with_parts=True)
        below = (names[one] for one in sorted(names) if one.startswith(f"{technique}."))
        name = names.get(technique) or peers["names"].get(technique) or next(below, "")
        cells = [
            f"{technique} {name}".strip(),
            str(sum(counts.values())),
            *map(str, counts.values()),
            str(peers["sigmahq"]["counts"].get(technique, 0)),
            *(str(peers["stated"][peer].get(technique, UNKNOWN)) for peer in ("elastic", "splunk")),
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def make_cloud_table(
    rules: Sequence[RuleDescription], names: Mapping[str, str], peers: Mapping[str, Any]
) -> str:
    """Return the table of techniques that exist for cloud accounts, each sub-technique alone."""
    lines = ["| technique | Seawall | Sigma | Elastic | Splunk |", "|---|---|---|---|---|"]
    for technique, others in sorted(peers["car"]["counts"].items()):
        own = sum(count_rules(rules, technique, with_parts=False).values())
        lines.append(
            f"| {technique} {names.get(technique, '')} | {own} | {' | '.join(map(str, others))} |".replace(
                "  ", " "
            )
        )
    return "\n".join(lines)


def make_sources_table(peers: Mapping[str, Any]) -> str:
    """Return where each count comes from, and its date."""
    rows = (("SigmaHQ", "sigmahq"), ("Elastic, Splunk", "stated"), ("second table", "car"))
    lines = ["| column | date | what was counted | where |", "|---|---|---|---|"]
    for column, key in rows:
        source = peers[key]
        day = source["date"] if isinstance(source["date"], str) else f"{source['date']:%d %B %Y}".lstrip("0")
        lines.append(f"| {column} | {day} | {source['what']} | {source['where']} |")
    return "\n".join(lines)


def rewritten(page: str, rules: Sequence[RuleDescription], names: Mapping[str, str]) -> str:
    """Return the page with its tables replaced."""
    peers = read_peers()
    vendors = [sum(Path(rule.file).parts[1] == vendor for rule in rules) for vendor in VENDORS]
    techniques = {name for rule in rules for name in rule.techniques}
    total = (
        f"Seawall ships {len(rules)} rules: {vendors[0]} for Microsoft 365 and Entra, {vendors[1]} for Okta and {vendors[2]} for "
        f"Google Workspace.\nThey name {len(techniques)} techniques and sub-techniques."
    )
    tables = {
        "total": total,
        "techniques": make_techniques_table(rules, names, peers),
        "cloud": make_cloud_table(rules, names, peers),
        "sources": make_sources_table(peers),
    }
    return generated_tables.rewritten(page, tables, PAGE.name)
