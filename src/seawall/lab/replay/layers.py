"""The layers of defence whose part in an incident a replay measures, and the settings: all, each off, each alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from seawall.detection.ranking.aspects import aspect, is_joint
from seawall.detection.ranking.features import FEATURES, FeatureTable
from seawall.detection.ranking.patterns import PATTERNS
from seawall.detection.ranking.ranker import PARTS
from seawall.events.coded_batch import Bools, Floats
from seawall.events.grouping import Rows


@dataclass(frozen=True, slots=True)
class DefenceLayer:
    """A layer: its name in documents, its title, and what it does in a replay."""

    name: str
    title: str
    does: str


LAYERS: tuple[DefenceLayer, ...] = (
    DefenceLayer(
        "policies",
        "Strong authentication and policies",
        "plays the recorded sign-ins against Conditional Access policies, and judges the settings that rule over a stage",
    ),
    DefenceLayer(
        "tokens",
        "Token verification",
        "gives the token of a stage to Seawall's verifier, and notes its refusal",
    ),
    DefenceLayer("keys", "Key custody and inventory", "audits the key set at each date of the key's life"),
    DefenceLayer("lineage", "Session lineage", "finds sessions and tokens without a beginning, or that move"),
    DefenceLayer("behaviour", "Behaviour", "finds what is new for an account"),
    DefenceLayer("rules", "Rules", "built-in rules and Sigma rules on the organisation's own records"),
    DefenceLayer("alerts", "Alerts of others", "rules on what a vendor says about an account"),
    DefenceLayer(
        "adaptation", "Watch after containment", "searches for the contained intruder's return by another way"
    ),
)
LAYER_NAMES = tuple(one.name for one in LAYERS)
DETECTORS = ("lineage", "behaviour", "rules", "alerts")
"""Layers whose reasons sum, with the base, to a score."""


@dataclass(frozen=True, slots=True)
class LayerSetting:
    """Which layers are on. `name` is `all`, `without NAME` or `NAME alone`."""

    name: str
    on: frozenset[str]

    @property
    def detectors(self) -> frozenset[str]:
        """Return the detectors that are on."""
        return self.on.intersection(DETECTORS)


SETTINGS: tuple[LayerSetting, ...] = (
    LayerSetting("all", frozenset(LAYER_NAMES)),
    *(LayerSetting(f"without {name}", frozenset(LAYER_NAMES) - {name}) for name in LAYER_NAMES),
    *(LayerSetting(f"{name} alone", frozenset({name})) for name in LAYER_NAMES),
)
DETECTOR_SETTINGS: tuple[frozenset[str], ...] = tuple(
    dict.fromkeys(setting.detectors for setting in SETTINGS if setting.detectors)
)
"""The distinct sets of detectors of all settings, all of them first."""


def _weigh_dimensions() -> Floats:
    """Return the features that each pattern's evidence is made of, float64 (patterns, features): 1 for each."""
    found = np.zeros((len(PATTERNS), len(FEATURES)))
    places = {name: place for place, name in enumerate(FEATURES)}
    for number, pattern in enumerate(PATTERNS):
        for dimension in pattern.dimensions:
            for feature in dimension.split("+"):
                if feature in places:
                    found[number, places[feature]] += 1.0
    return found


_OWN = ("lineage", "behaviour", "rules")
_DIMENSIONS = _weigh_dimensions()
_FEATURE_LAYER = np.array([[aspect(name)[0] == layer for name in FEATURES] for layer in _OWN], float)
_JOINT: Bools = np.array([is_joint(name) for name in PARTS])
_PART_LAYER: Bools = np.array(
    [[not is_joint(name) and aspect(name)[0] == layer for name in PARTS] for layer in _OWN], bool
)


def share_joint_evidence(table: FeatureTable, pattern: Rows) -> Floats:
    """Return the share of lineage, behaviour and rules in each group's joint evidence, float64 (g, 3).

    It is divided as the reasons of an incident divide it: among the dimensions of the pattern that names the group, by how
    unusual each is. `pattern` is (g,).
    """
    surprise = np.maximum(table.values, 0.0) * _DIMENSIONS[pattern]
    sums = surprise @ _FEATURE_LAYER.T
    total = sums.sum(axis=1, keepdims=True)
    undivided = np.array([[0.0, 1.0, 0.0]])
    return np.asarray(np.where(total > 0, sums / np.maximum(total, 1e-12), undivided))


def keep_parts(parts: Floats, shares: Floats, on: frozenset[str]) -> Floats:
    """Return the parts of scores, (g, len(PARTS)), without those of the detectors that are off.

    What is left sums, with the base, to the score without their reasons.
    """
    kept = [place for place, name in enumerate(_OWN) if name in on]
    own: Bools = np.logical_or.reduce(_PART_LAYER[kept], axis=0)
    factor = np.where(_JOINT[None, :], shares[:, kept].sum(axis=1, keepdims=True), own[None, :])
    return np.asarray(parts * factor)
