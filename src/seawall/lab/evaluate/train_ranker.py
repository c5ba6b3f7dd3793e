"""Train the ranker that ships: `python -m seawall.lab.evaluate.train_ranker [--worlds N] [--also WORLD…] [--keep DIR]`.

Worlds are made by the lab; `--also` adds worlds of another maker. With `--keep`, another run finds the coded days of all
worlds, and only scores them again.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from importlib import resources
from pathlib import Path
from typing import Any

from seawall.detection.ranking.ranker import ARTEFACT, parse
from seawall.lab.evaluate.kept_days import ABOUT
from seawall.lab.evaluate.metrics import BUDGETS, recall
from seawall.lab.evaluate.rows import TrainingRows, collect_kept, pool_rows
from seawall.lab.evaluate.training import train, write
from seawall.lab.evaluate.worlds import TRAINING_SEED, ensure_world, training_worlds
from seawall.lab.worlds import WorldSettings
from seawall.version import __version__

HELD_OUT = 5
"""Every fifth world is excluded from training and gives the figures of the card."""


def _collect_made(task: tuple[WorldSettings, Path]) -> TrainingRows:
    """Return the rows of a world of the lab; its logs are not kept."""
    settings, folder = task
    world = folder / f"world-{settings.seed}"
    if not (folder / "kept" / world.name / ABOUT).exists():
        ensure_world(settings, folder)
    rows = collect_kept(world, folder / "kept")
    shutil.rmtree(world / "logs", ignore_errors=True)
    return rows


def _collect_also(task: tuple[Path, Path]) -> TrainingRows:
    world, folder = task
    return collect_kept(world, folder / "kept")


def main(arguments: Sequence[str] | None = None) -> None:
    """Make worlds, collect their rows, train, write the ranker and print its card."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=int, default=150)
    parser.add_argument("--also", type=Path, nargs="*", default=[], help="worlds of another maker")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--keep", type=Path, help="folder to keep the coded days in, for another run")
    parser.add_argument(
        "--out",
        type=Path,
        default=Path(str(resources.files("seawall.detection.ranking"))) / "data" / ARTEFACT,
    )
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as scratch:
        folder = asked.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        with ProcessPoolExecutor(asked.jobs) as pool:
            settings = [(one, folder) for one in training_worlds(asked.worlds)]
            worlds = list(pool.map(_collect_made, settings))
            also = list(pool.map(_collect_also, [(world, folder) for world in asked.also]))
    document = fit(worlds, asked.seed, also)
    write(document, asked.out)
    print(document["card"])


def fit(worlds: Sequence[TrainingRows], seed: int, also: Sequence[TrainingRows] = ()) -> dict[str, Any]:
    """Return the ranker's document; its card has the recall on held-out worlds of the lab.

    `also` are worlds of another maker, all of them for training.
    """
    kept = [*(rows for place, rows in enumerate(worlds) if place % HELD_OUT), *also]
    held = [rows for place, rows in enumerate(worlds) if place % HELD_OUT == 0]
    values, evidence, labels, weights = pool_rows(kept)
    card: dict[str, Any] = {
        "command": _command(len(worlds), len(also), seed),
        "version": __version__,
        "worlds": len(kept),
        "first_seed": TRAINING_SEED,
        "events": sum(rows.events for rows in kept),
        "attacks": sum(len(rows.attacks) for rows in kept),
        "worlds_of_another_maker": len(also),
        "trained_on": "fictional organisations only; no real logs",
    }
    document = train(values, evidence, labels, weights, seed, card)
    ranker = parse(_bytes(document))
    learnt = [
        (rows, ranker.score(rows.inputs.astype(float), rows.unsupervised) + rows.sigma) for rows in held
    ]
    plain = [(rows, rows.score) for rows in held]
    document["card"]["held_out"] = {
        "worlds": len(held),
        "recall": {f"{b:g}": round(recall(learnt, b).value, 3) for b in BUDGETS},
        "recall_unsupervised": {f"{b:g}": round(recall(plain, b).value, 3) for b in BUDGETS},
    }
    return document


def _command(worlds: int, also: int, seed: int) -> str:
    others = f" --also ({also} worlds)" if also else ""
    return f"python -m seawall.lab.evaluate.train_ranker --worlds {worlds} --seed {seed}{others}"


def _bytes(document: dict[str, Any]) -> bytes:
    import json

    return json.dumps(document).encode()


if __name__ == "__main__":
    main()
