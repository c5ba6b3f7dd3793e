"""Begin a settings file: write it with comments, and never over a file that is there."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from seawall.cli import output

NewFile = Annotated[
    Path, typer.Argument(metavar="FILE", help="Settings file to write. An existing file is refused.")
]


def write_new_file(path: Path, text: str, next_step: str) -> None:
    """Write a settings file with mode 0600, and say what to do next. Raises UsageError if it exists, and OutputUnwritable."""
    from seawall_base.errors import UsageError
    from seawall_base.private_files import create_text

    try:
        create_text(path, text)
    except FileExistsError:
        raise UsageError(f"{path} already exists", fix="edit it, or choose another name") from None
    output.write(f"{path}\n")
    output.next_step(next_step)
