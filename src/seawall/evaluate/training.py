"""Trains the ranker: monotone boosted trees over many worlds, written as a small document with its card."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

from seawall.errors import MissingExtra
from seawall.incidents.features import ATTEMPT_PARTS
from seawall.incidents.ranker import INPUTS
from seawall.schema.batches import Floats

RISING = (".backed_off", ".rarity", ".plain", ".is_new")
PARAMETERS: dict[str, Any] = {
    "objective": "binary", "learning_rate": 0.06, "num_leaves": 12, "max_depth": 5, "min_data_in_leaf": 60,
    "feature_fraction": 0.35, "bagging_fraction": 0.8, "bagging_freq": 1, "lambda_l2": 20.0, "max_bin": 63,
    "monotone_constraints_method": "intermediate", "verbosity": -1, "num_threads": 2, "deterministic": True,
    "force_row_wise": True,
}
ROUNDS = 160
LEFT_OUT = ("tenant_accounts", "tenant_age")
"""Inputs that would let the trees learn a world's size or calendar rather than an account's behaviour."""


def monotone() -> list[int]:
    """Return each input's direction: 1 where more of it can only raise the score, 0 where it is free."""
    rising = {*ATTEMPT_PARTS} - {"failures", "interruptions"}
    return [
        1 if name.endswith(RISING) or name.startswith(("p.", "lineage.", "rules.")) or name in rising else 0
        for name in INPUTS
    ]


def train(values: Floats, labels: np.ndarray, weights: Floats, seed: int, card: dict[str, Any]) -> dict[str, Any]:
    """Return the ranker's document. Same rows and seed give the same document. Raises `MissingExtra`."""
    try:
        import lightgbm
    except ImportError as error:
        raise MissingExtra("training needs LightGBM", fix="pip install 'seawall[evaluate]'") from error
    values = np.array(values, np.float32)
    for name in LEFT_OUT:
        values[:, INPUTS.index(name)] = 0
    parameters = {**PARAMETERS, "seed": seed, "monotone_constraints": monotone()}
    data = lightgbm.Dataset(values, labels.astype(float), weight=weights, free_raw_data=True)
    booster = lightgbm.train(parameters, data, num_boost_round=ROUNDS)
    trees = [_flattened(tree["tree_structure"]) for tree in booster.dump_model()["tree_info"]]
    return {
        "inputs": hashlib.sha256("\n".join(INPUTS).encode()).hexdigest(), "depth": PARAMETERS["max_depth"] + 1,
        "card": {**card, "rows": len(labels), "hostile_rows": int(labels.sum()), "trees": len(trees), "seed": seed},
        "trees": trees,
    }


def _flattened(root: dict[str, Any]) -> dict[str, list[Any]]:
    """Return one tree as parallel lists; node 0 is the root, a leaf has feature -1."""
    tree: dict[str, list[Any]] = {"feature": [], "threshold": [], "left": [], "right": [], "expected": []}

    def visit(node: dict[str, Any]) -> int:
        place = len(tree["feature"])
        leaf = "leaf_value" in node
        tree["feature"].append(-1 if leaf else node["split_feature"])
        tree["threshold"].append(0.0 if leaf else _shorter(node["threshold"]))
        tree["expected"].append(round(node["leaf_value"] if leaf else node["internal_value"], 6))
        tree["left"].append(0)
        tree["right"].append(0)
        if not leaf:
            tree["left"][place] = visit(node["left_child"])
            tree["right"][place] = visit(node["right_child"])
        return place

    visit(root)
    return tree


def _shorter(threshold: float) -> float:
    return float(f"{threshold:.7g}")


def write(document: dict[str, Any], path: Path) -> None:
    """Write the ranker's document, compactly and always alike."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, separators=(",", ":"), sort_keys=True) + "\n", encoding="utf-8")


def importance(document: dict[str, Any]) -> list[tuple[str, int]]:
    """Return how many splits use each input, most used first."""
    counts = np.bincount([f for tree in document["trees"] for f in tree["feature"] if f >= 0], minlength=len(INPUTS))
    return [(INPUTS[place], int(counts[place])) for place in np.argsort(-counts) if counts[place]]

