"""`seawall help`: print a page of the documentation that is installed with the program."""

from __future__ import annotations

from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated

import typer

from seawall.cli import output

PARTS = ("tutorials", "how-to", "reference", "explanation")


def show_help(
    page: Annotated[
        str | None,
        typer.Argument(
            metavar="[PAGE]", help="A page, as how-to/export-logs or export-logs.", show_default=False
        ),
    ] = None,
) -> None:
    """Print a page of the documentation as Markdown; without PAGE, list all pages.

    \b
    Examples:
      seawall help
      seawall help export-logs
      seawall help how-to/respond
    """
    pages = list_pages()
    if page is None:
        output.write("".join(f"{name}  {_read_title(file)}\n" for name, file in pages.items()))
        return
    output.write(find_page(page, pages).read_text("utf-8"))


def list_pages() -> dict[str, Traversable]:
    """Return all pages by part and name: from the package, or in a checkout from its folder `docs`."""
    root: Traversable = resources.files("seawall") / "documentation"
    if not root.is_dir():
        root = Path(str(resources.files("seawall"))).parents[1] / "docs"
    return {
        f"{part}/{file.name.removesuffix('.md')}": file
        for part in PARTS
        if (root / part).is_dir()
        for file in sorted((root / part).iterdir(), key=lambda file: file.name)
        if file.name.endswith(".md") and file.name != "index.md"
    }


def find_page(wanted: str, pages: dict[str, Traversable]) -> Traversable:
    """Return the page of a name, with or without its part. Raises `UsageError`."""
    from seawall_base.errors import UsageError

    name = wanted.removeprefix("docs/").removesuffix(".md")
    found = [one for one in pages if name in (one, one.partition("/")[2])]
    if not found:
        raise UsageError(f"there is no page {wanted}", fix="run `seawall help` for all pages")
    if len(found) > 1:
        raise UsageError(f"{wanted} may be {' or '.join(found)}", fix=f"run `seawall help {found[0]}`")
    return pages[found[0]]


def _read_title(page: Traversable) -> str:
    first = page.read_text("utf-8").partition("\n")[0]
    return first.removeprefix("# ")
