"""Answer an analyst's what-if questions: effects of an answer or of another budget, and what was learnt so far.

All answers are computed from the database without the running watch. They agree with what the watch will do once the answer
or budget is saved. Incidents are named by their present ids.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from seawall.detection.feedback.drafting import (
    check_draft,
    list_choices,
    list_left_out,
    list_lessons,
    list_never_hidden,
)
from seawall.detection.feedback.regrouping import id_of
from seawall.detection.feedback.units import GROUPS
from seawall.detection.feedback_values import (
    FeedbackAnswer,
    FeedbackDraft,
    FeedbackLesson,
    FeedbackValue,
    ShownValue,
)
from seawall.detection.incident import Incident
from seawall.detection.ranking.candidates import ScoredCandidate
from seawall.pipeline.live.budget_ranking import DAY, RANKED_DAYS
from seawall.pipeline.live.candidate_board import BoardRanking, CandidateBoard, CandidateBoards
from seawall.pipeline.live.candidates import unpack_candidate
from seawall.pipeline.live.standing_feedback import scope_of
from seawall.storage.database import Database
from seawall.storage.database.feedback import Feedback
from seawall_base.clock import read_wall_clock
from seawall_base.errors import UsageError
from seawall_base.plurals import plural

MOST_LISTED = 200
SLIGHT = 0.05
"""Change of a score, in log-odds, below which it is not reported."""

WEEKS = 12


@dataclass(frozen=True, slots=True)
class ScoreChange:
    """An incident whose score an answer would change."""

    id: str
    before: float
    after: float


@dataclass(frozen=True, slots=True)
class FeedbackPreview:
    """Effects of an answer on other incidents of the last 30 days, highest score first.

    `hidden` would no longer be raised, `lowered` would score less, `raised` would be newly raised. `never_hidden` are
    reasons, of this or other incidents of the account, that no answer mutes.
    """

    hidden: tuple[str, ...]
    lowered: tuple[ScoreChange, ...]
    raised: tuple[str, ...]
    days: int
    never_hidden: tuple[str, ...]
    note: str


@dataclass(frozen=True, slots=True)
class PreparedFeedback:
    """A checked answer: the draft with all values and its expiry, and the document to store with it."""

    draft: FeedbackDraft
    scope: dict[str, Any]


@dataclass(frozen=True, slots=True)
class BudgetWhatIf:
    """The incidents that another budget would raise in the last 30 days: more and fewer than now."""

    per_day: float | None
    allowed: int
    raised: int
    more: tuple[str, ...]
    fewer: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AspectWeight:
    """The factor by which an organisation's answers weight a group of aspects, and the number of answers."""

    tenant: str
    aspect: str
    factor: float
    answers: int


@dataclass(frozen=True, slots=True)
class CalibrationShares:
    """Shares of p-values at or below each of `expected`, over the last 30 days."""

    expected: tuple[float, ...]
    observed: tuple[float, ...]
    days: int
    groups: int


@dataclass(frozen=True, slots=True)
class WeekSummary:
    """The fate of incidents that were announced in the week from a Monday on."""

    week: date
    announced: int
    compromised: int
    safe: int
    expected: int
    unanswered: int


class WhatIfService:
    """Answer questions from a database. Threads may share an instance. `configured` is the budget if none was set."""

    def __init__(
        self,
        database: Database,
        clock: Callable[[], int] | None = None,
        *,
        configured: float | None = None,
    ) -> None:
        self._database = database
        self._clock = clock or read_wall_clock
        self._boards = CandidateBoards(database, configured)

    def warm(self, is_over: Callable[[], bool]) -> None:
        """Read the data for the first question ahead; stop early once `is_over` returns true."""
        self._boards.warm(at=self._clock(), is_over=is_over)

    def prepare_feedback(self, incident_id: str, draft: FeedbackDraft) -> PreparedFeedback:
        """Return an answer ready to store. Raises `UsageError` if the incident does not exist or the answer covers too
        much.
        """
        board = self._boards.board(at=self._clock())
        _, learnt, account_type = self._learnt(board, incident_id)
        draft = check_draft(draft, learnt, self._clock())
        return PreparedFeedback(draft, scope_of(draft, learnt, account_type=account_type, as_of=board.as_of))

    def choices(self, incident_id: str, reach: str = "account") -> tuple[FeedbackValue, ...]:
        """Return the values of an incident that an answer can mark as expected for its account, peers or organisation."""
        board = self._boards.board(at=self._clock())
        return list_choices(self._learnt(board, incident_id)[1], reach)

    def preview(self, incident_id: str, draft: FeedbackDraft) -> FeedbackPreview:
        """Return the effects of an answer. Raises `UsageError` as `prepared` does."""
        now = self._clock()
        board = self._boards.board(at=now)
        incident, learnt, account_type = self._learnt(board, incident_id)
        asked, draft = draft, check_draft(draft, learnt, now)
        answer = FeedbackAnswer(
            1 + max((one.id for one in board.kept), default=0),
            incident.id,
            incident.tenant,
            incident.account,
            account_type,
            draft.answer,
            draft.reach,
            draft.values,
            now,
            board.as_of,
            draft.expires_at,
            learnt,
        )
        return _compare(board, board.rank((*board.answers, answer)), answer, list_left_out(asked, draft))

    def what_if(self, per_day: float | None) -> BudgetWhatIf:
        """Return what another budget would raise; None is the default by size."""
        board = self._boards.board(at=self._clock())
        before = [id_of(board.columns, case) for case in board.now.chosen]
        through = board.let_through(board.now.cases, board.now.effects, per_day)
        after = [id_of(board.columns, case) for case in through]
        more = [id_ for id_ in after if id_ not in set(before)]
        fewer = [id_ for id_ in before if id_ not in set(after)]
        allowed = sum(board.limits(per_day).values())
        return BudgetWhatIf(
            per_day, allowed, len(after), tuple(more[:MOST_LISTED]), tuple(fewer[:MOST_LISTED])
        )

    def hides(self) -> dict[int, int]:
        """Return the number of incidents that each answer hides, by the answer's id; zeros are left out."""
        return _hiding(self._boards.board(at=self._clock()))

    def weights(self) -> tuple[AspectWeight, ...]:
        """Return the weights of aspects that the answers have produced, by organisation."""
        board = self._boards.board(at=self._clock())
        return tuple(
            AspectWeight(tenant, group, factor, found.answers)
            for tenant, found in sorted(board.now.effects.factors.items())
            for group, factor in zip(GROUPS, found.values.tolist(), strict=True)
        )

    def calibration(self) -> CalibrationShares:
        """Return how often p-values of the last 30 days were at or below expected levels."""
        with self._database.reading() as work:
            days = work.days.since(0)
        last = max(days, default=0)
        counted = [
            document["p_histogram"]
            for day, document in days.items()
            if day > last - RANKED_DAYS and document.get("p_histogram")
        ]
        sums = [sum(column) for column in zip(*counted, strict=True)]
        total, below, observed = sum(sums), 0, []
        for count in sums:
            below += count
            observed.append(below / total if total else 0.0)
        expected = tuple((place + 1) / len(sums) for place in range(len(sums)))
        return CalibrationShares(expected, tuple(observed), len(counted), int(total))

    def ledger(self) -> tuple[WeekSummary, ...]:
        """Return the fate of incidents announced in each of the last twelve weeks, oldest first."""
        monday = _monday(self._clock())
        first = monday - timedelta(weeks=WEEKS - 1)
        start = int(datetime(first.year, first.month, first.day, tzinfo=UTC).timestamp()) * 1_000_000
        with self._database.reading() as work:
            renamed = work.aliases.all()
            announced = work.announcements.since(start)
            answers = _last_answers(work.answers.page(limit=100_000), renamed)
        counts: dict[date, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        for one in announced:
            answer = answers.get(renamed.get(one.incident, one.incident), "unanswered")
            counts[_monday(one.at)][answer] += 1
        weeks = [first + timedelta(weeks=number) for number in range(WEEKS)]
        return tuple(
            WeekSummary(
                week,
                sum(counts[week].values()),
                counts[week]["compromised"],
                counts[week]["safe"],
                counts[week]["expected-change"],
                counts[week]["unanswered"],
            )
            for week in weeks
        )

    def _learnt(
        self, board: CandidateBoard, incident_id: str
    ) -> tuple[Incident, tuple[FeedbackLesson, ...], str]:
        """Return an incident, the lessons of its groups from its candidates as scored, and the account type."""
        with self._database.reading() as work:
            id_ = work.aliases.resolve(incident_id)
            incident = work.incidents.get(id_)
            if incident is None:
                raise UsageError(
                    "there is no such incident", fix="the retention may have deleted it; check the id"
                )
            case = board.by_id.get(id_)
            wanted = {_key(board.columns.candidates[row]) for row in case.story} if case else set()
            found: list[ScoredCandidate] = []
            for day in sorted({day for _, _, day, _, _ in wanted}):
                found += map(unpack_candidate, work.candidates.since(day, day + 1).get(day, []))
        found = [one for one in found if _key(one) in wanted]
        if not found:
            return incident, _from_document(incident), "user" if "@" in incident.account else "service"
        return incident, list_lessons(found), found[0].account_type


def _key(candidate: Any) -> tuple[str, str, int, str, int]:
    return candidate.tenant, candidate.account, candidate.day, candidate.network, candidate.first


def _from_document(incident: Incident) -> tuple[FeedbackLesson, ...]:
    """Return the lessons of an incident without stored candidates: values without weights."""
    shown = tuple(
        ShownValue(one.aspect, one.now, one.seen_days, one.peers_with, one.peers) for one in incident.usual
    )
    network = next((one.now for one in incident.usual if one.aspect == "network"), "")
    rules = incident.details.get("rules", ())
    return (
        FeedbackLesson(incident.first_event // DAY, network, incident.score, shown, tuple(map(str, rules))),
    )


def _compare(
    board: CandidateBoard, after: BoardRanking, answer: FeedbackAnswer, out: Sequence[FeedbackValue]
) -> FeedbackPreview:
    columns = board.columns
    own = {row for case in (board.by_id.get(answer.incident),) if case for row in case.near}
    was = {case.top: case for case in board.now.chosen if case.top not in own}
    still = {row for case in after.chosen for row in case.near}
    before = {row for case in board.now.chosen for row in case.near}
    hidden = [case for case in was.values() if case.top not in still]
    raised = [case for case in after.chosen if case.top not in before and case.top not in own]
    scores = {row: case.score for case in after.cases for row in case.near}
    gone = {case.top for case in hidden}
    lowered = [
        ScoreChange(id_of(columns, case), case.score, scores[case.top])
        for case in board.now.cases
        if board.is_shown(case)
        and case.top not in own
        and case.top not in gone
        and scores[case.top] < case.score - SLIGHT
    ]
    more = sum(
        1
        for case in board.now.cases
        if board.is_shown(case) and case.top not in own and scores[case.top] > case.score + SLIGHT
    )
    rows = columns.of_account.get((answer.tenant, answer.account), [])
    return FeedbackPreview(
        tuple(id_of(columns, case) for case in hidden[:MOST_LISTED]),
        tuple(lowered[:MOST_LISTED]),
        tuple(
            dict.fromkeys(id_of(columns, board.case_of.get(case.top, case)) for case in raised[:MOST_LISTED])
        ),
        RANKED_DAYS,
        list_never_hidden(columns.candidates[row] for row in rows),
        _note(answer, (len(hidden), len(lowered), len(raised), more), out),
    )


def _note(answer: FeedbackAnswer, counts: tuple[int, int, int, int], out: Sequence[FeedbackValue]) -> str:
    hidden, lowered, raised, more = counts
    words = [
        (
            f"Over the last {RANKED_DAYS} days this answer would have hidden {plural(hidden, 'incident')}, "
            f"lowered {lowered} and raised {raised}; {more} gain evidence. The incident itself stays as it was judged."
        )
    ]
    if answer.answer == "safe":
        words.append("A false alarm says nothing of other accounts, and less and less over 90 days.")
    if out:
        listed = ", ".join(f"{value.aspect} {value.value}" for value in out[:8])
        words.append(f"Left out, because it cannot be expected of so many or is nothing new: {listed}.")
    if answer.answer != "compromised":
        words.append("Nothing mutes a token of another issuer, or use after revocation.")
    return " ".join(words)


def _hiding(board: CandidateBoard) -> dict[int, int]:
    """Return the number of incidents by answer that would be raised without answers, are not, and are lowered by it."""
    if not board.answers:
        return {}
    raised = {row for case in board.now.chosen for row in case.near}
    hidden = [case for case in board.untaught.chosen if case.top not in raised]
    off = board.now.effects.behind({row for case in hidden for row in case.story})
    counts: dict[int, int] = defaultdict(int)
    for case in hidden:
        for one in {one for row in case.story for one in off.get(row, ())}:
            counts[one] += 1
    return dict(counts)


def _last_answers(kept: Sequence[Feedback], renamed: dict[str, str]) -> dict[str, str]:
    ordered = sorted(kept, key=lambda one: one.id)
    return {
        renamed.get(one.incident, one.incident): one.answer for one in ordered if one.withdrawn_at is None
    }


def _monday(time: int) -> date:
    day = datetime.fromtimestamp(time // 1_000_000, UTC).date()
    return day - timedelta(days=day.weekday())
