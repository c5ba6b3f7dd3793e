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

LEAST_ACCOUNTS, MOST_ACCOUNTS = 22, 500
SYSTEMS: tuple[SystemsChoice, ...] = ("microsoft", "google", "okta", "mixed")
SYSTEM_SHARES = (0.6, 0.15, 0.15, 0.1)
BROAD_SHARE = 0.95
"""Share of the worlds for training whose organisations draw their laws broadly; the others have one law each."""


def training_worlds(count: int) -> Iterator[WorldSettings]:
    """Yield settings of worlds that differ in systems, habits, size, length, density, and how well attackers hide.

    Most are broad, small, of Microsoft 365, and of one organisation; accounts are those of all organisations together.
    """
    for place in range(count):
        random = np.random.default_rng([TRAINING_SEED, place])
        accounts = LEAST_ACCOUNTS * (MOST_ACCOUNTS / LEAST_ACCOUNTS) ** (random.uniform() ** 1.4)
        tenants = min(int(random.choice([1, 1, 1, 1, 1, 1, 1, 2, 2, 3])), max(1, int(accounts / 40)))
        yield WorldSettings(
            seed=TRAINING_SEED + place,
            tenants=tenants,
            accounts=int(accounts / tenants),
            days=int(random.integers(26, 50)),
            attacks=min(int(random.integers(6, 14)), int(accounts / 5)),
            difficulty=DIFFICULTIES[int(random.integers(len(DIFFICULTIES)))],
            density=float(random.uniform(0.3, 1.0)),
            mess=bool(random.random() < 0.5),
            systems=SYSTEMS[int(random.choice(len(SYSTEMS), p=SYSTEM_SHARES))],
            habits="broad" if random.random() < BROAD_SHARE else "plain",
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
