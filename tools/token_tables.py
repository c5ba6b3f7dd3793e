"""Writes the tables of docs/tokens.md from the code: `python tools/token_tables.py` (or `--check`)."""

from __future__ import annotations

import sys
from pathlib import Path

from seawall.tokens.examination import CHECKS
from seawall.tokens.refusals import REFUSALS

PAGE = Path(__file__).parents[1] / "docs" / "tokens.md"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def steps_table() -> str:
    """One row for each step of a verification, in order."""
    rows = ["| check | what | where the rule is written |", "|---|---|---|"]
    rows += [f"| {check.number} | {_cell(check.words)} | {_cell(check.source)} |" for check in CHECKS]
    return "\n".join(rows)


def refusals_table() -> str:
    """One row for each refusal, by check and code."""
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
    """Every generated table by the name in its markers."""
    return {"steps": steps_table(), "refusals": refusals_table()}


def rewritten(page: str) -> str:
    """The page with every table anew. Raises `ValueError` when a marker is missing."""
    for name, table in tables().items():
        begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
        before, found, rest = page.partition(begin)
        _, closed, after = rest.partition(end)
        if not found or not closed:
            raise ValueError(f"docs/tokens.md has no markers for {name}")
        page = f"{before}{begin}\n\n{table}\n\n{end}{after}"
    return page


def main(arguments: list[str]) -> int:
    """Write the page, or with `--check` only say whether it would change."""
    page = PAGE.read_text("utf-8")
    new = rewritten(page)
    if "--check" in arguments:
        return int(new != page)
    PAGE.write_text(new, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
