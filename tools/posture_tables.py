"""Generate the tables of docs/reference/posture.md from the code: `python -m tools.posture_tables` (or `--check`)."""

from __future__ import annotations

import sys
from pathlib import Path

from seawall.posture.exports import EXPORTS
from seawall.posture.incidents import INCIDENTS
from seawall.posture.policies import POLICIES
from seawall.posture.policy import BaselinePolicy
from tools import generated_tables

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "posture.md"
_HEADINGS = {
    "MS.AAD": "Microsoft Entra ID",
    "MS.EXO": "Exchange Online",
    "MS.SECURITYSUITE": "Defender and Purview",
    "MS.SHAREPOINT": "SharePoint and OneDrive",
    "MS.TEAMS": "Teams",
    "GWS.COMMONCONTROLS": "Google Workspace",
    "GWS.GMAIL": "Gmail",
    "SEAWALL": "Lessons of incidents",
}


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(_cell(cell) for cell in cells) + " |"


def _needs(policy: BaselinePolicy) -> str:
    return ", ".join(need if isinstance(need, str) else " or ".join(need) for need in policy.needs)


def policies_table() -> str:
    """Return a table for each baseline with a row for each policy."""
    lines = []
    for prefix, heading in _HEADINGS.items():
        found = [
            policy
            for policy in POLICIES
            if policy.baseline == prefix or policy.baseline.startswith(f"{prefix}.")
        ]
        lines += [
            f"### {heading}",
            "",
            _row(["policy", "requires", "would have mattered in", "exports"]),
            "|---|---|---|---|",
        ]
        for policy in found:
            before = f", formerly {', '.join(policy.formerly)}" if policy.formerly else ""
            lines.append(
                _row(
                    [
                        f"**{policy.title}** (`{policy.id}`, {policy.strength}{before})",
                        policy.requires,
                        ", ".join(INCIDENTS[key].name for key in policy.incidents),
                        _needs(policy),
                    ]
                )
            )
        lines.append("")
    return "\n".join(lines).rstrip()


def exports_table() -> str:
    """Return a table with a row for each export."""
    lines = [_row(["export", "what it is", "how to get it", "permission"]), "|---|---|---|---|"]
    lines += [_row([f"`{one.name}`", one.title, f"`{one.get}`", one.permission]) for one in EXPORTS]
    return "\n".join(lines)


def incidents_table() -> str:
    """Return a table with a row for each incident."""
    lines = [_row(["incident", "when", "way in"]), "|---|---|---|"]
    lines += [_row([one.name, one.when, one.way_in]) for one in INCIDENTS.values()]
    return "\n".join(lines)


def tables() -> dict[str, str]:
    """Return every generated table by the name in its markers."""
    return {"policies": policies_table(), "exports": exports_table(), "incidents": incidents_table()}


def rewritten(page: str) -> str:
    """Return the page with its tables replaced."""
    return generated_tables.rewritten(page, tables(), PAGE.name)


def main(arguments: list[str]) -> int:
    """Write the page, or with `--check` only report whether it would change."""
    return generated_tables.write_or_check({PAGE: rewritten(PAGE.read_text("utf-8"))}, arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
