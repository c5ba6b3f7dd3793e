"""Generate the tables of docs/how-to/tokens.md from the code: `python -m tools.token_tables` (or `--check`)."""

from __future__ import annotations

import sys
from pathlib import Path

from seawall_tokens.refusals import REFUSALS
from seawall_tokens.verify.examination import CHECKS
from tools import generated_tables

PAGE = Path(__file__).parents[1] / "docs" / "how-to" / "tokens.md"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def steps_table() -> str:
    """Return a table of the steps of a verification, in order."""
    rows = ["| check | what | where the rule is written |", "|---|---|---|"]
    rows += [f"| {check.number} | {_cell(check.words)} | {_cell(check.source)} |" for check in CHECKS]
    return "\n".join(rows)


def refusals_table() -> str:
    """Return a table of refusals by check and code."""
    rows = [
        "| check | code | what it means | HTTP | challenge | where the rule is written |",
        "|---|---|---|---|---|---|",
    ]
    for kind in sorted(REFUSALS.values(), key=lambda kind: (kind.check, kind.code)):
        challenge = f"`{kind.challenge}`" if kind.challenge else ""
        rows.append(
            f"| {kind.check or ''} | `{kind.code}` | {_cell(kind.words)} | {kind.status} | {challenge} | {_cell(kind.source)} |"
        )
    return "\n".join(rows)


def tables() -> dict[str, str]:
    """Return every generated table by the name in its markers."""
    return {"steps": steps_table(), "refusals": refusals_table()}


def rewritten(page: str) -> str:
    """Return the page with every table replaced. Raises `ValueError` if a marker is missing."""
    return generated_tables.rewritten(page, tables(), PAGE.name)


def main(arguments: list[str]) -> int:
    """Write the page, or with `--check` only report whether it would change."""
    return generated_tables.write_or_check({PAGE: rewritten(PAGE.read_text("utf-8"))}, arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
