"""What an installed update brings to a run: folders of rules, and databases of networks."""

from __future__ import annotations

from pathlib import Path
from typing import Final

CURRENT: Final = "current"


def rules_of(folder: Path) -> list[Path]:
    """Return the folder of rules of an unpacked update, if it has one."""
    rules = folder / "rules"
    return [rules] if rules.is_dir() else []


def databases_of(folder: Path) -> list[Path]:
    """Return the databases of networks of an unpacked update, by name."""
    return sorted((folder / "networks").rglob("*.mmdb"))
