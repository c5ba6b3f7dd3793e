"""Replace or check tables in docs that are generated from the code, between markers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


def rewritten(page: str, tables: Mapping[str, str], name: str) -> str:
    """Return the text of the page `name` with every table replaced. Raises `ValueError` if a marker is missing."""
    for table_name, table in tables.items():
        begin, end = f"<!-- {table_name}: begin -->", f"<!-- {table_name}: end -->"
        before, found, rest = page.partition(begin)
        _, closed, after = rest.partition(end)
        if not found or not closed:
            raise ValueError(f"{name} has no markers for {table_name}")
        page = f"{before}{begin}\n\n{table}\n\n{end}{after}"
    return page


def write_or_check(pages: Mapping[Path, str], arguments: list[str]) -> int:
    """Write each page's new text; with `--check` write nothing, and return 1 if one would change."""
    changed = {
        path: text for path, text in pages.items() if not path.exists() or path.read_text("utf-8") != text
    }
    if "--check" in arguments:
        return int(bool(changed))
    for path, text in changed.items():
        path.write_text(text, "utf-8")
    return 0
