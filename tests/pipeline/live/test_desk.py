"""The desk: what an answer would change is what then changes; what another budget would show; what was taught."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seawall.detection.feedback_values import FeedbackDraft, FeedbackValue
from seawall.detection.incidents.alert_budget import LEAST_SCORE
from seawall.detection.ranking.candidates import ScoredCandidate
from seawall.pipeline.live.budget_ranking import BudgetRanking, rank_under_budget
from seawall.pipeline.live.candidates import pack_candidate
from seawall.pipeline.live.standing_feedback import standing_answers
from seawall.pipeline.live.what_if import FeedbackPreview, WhatIfService
from seawall.storage.database import Database
from seawall_base.errors import UsageError
from tests.detection.feedback.making import NOW, TODAY, candidate, fact
from tests.detection.feedback.making import candidates as any_candidate

DAY = 86_400_000_000
MINUTE = 60_000_000
LAST = TODAY - 1
TENANTS = {"org": 300, "other": 40}
VPN = "AS1 VPN"


@dataclass
class Store:
    """A database as the watch keeps it, and the desk before it. The clock stands still at `now`."""

    database: Database
    found: list[ScoredCandidate]
    desk: WhatIfService
    budget: float | None = 0.2
    least_score: float = LEAST_SCORE

    def score(self, found: list[ScoredCandidate]) -> None:
        """Keep candidates as a scoring would."""
        self.found = sorted(found, key=lambda one: one.day)
        with self.database.writing() as work:
            for day in range(TODAY - 45, TODAY):
                of_day = [one for one in self.found if one.day == day]
                work.candidates.put_day(
                    day, [pack_candidate(one) for one in of_day], tenants=[one.tenant for one in of_day]
                )
            work.days.put(
                {day: {"tenants": TENANTS, "p_histogram": [5] * 20} for day in range(TODAY - 45, TODAY)}
            )
        self.rank()

    def rank(self) -> BudgetRanking:
        """Keep the incidents that follow, as the watch does."""
        with self.database.writing() as work:
            ranking = rank_under_budget(
                self.found, notes=(), accounts_by_tenant=TENANTS, first_day=TODAY - 45, last_day=LAST,
                budget=self.budget, least_score=self.least_score, answers=standing_answers(work, at=NOW),
            )  # fmt: skip
            work.incidents.put(ranking.incidents)
            return ranking

    def raised(self) -> dict[str, float]:
        """The incidents that are raised, by account."""
        return {one.account: one.score for one in self.rank().incidents if one.raised}

    def id_of(self, account: str) -> str:
        """The id of an account's worst incident."""
        return next(one.id for one in self.rank().incidents if one.account == account)

    def give(self, id_: str, draft: FeedbackDraft, at: int = NOW) -> int:
        """Save an answer."""
        prepared = self.desk.prepare_feedback(id_, draft)
        with self.database.writing() as work:
            given_ = work.answers.give(
                id_, draft.answer, by="ann", at=at, scope=prepared.scope, expires_at=prepared.draft.expires_at
            )
        return given_.id

    def accounts(self, ids: tuple[str, ...]) -> list[str]:
        """The accounts of incidents."""
        with self.database.reading() as work:
            found = [work.incidents.get(id_) for id_ in ids]
        return [one.account for one in found if one is not None]


def story() -> list[ScoredCandidate]:
    """Eight accounts on a new network of the company, weaker and weaker, and four with something else."""
    vpn = [
        candidate((fact("network", VPN), fact("client", "outlook", seen=20)), {"network.backed_off": 6.0 - n / 10},
                  account=f"vpn{n}@x.example", day=TODAY - 5 - n)
        for n in range(8)
    ]  # fmt: skip
    others = [
        candidate((fact("network", f"AS{n} Odd"), fact("client", "python/rest")), {"client.backed_off": 5.0 - n / 10},
                  account=f"odd{n}@x.example", day=TODAY - 4)
        for n in range(2, 6)
    ]  # fmt: skip
    return [*vpn, *others]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A store with the story in it: a budget of six in thirty days."""
    database = Database.open(tmp_path / "seawall.db", should_migrate=True)
    made = Store(database, [], WhatIfService(database, lambda: NOW, configured=0.2))
    made.score(story())
    yield made
    database.close()


def test_an_expected_network_hides_the_others_on_it_and_brings_up_what_was_below(store: Store) -> None:
    id_ = store.id_of("vpn0@x.example")
    draft = FeedbackDraft("expected-change", "tenant", (FeedbackValue("network", VPN),))
    preview = store.desk.preview(id_, draft)
    assert store.accounts(preview.hidden) == [f"vpn{n}@x.example" for n in range(1, 6)]
    assert sorted(store.accounts(preview.raised)) == [f"odd{n}@x.example" for n in range(2, 6)]
    assert {change.before > change.after for change in preview.lowered} == {True}
    assert "hidden 5 incidents" in preview.note
    store.give(id_, draft)
    assert sorted(store.raised()) == [*(f"odd{n}@x.example" for n in range(2, 6)), "vpn0@x.example"]


def test_withdrawing_brings_everything_back(store: Store) -> None:
    before = store.raised()
    number = store.give(
        store.id_of("vpn0@x.example"),
        FeedbackDraft("expected-change", "tenant", (FeedbackValue("network", VPN),)),
    )
    assert store.desk.hides() == {number: 5}
    with store.database.writing() as work:
        assert work.answers.withdraw(number, by="ben", at=NOW + MINUTE)
    assert store.raised() == before
    assert store.desk.hides() == {}


def test_a_takeover_raises_what_shares_its_values(store: Store) -> None:
    marked = [replace(one, account="late@x.example", day=TODAY - 2, first=(TODAY - 2) * DAY, score=one.score - 2, base=-10.0)
              for one in store.found if one.account == "odd2@x.example"]  # fmt: skip
    store.score([*store.found, *marked])
    id_ = store.id_of("odd2@x.example")
    preview = store.desk.preview(id_, FeedbackDraft("compromised"))
    assert store.accounts(preview.raised) == ["odd3@x.example"]  # it uses the intruder's client
    assert len(preview.hidden) == 1  # the budget is what it is: the weakest gives way
    assert "gain evidence" in preview.note
    before = {one.account: one.score for one in store.rank().incidents}
    store.give(id_, FeedbackDraft("compromised"))
    after = {one.account: one.score for one in store.rank().incidents}
    assert after["late@x.example"] > before["late@x.example"] + 0.7
    assert "odd3@x.example" in store.raised()
    assert after["odd2@x.example"] == pytest.approx(before["odd2@x.example"], abs=0.3)


def test_an_exception_that_expired_still_covers_what_came_before(store: Store) -> None:
    draft = FeedbackDraft("expected-change", "tenant", (FeedbackValue("network", VPN),), NOW + MINUTE)
    store.give(store.id_of("vpn0@x.example"), draft)
    later = WhatIfService(store.database, lambda: NOW + DAY, configured=0.2)
    assert list(later.hides().values()) == [5]


def test_what_may_not_be_answered_is_refused(store: Store) -> None:
    id_ = store.id_of("vpn0@x.example")
    for draft in (
        FeedbackDraft("expected-change", "tenant", (FeedbackValue("network", "AS2 not of this incident"),)),
        FeedbackDraft("expected-change", "tenant", (FeedbackValue("network", ""),)),
        FeedbackDraft("expected-change", "tenant", (FeedbackValue("client", "outlook"),)),
        FeedbackDraft("expected-change", "tenant", (FeedbackValue("network", VPN),), NOW + 91 * DAY + 1),
        FeedbackDraft("expected-change", "tenant", (FeedbackValue("network", VPN),), NOW - 1),
        FeedbackDraft("safe", "account", (FeedbackValue("network", "AS2 not of this incident"),)),
    ):
        with pytest.raises(UsageError):
            store.desk.preview(id_, draft)
        with pytest.raises(UsageError):
            store.desk.prepare_feedback(id_, draft)
    with pytest.raises(UsageError):
        store.desk.preview("no-such-incident", FeedbackDraft("safe"))


def test_what_cannot_be_expected_of_so_many_is_left_out_and_said(store: Store) -> None:
    id_ = store.id_of("odd2@x.example")
    network, client = FeedbackValue("network", "AS2 Odd"), FeedbackValue("client", "outlook")
    draft = FeedbackDraft(
        "expected-change", "tenant", (FeedbackValue("network", VPN), client), NOW + 91 * DAY
    )
    vpn = store.id_of("vpn0@x.example")
    prepared = store.desk.prepare_feedback(vpn, draft)
    assert prepared.draft.values == (FeedbackValue("network", VPN),)
    assert prepared.draft.expires_at == NOW + 90 * DAY
    assert "client outlook" in store.desk.preview(vpn, draft).note
    alone = store.desk.prepare_feedback(id_, FeedbackDraft("safe", "tenant", (network,)))
    assert (alone.draft.reach, alone.draft.values) == ("account", (network,))
    assert store.desk.prepare_feedback(
        id_, FeedbackDraft("compromised", "tenant", (network,))
    ).draft == FeedbackDraft("compromised")


def test_answers_about_many_end_after_ninety_days_and_name_their_values(store: Store) -> None:
    prepared = store.desk.prepare_feedback(
        store.id_of("vpn0@x.example"), FeedbackDraft("expected-change", "peers")
    )
    assert prepared.draft.expires_at == NOW + 90 * DAY
    assert prepared.draft.values == (FeedbackValue("network", VPN),)
    assert prepared.scope["values"] == [{"aspect": "network", "value": VPN}]


def test_a_larger_budget_shows_more_and_a_smaller_one_less(store: Store) -> None:
    more, less = store.desk.what_if(0.4), store.desk.what_if(0.1)
    assert (more.allowed, more.raised, len(more.more), more.fewer) == (12, 12, 6, ())
    assert (less.raised, less.more, len(less.fewer)) == (3, (), 3)
    store.budget = 0.4
    now = {one.id for one in store.rank().incidents if one.raised}
    assert set(more.more) <= now


def test_a_threshold_holds_on_the_desk_as_in_the_watch(store: Store) -> None:
    scores = sorted((one.score for one in store.rank().incidents if one.raised), reverse=True)
    store.least_score = scores[2]
    with store.database.writing() as work:
        work.settings.put("threshold", {"least_score": store.least_score})
    assert len(store.raised()) == 3
    assert store.desk.what_if(0.4).raised == 3
    assert store.desk.what_if(0.4).more == ()


def test_a_desk_sees_what_is_scored_after_it_was_asked(store: Store) -> None:
    id_ = store.id_of("vpn0@x.example")
    draft = FeedbackDraft("expected-change", "tenant", (FeedbackValue("network", VPN),))
    assert len(store.desk.preview(id_, draft).hidden) == 5
    with store.database.writing() as work:
        work.days.put({TODAY - 6: {"tenants": TENANTS, "p_histogram": [6] * 20}})
    store.score([one for one in store.found if one.account != "vpn1@x.example"])
    assert "vpn1@x.example" not in store.accounts(
        store.desk.preview(store.id_of("vpn0@x.example"), draft).hidden
    )


def test_weights_calibration_and_ledger(store: Store) -> None:
    ids = [store.id_of(f"vpn{n}@x.example") for n in range(3)]
    with store.database.writing() as work:
        work.announcements.add(ids, at=NOW - MINUTE)
    store.give(ids[0], FeedbackDraft("safe"))
    store.give(ids[1], FeedbackDraft("compromised"))
    week = store.desk.ledger()[-1]
    assert (week.announced, week.safe, week.compromised, week.expected, week.unanswered) == (3, 1, 1, 0, 1)
    assert len(store.desk.ledger()) == 12
    assert {(one.tenant, one.answers) for one in store.desk.weights()} == {("org", 2)}
    found = store.desk.calibration()
    assert found.observed == pytest.approx(found.expected)
    assert (found.days, found.groups) == (30, 30 * 100)


def test_an_incident_whose_candidates_are_gone_can_still_be_answered(store: Store) -> None:
    id_ = store.id_of("vpn0@x.example")
    with store.database.writing() as work:
        work.candidates.prune(TODAY)
    prepared = store.desk.prepare_feedback(id_, FeedbackDraft("expected-change", "account"))
    assert FeedbackValue("network", VPN) in prepared.draft.values


@given(
    st.lists(any_candidate(), min_size=3, max_size=12),
    st.integers(0, 20),
    st.sampled_from(("compromised", "safe", "expected-change")),
    st.sampled_from(("account", "peers", "tenant")),
)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_foretold_comes_true(
    store: Store, found: list[ScoredCandidate], place: int, kind: str, reach: str
) -> None:
    with store.database.writing() as work:
        for one in work.answers.page():
            work.answers.withdraw(one.id, by="ann", at=NOW + MINUTE)
    store.score([one for one in found if one.day < TODAY])
    before = store.rank()
    if not before.incidents:
        return
    chosen = before.incidents[place % len(before.incidents)].id
    draft = FeedbackDraft(kind, reach if kind == "expected-change" else "account")  # type: ignore[arg-type]
    try:
        preview = store.desk.preview(chosen, draft)
    except UsageError:
        return
    store.give(chosen, draft)
    _check(preview, before, store.rank(), chosen)


def _check(preview: FeedbackPreview, before: BudgetRanking, after: BudgetRanking, chosen: str) -> None:
    """Compare accounts and days rather than ids: an incident whose strongest group is lowered goes by another id."""

    def spans(ranking: BudgetRanking) -> dict[str, tuple[str, str, int, int]]:
        raised = [one for one in ranking.incidents if one.raised]
        return {one.id: (one.tenant, one.account, one.first_event, one.last_event) for one in raised}

    was, now = spans(before), spans(after)

    def among(span: tuple[str, str, int, int], others: dict[str, tuple[str, str, int, int]]) -> bool:
        return any(
            span[:2] == other[:2] and span[2] <= other[3] and other[2] <= span[3] for other in others.values()
        )

    assert all(not among(was[id_], now) for id_ in preview.hidden if id_ in was)
    gone = {id_ for id_, span in was.items() if not among(span, now)} - {chosen}
    assert gone == set(preview.hidden)
    come = [span for span in now.values() if not among(span, was)]
    assert (
        len(preview.raised) >= len([span for span in come if span[:2] != was.get(chosen, ("",) * 4)[:2]]) - 1
    )


def test_what_was_read_ahead_answers_the_same_and_is_read_no_more(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    id_, draft = (
        store.id_of("vpn0@x.example"),
        FeedbackDraft("expected-change", "tenant", (FeedbackValue("network", VPN),)),
    )
    expected = WhatIfService(store.database, lambda: NOW, configured=0.2).preview(id_, draft)
    ahead = WhatIfService(store.database, lambda: NOW, configured=0.2)
    ahead.warm(lambda: False)
    monkeypatch.setattr("seawall.pipeline.live.candidate_board.unpack_candidate", None)
    assert ahead.preview(id_, draft) == expected


def test_reading_ahead_ends_when_told(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seawall.pipeline.live.candidate_board.unpack_candidate", None)
    asked = iter([True])
    WhatIfService(store.database, lambda: NOW).warm(lambda: next(asked))
    assert next(asked, None) is None


def test_what_changes_while_it_is_read_ahead_is_read_again(store: Store) -> None:
    desk, waits = WhatIfService(store.database, lambda: NOW, configured=0.2), iter([False])

    def is_over() -> bool:
        if next(waits, None) is False:
            store.score([one for one in store.found if one.account != "odd2@x.example"])
        return False

    desk.warm(is_over)
    fresh = WhatIfService(store.database, lambda: NOW, configured=0.2)
    assert desk.what_if(2.0) == fresh.what_if(2.0)
