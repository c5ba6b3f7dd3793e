"""Render a document about an incident as one self-contained HTML page, and as PDF; the same document gives the same bytes.

Jinja escapes every value in HTML, and the PDF gets values as JSON, never as markup. The page's content security policy
allows its one style by hash: no script, picture or connection.
"""

from __future__ import annotations

from typing import Final

import msgspec
from markupsafe import Markup

from seawall.report.handling.document import HandlingDocument
from seawall.report.incident_page import digest_part, environment, part
from seawall.response.notification.forms import compile_pdf

HTML: Final = "handling.html"
STYLE: Final = "handling.css"
PDF: Final = "handling.typ"


def render_document_page(document: HandlingDocument) -> str:
    """Return the document as an HTML page."""
    style = part(STYLE)
    return (
        environment()
        .get_template(HTML)
        .render(
            document=document,
            style=Markup(style),  # noqa: S704 - our own file, allowed by its hash
            policy=f"default-src 'none'; style-src '{digest_part(style)}'; base-uri 'none'; form-action 'none'",
        )
    )


def render_document_pdf(document: HandlingDocument) -> bytes:
    """Return the document as a PDF of A4 pages. Raises `ModuleNotFoundError` without the extra `letters`."""
    inputs = {"document": msgspec.json.encode(document).decode()}
    return compile_pdf(part(PDF), inputs, document.date).content
