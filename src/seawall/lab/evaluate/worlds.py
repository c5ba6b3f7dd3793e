"""Settings of worlds for training and for measuring, with disjoint seeds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np

from seawall.lab.worlds import WorldSettings, make_world
from seawall.lab.worlds.world_settings import SystemsChoice

TRAINING_SEED = 1_000_000
"""Worlds with seeds from here on are for training; worlds for measuring have smaller seeds."""


DIFFICULTIES: tuple[Literal["easy", "mixed", "hard"], ...] = ("easy", "mixed", "mixed", "hard")


def training_worlds(count: int) -> Iterator[WorldSettings]:
    """Yield settings of worlds that differ in size, length, density, and how well attackers hide."""
    for place in range(count):
        random = np.random.default_rng([TRAINING_SEED, place])
        accounts = int(np.exp(random.uniform(np.log(25), np.log(420))))
        yield WorldSettings(
            seed=TRAINING_SEED + place,
            accounts=accounts,
            days=int(random.integers(30, 56)),
            attacks=int(random.integers(6, 14)),
            difficulty=DIFFICULTIES[int(random.integers(len(DIFFICULTIES)))],
            density=float(random.uniform(0.3, 1.0)),
            mess=bool(random.random() < 0.5),
        )


def measuring_worlds(
    count: int, seed: int, accounts: int, days: int, systems: SystemsChoice = "microsoft"
) -> Iterator[WorldSettings]:
    """Yield settings of worlds in which a budget of two a day per 1,000 accounts allows two incidents per attack."""
    for place in range(count):
        quiet = min(21, days // 2)
        attacks = max(int((days - quiet) * accounts / 1000), 1)
        yield WorldSettings(
            seed=seed + place,
            accounts=accounts,
            days=days,
            attacks=attacks,
            quiet_days=quiet,
            systems=systems,
        )


def quiet_worlds(
    count: int,
    seed: int,
    accounts: int,
    days: int,
    confusers: tuple[str, ...] | None = None,
    systems: SystemsChoice = "microsoft",
) -> Iterator[WorldSettings]:
    """Yield settings of worlds without attacks."""
    for place in range(count):
        yield WorldSettings(
            seed=seed + 50_000 + place,
            accounts=accounts,
            days=days,
            attacks=0,
            confusers=confusers,
            systems=systems,
        )


def ensure_world(settings: WorldSettings, folder: Path) -> Path:
    """Make a world in its own subfolder unless it exists; return the subfolder."""
    world = folder / f"world-{settings.seed}"
    if not (world / "truth.json").exists():
        make_world(settings, world)
    return world
