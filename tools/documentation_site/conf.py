"""Configure Sphinx: `make docs` builds README and docs as a static site with search, in strict mode.

The source folder is the root of the repository, so that links work in the repository and on the site.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from tools.documentation_site.navigation import PATTERNS, is_index, list_children  # noqa: E402

project = "Seawall"
author = "the Seawall authors"
extensions = ["myst_parser"]
root_doc = "README"
include_patterns = list(PATTERNS)
exclude_patterns = [
    ".*",
    "bench",
    "console",
    "demo",
    "requirements",
    "site",
    "src",
    "tests",
    "tools",
    "packages/*/src",
]
language = "en_GB"
highlight_language = "none"
suppress_warnings = ["misc.highlighting_failure"]  # languages that Pygments lacks, and shortened JSON
myst_heading_anchors = 4
html_theme = "furo"
html_title = "Seawall"
html_copy_source = False
html_show_copyright = False
html_show_sphinx = False

FIRST_PAGE = (
    '<!doctype html><meta charset="utf-8"><title>Seawall</title>'
    '<meta http-equiv="refresh" content="0; url=README.html">\n'
)


def add_navigation(_app: object, name: str, source: list[str]) -> None:
    """Append the links of an index page's lists as Sphinx's table of contents."""
    page = f"{name}.md"
    if is_index(page) and (children := list_children(page, source[0])):
        lines = "\n".join(f"/{child.removesuffix('.md')}" for child in children)
        source[0] += f"\n```{{toctree}}\n:hidden:\n\n{lines}\n```\n"


def write_first_page(app: Any, error: Exception | None) -> None:
    """Write the site's start page, which redirects to README."""
    if error is None:
        (Path(app.outdir) / "index.html").write_text(FIRST_PAGE, "utf-8")


def setup(app: Any) -> dict[str, bool]:
    """Connect the two functions above. Sphinx calls this."""
    app.connect("source-read", add_navigation)
    app.connect("build-finished", write_first_page)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
