"""Trains the ranker that ships: `python -m seawall.lab.evaluate.train_ranker [--worlds N] [--seed N] [--jobs N]`."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from importlib import resources
from pathlib import Path
from typing import Any

from seawall.detection.ranking.ranker import ARTEFACT, parse
from seawall.lab.evaluate.metrics import BUDGETS, recall
from seawall.lab.evaluate.rows import TrainingRows, collect, pool_rows, restore, save
from seawall.lab.evaluate.training import train, write
from seawall.lab.evaluate.worlds import TRAINING_SEED, ensure_world, training_worlds
from seawall.lab.worlds import WorldSettings
from seawall.version import __version__

HELD_OUT = 5
"""Every fifth world is excluded from training and gives the figures of the card."""


def _collect(task: tuple[WorldSettings, Path]) -> Path:
    settings, folder = task
    path = folder / f"rows-{settings.seed}.npz"
    if not path.exists():
        save(path, collect(ensure_world(settings, folder), learnt=False)[0])
    return path


def main(arguments: Sequence[str] | None = None) -> None:
    """Make worlds, collect their rows, train, write the ranker and print its card."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=int, default=150)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--keep", type=Path, help="folder to keep the worlds in, for another run")
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
            paths = list(
                pool.map(_collect, [(settings, folder) for settings in training_worlds(asked.worlds)])
            )
        worlds = [restore(path) for path in paths]
    document = fit(worlds, asked.seed)
    write(document, asked.out)
    print(document["card"])


def fit(worlds: Sequence[TrainingRows], seed: int) -> dict[str, Any]:
    """Return the ranker's document; its card has the recall on held-out worlds."""
    kept = [rows for place, rows in enumerate(worlds) if place % HELD_OUT]
    held = [rows for place, rows in enumerate(worlds) if place % HELD_OUT == 0]
    values, evidence, labels, weights = pool_rows(kept)
    card: dict[str, Any] = {
        "command": f"python -m seawall.lab.evaluate.train_ranker --worlds {len(worlds)} --seed {seed}",
        "version": __version__,
        "worlds": len(kept),
        "first_seed": TRAINING_SEED,
        "events": sum(rows.events for rows in kept),
        "attacks": sum(len(rows.attacks) for rows in kept),
        "trained_on": "fictional organisations of this project's lab only; no real logs",
    }
    document = train(values, evidence, labels, weights, seed, card)
    ranker = parse(_bytes(document))
    learnt = [(rows, ranker.score(rows.inputs.astype(float), rows.unsupervised)) for rows in held]
    plain = [(rows, rows.unsupervised) for rows in held]
    document["card"]["held_out"] = {
        "worlds": len(held),
        "recall": {f"{b:g}": round(recall(learnt, b).value, 3) for b in BUDGETS},
        "recall_unsupervised": {f"{b:g}": round(recall(plain, b).value, 3) for b in BUDGETS},
    }
    return document


def _bytes(document: dict[str, Any]) -> bytes:
    import json

    return json.dumps(document).encode()


if __name__ == "__main__":
    main()
