"""The site's navigation names every page once, and what README, ARCHITECTURE and CONTRIBUTING promise is there."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest
from tools.documentation_site.navigation import ROOT_PAGE, find_pages, is_index, list_children, walk

ROOT = Path(__file__).parents[2]
PARTS = ("tutorials", "how-to", "reference", "explanation", "decisions")
SEARCHED = (
    "Microsoft 365", "Entra ID", "Okta", "Google Workspace", "account takeover", "token theft", "session hijacking",
    "AiTM phishing", "business email compromise", "Storm-0558", "anomaly detection", "UEBA", "incident response", "Sigma",
    "MITRE ATT&CK", "JWT", "JWKS", "OAuth consent", "DFIR",
)  # fmt: skip
"""The words that people search for."""
ROW = re.compile(r"^\| `(\w+)` \| (.+) \|$", re.MULTILINE)
FILE = re.compile(r"`([\w./-]+/[\w.-]+\.\w+)`")


def page(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def _section(text: str, heading: str) -> str:
    return text.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]


def test_the_navigation_names_every_page_once() -> None:
    named = list(walk(ROOT))
    assert sorted(named) == find_pages(ROOT)


def test_a_link_in_a_list_is_navigation_and_others_are_not() -> None:
    text = "See [a](a.md).\n\n- [b](b.md): b\n- [c](../c.md#part): c\n* [d](../d.md)\n- [e](e.png)\n- [b](b.md)\n"
    assert list_children("docs/index.md", text) == ["docs/b.md", "d.md"]
    assert is_index(ROOT_PAGE)
    assert is_index("docs/how-to/index.md")
    assert not is_index("docs/how-to/gate.md")


@pytest.mark.parametrize("part", PARTS)
def test_a_part_lists_its_own_pages_alone(part: str) -> None:
    children = list_children(f"docs/{part}/index.md", page(f"docs/{part}/index.md"))
    assert children
    assert {child.rsplit("/", 1)[0] for child in children} == {f"docs/{part}"}


def test_no_page_of_the_docs_lies_outside_a_part() -> None:
    assert {path.parent.name for path in (ROOT / "docs").rglob("*.md")} == set(PARTS)


def _rooms() -> dict[str, Path]:
    """Every room by name: the three packages' folders, from the import contracts."""
    linter = tomllib.loads(page("pyproject.toml"))["tool"]["importlinter"]
    layers = next(one["layers"] for one in linter["contracts"] if one.get("containers") == ["seawall"])
    inside = [name for layer in layers for name in layer.split(" | ")]
    kits = {
        name: ROOT / "packages" / name.replace("_", "-") / "src" / name for name in linter["root_packages"]
    }
    kits.pop("seawall")
    return kits | {name: ROOT / "src" / "seawall" / name for name in inside}


def test_the_map_names_every_room() -> None:
    rows = ROW.findall(_section(page("ARCHITECTURE.md"), "Rooms"))
    folders = {path.parent.name for path in (ROOT / "src" / "seawall").glob("*/__init__.py")}
    assert sorted(name for name, _ in rows) == sorted(_rooms())
    assert folders <= set(_rooms())


@pytest.mark.parametrize("room", _rooms())
def test_a_room_says_what_the_map_says(room: str) -> None:
    said = ast.get_docstring(ast.parse((_rooms()[room] / "__init__.py").read_text("utf-8")))
    assert said is not None
    sentence = said.splitlines()[0]
    assert dict(ROW.findall(page("ARCHITECTURE.md")))[room] == sentence
    assert sentence.endswith(".")
    assert len(sentence.split()) <= 25


def test_the_map_shows_the_layers_of_the_contracts() -> None:
    linter = tomllib.loads(page("pyproject.toml"))["tool"]["importlinter"]
    layers = next(one["layers"] for one in linter["contracts"] if one.get("containers") == ["seawall"])
    assert "```text\n" + "\n".join(layers) + "\n```" in page("ARCHITECTURE.md")


def test_the_map_is_two_pages() -> None:
    assert len(page("ARCHITECTURE.md").splitlines()) <= 110


def test_every_invariant_of_the_map_has_its_reasons() -> None:
    listed = re.findall(
        r"^\d+\. \*\*(.+?)\*\*", _section(page("ARCHITECTURE.md"), "Invariants"), re.MULTILINE
    )
    explained = re.findall(r"^## (.+)$", page("docs/explanation/invariants.md"), re.MULTILINE)
    assert len(listed) > 10
    assert [name.rstrip(".").split(",")[0] for name in listed] == [name.split(",")[0] for name in explained]


@pytest.mark.parametrize(
    "name",
    [one for one in find_pages(ROOT) if one.startswith("docs/decisions/0")],
    ids=lambda name: Path(name).stem,
)
def test_a_decision_has_context_measurement_and_decision(name: str) -> None:
    text = page(name)
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["Context", "Measurement", "Decision"]
    number = Path(name).name[:4]
    assert text.startswith(f"# {number} ")
    assert f"- [{text.splitlines()[0][2:]}]({Path(name).name})" in page("docs/decisions/index.md")
    assert all(_section(text, heading).strip() for heading in ("Context", "Measurement", "Decision"))


def test_decisions_are_numbered_without_gaps() -> None:
    numbers = sorted(int(path.name[:4]) for path in (ROOT / "docs" / "decisions").glob("0*.md"))
    assert numbers == list(range(1, len(numbers) + 1))


def test_the_readme_has_the_words_that_people_search_for() -> None:
    text = " ".join(page("README.md").split()).lower()
    assert [words for words in SEARCHED if words.lower() not in text] == []


def test_the_readme_names_every_extra() -> None:
    extras = set(tomllib.loads(page("pyproject.toml"))["project"]["optional-dependencies"])
    named = set(re.findall(r"^\| `\[(\w+)\]` \|", page("README.md"), re.MULTILINE))
    assert named == extras - {"web"}  # a part of two others, and nobody's choice


def test_the_readme_comes_to_its_contents_within_two_screens() -> None:
    before = page("README.md").split("\n## Documentation\n", 1)[0].splitlines()
    assert len(before) <= 60


def _recipes() -> dict[str, str]:
    text = page("CONTRIBUTING.md")
    return {heading: _section(text, heading) for heading in re.findall(r"^## (Add .+)$", text, re.MULTILINE)}


def test_contributing_shows_the_five_additions() -> None:
    assert list(_recipes()) == [
        "Add a Sigma rule",
        "Add a field of a source",
        "Add a field of a detector",
        "Add a vendor call",
        "Add a page to the console",
    ]


@pytest.mark.parametrize("recipe", _recipes())
def test_a_recipe_names_at_most_three_files_that_exist(recipe: str) -> None:
    named = set(FILE.findall(_recipes()[recipe]))
    assert 1 <= len(named) <= 3
    assert [name for name in named if not (ROOT / name).is_file()] == []


def test_the_glossary_has_each_term_once_with_its_meaning_and_source() -> None:
    rows = [
        line.split(" | ") for line in page("docs/reference/glossary.md").splitlines() if line.startswith("| ")
    ]
    terms = [cells[0].removeprefix("| ") for cells in rows[1:]]
    assert len(terms) > 100
    assert all(len(cells) == 3 and all(cell.strip("| ") for cell in cells) for cells in rows)
    assert len({term.lower() for term in terms}) == len(terms)
    assert terms == sorted(terms, key=lambda term: term.lower().replace("`", ""))
