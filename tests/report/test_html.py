"""The page: self-contained, escaped, bounded, honest when empty."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from seawall.report.incident_page import DETAILED, ROWS, render_report, write_report
from seawall.report.incident_words import SCORE_MEANS
from seawall.report.input import ReportedBudget, ReportInput
from seawall_base.errors import OutputUnwritable

from .samples import hostile, report

VOID = {"meta", "link", "input", "br", "img", "hr"}


class Shape(HTMLParser):
    """Collects tags and attributes and checks that elements nest."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def shape(page: str) -> Shape:
    parsed = Shape()
    parsed.feed(page)
    assert parsed.open == []
    return parsed


@pytest.mark.parametrize("made", [report(), hostile(), report(0, 3), ReportInput(incidents=())])
def test_the_page_is_well_formed_and_alone(made: ReportInput) -> None:
    parsed = shape(render_report(made))
    assert parsed.tags.count("script") == 1
    assert not {"link", "iframe", "object", "embed", "base", "form", "img"} & set(parsed.tags)
    for tag, name, value in parsed.attributes:
        assert not name.startswith("on"), (tag, name)
        assert name != "style"
        assert name not in {"src", "srcset", "action", "formaction"}
        if name == "href":
            assert value.startswith("#")
    ids = [value for _, name, value in parsed.attributes if name == "id"]
    assert len(ids) == len(set(ids))


def test_the_policy_allows_exactly_our_style_and_script() -> None:
    page = render_report(report())
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)
    assert policy is not None
    text = policy.group(1).replace("&#39;", "'")
    assert text.startswith("default-src 'none'")
    assert "unsafe" not in text
    for tag in ("style", "script"):
        body = re.search(f"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        assert body is not None
        digest = base64.b64encode(hashlib.sha256(body.group(1).encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in text


def test_hostile_text_stays_text() -> None:
    page = render_report(hostile())
    assert "<script>window" not in page
    assert "<img" not in page
    assert "<svg/onload" not in page
    assert not re.search(
        "[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2028\u2029\u2066-\u2069\ufeff]", page
    )
    assert "{{ 7*7 }}" in page


def test_what_a_reader_needs_is_there_without_script() -> None:
    page = render_report(report())
    for words in (
        "3 incidents to look at",
        "0 of 1,240 peers",
        "0 of 212 active days",
        "The alert budget allows <strong>5</strong>",
        "1,204,311",
        "Usual versus now",
        "What would have made it normal",
        "312 proved read, 1,480 possibly read",
        "Revoke the account",
        "seawall explain inc-0001-7f3a",
        "T1606 Forge Web Credentials",
        "Evidence over time",
        "Broken embedded JSON",
        "Gap in a source",
        "2026-10-01",
    ):
        assert words in page, words


@pytest.mark.parametrize("made", [report(), report(0, 3)], ids=["raised", "candidates alone"])
def test_a_score_is_never_a_bare_number(made: ReportInput) -> None:
    page = render_report(made)
    assert page.count(SCORE_MEANS) == 1
    assert page.index(SCORE_MEANS) < page.index('<section id="coverage"')
    heads = re.findall(r"<summary>(.*?)</summary>", page, re.DOTALL)
    assert not any("score" in one for one in heads), (
        "a score stands among the details, not beside how likely it is"
    )
    assert page.count('<th scope="row">Score</th>') == len(made.raised_incidents)


def test_a_severity_says_why() -> None:
    made = report()
    first = made.incidents[0]
    why = "Impact grave and takeover <b>likely</b> make it high."
    told = replace(first, details={**first.details, "severity_because": [why, "It is so."]})
    page = render_report(replace(made, incidents=(told, *made.incidents[1:])))
    assert page.count("Why this severity") == 1
    assert (
        "<li>It is so.</li><li>Impact grave and takeover &lt;b&gt;likely&lt;/b&gt; make it high.</li>" in page
    )
    assert "Why this severity" not in render_report(made)


def test_words_for_a_ticket_are_lines() -> None:
    page = render_report(report(1, 0))
    ticket = page.partition('class="inner-fold words"')[2].partition("</pre>")[0]
    assert "\nWhy:\n- The token used was never issued" in ticket
    assert "U+000A" not in page


def test_nothing_raised_is_said_honestly() -> None:
    page = render_report(report(0, 3))
    assert "Nothing was raised" in page
    assert "not proof" in page
    assert "the logs had limits" in page
    assert "3 candidates" in page
    assert "no gap was found" in render_report(ReportInput(incidents=()))


def test_many_incidents_do_not_make_a_giant_page() -> None:
    page = render_report(report(DETAILED + ROWS + 50, 3_000))
    assert page.count('<li class="incident') == DETAILED
    assert "50 more raised incidents are left out" in page
    assert f"{3_000 - ROWS:,} more candidates are left out" in page
    assert len(page) < 8_000_000


def test_writing_is_whole_or_refused(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    write_report(path, ReportInput(incidents=(), budget=ReportedBudget(allowed=0)))
    assert path.read_text("utf-8").endswith("</html>")
    assert list(tmp_path.iterdir()) == [path]
    with pytest.raises(OutputUnwritable, match="No such file"):
        write_report(tmp_path / "missing" / "report.html", ReportInput(incidents=()))
