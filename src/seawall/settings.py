"""Constants that several rooms share, and the operator's few settings."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

SCHEMA_VERSION = 1
"""Version of every file and JSON document that Seawall writes."""

EPISODE_GAP_SECONDS = 30 * 60
"""Events of one session (or network and client) closer than this belong to one episode."""

INCIDENT_WINDOW_DAYS = 14
"""An incident gathers an account's groups over this many days."""

BUDGET_PER_THOUSAND = 2.0
"""Default incidents a day for each 1,000 active accounts."""

BUDGET_FLOOR_PER_DAY = 1.0 / 7.0
"""The smallest default budget: an organisation of ten mailboxes still sees its worst account once a week."""


@dataclass(frozen=True, slots=True)
class ScanSettings:
    """What the operator can choose for a scan.

    `budget` is incidents a day for each organisation, None for the default by its size.
    `mmdb` are the operator's own MaxMind-format databases, looked up before the built-in table. `learnt` false
    ranks by the unsupervised evidence alone. `rules` are folders of Sigma rules beside the built-in ones, which `pack` false
    leaves out.
    """

    budget: float | None = None
    mmdb: tuple[Path, ...] = ()
    learnt: bool = True
    rules: tuple[Path, ...] = ()
    pack: bool = True
