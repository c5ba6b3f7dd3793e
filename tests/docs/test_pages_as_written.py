"""Pages as a reader follows them: their commands run as written, in their order, and print what the pages show.

Nothing that a page shows is replaced. A reader, and so this test, types another word only where the page tells him to: in place
of `DIGEST`.
"""

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
DOCS = Path(__file__).parents[2] / "docs"
BEGUN = {"export-logs", "scope", "respond", "export"}
"""How-to pages that begin with what `seawall demo --out out` leaves: `out`, and its logs in `exports`."""
PAGES = sorted(
    [
        *(path for path in (DOCS / "tutorials").glob("*.md") if path.name != "index.md"),
        *(DOCS / "how-to" / f"{name}.md" for name in BEGUN),
    ]
)
BLOCK = re.compile(r"^```(console|toml)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CUT = "…"
DIGEST = re.compile(r"--draft ([0-9a-f]{12})\b")
"""What the command `draft` prints, and a reader types in place of `DIGEST`."""


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
    digest = ""
    every = list(steps(page))
    assert every
    monkeypatch.setenv("COLUMNS", "140")
    if page.stem in BEGUN:
        begin_with(demo, tmp_path / "out")
        shutil.copytree(tmp_path / "out" / "logs", tmp_path / "exports")
    for command, shown in every:
        if command == "toml":
            if page.stem != "first-day":
                continue  # an example of settings, which no command of the page reads
            (tmp_path / "case" / "case.toml").write_text("\n".join(shown) + "\n", "utf-8")
            continue
        words = [digest if word == "DIGEST" else word for word in shlex.split(command)]
        assert words[0] == "seawall"
        if words[1:3] == ["demo", "--out"]:
            (out,) = words[3:]
            done = Outcome(0, begin_with(demo, tmp_path / out), "")
        else:
            done = run(*words[1:])
        assert done.code == 0, (command, done.err)
        printed = [plain(line) for line in (done.out + done.err).splitlines() if line.strip()]
        if (found := DIGEST.search(done.err)) is not None:
            digest = found[1]
        assert is_there([line for line in shown if line.strip()], printed) == "", (command, printed)
    assert bool(digest) == (page.stem == "first-day")  # one draft of letters is sent there


def test_every_page_with_commands_and_what_they_print_is_run() -> None:
    shows = {path for path in DOCS.rglob("*.md") if "\n$ seawall " in path.read_text("utf-8")}
    elsewhere = {
        DOCS / "how-to" / f"{name}.md" for name in ("tokens", "conformance", "gate")
    }  # servers run there
    assert shows - set(PAGES) == elsewhere
