"""The tutorials: their commands run in their order, and print what the pages say they print."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Outcome, Run, run
from tests.demo import OUT, Demo

__all__ = ["run"]
PAGES = sorted(
    path
    for path in (Path(__file__).parents[2] / "docs" / "tutorials").glob("*.md")
    if path.name != "index.md"
)
BLOCK = re.compile(r"^```(console|toml)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CUT = "…"
DIGEST = re.compile(r"--draft ([0-9a-f]{12})\b")


def steps(page: Path) -> Iterator[tuple[str, list[str]]]:
    """The commands of a page with the lines that it shows of each; a file is written by the command `toml`."""
    for kind, text in BLOCK.findall(page.read_text("utf-8")):
        if kind == "toml":
            yield "toml", text.splitlines()
            continue
        for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
            command, *shown = part.splitlines()
            yield command, shown


def plain(line: str) -> str:
    """A line without what differs from one run to the next: spaces of a table."""
    return " ".join(line.split())


def is_there(shown: list[str], printed: list[str]) -> str:
    """The first line that is not printed where the page shows it, empty where all are. `…` stands for what is left out."""
    place, is_cut = 0, True
    for line in map(plain, shown):
        if line == CUT:
            is_cut = True
            continue
        start, exact = line.removesuffix(CUT).rstrip(), not line.endswith(CUT)
        rest = range(place, len(printed)) if is_cut else range(place, min(place + 1, len(printed)))
        hits = (n for n in rest if (printed[n] == line if exact else printed[n].startswith(start)))
        found = next(hits, None)
        if found is None:
            return line
        place, is_cut = found + 1, False
    return ""


def test_lines_are_compared_in_order_and_to_the_letter() -> None:
    printed = ["one", "two two", "three"]
    assert is_there(["one", CUT, "three"], printed) == ""
    assert is_there(["one", "two …", "three"], printed) == ""
    assert is_there(["one", "three"], printed) == "three"
    assert is_there(["three", "one"], printed) == "one"
    assert is_there(["tw"], printed) == "tw"


def begin_with(demo: Demo, out: Path) -> str:
    """Copy what `seawall demo` made; return what it printed, as if the folder had been called so at once."""
    shutil.copytree(demo.out, out)
    return re.sub(rf"\b{OUT}(?=/|$)", out.name, demo.printed, flags=re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_commands_print_what_the_page_shows(
    page: Path, run: Run, demo: Demo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest: dict[str, str] = {}
    every = list(steps(page))
    assert every
    monkeypatch.setenv("COLUMNS", "140")
    for command, shown in every:
        if command == "toml":
            (tmp_path / "case" / "case.toml").write_text("\n".join(shown) + "\n", "utf-8")
            continue
        words = shlex.split(DIGEST.sub(lambda found: f"--draft {digest.get(found[1], found[1])}", command))
        assert words[0] == "seawall"
        if words[1:3] == ["demo", "--out"]:
            (out,) = words[3:]
            done = Outcome(0, begin_with(demo, tmp_path / out), "")
        else:
            done = run(*words[1:])
        assert done.code == 0, (command, done.err)
        printed = [plain(line) for line in (done.out + done.err).splitlines() if line.strip()]
        wanted, real = DIGEST.search("\n".join(shown)), DIGEST.search(done.err)
        if wanted is not None and real is not None:
            digest[wanted[1]] = real[1]
            shown = [line.replace(wanted[1], real[1]) for line in shown]
        assert is_there([line for line in shown if line.strip()], printed) == "", (command, printed)
    assert len(digest) == (page.stem == "first-day")  # one draft of letters is sent there
