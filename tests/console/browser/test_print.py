"""An incident on paper: all that it says, on no blank sheet; and headings whose words stand apart."""

from __future__ import annotations

import pytest

from tests.console.browser.conftest import Visit, Visiting
from tests.console.browser.test_incident import opened

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def served(served_alone: str) -> str:
    return served_alone


def sheets(made: Visit) -> list[str]:
    """The text of each sheet, without white space."""
    made.page.wait_for_load_state("networkidle")
    made.page.locator(".incident-actions").wait_for()
    pypdfium2 = pytest.importorskip("pypdfium2")
    printed = pypdfium2.PdfDocument(made.page.pdf(format="A4"))
    return ["".join(page.get_textpage().get_text_bounded().split()) for page in printed]


def test_every_sheet_has_text_and_the_sheets_have_all_of_it(visit: Visiting) -> None:
    made = opened(visit, "mail-forwarding")
    titles = [
        one.strip()
        for one in made.page.locator(".incident h2, .incident h3").all_inner_texts()
        if one.strip()
    ]
    found = sheets(made)
    assert len(titles) > 4
    assert all(len(one) > 40 for one in found), "no sheet is blank"
    whole = "".join(found).casefold()
    missing = [one for one in titles if "".join(one.split()).casefold() not in whole]
    assert missing == []


def test_headings_are_not_set_tight(visit: Visiting) -> None:
    made = opened(visit, "mail-forwarding")
    spacing = made.page.locator("h1, h2, h3, h4").evaluate_all(
        "all => all.map(one => [getComputedStyle(one).letterSpacing, parseFloat(getComputedStyle(one).wordSpacing)])"
    )
    assert spacing
    assert all(letters == "normal" or not letters.startswith("-") for letters, _ in spacing)
    assert all(words >= 0 for _, words in spacing)
