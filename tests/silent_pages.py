"""Open a page from disk in a browser: it says nothing, asks for nothing, runs nothing and fits."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


def open_silent_page(browser: Browser, file: Path, width: int) -> Page:
    """The page of a file with every fold open, after the checks."""
    place = file.as_uri()
    page = browser.new_context(viewport={"width": width, "height": 900}).new_page()
    said, asked = list[str](), list[str]()
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(place)
    page.evaluate("document.querySelectorAll('details').forEach((fold) => { fold.open = true; })")
    assert said == []
    assert asked == [place]
    assert page.evaluate("typeof window.__pwned") == "undefined"
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    return page
