"""Measure previews of answers in the console: `python bench/desk.py`.

Fills a database with 44 days of candidates of 10,000 accounts (about 9,000). Then requests previews of answers of every
kind on incidents of every rank, and prints percentiles. Also prints the cost of the first preview, and of the first after a
new day.
"""

from __future__ import annotations

import argparse
import contextlib
import random
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from seawall.detection.feedback_values import FeedbackDraft
from seawall.detection.ranking.candidates import ScoredCandidate
from seawall.lab.worlds import WorldSettings, make_world
from seawall.pipeline import scan as pipeline
from seawall.pipeline.live.budget_ranking import CANDIDATE_DAYS, rank_under_budget
from seawall.pipeline.live.candidates import pack_candidate
from seawall.pipeline.live.standing_feedback import standing_answers
from seawall.pipeline.live.what_if import WhatIfService
from seawall.storage.database import Database
from seawall_base.errors import UsageError

ACCOUNTS = 10_000
KEPT_A_DAY = 200
DRAFTS = (
    FeedbackDraft("expected-change", "tenant"),
    FeedbackDraft("expected-change", "peers"),
    FeedbackDraft("expected-change", "account"),
    FeedbackDraft("safe"),
    FeedbackDraft("compromised"),
)


def templates(seed: int) -> list[ScoredCandidate]:
    """Return the candidates of a small made-up organisation."""
    with tempfile.TemporaryDirectory() as folder:
        make_world(WorldSettings(seed=seed, accounts=100, days=35, attacks=6), Path(folder))
        kept: list[ScoredCandidate] = []
        pipeline.scan([Path(folder) / "logs"], watch=lambda scored: kept.extend(scored.candidates))
    return kept


def spread(found: list[ScoredCandidate], dice: random.Random) -> dict[int, list[ScoredCandidate]]:
    """Return 44 days of candidates like those, spread over ten thousand accounts of one organisation."""
    last = max(one.day for one in found)
    days = {}
    for day in range(last - CANDIDATE_DAYS + 1, last + 1):
        of_day = []
        for _ in range(KEPT_A_DAY):
            one = dice.choice(found)
            shift = (day - one.day) * 86_400_000_000
            name = f"{dice.randrange(ACCOUNTS)}.{one.account}"
            score = one.score - dice.random()
            of_day.append(
                replace(
                    one, account=name, day=day, first=one.first + shift, last=one.last + shift, score=score
                )
            )
        days[day] = of_day
    return days


def store_candidates(database: Database, days: dict[int, list[ScoredCandidate]]) -> list[str]:
    """Store candidates and incidents as a watch does; return the incidents' ids, highest score first."""
    last = max(days)
    tenant = next(one.tenant for found in days.values() for one in found)
    with database.writing() as work:
        for day, found in days.items():
            work.candidates.put_day(
                day, [pack_candidate(one) for one in found], tenants=[one.tenant for one in found]
            )
            work.days.put({day: {"tenants": {tenant: ACCOUNTS}, "events": day}})
        ranking = rank_under_budget(
            [one for found in days.values() for one in found], notes=(), accounts_by_tenant={tenant: ACCOUNTS},
            first_day=min(days), last_day=last, budget=None, answers=standing_answers(work, at=0),
        )  # fmt: skip
        work.incidents.put(ranking.incidents)
    return [one.id for one in ranking.incidents]


def time_call(act: Callable[[], object]) -> float:
    """Return the milliseconds of processor time of a call; on a busy machine, wall time says little."""
    start = time.process_time()
    act()
    return (time.process_time() - start) * 1000


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--previews", type=int, default=200)
    parser.add_argument("--answers", type=int, default=30, help="answers that stand before")
    asked = parser.parse_args()
    dice = random.Random(asked.seed)
    days = spread(templates(asked.seed), dice)
    with tempfile.TemporaryDirectory() as folder:
        database = Database.open(Path(folder) / "seawall.db", should_migrate=True)
        ids = store_candidates(database, days)
        now = (max(days) + 1) * 86_400_000_000
        desk = WhatIfService(database, lambda: now)
        print(f"{sum(map(len, days.values())):,} candidates, {len(ids):,} incidents")
        print(f"first question: {time_call(lambda: desk.preview(ids[0], DRAFTS[0])):.0f} ms")
        for place in range(asked.answers):
            store_answer(database, desk, ids[place * 3], DRAFTS[place % len(DRAFTS)], now)
        print(f"after {asked.answers} answers: {time_call(lambda: desk.preview(ids[1], DRAFTS[0])):.0f} ms")
        took = sorted(
            time_call(
                lambda: request_preview(desk, ids[dice.randrange(min(len(ids), 600))], dice.choice(DRAFTS))
            )
            for _ in range(asked.previews)
        )
        shares = {share: took[min(int(len(took) * share), len(took) - 1)] for share in (0.5, 0.95, 0.99)}
        print(
            "previews: " + ", ".join(f"p{share * 100:.0f} {value:.0f} ms" for share, value in shares.items())
        )
        days[max(days)] = days[max(days)][:-1]
        store_candidates(database, days)
        print(f"after a day was scored again: {time_call(lambda: desk.preview(ids[1], DRAFTS[0])):.0f} ms")
        print(
            f"hidden by answers: {time_call(desk.hides):.0f} ms; what if 10 a day: {time_call(lambda: desk.what_if(10.0)):.0f} ms"
        )
        database.close()


def request_preview(desk: WhatIfService, id_: str, draft: FeedbackDraft) -> None:
    """Request a preview. The refusal of an answer that covers too much also counts as a reply."""
    with contextlib.suppress(UsageError):
        desk.preview(id_, draft)


def store_answer(database: Database, desk: WhatIfService, id_: str, draft: FeedbackDraft, now: int) -> None:
    """Store an answer unless it is refused."""
    try:
        prepared = desk.prepare_feedback(id_, draft)
    except UsageError:
        return
    with database.writing() as work:
        work.answers.give(
            id_,
            prepared.draft.answer,
            by="bench",
            at=now,
            scope=prepared.scope,
            expires_at=prepared.draft.expires_at,
        )


if __name__ == "__main__":
    main()
