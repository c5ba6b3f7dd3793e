"""Baseline methods: scores for the same groups as Seawall's, for comparison in one table.

Every baseline has the same events, groups, learning period and budget as Seawall.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np

from seawall.detection.ranking.ranker import INPUTS
from seawall.detection.rules.detector import RULE_GROUPS
from seawall.events.coded_batch import Floats
from seawall.lab.evaluate.rows import TrainingRows

FITTED_ROWS = 40_000


def _column(rows: TrainingRows, name: str) -> Floats:
    return np.asarray(rows.inputs[:, INPUTS.index(name)], np.float64)


def first_seen_app(rows: TrainingRows) -> Floats:
    """Score mail access by an application that is new to the mailbox, as in the alert that found Storm-0558.

    Among new applications, those that few others use score highest.
    """
    new = (_column(rows, "app.is_new") > 0) & (_column(rows, "has_mail") > 0)
    return np.where(new, 1 + _column(rows, "app.rarity"), 0.0)


def impossible_travel(rows: TrainingRows) -> Floats:
    """Score a country that is new to the account, higher the less time passed since use in the usual country."""
    new = _column(rows, "country.is_new") > 0
    return np.where(new, 1 + np.log(720 / np.maximum(_column(rows, "usual_gap_abroad"), 1.0)), 0.0)


def freeman(rows: TrainingRows) -> Floats:
    """Score sign-ins as Freeman et al. (NDSS 2016): ln p(features) / p(features | account), with back-off.

    Network, country and client are taken as independent given the account; the network's rarity stands for
    its reputation.
    """
    surprise = sum(_column(rows, f"{name}.backed_off") for name in ("network", "country", "client"))
    usual = sum(_column(rows, f"{name}.rarity") for name in ("country", "client"))
    return np.where(_column(rows, "has_sign_in") > 0, surprise - 0.5 * usual, -np.inf)


def rules_alone(rows: TrainingRows) -> Floats:
    """Score the evidence of the rules that matched."""
    return np.asarray(sum(_column(rows, f"rules.{group}") for group in RULE_GROUPS), np.float64)


def _features(rows: TrainingRows) -> Floats:
    keep = [place for place, name in enumerate(INPUTS) if not name.startswith("p.")]
    return np.nan_to_num(np.asarray(rows.inputs[:, keep], np.float64), posinf=1e6)


def isolation_forest(rows: TrainingRows) -> Floats:
    """Score by scikit-learn's isolation forest, fitted on the days before attacks may begin."""
    from sklearn.ensemble import IsolationForest

    values = _features(rows)
    quiet = np.flatnonzero(rows.day < rows.quiet_day)[-FITTED_ROWS:]
    model = IsolationForest(n_estimators=200, random_state=0, n_jobs=2).fit(values[quiet])
    return np.asarray(-model.score_samples(values))


def ecod(rows: TrainingRows) -> Floats:
    """Score by ECOD (pyod), fitted on the days before attacks may begin."""
    from pyod.models.ecod import ECOD

    values = _features(rows)
    quiet = np.flatnonzero(rows.day < rows.quiet_day)[-FITTED_ROWS:]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = ECOD(n_jobs=1).fit(values[quiet])
        return np.asarray(model.decision_function(values))


def sum_surprise(rows: TrainingRows) -> Floats:
    """Score the sum of the plain surprises of single fields: the simplest ablation of Seawall."""
    names = ("network", "country", "client", "app", "activity", "mailbox", "method")
    return np.asarray(sum(_column(rows, f"{name}.plain") for name in names), np.float64)


def score_unsupervised(rows: TrainingRows) -> Floats:
    """Score like Seawall without its learnt ranker: the mean e-value over patterns and lineage."""
    return rows.unsupervised


def seawall(rows: TrainingRows) -> Floats:
    """Score like the product."""
    return rows.score


METHODS: dict[str, Callable[[TrainingRows], Floats]] = {
    "Seawall": seawall,
    "Seawall, unsupervised": score_unsupervised,
    "summed surprise": sum_surprise,
    "first-seen app per mailbox": first_seen_app,
    "new country, impossible travel": impossible_travel,
    "Freeman et al. 2016": freeman,
    "isolation forest": isolation_forest,
    "ECOD": ecod,
    "rules alone": rules_alone,
}
