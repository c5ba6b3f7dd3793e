"""Run the day of an organisation whose accounts are cut into parts: rounds of exchanges, then candidates and state.

Where the organisation is small, `DetectionEngine.observe` scores its day at once. A large one is cut by `place_accounts`. Each
part has an engine of its own. It is given all events of its accounts, and an exchange of whole numbers follows each step:

1. tally: each part counts what its accounts share with others (`announce`, `split`, `count`);
2. merge: the exchanges of all parts are added (`merge_exchanges`, in any order, also some at a time);
3. score: each part scores its groups by the sums (`share`, `place`, `rank`), and the highest of all parts become candidates;
4. learn: each part learns its own accounts, and the sums.

The candidates are those of an engine that is given the whole day, to the byte. So is the state, once it is joined (see `states`).

For a program that spreads the work over machines, there are functions over bytes: `score_part` is given the state of a part
before the day and the exchanges of the rounds so far, and returns the next exchange, or the result after `ROUNDS` of them. It
depends on nothing else, so that a round that is run twice, or elsewhere, gives the same. All parts must be coded by one coder.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass

import numpy as np

from seawall.detection.parts.choice import PartChoice
from seawall.detection.parts.part_day import PartDay
from seawall.detection.ranking.engine import DetectionEngine, ScoredDay
from seawall.detection.ranking.kept_groups import KeptCandidate
from seawall.detection.tallies import Exchange, Note, merge_exchanges
from seawall.events.array_state import State
from seawall.events.coded_batch import CodedBatch, Codes, Times, hash_text

ROUNDS = 8
"""Number of exchanges of a day."""


@dataclass(frozen=True, slots=True)
class ScoredPart:
    """Hold the scored day of a part. `places` orders its candidates among those of all parts."""

    scored: ScoredDay
    places: tuple[Note, ...]


Rounds = Generator[Exchange, Exchange, ScoredPart]


def place_accounts(batch: CodedBatch, parts: int) -> Codes:
    """Return the part of each event's account, int32 (n,). It depends on the name of the account alone.

    Events without an account belong to part 0.
    """
    accounts = hash_text(batch.vocabularies["account"].array)
    part = np.append(accounts % np.uint64(parts), np.uint64(0)).astype(np.int32)
    return np.where(batch.actor >= 0, part[batch.codes["account"]], 0).astype(np.int32)


def run_part(engine: DetectionEngine, batch: CodedBatch, number: int, order: Times) -> Rounds:
    """Score the day of a part, then learn it: yield `ROUNDS` exchanges, take what all parts told in each; return the result.

    `batch` has all events of the part's accounts on the day, none if they did nothing: every part takes part in every day.
    `number` is the day's number since 1970, `order` (n,) the place of each event among those of all parts: any ascending numbers,
    distinct over all parts, that order events by time and by the hash of their id.
    """
    part = PartDay(engine, batch, number, order)
    told = yield part.announce()
    told = yield part.split(told)
    told = yield part.count(told)
    told = yield part.share(told)
    told = yield part.place(told)
    part.rank(told)
    choice = PartChoice(part)
    told = yield choice.offer_highest()
    told = yield choice.offer_followers(told)
    told = yield choice.score_refused(told)
    kept, refused = choice.keep(told)
    part.learn()
    scored = ScoredDay(
        part.groups, part.table, part.p, part.score, part.unsupervised, part.sigma_weight,
        part.hits, part.sigma, part.lineage, kept, refused,
    )  # fmt: skip
    return ScoredPart(scored, tuple(choice.places))


def run_parts(engines: Sequence[DetectionEngine], batch: CodedBatch, number: int) -> list[ScoredPart]:
    """Score a day in this process, each part by its engine; return the results of the parts."""
    parts = place_accounts(batch, len(engines))
    rounds = []
    for place, engine in enumerate(engines):
        rows = np.flatnonzero(parts == place)
        rounds.append(run_part(engine, batch.take(rows), number, rows.astype(np.int64)))
    exchanges = [next(one) for one in rounds]
    found: list[ScoredPart] = []
    while not found:
        told, exchanges = merge_exchanges(exchanges), []
        for one in rounds:
            try:
                exchanges.append(one.send(told))
            except StopIteration as end:
                found.append(end.value)
    return found


def list_candidates(parts: Sequence[ScoredPart]) -> list[KeptCandidate]:
    """Return the candidates of all parts, in the order in which an engine that is given the whole day lists them."""
    found = [
        (place, candidate)
        for part in parts
        for place, candidate in zip(part.places, part.scored.list_candidates(), strict=True)
    ]
    return [candidate for _, candidate in sorted(found, key=lambda one: one[0])]


def score_part(
    make_engine: Callable[[], DetectionEngine],
    before: State | None,
    batch: CodedBatch,
    day: tuple[int, Times],
    told: Sequence[bytes],
) -> bytes | tuple[ScoredPart, State]:
    """Return the next exchange of a part, packed; or its result and the state after the day, if `told` has `ROUNDS` exchanges.

    `before` is the part's state, None before its first day; `day` is (number, order) as in `run_part`; `told` are what
    `merge_packed` returned after each round so far. Raises `StateInvalid` and `PartInvalid`.
    """
    engine = make_engine()
    if before is not None:
        engine.restore(before)
    rounds = run_part(engine, batch, *day)
    said = next(rounds)
    for one in told:
        try:
            said = rounds.send(Exchange.unpack(one))
        except StopIteration as end:
            return end.value, engine.state()
    return said.pack()


def merge_packed(exchanges: Sequence[bytes]) -> bytes:
    """Return the sum of packed exchanges of one round, packed. Sums may be added again. Raises `PartInvalid`."""
    return merge_exchanges(map(Exchange.unpack, exchanges)).pack()
