"""Represent a labelled world as rows: each group with its ranker inputs and its attack."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from seawall.detection.ranking.engine import DetectionEngine, ScoredDay
from seawall.detection.ranking.features import has_novelty
from seawall.detection.ranking.patterns import PATTERNS
from seawall.detection.ranking.ranker import inputs
from seawall.detection.rules.sigma.load import load_rules
from seawall.events.coded_batch import MISSING, Codes, Floats, hash_text
from seawall.lab.evaluate.intrusions import WorldTruth, read_intrusions
from seawall.lab.evaluate.kept_days import ensure_kept
from seawall.lab.evaluate.outcomes import AttackerReads, WorldOutcome, outcome
from seawall.pipeline import scan as pipeline
from seawall.pipeline.scan import ScanSettings

DAY = 86_400_000_000
LEVELS_OF_P = (0.001, 0.01, 0.05)
WARM_UP_DAYS = 7


@dataclass(frozen=True, slots=True)
class Attack:
    """One staged attack in a world's truth."""

    id: str
    family: str
    difficulty: str
    near_impossible: bool
    first_day: int
    first_time: int


@dataclass(frozen=True, slots=True)
class TrainingRows:
    """The r groups of one world. `attack` (r,) is an index into `attacks`, MISSING for benign groups.

    `inputs` is float32 (r, inputs); `unsupervised` and `score` (r,) are the product's scores, `sigma` (r,) is what Sigma rules
    add to the score; `first` (r,) are times of first events. `tail` counts p-values, see `PatternTail`. `accounts` is the
    number of active accounts. Attacks may begin on `quiet_day`; `last_day` is the last day.
    """

    attacks: tuple[Attack, ...]
    inputs: Floats
    actor: Codes
    day: Codes
    attack: Codes
    unsupervised: Floats
    score: Floats
    sigma: Floats
    first: np.ndarray
    accounts: int
    quiet_day: int
    last_day: int
    events: int
    tail: np.ndarray


def read_truth(path: Path) -> dict[str, Any]:
    """Return a world's truth document."""
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return document


def collect(world: Path, budget: float = 2.0) -> tuple[TrainingRows, WorldOutcome]:
    """Scan a world's logs, label its groups with its truth, and compute the outcome of its incidents.

    `budget` is incidents a day per 1,000 accounts, for the outcome.
    """
    document = read_truth(world / "truth.json")
    truth = read_intrusions(world / "truth.json")
    labeller = RowLabeller(truth)
    reads: list[tuple[Any, ...]] = []

    def watch(scored: ScoredDay) -> None:
        labeller.observe(scored)
        reads.append(_reads(scored, labeller.ids, labeller.owner))

    accounts = sum(tenant["accounts"] for tenant in document["tenants"])
    settings = ScanSettings(budget=budget * accounts / 1000 / len(document["tenants"]))
    result = pipeline.scan([world / "logs"], settings=settings, watch=watch)
    rows = labeller.rows(int(result.summary["accounts"]), int(result.summary["events"]))
    hostile = AttackerReads(*(np.concatenate([read[place] for read in reads]) for place in range(3)))
    return rows, outcome(document, result.incidents, hostile)


def collect_kept(world: Path, kept: Path) -> TrainingRows:
    """Return a world's rows from its coded days, kept in a subfolder of `kept`, scored without a ranker, for training."""
    rules = load_rules((), with_pack=True)
    labeller, engine = RowLabeller(read_intrusions(world / "truth.json")), DetectionEngine(None, rules)
    days = ensure_kept(world / "logs", kept / world.name, rules)
    for number, batch in days.load():
        labeller.observe(engine.observe(batch, number, keep=False))
    return labeller.rows(engine.behaviour.accounts(), days.events)


class RowLabeller:
    """Label the groups of scored days with the intrusions of a world.

    `ids` are the sorted hashes of the intruders' record ids, uint64 (n,); `owner` are the places of their intrusions, (n,).
    """

    def __init__(self, truth: WorldTruth) -> None:
        self.ids, self.owner = _intruders_ids(truth)
        self._truth = truth
        self._parts: list[tuple[Any, ...]] = []
        self._tail = PatternTail(truth.begin // DAY)

    def observe(self, scored: ScoredDay) -> None:
        """Label the groups of one day."""
        self._parts.append(_label(scored, self.ids, self.owner))
        self._tail.observe(scored)

    def rows(self, accounts: int, events: int) -> TrainingRows:
        """Return all days' rows; `accounts` were active, and there were so many `events`."""
        truth = self._truth
        attacks = tuple(
            Attack(one.id, one.family, one.difficulty, one.near_impossible, one.start // DAY, one.start)
            for one in truth.intrusions
        )
        columns = [np.concatenate([part[place] for part in self._parts]) for place in range(8)]
        return TrainingRows(
            attacks,
            columns[0],
            columns[1],
            columns[2],
            columns[3],
            columns[4],
            columns[5],
            columns[6],
            columns[7],
            accounts=accounts,
            quiet_day=truth.begin // DAY,
            last_day=truth.end // DAY,
            events=events,
            tail=self._tail.counts,
        )


class PatternTail:
    """Count how often each pattern's p-value is at most `LEVELS_OF_P`, on days without attacks.

    `counts` is float64 (patterns, 1 + levels): groups for which the pattern matched, then those at or below each level.
    """

    def __init__(self, quiet_day: int) -> None:
        self.counts = np.zeros((len(PATTERNS), 1 + len(LEVELS_OF_P)))
        self._quiet_day = quiet_day
        self._days = 0

    def observe(self, scored: ScoredDay) -> None:
        """Count a day, except during the warm-up and once attacks may have begun."""
        self._days += 1
        if self._days <= WARM_UP_DAYS or scored.groups.day.number >= self._quiet_day:
            return
        self.counts[:, 0] += len(scored.p)
        for place, level in enumerate(LEVELS_OF_P):
            self.counts[:, 1 + place] += (scored.p <= level).sum(axis=0)


def _own_ids(column: pa.Array) -> np.ndarray:
    """Return hashes uint64 (n,) of the log's own record ids, see `outcomes.own_id`."""
    if not isinstance(column, pa.Array):
        return np.asarray(column.map(_own_ids), np.uint64)
    return hash_text(pc.replace_substring_regex(column, ":.*", ""))


def _reads(scored: ScoredDay, ids: np.ndarray, owner: Codes) -> tuple[Any, ...]:
    batch = scored.groups.day.batch
    if not len(ids):
        return (np.zeros(0, np.int64),) * 3
    hashes = _own_ids(batch.texts["metadata_uid"])
    places = np.minimum(np.searchsorted(ids, hashes), len(ids) - 1)
    rows = np.flatnonzero((ids[places] == hashes) & batch.one_of("kind", ("mail_access",)))
    return (
        owner[places[rows]].astype(np.int64),
        batch.time[rows],
        np.maximum(batch.numbers["item_count"][rows], 0),
    )


def _label(scored: ScoredDay, ids: np.ndarray, owner: Codes) -> tuple[Any, ...]:
    day = scored.groups.day
    rows = np.flatnonzero(has_novelty(scored.table))
    attack = np.full(len(scored.groups), MISSING, np.int32)
    if len(ids):
        hashes = _own_ids(day.batch.texts["metadata_uid"])
        places = np.minimum(np.searchsorted(ids, hashes), len(ids) - 1)
        hostile = np.flatnonzero((ids[places] == hashes) & (day.group != MISSING))
        attack[day.group[hostile]] = owner[places[hostile]]
    values = inputs(scored.table.values[rows], scored.p[rows]).astype(np.float32)
    return (
        values,
        day.actor[rows],
        np.full(len(rows), day.number, np.int32),
        attack[rows],
        scored.unsupervised[rows],
        scored.score[rows],
        scored.sigma_weight[rows],
        day.first[rows],
    )


def _intruders_ids(truth: WorldTruth) -> tuple[np.ndarray, Codes]:
    texts = [uid for one in truth.intrusions for uid in sorted(one.events)]
    owner = np.array([place for place, one in enumerate(truth.intrusions) for _ in one.events], np.int32)
    hashes = hash_text(pa.array(texts, pa.string()))
    order = np.argsort(hashes)
    return hashes[order], owner[order]


def pool_rows(worlds: Iterable[TrainingRows]) -> tuple[Floats, Floats, np.ndarray, Floats]:
    """Return training inputs float32 (n, inputs), evidence (n,), labels bool (n,) and weights (n,) of many worlds.

    Near-impossible attacks are left out. An attack's groups share one weight, so that long attacks do not dominate.
    """
    values, evidence, labels, weights = [], [], [], []
    for rows in worlds:
        impossible = np.array([a.near_impossible for a in rows.attacks] + [False])
        keep = ~impossible[rows.attack]
        hostile = rows.attack != MISSING
        sizes = np.bincount(rows.attack[hostile], minlength=len(rows.attacks) + 1)
        values.append(rows.inputs[keep])
        evidence.append(rows.unsupervised[keep])
        labels.append(hostile[keep])
        weights.append(np.where(hostile, 1.0 / np.sqrt(np.maximum(sizes[rows.attack], 1)), 1.0)[keep])
    return np.concatenate(values), np.concatenate(evidence), np.concatenate(labels), np.concatenate(weights)
