"""Every command that the program advises can be typed: its verbs and options exist.

Advice stands in the texts of the code: next steps, fixes of errors, what to do on pages. What a text fills in is taken for
one word. A text that names a single option (`--up-to precaution`) is not looked at: it belongs to the command that was typed.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.docs.test_commands import program, stranger

ROOT = Path(__file__).parents[2] / "src" / "seawall"
COMMAND = re.compile(r"(?<![\w./-])seawall (?=[a-z])")
END = re.compile(
    r"[`;,)]|\. |: | (?:shows|makes|wrote|printed|says|lists|keeps|again|and|or|does|with which|in the days)\b|$"
)
FILLED = "X"


def texts(tree: ast.AST) -> Iterator[str]:
    """Yield every text of a file that is no docstring, with a word for what is filled in."""
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    inside: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            inside |= {id(part) for part in node.values}
            yield "".join(
                str(part.value) if isinstance(part, ast.Constant) else FILLED for part in node.values
            )
        elif (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in inside | docstrings
        ):
            yield node.value


def commands(text: str) -> Iterator[list[str]]:
    """Yield the words of each command in a text, up to where the sentence goes on."""
    for line in text.splitlines():
        found = list(COMMAND.finditer(line))
        ends = [*(one.start() for one in found[1:]), len(line)] if found else []
        for one, until in zip(found, ends, strict=True):
            rest = line[one.end() : until]
            end = END.search(rest)
            yield rest[: end.start() if end else None].replace("'", "").replace('"', "").split()


def advised() -> Iterator[tuple[str, list[str]]]:
    """Yield the file and the words of every command that the code's texts name."""
    for path in sorted(ROOT.rglob("*.py")):
        if "lab" in path.relative_to(ROOT).parts:
            continue
        for text in texts(ast.parse(path.read_text("utf-8"))):
            for words in commands(text):
                yield path.relative_to(ROOT).as_posix(), words
    for path in sorted([*ROOT.rglob("*.html"), *(ROOT.parents[1] / "console" / "src").rglob("*.tsx")]):
        for words in commands(
            path.read_text("utf-8").replace("</code>", "`").replace("{", " X").replace("}", " ")
        ):
            yield path.name, words


def is_verb(words: list[str]) -> bool:
    """Return whether the first word is meant as a verb: prose says `seawall` of the program too."""
    commands_: Any = program().commands
    return bool(words) and (words[0] in commands_ or any(word.startswith("--") for word in words))


def test_every_command_that_is_advised_can_be_typed() -> None:
    found = [(file, words) for file, words in advised() if is_verb(words)]
    assert len(found) > 80, "the texts are not found any more"
    wrong = [(file, " ".join(words), stranger(words)) for file, words in found if stranger(words)]
    assert wrong == []


def test_an_advised_apply_says_who_approves_and_who_asks() -> None:
    """`seawall respond apply PLAN --apply` alone was advised, and refused."""
    applied = [words for _, words in advised() if "--apply" in words]
    assert applied
    assert all({"--approver", "--config"} <= set(words) for words in applied)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("run `seawall scan PATH --out DIR` and name that DIR", [["scan", "PATH", "--out", "DIR"]]),
        ("do it, then seawall respond apply X --done STEP", [["respond", "apply", "X", "--done", "STEP"]]),
        ("seawall store size; seawall doctor, or ask", [["store", "size"], ["doctor"]]),
        ("the file /opt/seawall is there", []),
    ],
)
def test_commands_are_found_in_sentences(text: str, words: list[list[str]]) -> None:
    assert list(commands(text)) == words


def test_a_verb_that_does_not_exist_is_found() -> None:
    assert stranger(["store", "nosuch"]) == "nosuch"
    assert stranger(["scope", "X", "--nosuch"]) == "--nosuch"
