"""Group features for feedback: into units that one expected value explains, and into groups with a common weight."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from seawall.detection.behaviour.fields import FIELD_NAMES, FIELDS
from seawall.detection.ranking.aspects import TOGETHER, Aspect, aspect
from seawall.detection.ranking.features import FEATURES
from seawall.detection.rules.detector import RULES
from seawall.events.coded_batch import Floats

WEIGHTED: tuple[str, ...] = (*FEATURES, TOGETHER)
"""Features with a weight in a score, in the order of the columns of `CandidateColumns.weights`."""

RULE = "rule"
"""Aspect of a value that is a rule's name."""

_FIELD_OF_COLUMN = {field.columns[0]: field.name for field in FIELDS if len(field.columns) == 1}
PAIRS = {
    field.name: (_FIELD_OF_COLUMN[field.columns[0]], _FIELD_OF_COLUMN[field.columns[1]])
    for field in FIELDS
    if len(field.columns) == 2
}
"""Paired fields, with the fields of their two halves."""

WIDE = (
    "network",
    "prefix",
    "country",
    "client",
    "app",
    "method",
    "app_client",
    "app_network",
    "client_network",
)
"""Fields whose values may be expected of several accounts. Keys, devices, mailboxes, operations and rules may not."""

TELLING = ("network", "prefix", "client", "app", "app_client", "app_network", "client_network")
"""Those of `WIDE` that are specific enough alone. A country or a sign-in method alone would cover too many accounts."""

NEVER = ("lineage.outlived", "lineage.foreign")
"""Evidence that no answer may reduce: use after revocation, and tokens of another issuer."""

_CLASSES = ("hosting", "anonymiser", "mobile", "residential", "microsoft", "network_days", "network_variety")
_NEEDS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(_CLASSES, ("network",)),
    **dict.fromkeys((name for name in FEATURES if name.startswith("usual_")), ("network", "country")),
    "client_days": ("client",),
    **dict.fromkeys(("new_networks_hour", "new_networks_day", "session_networks"), ("network",)),
    "own_consent": ("app",),
    "own_consent_age": ("app",),
    "consent_users": ("app",),
    "session_elsewhere": ("network",),
    "session_usual": ("network", "client"),
    **dict.fromkeys(("new_mailboxes", "foreign_mailboxes"), ("mailbox",)),
    **dict.fromkeys(("legacy", "device_code"), ("method",)),
    "after_consent": ("app",),
    "lineage.birthless": ("network",),
    "lineage.moved": ("network",),
    "lineage.reused": ("network", "client"),
}
"""Further features that a value explains, besides those of its own field. Features in neither are never reduced."""


@dataclass(frozen=True, slots=True)
class FeatureUnit:
    """Group features that are expected when all their needs are: then their contributions are removed together.

    `is_wide` says whether an answer about several accounts removes them too.
    """

    aspect: Aspect
    needs: tuple[str, ...]
    is_wide: bool


def _unit(feature: str) -> FeatureUnit | None:
    head, _, tail = feature.partition(".")
    if head == "rules":
        return FeatureUnit(aspect(feature), (f"{RULE}:{tail}",), is_wide=False)
    needs = _NEEDS.get(feature) or ((head,) if head in FIELD_NAMES and tail else ())
    if not needs:
        return None
    return FeatureUnit(
        aspect(feature), needs, is_wide=head != "lineage" and all(need in WIDE for need in needs)
    )


_UNIT_OF = {feature: unit for feature in WEIGHTED if (unit := _unit(feature)) is not None}
UNITS: tuple[FeatureUnit, ...] = tuple(dict.fromkeys(_UNIT_OF.values()))
RULE_GROUP = {rule.name: rule.group for rule in RULES}

GROUPS = ("place", "client", "application", "use", "attempts", "lineage", "rules")
"""Groups of aspects whose weights are fitted to an organisation's answers."""

_GROUP_OF_ASPECT = {
    **dict.fromkeys(("network", "prefix", "country", "two-places", "usual-network", "rotation"), "place"),
    **dict.fromkeys(("client", "device", "managed-device", "method", "client_network"), "client"),
    **dict.fromkeys(("app", "key", "own-consent", "app_client", "app_network"), "application"),
    **dict.fromkeys(("activity", "app_activity", "mailbox", "volume", "hour"), "use"),
    "attempts": "attempts",
}


def _group(feature: str) -> str | None:
    layer, name = aspect(feature)
    if feature in NEVER:
        return None
    return layer if layer in GROUPS else _GROUP_OF_ASPECT.get(name)


def _indicator(places: list[int | None], width: int) -> Floats:
    matrix = np.zeros((len(WEIGHTED), width))
    for row, place in enumerate(places):
        if place is not None:
            matrix[row, place] = 1.0
    return matrix


IN_UNIT: Floats = _indicator(
    [UNITS.index(_UNIT_OF[name]) if name in _UNIT_OF else None for name in WEIGHTED], len(UNITS)
)
"""float64 (len(WEIGHTED), len(UNITS)): 1 if a feature belongs to a unit."""

IN_GROUP: Floats = _indicator(
    [GROUPS.index(group) if (group := _group(name)) is not None else None for name in WEIGHTED], len(GROUPS)
)
"""float64 (len(WEIGHTED), len(GROUPS)): 1 if a feature belongs to a group."""


UNIT_IN_GROUP: Floats = ((IN_UNIT.T @ IN_GROUP) > 0).astype(np.float64)
"""float64 (len(UNITS), len(GROUPS)): 1 if a reduction of the unit reduces the group."""


def sum_units(matrix: Floats, indicator: Floats) -> Floats:
    """Return `matrix @ indicator`, summed column by column: BLAS would round a row differently with other rows beside it."""
    result = np.zeros((len(matrix), indicator.shape[1]))
    for row, column in zip(*np.nonzero(indicator), strict=True):
        result[:, column] += matrix[:, row] * indicator[row, column]
    return result
