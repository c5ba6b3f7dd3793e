"""Name the program as a person can type it: every command that Seawall prints passes here.

The texts of the code write `seawall VERB`. Whoever started the program by a path, because its name alone is not found, reads that
path instead. A library that is used without the command line names the program `seawall`.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

NAME: Final = "seawall"
_PAGE: Final = re.compile(r"(?<![\w./`-])`?docs/((?:tutorials|how-to|reference|explanation)/[\w-]+)\.md`?")


@dataclass(slots=True)
class _Called:
    """How the program was called, and the verbs by which its commands are told from sentences about it."""

    words: tuple[str, ...] = (NAME,)
    verbs: re.Pattern[str] | None = None


_called = _Called()


def note_program(verbs: Iterable[str]) -> None:
    """Note how this process was started, and which verbs there are. The command line calls it once, before it does anything."""
    _called.words = _find_words(sys.argv[0], sys.orig_argv)
    _called.verbs = re.compile(rf"(?<![\w./-]){NAME} (?=(?:{'|'.join(map(re.escape, verbs))})(?![\w-]))")


def _find_words(script: str, started: list[str]) -> tuple[str, ...]:
    """Return the words that start the program again: its name where that is found, else its path, or Python and the module."""
    main = getattr(sys.modules.get("__main__"), "__spec__", None)
    if main is not None and main.name.startswith(f"{NAME}."):
        return (started[0], "-m", main.name.removesuffix(".__main__"))
    if Path(script).name != NAME:
        return (NAME,)
    found = shutil.which(NAME)
    is_this = found is not None and Path(found).resolve() == Path(script).resolve()
    return (NAME,) if is_this else (script,)


def program() -> str:
    """Return how to type the program from the folder in which it was started."""
    return shlex.join(_called.words)


def program_anywhere() -> str:
    """Return how to type the program from any folder: for pages, which are read elsewhere."""
    first, *others = _called.words
    return shlex.join([str(Path(first).absolute()) if os.sep in first else first, *others])


def name_program(text: str, called: str = "") -> str:
    """Return a text of the code in which each command begins with the program as it was called, or as `called` says.

    A page of the documentation becomes the command that prints it: an installation has no folder `docs`.
    """
    if _called.verbs is None:
        return text
    named = called or program()
    text = _PAGE.sub(lambda page: f"`{NAME} help {page[1]}`", text)
    return text if named == NAME else _called.verbs.sub(lambda _: f"{named} ", text)
