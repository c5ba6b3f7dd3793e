"""Assess exported configuration: read the exports, check the policies, compare with an earlier assessment."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from seawall.posture.assess import assess_configuration
from seawall.posture.read_configuration import read_configuration
from seawall.report.posture import posture_document
from seawall_base.errors import InputUnreadable
from seawall_base.regular_files import open_file

_LARGEST = 256 << 20


def assess_posture(
    paths: Sequence[Path], now: int, *, since: Path | None = None, emergency: Sequence[str] = ()
) -> dict[str, Any]:
    """Return the document of the configuration under the paths. `now` is in microseconds since 1970.

    `since` is an earlier `assurance.json`, or the folder that it lies in. Raises `InputUnreadable` if a path does not exist,
    no file holds a configuration, or the earlier assessment is unreadable.
    """
    for path in [*paths, *([since] if since else [])]:
        if not path.exists():
            raise InputUnreadable(f"no such file or folder: {path}", fix="check the path")
    earlier = read_earlier(since) if since is not None else None
    configuration, problems = read_configuration(paths, now, emergency)
    if not configuration.objects:
        why = f" ({problems[0].reason})" if problems else ""
        raise InputUnreadable(
            f"no configuration export found in {paths[0]}{why}",
            fix="see docs/how-to/posture.md for the exports",
        )
    return posture_document(assess_configuration(configuration), configuration, problems, earlier)


def read_earlier(path: Path) -> dict[str, Any]:
    """Return the configuration part of an earlier assessment. Raises InputUnreadable."""
    file = path / "assurance.json" if path.is_dir() else path
    try:
        with open_file(file) as stream:
            text = stream.read(_LARGEST + 1)
        found = json.loads(text) if len(text) <= _LARGEST else None
    except (OSError, ValueError, RecursionError):
        found = None
    part = found.get("posture", found) if isinstance(found, dict) else None
    if not isinstance(part, dict) or not isinstance(part.get("findings"), list) or "summary" not in part:
        raise InputUnreadable(
            f"{file}: no earlier assessment of a configuration",
            fix="give the folder or the assurance.json that `seawall assurance --configuration … --out` wrote",
        )
    return part
