"""The two streams: stdout carries the answer, stderr what is said to a person meanwhile."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seawall_base.document_version import SCHEMA_VERSION
from seawall_base.program_name import name_program
from seawall_base.safe_text import visible

if TYPE_CHECKING:
    from rich.console import Console

PLAIN_WIDTH = 140
"""Columns that tables may take off a terminal, where nobody tells how wide the reader is."""


def answer(draw: Callable[[Console], None]) -> None:
    """Let `draw` print to a console and put the result on stdout: coloured on a terminal, else plain."""
    from rich.console import Console

    console = Console(file=sys.stdout, highlight=False, markup=False, emoji=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = PLAIN_WIDTH
    with _guard(), console.capture() as capture:  # also a captured console touches stdout at its end
        draw(console)
    lines = capture.get().splitlines()
    write("".join(f"{line if console.is_terminal else line.rstrip()}\n" for line in lines))


def answer_paragraphs(paragraphs: Iterable[str]) -> None:
    """Put paragraphs on stdout, wrapped at the terminal's width; further lines of a paragraph are indented, and an empty
    paragraph is an empty line.

    Log text in them is made harmless. A word that is longer than a line stays whole, so that it can be copied.
    """
    import textwrap

    def draw(console: Console) -> None:
        for paragraph in paragraphs:
            lines = textwrap.wrap(
                visible(paragraph),
                console.width,
                subsequent_indent="  ",
                break_long_words=False,
                break_on_hyphens=False,
            )
            for line in lines or [""]:
                console.out(line, highlight=False)

    answer(draw)


def answer_json(document: dict[str, Any]) -> None:
    """Put one JSON document on stdout, `schema_version` first."""
    import msgspec

    encoded = msgspec.json.encode({"schema_version": SCHEMA_VERSION, **document}, enc_hook=str)
    write(msgspec.json.format(encoded, indent=2).decode() + "\n")


def write(text: str) -> None:
    """Write to stdout; a reader that has left (`| head`) is no failure and gets no traceback."""
    with _guard():
        try:
            sys.stdout.write(text)
            sys.stdout.flush()
        except UnicodeEncodeError:
            encoding = sys.stdout.encoding or "ascii"
            write(text.encode(encoding, "backslashreplace").decode(encoding))


@contextmanager
def _guard() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        _drop_the_rest()
    except OSError as error:  # a full disk behind `> answer.json`: half an answer must not look like success
        from seawall_base.errors import OutputUnwritable

        _drop_the_rest()
        raise OutputUnwritable(
            f"the output cannot be written: {error.strerror}", fix="free some space, or redirect the output"
        ) from error


def _drop_the_rest() -> None:
    """What stdout still holds goes nowhere, so that the interpreter does not stumble over it at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def say(*lines: str) -> None:
    """Print a message to stderr; commands in it name the program as it was called. Log text in it is made harmless."""
    for line in lines:
        text = visible(name_program(line)) + "\n"
        encoding = sys.stderr.encoding or "ascii"
        try:
            sys.stderr.write(text.encode(encoding, "backslashreplace").decode(encoding))
        except BrokenPipeError:
            return


def next_step(command: str, why: str = "") -> None:
    """The last line of a verb: what to type next, which ends the line; `why` stands before it."""
    say(f"next{', ' if why else ''}{why}: {command}")


def quote_path(path: Path) -> str:
    """A path as a shell wants it."""
    import shlex

    return shlex.quote(str(path))
