"""A containment that a store remembers: what follows is raised beside the budget, on the desk as in the watch, and reversibly."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from seawall.detection.feedback_values import FeedbackDraft, FeedbackValue
from seawall.pipeline.live.what_if import WhatIfService
from seawall.response.containment.values import Containment, IntruderIndicators
from seawall.storage.database import Database
from tests.detection.feedback.making import NOW, TODAY, candidate, fact
from tests.pipeline.live.test_desk import DAY, VPN, Store, story

BEFORE, AFTER = "contained@x.example", TODAY - 2
AT = (TODAY - 4) * DAY


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """The desk's story, beside an account that was contained and goes on a little, far below the budget."""
    database = Database.open(tmp_path / "seawall.db", should_migrate=True)
    made = Store(database, [], WhatIfService(database, lambda: NOW, configured=0.2))
    quiet = candidate((fact("client", "curl/rest"),), {"client.backed_off": 0.3}, account=BEFORE, day=AFTER)
    made.score([*story(), quiet])
    yield made
    database.close()


def remember(store: Store) -> None:
    actor = IntruderIndicators((BEFORE,), AT - DAY, AT, clients=("evil/rest",))
    document = msgspec.to_builtins(Containment("plan-1", AT, AT + 30 * DAY, actor, ("org",)))
    with store.database.writing() as work:
        assert work.containments.remember(
            "plan-1", "org", document, until=AT + 30 * DAY, by="Ann Example", at=NOW
        )


def test_what_follows_is_raised_beside_the_budget_until_it_is_ended(store: Store) -> None:
    before = store.raised()
    assert BEFORE not in before
    remember(store)
    after = store.raised()
    assert after.keys() == {*before, BEFORE}, "nobody loses a place to it"
    incident = next(one for one in store.rank().incidents if one.account == BEFORE)
    assert any(
        "contained on" in reason.text and "changed since then: client curl/rest" in reason.text
        for reason in incident.reasons
    )
    assert incident.score == pytest.approx(incident.base + sum(reason.weight for reason in incident.reasons))
    with store.database.writing() as work:
        assert work.containments.end("plan-1", by="Bob Example", at=NOW) == 1
    assert store.raised() == before


def test_the_desk_knows_of_it(store: Store) -> None:
    remember(store)
    store.rank()
    draft = FeedbackDraft("expected-change", "tenant", (FeedbackValue("network", VPN),))
    preview = store.desk.preview(store.id_of("vpn0@x.example"), draft)
    assert BEFORE not in store.accounts(preview.hidden) + store.accounts(preview.raised), "it stays as it is"
    store.give(store.id_of("vpn0@x.example"), draft)
    assert BEFORE in store.raised()
    assert store.desk.hides().keys() == {1}, "a containment is no answer that hides anything"
