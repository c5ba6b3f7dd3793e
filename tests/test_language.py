"""The field's words: one name for one thing, functions that are verbs, and none of the words that the project gave up.

`docs/reference/glossary.md` has the words that replace them.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = (
    "src/seawall",
    "packages/seawall-base/src/seawall_base",
    "packages/seawall-tokens/src/seawall_tokens",
)
KIT = "seawall_tokens/conformance/"
"""The conformance kit shares nothing with what it judges: its public names say the same things of its own."""

RETIRED = frozenset({"alike", "commotion", "desk", "holders", "kitchen", "singled", "told", "whereabouts"})
"""Words that name nothing any more: an analyst would look for something else behind each."""

PARTICIPLES = frozenset(
    {
        "begun", "bound", "broken", "brought", "built", "chosen", "drawn", "forgotten", "found", "given", "gone", "grown",
        "held", "hidden", "kept", "known", "left", "lost", "made", "meant", "met", "said", "seen", "sent", "shown", "spelt",
        "stolen", "taken", "told", "understood", "unread", "written",
    }
)  # fmt: skip

PACK = "src/seawall/detection/rules/pack/"
"""A store takes a rule whose text changed for another rule, and scores its days again: these texts change with their rules."""

KEPT = ("docs/reference/glossary.md", "docs/reference/rule-pack.md")
"""The glossary names what each word replaces; the other page is made of the rules' texts."""

PROSE = re.compile(
    r"\b(kitchen|no dice|account'?s? holders?|holders? of (?:an|the) (?:account|mailbox)|what is told)\b",
    re.IGNORECASE,
)


@cache
def modules() -> list[str]:
    """The path of every module from the root."""
    paths = [path for source in SOURCES for path in sorted((ROOT / source).rglob("*.py"))]
    return [path.relative_to(ROOT).as_posix() for path in paths]


Definition = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


@cache
def definitions() -> list[tuple[str, Definition, bool]]:
    """Every class and function: path of its module, node, and whether it stands at the top; parsed once for all tests."""
    found = []
    for path in modules():
        tree = ast.parse((ROOT / path).read_text("utf-8"))
        top = {id(node) for node in tree.body}
        found += [(path, node, id(node) in top) for node in statements(tree) if isinstance(node, Definition)]
    return found


def statements(node: ast.AST) -> Iterator[ast.AST]:
    """Every statement below a node. Definitions are statements: expressions, which are most of a tree, are left out."""
    for part in ("body", "handlers", "cases", "orelse", "finalbody"):
        for child in getattr(node, part, ()):
            yield child
            yield from statements(child)


def words_of(name: str) -> set[str]:
    name = name.replace("help_desk", "")
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+", name)}


def is_bare_participle(name: str) -> bool:
    word = name.lstrip("_")
    return word in PARTICIPLES or bool(
        re.fullmatch(r"(?!need|feed|seed|embed|speed|exceed|proceed)[a-z]{3,}ed", word)
    )


def test_no_class_name_stands_for_two_things() -> None:
    found = defaultdict(list)
    for path, node, is_top in definitions():
        if is_top and isinstance(node, ast.ClassDef) and not node.name.startswith("_") and KIT not in path:
            found[node.name].append(path)
    assert {name: paths for name, paths in found.items() if len(paths) > 1} == {}


def test_functions_and_methods_are_verbs_and_no_bare_participles() -> None:
    found = [
        f"{path}:{node.lineno}: {node.name}"
        for path, node, _ in definitions()
        if not isinstance(node, ast.ClassDef) and is_bare_participle(node.name)
    ]
    assert found == []


def test_names_have_none_of_the_retired_words() -> None:
    found = [path for path in modules() if words_of(Path(path).stem) & RETIRED]
    found += [f"{path}: {node.name}" for path, node, _ in definitions() if words_of(node.name) & RETIRED]
    assert found == []


@pytest.mark.parametrize("suffix", ["md", "py", "html", "yml", "tsx", "toml"])
def test_texts_have_none_of_the_retired_words(suffix: str) -> None:
    folders = (ROOT / "docs", ROOT / "src", ROOT / "packages", ROOT / "console" / "src")
    found = []
    for path in sorted(path for folder in folders for path in folder.rglob(f"*.{suffix}")):
        name = path.relative_to(ROOT).as_posix()
        if name.startswith(("docs/decisions/", PACK)) or name in KEPT:
            continue
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            found += [f"{name}:{number}: {hit[0]}" for hit in PROSE.finditer(line)]
    assert found == []


def test_definitions_are_found_wherever_a_statement_may_stand() -> None:
    places = (
        "if x:\n {0}\nelse:\n {1}", "try:\n {0}\nexcept E:\n {1}\nelse:\n {2}\nfinally:\n {3}", "for x in y:\n {0}\nelse:\n {1}",
        "match x:\n case 1:\n  {0}\n case _:\n  {1}", "with x:\n {0}", "class A:\n def b(self):\n  async def c():\n   {0}",
    )  # fmt: skip
    for place in places:
        tree = ast.parse(place.format(*(f"def f{number}(): pass" for number in range(4))))
        found, every = (
            [n for n in nodes if isinstance(n, Definition)] for nodes in (statements(tree), ast.walk(tree))
        )
        assert {id(node) for node in found} == {id(node) for node in every} != set()


@pytest.mark.parametrize("name", ["told", "_made", "joined", "unmapped"])
def test_a_bare_participle_is_recognised(name: str) -> None:
    assert is_bare_participle(name)


@pytest.mark.parametrize("name", ["feed", "read", "need", "split", "parse_policy", "is_allowed", "run"])
def test_a_verb_is_none(name: str) -> None:
    assert not is_bare_participle(name)
