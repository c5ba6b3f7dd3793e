"""Render a letter document as HTML, plain text and PDF; the same document gives the same bytes.

Jinja escapes every value in HTML, and the PDF gets values as JSON, never as markup. The page's content security
policy allows its one style by hash: no script, picture or connection.
"""

from __future__ import annotations

import base64
import hashlib
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

import msgspec

from seawall.response.notification.document import LetterBlock, LetterDocument

if TYPE_CHECKING:
    from jinja2 import Template

WIDTH: Final = 76
"""Columns of the plain text, because mail programs do not wrap it."""

_STANDARDS: Final = ["a-2a", "ua-1"]
"""PDF standards: archival (PDF/A-2a) and accessible (PDF/UA-1)."""


@dataclass(frozen=True, slots=True)
class PdfLetter:
    """A PDF. `is_archival` is false if the fonts lack a character: the box shown instead violates the standards."""

    content: bytes
    is_archival: bool


def render_html(letter: LetterDocument) -> str:
    """Render the letter as one self-contained page."""
    from markupsafe import Markup

    style = _part("letter.css")
    return _html_template().render(
        letter=letter,
        style=Markup(style),  # noqa: S704 - our own file, allowed by its hash
        policy=f"default-src 'none'; style-src '{_digest(style)}'; base-uri 'none'; form-action 'none'",
    )


@cache
def _html_template() -> Template:
    """Compile the template of the page, once per process."""
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(_part("letter.html"))


def render_text(letter: LetterDocument) -> str:
    """Render the letter as wrapped plain text."""
    lines = [
        *letter.sender,
        "",
        *(f"{name}: {value}" for name, value in letter.reference),
        "",
        *letter.recipient,
        "",
    ]
    lines += [letter.confidential, "", *_wrap(letter.title), "=" * min(len(letter.title), WIDTH)]
    lines += [f"[ {letter.verdict_text} ]", "", letter.salutation]
    for section in letter.sections:
        lines += ["", section.title, "-" * len(section.title)]
        for number, block in enumerate(section.blocks):
            lines += [*([""] if number else []), *_block(block)]
        if section.key == "next":
            lines += ["", *letter.closing]
    return "\n".join((*lines, "", "-----", letter.footer, ""))


def _block(block: LetterBlock) -> Iterator[str]:
    if block.kind == "paragraph":
        for line in block.lines:
            yield from _wrap(line)
    elif block.kind == "bullets":
        for line in block.lines:
            yield from _wrap(line, "* ", "  ")
    else:
        if block.caption:
            yield f"{block.caption}:"
        for row in block.rows:
            pairs = [f"{name}: {value}" for name, value in zip(block.header, row, strict=True) if value]
            yield from _wrap("; ".join(pairs), "* ", "  ")


def _wrap(text: str, first: str = "", later: str = "") -> list[str]:
    """Wrap text to WIDTH columns. A longer word, such as a message id, stays whole so that it can be searched for."""
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=first,
        subsequent_indent=later,
        break_long_words=False,
        break_on_hyphens=False,
    ) or [first.rstrip()]


def render_pdf(letter: LetterDocument, fonts: Sequence[Path] = ()) -> PdfLetter:
    """Render the letter as PDF. `fonts` are folders with further fonts; system fonts are not used."""
    inputs = {"letter": msgspec.json.encode(letter).decode()}
    return compile_pdf(_part("letter.typ"), inputs, letter.date, fonts)


def compile_pdf(
    template: str, inputs: Mapping[str, str], date: tuple[int, int, int], fonts: Sequence[Path] = ()
) -> PdfLetter:
    """Compile a Typst template with values as `sys.inputs`; it can read no file and use no package.

    `date` (year, month, day) is stated as the time of the document. `fonts` are folders with further fonts; system fonts are
    not used.
    """
    import typst

    year, month, day = date
    options: dict[str, Any] = {
        "sys_inputs": dict(inputs),
        "font_paths": [str(folder) for folder in fonts],
        "ignore_system_fonts": True,
        "timestamp": datetime(year, month, day, tzinfo=UTC),
    }
    with TemporaryDirectory() as empty:  # the only folder that the renderer may read
        options |= {"root": empty, "package_path": empty, "package_cache_path": empty}
        try:
            return PdfLetter(_compile(template, {**options, "pdf_standards": _STANDARDS}), is_archival=True)
        except typst.TypstError as error:
            if "could not be displayed" not in str(error):
                raise
        return PdfLetter(_compile(template, options), is_archival=False)


def _compile(template: str, options: dict[str, Any]) -> bytes:
    import typst

    content: bytes = typst.compile(template.encode(), **options)
    return content


@cache
def _part(name: str) -> str:
    return resources.files("seawall.response.notification").joinpath("templates", name).read_text("utf-8")


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
