"""Measure, write or check the figures.

    python -m tools.figures measure [PART...]             # measure these parts (all) on this commit, and write the pages
    python -m tools.figures write                         # write the pages from docs/figures.json
    python -m tools.figures check                         # exit code 1 if figures are stale, or pages differ from them

Parts: `left-out` (ten minutes), `detection` (about an hour), `speed` (minutes; needs a machine without other load). `write` notes
in the pages what changed since a part was measured, so that figures of an earlier program never pass for those of this one.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from tools.figures.digests import DECIDED_BY, digests_of, stale
from tools.figures.measuring import WRITTEN, NotMeasured, Size, measure
from tools.figures.words import pages_with
from tools.generated_tables import write_or_check

ROOT = Path(__file__).parents[2]
KEPT = "docs/figures.json"
PAGES = tuple(name for name in WRITTEN if name.endswith(".md"))


def main(arguments: list[str], root: Path = ROOT, size: Size | None = None) -> int:
    """Return 0 on success, 1 if figures are stale or pages differ, 3 if measuring was impossible."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.figures",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("action", choices=("measure", "write", "check"))
    parser.add_argument(
        "parts", nargs="*", choices=[[], *DECIDED_BY], help="parts to measure; all where none is named"
    )
    asked = parser.parse_args(arguments)
    kept: dict[str, Any] = json.loads((root / KEPT).read_text("utf-8"))
    if asked.action == "check":
        return check(root, kept)
    if asked.action == "measure":
        for part in asked.parts or DECIDED_BY:
            print(f"measuring {part}", file=sys.stderr)
            try:
                kept[part] = measure(root, part, size or Size())
            except NotMeasured as reason:
                print(f"{part} was not measured: {reason}", file=sys.stderr)
                return 3
            (root / KEPT).write_text(json.dumps(kept, indent=1) + "\n", "utf-8")
    return write_or_check(_pages(root, kept), [])


def check(root: Path, kept: dict[str, Any]) -> int:
    """Print stale parts and pages that differ from the figures; return 1 if there are any."""
    complaints = []
    for part, changed in _list_changed(root, kept).items():
        if changed:
            commit = kept[part]["commit"][:7]
            complaints.append(
                f"{part} was measured at commit {commit}; changed since: {', '.join(changed)}. Run: make figures PARTS={part}"
            )
    for path, text in _pages(root, kept).items():
        if path.read_text("utf-8") != text:
            name = path.relative_to(root)
            complaints.append(
                f"{name} does not show the figures of {KEPT}. Run: python -m tools.figures write"
            )
    print("\n".join(complaints) or "the figures are those of this state")
    return int(bool(complaints))


def _pages(root: Path, kept: dict[str, Any]) -> dict[Path, str]:
    pages = {name: (root / name).read_text("utf-8") for name in PAGES}
    changed = _list_changed(root, kept)
    return {root / name: text for name, text in pages_with(kept, pages, changed).items()}


def _list_changed(root: Path, kept: dict[str, Any]) -> dict[str, list[str]]:
    """Return for each part what decides its figures and changed since they were measured."""
    return {part: stale(kept[part]["digests"], digests_of(root, part)) for part in DECIDED_BY}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
