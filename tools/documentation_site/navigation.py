"""Determine the pages of the site and their order from the lists of links in README and every `index.md`."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT_PAGE: Final = "README.md"
PATTERNS: Final = ("*.md", "docs/**/*.md", "packages/*/README.md")
"""Patterns of pages, from the root of the repository."""

_ITEM: Final = re.compile(r"^[-*] \[[^\]]+\]\(([^)\s#]+\.md)\)", re.MULTILINE)


def find_pages(root: Path) -> list[str]:
    """Return the path of every page below the root, sorted."""
    return sorted({path.relative_to(root).as_posix() for pattern in PATTERNS for path in root.glob(pattern)})


def is_index(page: str) -> bool:
    """Return whether a page lists other pages for the navigation."""
    return page == ROOT_PAGE or posixpath.basename(page) == "index.md"


def list_children(page: str, text: str) -> list[str]:
    """Return the pages at the start of list items of an index page, in order, without repeats."""
    folder = posixpath.dirname(page)
    targets = (posixpath.normpath(posixpath.join(folder, target)) for target in _ITEM.findall(text))
    return list(dict.fromkeys(target for target in targets if target != page))


def walk(root: Path, page: str = ROOT_PAGE) -> Iterator[str]:
    """Yield a page, then the pages below it in the navigation, depth first; a page listed twice is repeated."""
    yield page
    if is_index(page):
        for child in list_children(page, (root / page).read_text("utf-8")):
            yield from walk(root, child)
