"""The letter as a page, in a real browser: it fits, asks nothing of a network, and runs nothing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from seawall.response.notification.forms import render_html
from seawall.response.notification.language import load_language
from seawall.response.notification.letter import collect_facts
from seawall.response.notification.writing import LetterEdition, write_letter
from seawall.response.scope_values import Message, Scope, SyncedFolder
from tests.response.cases import DAY, HOSTILE, LONG, SHORT, T, case, case_text, mailbox, scope

if TYPE_CHECKING:
    from playwright.sync_api import Browser

EVIL = scope(
    [mailbox(name, folders=(SyncedFolder(name, name, (), T, T + 5),), reasons=(name,)) for name in HOSTILE],
    [Message(name, name, name, "r", T, "contoso") for name in HOSTILE],
)


def page_of(path: Path, given: Scope, who: str, tag: str) -> Path:
    read = case(case_text(), path)
    facts = collect_facts(read, read.recipient(who), given)
    document = write_letter(
        facts,
        LetterEdition(1, T + 21 * DAY, "ABCD-EFGH-JKLM", None, ("messages.csv",)),
        load_language(tag, "Europe/Berlin"),
    )
    file = path / "letter.html"
    file.write_text(render_html(document), encoding="utf-8")
    return file


@pytest.mark.browser
@pytest.mark.parametrize("width", [360, 900])
@pytest.mark.parametrize(
    ("given", "who", "tag"),
    [(SHORT, "anna", "de"), (SHORT, "carla", "en"), (LONG, "contoso", "de"), (EVIL, "contoso", "en")],
    ids=["short", "not-touched", "long", "hostile"],
)
def test_a_letter_in_a_browser(
    browser: Browser, tmp_path: Path, given: Scope, who: str, tag: str, width: int
) -> None:
    file = page_of(tmp_path, given, who, tag)
    page = browser.new_page(viewport={"width": width, "height": 900})
    try:
        said: list[str] = []
        asked: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.on("dialog", lambda dialog: said.append(dialog.message))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(file.as_uri())
        assert asked == [file.as_uri()]
        assert said == []
        overflow = page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert overflow <= 0
        weight = page.evaluate("getComputedStyle(document.querySelector('.verdict')).borderLeftWidth")
        assert weight != "0px", "the style is applied: its hash is the one that the policy allows"
        headings = page.locator("h1, h2").all_inner_texts()
        assert len(headings) == len(set(headings))
        assert page.locator("html").get_attribute("lang") == tag
    finally:
        page.close()
