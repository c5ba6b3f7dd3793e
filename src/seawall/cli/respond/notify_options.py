"""What the verbs of `seawall respond notify` share: the case file, its scope, and the time."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seawall_base.clock import read_wall_clock

if TYPE_CHECKING:
    from seawall.response.scope_values import Scope


def _case_file(path: Path) -> Path:
    """The case file, also where its folder was given."""
    return path / "case.toml" if path.is_dir() else path


CaseFile = Annotated[
    Path,
    typer.Argument(
        metavar="CASE",
        help="Case file, or the folder of the case.",
        show_default=False,
        callback=_case_file,
    ),
]
ScopeFile = Annotated[
    Path | None,
    typer.Option(
        "--scope",
        metavar="FILE",
        help="scope.json from `seawall scope`. Default: beside the case file.",
    ),
]
By = Annotated[
    str,
    typer.Option("--by", metavar="NAME", help="Name of the person who reports it. The register records it."),
]
Note = Annotated[str, typer.Option("--note", metavar="TEXT", help="A note. The register records it.")]
When = Annotated[
    str | None,
    typer.Option(
        "--when",
        metavar="TIME",
        help="Time of the notification, with UTC offset (2026-11-20T09:30:00+01:00). Default: now.",
    ),
]
SCOPE = "scope.json"


def moment(text: str | None) -> int:
    """A time that was typed, or now. Raises UsageError."""
    from seawall_base.errors import UsageError
    from seawall_base.times import parse_rfc3339

    if text is None:
        return read_wall_clock()
    try:
        return parse_rfc3339(text)
    except ValueError:
        raise UsageError(
            f"{text[:60]!r} is not a time with a UTC offset", fix="write 2026-11-20T09:30:00+01:00"
        ) from None


def aware_text(at: int) -> str:
    """A time as TOML writes it, in UTC, whole seconds."""
    from seawall_base.times import moment as as_datetime

    time: datetime = as_datetime(at).replace(microsecond=0)
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def scope_of(case: Path, given: Path | None) -> Scope:
    """The scope that was given, or the one beside the case file. Raises InputUnreadable."""
    from seawall.response.scope.document import read_scope

    return read_scope(given if given is not None else case.parent / SCOPE)
