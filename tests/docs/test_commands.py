"""Every command that a page, or the help of a command, shows can be typed: its verbs and options exist."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer

from seawall.cli.main import app

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "src" / "seawall" / "cli").rglob("*.py")]
)
LINE = re.compile(r"^ *(?:\$ )?(?:[A-Z_]+=\S+ )?(?:\.venv/bin/)?(seawall .*)$", re.MULTILINE)
SPAN = re.compile(r"`(seawall [^`\n]+)`")
ENDS = {"|", "||", "&&", ";", ">", ">>", "<", "2>", "&"}


def written(path: Path) -> Iterator[list[str]]:
    """The words of each command of a page, up to where another one begins."""
    text = re.sub(r"\\\n\s*", " ", path.read_text("utf-8"))
    for command in [*LINE.findall(text), *SPAN.findall(text)]:
        try:
            words = shlex.split(command, comments=True)
        except ValueError:  # a sentence that begins like a command
            continue
        end = next((n for n, word in enumerate(words) if word in ENDS), len(words))
        yield words[1:end]


@cache
def program() -> Any:
    """All verbs, built once."""
    return typer.main.get_command(app)


def stranger(words: list[str]) -> str:
    """The first verb or option that does not exist, empty where all do."""
    at: Any = program()
    while words and hasattr(at, "commands"):
        if words[0].startswith("-") or not re.fullmatch(r"[a-z0-9-]+", words[0]):
            break
        if words[0] not in at.commands:
            return words[0]
        at, words = at.commands[words[0]], words[1:]
    known = {name for parameter in at.params for name in (*parameter.opts, *parameter.secondary_opts)} | {
        "--help",
        "-h",
    }
    options = [word.split("=", 1)[0] for word in words if re.fullmatch(r"--?[a-z][a-z0-9-]*(=.*)?", word)]
    return next((option for option in options if option not in known), "")


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_what_a_page_shows_can_be_typed(path: Path) -> None:
    for words in written(path):
        assert stranger(words) == "", " ".join(words)


def test_what_does_not_exist_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "Text\n\n    seawall scan exports/ --nosuch 1   # why\n    seawall scan a --out b\n\n`seawall respond nosuch`\n"
    )
    assert [stranger(words) for words in written(page)] == ["--nosuch", "", "nosuch"]
