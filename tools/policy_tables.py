"""Generate the tables of docs/reference/policy.md from the code: `python -m tools.policy_tables` (or `--check`)."""

from __future__ import annotations

import sys
from pathlib import Path

from seawall_tokens.policy.profiles import PROFILES
from seawall_tokens.policy.settings import ISSUER_SETTINGS, REVOCATION_SETTINGS
from tools import generated_tables
from tools.setting_rows import cell, rows_table, spelled

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "policy.md"


def profiles_table() -> str:
    """Return a table of the profiles."""
    rows = ["| profile | for | sets | source |", "|---|---|---|---|"]
    for profile in PROFILES.values():
        sets = "; ".join(f"`{name}` {cell(spelled(value))}" for name, value in profile.settings.items())
        rows.append(
            f"| `{profile.name}` | {cell(profile.meaning)} | {sets or 'the defaults'} | {profile.source} |"
        )
    return "\n".join(rows)


def tables() -> dict[str, str]:
    """Return every generated table by the name in its markers."""
    return {
        "issuer settings": rows_table(ISSUER_SETTINGS),
        "revocations settings": rows_table(REVOCATION_SETTINGS),
        "profiles": profiles_table(),
    }


def rewritten(page: str) -> str:
    """Return the page with every table replaced. Raises `ValueError` if a marker is missing."""
    return generated_tables.rewritten(page, tables(), PAGE.name)


def main(arguments: list[str]) -> int:
    """Write the page, or with `--check` only report whether it would change."""
    return generated_tables.write_or_check({PAGE: rewritten(PAGE.read_text("utf-8"))}, arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
