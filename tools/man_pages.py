"""Generate man pages from the command line: `python -m tools.man_pages OUT`. One page for each verb, `seawall-VERB.1`.

The pages hold what `--help` says. They carry no date, so that the same program gives the same bytes.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from seawall.cli.main import app
from seawall.version import __version__


def commands(command: Any, path: tuple[str, ...] = ("seawall",)) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield every verb with the words that lead to it, outer ones first."""
    yield path, command
    for name, inner in sorted(getattr(command, "commands", {}).items()):
        yield from commands(inner, (*path, name))


def escape(text: str) -> str:
    """Return a text that roff prints as it is: no request at the begin of a line, no escape."""
    lines = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq").splitlines()
    return "\n".join(f"\\&{line}" if line.startswith(".") else line for line in lines)


def page(path: tuple[str, ...], command: Any) -> str:
    """Return one page in roff (man macros)."""
    name = "-".join(path)
    paragraphs = [part.strip("\n") for part in (command.help or "").split("\n\n")]
    first = paragraphs[0].replace("\n", " ").strip() if paragraphs else ""
    parts = [
        f'.TH "{name.upper()}" "1" "" "Seawall {__version__}" "Seawall"',
        ".SH NAME",
        escape(f"{name} - {first.rstrip('.')}"),
        ".SH SYNOPSIS",
        f".B {escape(' '.join(path))}",
        escape(_synopsis(command)),
        ".SH DESCRIPTION",
        *(_paragraph(one) for one in paragraphs),
    ]
    options = [entry for parameter in command.params for entry in _option(parameter)]
    if options:
        parts += [".SH OPTIONS", *options]
    inner = sorted(getattr(command, "commands", {}).items())
    if inner:
        parts.append(".SH COMMANDS")
        parts += [f".TP\n.B {escape(verb)}\n{escape(one.get_short_help_str(200))}" for verb, one in inner]
    parents = ["seawall" if len(path) <= 2 else "-".join(path[:-1])] if len(path) > 1 else []
    children = [f"{name}-{verb}" for verb, _ in inner]
    if parents or children:
        parts += [".SH SEE ALSO", ",\n".join(f".BR {escape(one)} (1)" for one in [*parents, *children])]
    return "\n".join(parts) + "\n"


def _synopsis(command: Any) -> str:
    arguments = [str(one.metavar or one.name) for one in command.params if one.param_type_name == "argument"]
    return " ".join(["[OPTIONS]", *arguments, *(["COMMAND"] if getattr(command, "commands", None) else [])])


def _paragraph(text: str) -> str:
    """Return a paragraph; one that begins with the mark of a kept layout stays as it is."""
    if text.lstrip().startswith("\b"):
        lines = [line for line in text.splitlines() if line.strip() != "\b"]
        return f".PP\n.nf\n{escape(chr(10).join(lines))}\n.fi"
    return f".PP\n{escape(' '.join(text.split()))}"


def _option(parameter: Any) -> Iterator[str]:
    if getattr(parameter, "hidden", False) or not getattr(parameter, "help", None):
        return
    names = ", ".join(f"\\fB{escape(one)}\\fR" for one in (*parameter.opts, *parameter.secondary_opts))
    if parameter.param_type_name == "argument":
        names = f"\\fI{escape(str(parameter.metavar or parameter.name))}\\fR"
    elif parameter.metavar and not getattr(parameter, "is_flag", False):
        names += f" \\fI{escape(parameter.metavar)}\\fR"
    yield f".TP\n{names}\n{escape(parameter.help)}"


def write_pages(out: Path) -> list[Path]:
    """Write all pages into a folder, and return their paths."""
    out.mkdir(parents=True, exist_ok=True)
    written = []
    for path, command in commands(typer.main.get_command(app)):
        file = out / f"{'-'.join(path)}.1"
        file.write_text(page(path, command), "utf-8")
        written.append(file)
    return written


if __name__ == "__main__":
    print(f"{len(write_pages(Path(sys.argv[1]))):,} pages")
