"""Train the ranker: monotone boosted trees over many worlds, saved as a JSON document with a model card."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from seawall.detection.ranking.features import ATTEMPT_PARTS
from seawall.detection.ranking.ranker import INPUTS
from seawall.events.coded_batch import Floats
from seawall_base.errors import MissingExtra

RISING = (".backed_off", ".rarity", ".plain", ".is_new")
FALLING = (".adopting", ".cohort")
ALSO_RISING = (
    "items_z",
    "hour",
    "after_credential",
    "after_consent",
    "new_mailboxes",
    "active_days",
    "usual_inside",
    "anonymiser",
    "syncs",
)
ALSO_FALLING = ("network_days", "usual_gap_abroad", "commotion")
PARAMETERS: dict[str, Any] = {
    "objective": "binary",
    "learning_rate": 0.05,
    "num_leaves": 16,
    "max_depth": 5,
    "min_data_in_leaf": 60,
    "feature_fraction": 0.35,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambda_l2": 20.0,
    "max_bin": 63,
    "monotone_constraints_method": "intermediate",
    "verbosity": -1,
    "num_threads": 2,
    "deterministic": True,
    "force_row_wise": True,
}
ROUNDS = 1000
"""Trees: on worlds of another maker 1,000 found .618 of intrusions at 2 a day, 200 found .590. They cost 1 % of a scan."""
TREE_WEIGHT = 0.75
"""Factor on the trees' output: 1 is no better on held-out worlds, and less robust on logs of other organisations."""
LEFT_OUT = (
    "housekeeping",
    "tenant_accounts",
    "tenant_age",
    "age",
    "events",
    "share",
    "items",
    "sent",
    "deleted",
    "network_variety",
    "orphan_sessions",
    "new_sessions",
    "expected_orphans",
)
"""Inputs that would let trees learn a world's size, calendar or volume instead of an account's behaviour."""


def monotone() -> list[int]:
    """Return each input's constraint: 1 if more of it may only raise the score, -1 only lower it, 0 for none."""
    rising = {*ATTEMPT_PARTS, *ALSO_RISING} - {"failures", "interruptions"}
    return [_direction(name, rising) for name in INPUTS]


def _direction(name: str, rising: set[str]) -> int:
    if name.endswith(FALLING) or name in ALSO_FALLING:
        return -1
    return (
        1 if name.endswith(RISING) or name.startswith(("p.", "lineage.", "rules.")) or name in rising else 0
    )


def train(
    values: Floats, evidence: Floats, labels: np.ndarray, weights: Floats, seed: int, card: dict[str, Any]
) -> dict[str, Any]:
    """Return the ranker's document; equal rows and seed give equal documents. Raises `MissingExtra`.

    First a line is fitted from the unsupervised evidence to log-odds; the trees are then fitted to the remainder.
    """
    try:
        import lightgbm
    except ImportError as error:
        raise MissingExtra("training needs LightGBM", extra="evaluate") from error
    values = np.array(values, np.float32)
    for name in LEFT_OUT:
        values[:, INPUTS.index(name)] = 0
    parameters = {**PARAMETERS, "seed": seed, "monotone_constraints": monotone()}
    intercept, slope = _line(evidence, labels, weights)
    start = intercept + slope * evidence
    data = lightgbm.Dataset(values, labels.astype(float), weight=weights, init_score=start)
    booster = lightgbm.train(parameters, data, num_boost_round=ROUNDS)
    trees = [_flatten(tree["tree_structure"]) for tree in booster.dump_model()["tree_info"]]
    return {
        "inputs": list(INPUTS),
        "depth": PARAMETERS["max_depth"] + 1,
        "intercept": round(intercept, 6),
        "evidence_weight": round(slope, 6),
        "card": {
            **card,
            "rows": len(labels),
            "hostile_rows": int(labels.sum()),
            "trees": len(trees),
            "seed": seed,
        },
        "trees": trees,
    }


def _line(evidence: Floats, labels: np.ndarray, weights: Floats) -> tuple[float, float]:
    """Return intercept and slope of the weighted logistic regression of labels on evidence (Newton's method)."""
    design = np.stack([np.ones(len(evidence)), evidence], axis=1)
    parameters = np.zeros(2)
    for _ in range(50):
        p = 1.0 / (1.0 + np.exp(-np.clip(design @ parameters, -30, 30)))
        gradient = design.T @ (weights * (labels - p)) - 1e-3 * parameters
        curvature = (design * (weights * p * (1 - p))[:, None]).T @ design + 1e-3 * np.eye(2)
        parameters = parameters + np.linalg.solve(curvature, gradient)
    return float(parameters[0]), float(parameters[1])


def _flatten(root: dict[str, Any]) -> dict[str, list[Any]]:
    """Return a tree as parallel lists; node 0 is the root, a leaf has feature -1."""
    tree: dict[str, list[Any]] = {"feature": [], "threshold": [], "left": [], "right": [], "expected": []}

    def visit(node: dict[str, Any]) -> int:
        place = len(tree["feature"])
        leaf = "leaf_value" in node
        tree["feature"].append(-1 if leaf else node["split_feature"])
        tree["threshold"].append(0.0 if leaf else _shorter(node["threshold"]))
        tree["expected"].append(
            round(TREE_WEIGHT * (node["leaf_value"] if leaf else node["internal_value"]), 6)
        )
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
    """Write the ranker's document as compact JSON, equal bytes for equal documents."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, separators=(",", ":"), sort_keys=True) + "\n", encoding="utf-8")
