"""The docs name everything that exists, nothing that does not, and nothing that belongs elsewhere."""

from __future__ import annotations

import dataclasses
import functools
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import typer

from seawall import scan
from seawall.cli.main import app
from seawall.detection.behaviour.fields import FIELD_NAMES
from seawall.detection.coverage_note import CoverageCode, CoverageNote
from seawall.detection.ranking.patterns import NAMED_PATTERNS
from seawall.detection.rules.detector import RULES
from seawall.events.event import ACCOUNT_TYPES, ENRICHED_SCHEMA, KINDS, STATUSES
from seawall.events.problem import Problem, ProblemCode
from seawall.events.vendor_detection import SOURCES
from seawall.lab.evaluate.baselines import METHODS
from seawall.lab.worlds import FAMILIES
from seawall.pipeline.scan import OUTPUTS
from seawall.storage.files.incident_documents import incident_document
from tests.cli.samples import INCIDENT
from tests.error_classes import error_classes
from tests.every import check_every

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *ROOT.glob("packages/*/README.md")])
TEXTS = sorted(
    path
    for folder in ("src", "tests", "docs", "tools", "bench", "requirements")
    for path in (ROOT / folder).rglob("*")
    if path.suffix in {".py", ".md", ".txt", ".html", ".css", ".js", ".sh", ".json", ".jsonl", ".lock"}
    and "__pycache__" not in path.parts
    and (ROOT / "bench" / "out") not in path.parents
)  # fmt: skip


def page(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def codes() -> dict[str, int]:
    """Every error's code and exit code."""
    return {code: kind.exit_code for code, kind in error_classes().items()}


def first_column(text: str, heading: str) -> set[str]:
    """The names in backquotes that begin the rows of the table under a heading."""
    section = re.split(r"^#+ ", text.split(f"# {heading}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]
    return set(re.findall(r"^\| `([^`|]+)` \|", section, re.MULTILINE))


@pytest.mark.parametrize(
    ("name", "heading", "expected"),
    [
        ("docs/reference/detectors.md", "Rules", {rule.name for rule in RULES}),
        ("docs/reference/detectors.md", "Patterns", {pattern.name for pattern in NAMED_PATTERNS}),
        ("docs/reference/detectors.md", "Fields", set(FIELD_NAMES)),
        ("docs/reference/errors.md", "Errors", set(codes())),
        ("docs/reference/errors.md", "Problems", set(get_args(ProblemCode))),
        ("docs/reference/output.md", "`coverage.json`", set(get_args(CoverageCode))),
        ("docs/explanation/evaluation.md", "Attack families", set(FAMILIES)),
    ],
)
def test_a_table_names_exactly_what_exists(name: str, heading: str, expected: set[str]) -> None:
    assert first_column(page(name), heading) == expected


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_what_a_rule_misses_is_documented(rule: Any) -> None:
    assert rule.misses
    assert rule.misses in page("docs/reference/detectors.md")
    assert rule.words in page("docs/reference/detectors.md")


@pytest.mark.parametrize("pattern", NAMED_PATTERNS, ids=lambda pattern: pattern.name)
def test_a_pattern_is_described_in_its_own_words(pattern: Any) -> None:
    row = f"| `{pattern.name}` | {pattern.words} | `{pattern.kind}` | {pattern.technique} |"
    assert row in page("docs/reference/detectors.md")


def test_exit_codes_stand_beside_the_errors() -> None:
    for code, exit_code in codes().items():
        assert f"| `{code}` | {exit_code} |" in page("docs/reference/errors.md")


def _named(text: str, names: Iterator[str] | set[str]) -> list[str]:
    """Which names stand nowhere in backquotes."""
    spans = re.findall(r"`([^`]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    quoted = {part for span in spans for part in (span, *re.split(r"[,.] ?", span))}
    return sorted(set(names) - quoted)


def test_every_file_and_key_is_documented(tmp_path: Path) -> None:
    text = page("docs/reference/output.md")
    (tmp_path / "logs").mkdir()
    summary = scan(tmp_path / "logs").summary
    document = incident_document(INCIDENT)
    keys = [*document, *document["messages"], *document["reasons"][0], *document["usual"][0]]
    fields = [field.name for kind in (Problem, CoverageNote) for field in dataclasses.fields(kind)]
    values = [*KINDS, *STATUSES, *ACCOUNT_TYPES]
    assert _named(text, {*OUTPUTS, *summary, *keys, *fields, *values, *ENRICHED_SCHEMA.names, "score"}) == []
    assert _named(page("README.md"), set(OUTPUTS)) == []


def test_every_detail_of_an_incident_is_documented() -> None:
    source = (ROOT / "src/seawall/detection/incidents/explain.py").read_text("utf-8")
    block = source.split("details={", 1)[1].split("},", 1)[0]
    names = set(re.findall(r'"(\w+)":', block))
    assert names
    assert _named(page("docs/reference/output.md"), names) == []


def test_every_source_is_documented() -> None:
    headings = re.findall(r"^## `(\w+)`", page("docs/reference/sources.md"), re.MULTILINE)
    assert headings == [source.NAME for source in SOURCES]


def test_every_baseline_is_documented() -> None:
    for name in METHODS.keys() - {"Seawall"}:
        assert f"\n| {name} |" in page("docs/explanation/evaluation.md")


def test_every_make_target_is_documented() -> None:
    all_targets = re.findall(r"^([a-z-]+):", page("Makefile"), re.MULTILINE)
    targets = {target for target in all_targets if not target.startswith("check-")}  # parts of `make test`
    assert {"demo", "test", "figures-check"} <= targets
    documented = set(re.findall(r"^\| `make ([a-z-]+)` \|", page("CONTRIBUTING.md"), re.MULTILINE))
    assert documented == targets
    for path in PAGES:
        assert (
            set(
                re.findall(
                    r"\bmake ([a-z]+(?:-[a-z]+)*)\b(?=[`\s]*(?:#|`|$))", path.read_text("utf-8"), re.MULTILINE
                )
            )
            <= targets
        )


def test_every_verb_is_documented() -> None:
    verbs = set(getattr(typer.main.get_command(app), "commands", {}))
    headings = set(
        re.findall(r"^## `seawall ([\w-]+)`", page("docs/reference/command-line.md"), re.MULTILINE)
    )
    assert headings == verbs
    used = {
        verb
        for path in PAGES
        for verb in re.findall(
            r"^ *(?:\.venv/bin/)?seawall ([a-z-]+)\b", path.read_text("utf-8"), re.MULTILINE
        )
    }
    assert used <= verbs


def test_the_readme_shows_the_real_help() -> None:
    environment = {**os.environ, "COLUMNS": "80", "TERMINAL_WIDTH": "80", "NO_COLOR": "1"}
    command = [
        sys.executable,
        "-c",
        "import sys; from seawall.cli.main import main; sys.exit(main(['--help']))",
    ]
    real = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    shown = re.search(
        r"<!-- help:start -->\n```text\n(.*?)```\n<!-- help:end -->", page("README.md"), re.DOTALL
    )
    assert shown is not None
    assert shown[1].splitlines() == [line.rstrip() for line in real.rstrip().splitlines()]


def test_the_readme_starts_with_the_two_commands() -> None:
    text = page("README.md")
    assert re.findall(r"^    (make \w+)", text, re.MULTILINE)[:2] == ["make demo", "make test"]
    assert text.index("make demo") < text.index("make test") < 400
    assert text.index("<!-- figures:start -->") < text.index("<!-- figures:end -->")


@functools.cache
def _anchors(text: str) -> set[str]:
    """The anchors that a page's headings get."""
    headings = re.findall(r"^#+ (.+)$", re.sub(r"```.*?```", "", text, flags=re.DOTALL), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def _links() -> Iterator[tuple[Path, str]]:
    for path in PAGES:
        plain = re.sub(r"```.*?```", "", path.read_text("utf-8"), flags=re.DOTALL)
        for target in re.findall(r"\]\(([^)\s]+)\)", plain):
            if not target.startswith(("http://", "https://", "mailto:")):
                yield path, target


def _resolves(link: tuple[Path, str]) -> None:
    path, target = link
    file, _, anchor = target.partition("#")
    place = (path.parent / file).resolve() if file else path
    assert place.exists()
    assert place.is_relative_to(ROOT)
    if anchor:
        assert anchor in _anchors(place.read_text("utf-8"))


def test_links_resolve() -> None:
    check_every(_links(), _resolves, name=lambda link: f"{relative(link[0])} to {link[1]}")


def test_every_page_is_reached_from_the_readme() -> None:
    reached, waiting = {ROOT / "README.md"}, [ROOT / "README.md"]
    links = list(_links())
    while waiting:
        here = waiting.pop()
        for path, target in links:
            there = (path.parent / target.partition("#")[0]).resolve()
            if path == here and there in PAGES and there not in reached:
                reached.add(there)
                waiting.append(there)
    assert set(PAGES) == reached


def test_files_that_the_docs_name_exist() -> None:
    for path in PAGES:
        for name in re.findall(
            r"`((?:src|tests|tools|docs|bench|requirements|packages)/[\w./-]+\.(?:py|md|json|bin|sh|lock))`",
            path.read_text("utf-8"),
        ):
            if "acme" not in name:
                assert (ROOT / name).exists(), f"{relative(path)} names {name}"


@pytest.mark.parametrize("folder", ["src", "packages", "tools", "tests", "bench", "console/src"])
def test_pages_that_the_code_names_exist(folder: str) -> None:
    sources = [
        path for path in sorted((ROOT / folder).rglob("*.*")) if path.suffix in {".py", ".ts", ".tsx", ".sh"}
    ]
    assert sources
    named = {
        (relative(path), name)
        for path in sources
        for name in re.findall(r"(?<![\w./-])docs/[\w/-]+\.md", path.read_text("utf-8"))
    }
    invented = {"docs/index.md", "docs/b.md"}  # pages of a test's own
    assert [one for one in sorted(named) if one[1] not in invented and not (ROOT / one[1]).exists()] == []


def _names_modules_by_path(path: Path) -> None:
    named = re.findall(r"`([\w-]+/[\w/-]+\.py)`", path.read_text("utf-8"))
    assert [name for name in named if "acme" not in name and not (ROOT / name).exists()] == []


def test_a_module_is_named_by_its_path_from_the_root() -> None:
    pages = [path for path in PAGES if path.name != "CHANGELOG.md"]
    check_every(pages, _names_modules_by_path, name=relative)


ELSEWHERE = {
    "a path of somebody's machine": re.compile(r"(?<![\w.*:~$}/-])/(?:work|root|home|Users)/[a-z]"),
    "a package registry": re.compile(r"\b(?:pypi|npmjs|pythonhosted)\.(?:org|com|io)\b"),
    "an unfinished thought": re.compile(r"\b(?:TODO|FIXME|XXX)\b(?!-)"),
    "a merge conflict": re.compile(r"^(?:<<<<<<<|>>>>>>>) ", re.MULTILINE),
}


def _says_nothing_that_belongs_elsewhere(path: Path) -> None:
    text = path.read_text("utf-8")
    for what, pattern in ELSEWHERE.items():
        found = pattern.search(text)
        assert found is None, f"{what}: {text[max(found.start() - 40, 0) : found.end() + 40]!r}"


def test_nothing_is_said_that_belongs_elsewhere() -> None:
    texts = [path for path in (*PAGES, *TEXTS) if path != Path(__file__)]
    check_every(texts, _says_nothing_that_belongs_elsewhere, name=relative)


AMERICAN = re.compile(
    r"\b(?:behaviors?|colors?|analyz\w+|recogniz\w+|normaliz\w+|summariz\w+|anonymiz\w+|favorite|center|defense)\b",
    re.IGNORECASE,
)


def _is_spelt_british(path: Path) -> None:
    prose = re.sub(r"```.*?```|`[^`]*`", "", path.read_text("utf-8"), flags=re.DOTALL)
    assert AMERICAN.findall(prose.replace("Data Center", "")) == []  # a product of Atlassian is called so


def test_spelling_is_british() -> None:
    check_every(PAGES, _is_spelt_british, name=relative)


def test_the_changelog_has_a_place_for_what_comes() -> None:
    assert "\n## [Unreleased]\n" in page("CHANGELOG.md")
