"""The command line's page names every verb, option and exit code, and none that is not there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from seawall import cli
from seawall.cli.main import INTERRUPTED, app
from seawall.cli.scan import INCIDENTS_FOUND
from tests.error_classes import error_classes

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "command-line.md").read_text("utf-8")


def verbs(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command under `command`, with the words that call it."""
    if path:
        yield path, command
    for name, below in getattr(command, "commands", {}).items():
        yield from verbs(below, (*path, name))


TREE = dict(verbs(typer.main.get_command(app)))


def section(path: tuple[str, ...]) -> str:
    """The page's part about one verb, without the parts about its own verbs."""
    heading = re.search(rf"^##+ `seawall {' '.join(path)}`$", PAGE, re.MULTILINE)
    assert heading is not None, f"docs/reference/command-line.md has no heading for {' '.join(path)}"
    rest = PAGE[heading.end() :]
    end = re.search(r"^##+ ", rest, re.MULTILINE)
    return rest[: end.start()] if end else rest


def options(command: Any) -> set[str]:
    return {name for parameter in command.params for name in parameter.opts if name.startswith("-")} - {
        "--help",
        "-h",
    }


@pytest.mark.parametrize("path", TREE, ids=" ".join)
def test_every_option_is_documented(path: tuple[str, ...]) -> None:
    text = section(path)
    for name in options(TREE[path]):
        assert f"`{name}`" in text, f"{' '.join(path)}: {name} is not in docs/reference/command-line.md"


def test_a_database_is_named_in_the_same_way_by_every_verb() -> None:
    found = {
        path: parameter
        for path, command in TREE.items()
        for parameter in command.params
        if "--database" in parameter.opts
    }
    assert {path[0] for path in found} == {
        "erase",
        "watch",
        "serve",
        "user",
        "store",
        "respond",
        "incident",
        "scope",
        "tables",
        "look",
        "indicators",
        "mcp",
        "campaigns",
    } | ({"doctor"} & {p[0] for p in found})
    for path, parameter in found.items():
        assert (parameter.envvar, parameter.metavar) == ("SEAWALL_DATABASE", "URL"), path
        assert parameter.help.endswith(" (also SEAWALL_DATABASE)."), path
    folder = Path(cli.__file__).parent
    files = sorted(folder.rglob("*.py"))
    homes = [
        file.relative_to(folder).as_posix() for file in files if '"--database"' in file.read_text("utf-8")
    ]
    assert homes == ["store/options.py"]


@pytest.mark.parametrize("path", TREE, ids=" ".join)
def test_no_option_is_documented_that_does_not_exist(path: tuple[str, ...]) -> None:
    table = re.findall(r"^\| `(-[^|]+)\|", section(path), re.MULTILINE)
    named = {name for row in table for name in re.findall(r"`?(-[-a-z]+)`", row)}
    assert named <= options(TREE[path])


def test_no_verb_is_documented_that_does_not_exist() -> None:
    headings = re.findall(r"^##+ `seawall ([^`]+)`$", PAGE, re.MULTILINE)
    assert {tuple(heading.split()) for heading in headings} == set(TREE)


def test_examples_name_real_verbs_and_options() -> None:
    for line in re.findall(r"^    seawall ([a-z].*)$", PAGE, re.MULTILINE):
        words = line.split()
        path = next(tuple(words[:count]) for count in (3, 2, 1) if tuple(words[:count]) in TREE)
        used = {word for word in words if word.startswith("-")}
        assert used <= options(TREE[path]), line


def test_every_exit_code_is_documented() -> None:
    codes = {kind.exit_code for kind in error_classes().values()}
    for code in {0, INTERRUPTED, INCIDENTS_FOUND} | codes:
        assert f"\n| {code} |" in PAGE
