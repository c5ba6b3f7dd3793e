"""Generate the page of the conformance kit's cases, and the tables of the page about the kit.

python -m tools.conformance_tables            # writes docs/reference/conformance-cases.md and docs/how-to/conformance.md
python -m tools.conformance_tables --check    # exit code 1 if one of them would change
"""

from __future__ import annotations

import sys
from pathlib import Path

from seawall_tokens.conformance.battery import cases, families
from seawall_tokens.conformance.case import HARMS, Case
from seawall_tokens.conformance.verifier import CAPABILITIES
from tools import generated_tables

DOCS = Path(__file__).parents[1] / "docs"
PAGE = DOCS / "how-to" / "conformance.md"
CASES = DOCS / "reference" / "conformance-cases.md"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def harms_table() -> str:
    """Return a table of harms with the number of cases that would cause each."""
    rows = ["| harm | cases | what it means |", "|---|---|---|"]
    for harm, words in HARMS.items():
        rows.append(f"| {harm} | {sum(case.harm == harm for case in cases())} | {words} |")
    return "\n".join(rows)


def families_table() -> str:
    """Return a table of families."""
    rows = ["| family | about | hostile | controls |", "|---|---|---|---|"]
    for family in families():
        hostile = sum(case.is_hostile for case in family.cases)
        rows.append(f"| `{family.name}` | {family.words} | {hostile} | {len(family.cases) - hostile} |")
    every = cases()
    hostile = sum(case.is_hostile for case in every)
    rows.append(f"| all | | {hostile} | {len(every) - hostile} |")
    return "\n".join(rows)


def capabilities_table() -> str:
    """Return a table of capabilities that a verifier may lack."""
    rows = ["| capability | a verifier that has it | cases |", "|---|---|---|"]
    for name, words in CAPABILITIES.items():
        rows.append(f"| `{name}` | {words} | {sum(name in case.needs for case in cases())} |")
    return "\n".join(rows)


def tables() -> dict[str, str]:
    """Return every generated table of the page by the name in its markers."""
    return {"harms": harms_table(), "families": families_table(), "capabilities": capabilities_table()}


def rewritten(page: str) -> str:
    """Return the page with every table replaced. Raises `ValueError` if a marker is missing."""
    return generated_tables.rewritten(page, tables(), PAGE.name)


def _row(case: Case) -> str:
    expected = " or ".join(f"`{code}`" for code in case.codes) or "accepted"
    needs = ", ".join(f"`{name}`" for name in sorted(case.needs))
    cells = (
        f"`{case.name}`",
        _cell(case.attack),
        case.harm or "control",
        expected,
        needs,
        _cell(case.source),
    )
    return f"| {' | '.join(cells)} |"


def cases_page() -> str:
    """Return the page that lists every case."""
    lines = [
        "# The cases of the conformance kit",
        "",
        "What each stands for, what follows when it is accepted, the refusals that fit (Seawall gives the first), the",
        "capabilities it needs, and where the rule stands. [conformance.md](../how-to/conformance.md) says how to run",
        "them. This page is written by `tools/conformance_tables.py`.",
    ]
    for family in families():
        lines += ["", f"## {family.name}", "", f"{family.words[0].upper()}{family.words[1:]}.", ""]
        lines += ["| case | what | harm | expected | needs | source |", "|---|---|---|---|---|---|"]
        lines += [_row(case) for case in family.cases]
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> int:
    """Write both pages, or with `--check` only report whether they would change."""
    return generated_tables.write_or_check(
        {PAGE: rewritten(PAGE.read_text("utf-8")), CASES: cases_page()}, arguments
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
