"""Summarise the state of the whole system, and set the alert budget."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from seawall.console.data.health import read_status
from seawall.console.data.presentation import time_or_none, time_text
from seawall.console.data.running_values import (
    BudgetValue,
    IngestValue,
    NewBudget,
    NewThreshold,
    Severities,
    Summary,
    TenantBudget,
    ThresholdValue,
    Unjudged,
)
from seawall.console.endpoint import ApiCall, Endpoint
from seawall.detection.incidents.alert_budget import (
    BUDGET_FLOOR_PER_DAY,
    BUDGET_PER_THOUSAND,
    LEAST_SCORE,
    compute_incident_limit,
    resolve_least_score,
)
from seawall.detection.ranking.chance import load_chance
from seawall.pipeline.live.budget import (
    budget_of,
    least_score_of,
    read_chosen_budget,
    read_chosen_least_score,
    read_configured_budget,
    read_configured_least_score,
)
from seawall.pipeline.live.budget_ranking import LiveWindow, live_window
from seawall.pipeline.live.commit import BUDGET, THRESHOLD, load_coverage
from seawall.pipeline.live.counting import count_unjudged
from seawall.pipeline.live.status import WatchStatus
from seawall.storage.database import QueueQuery, StoredSource, Transaction
from seawall_base.json_text import clamp_to_finite

if TYPE_CHECKING:
    from seawall.console.context import ConsoleContext

MOST_TENANTS: Final = 1_000
MOST_UNJUDGED: Final = 100
_DAY: Final = 86_400_000_000


def show_summary(call: ApiCall) -> Summary:
    """Return the summary."""
    return build_summary(call.context, call.now)


def build_summary(context: ConsoleContext, now: int) -> Summary:
    """Build the summary of a console's context; the news stream sends it too."""
    status: WatchStatus = read_status(context)
    with context.database.reading() as work:
        severities = work.incidents.severities(QueueQuery(queue="open"))
        accounts, last_day = count_accounts(work)
        totals = work.totals.all()
        sources = work.sources.all()
        return Summary(
            now=time_text(now),
            budget=_budget(work, accounts, now),
            threshold=_threshold(work),
            open=sum(severities.values()),
            announced=work.incidents.count(QueueQuery(queue="announced")),
            answered=work.incidents.count(QueueQuery(queue="answered")),
            by_severity=Severities(
                **{name: severities.get(name, 0) for name in Severities.__struct_fields__}
            ),
            ingest=_ingest(
                status,
                _count_records(work, totals, sources, context),
                sources,
                len(work.dirty.all()),
                is_narrowed=context.organisations is not None,
            ),
            silent_sources=sum(source.silent_since is not None for source in sources),
            revision=work.incidents.revision(),
            tenants=sorted(accounts)[:MOST_TENANTS],
            accounts=sum(accounts.values()),
            empty=last_day is None and not totals.get("records") and not status.records and not sources,
            unjudged=list_unjudged(work, sources),
        )


def list_unjudged(work: Transaction, sources: Sequence[StoredSource]) -> list[Unjudged]:
    """List stored events without a verdict: of an unrecognised log, awaiting backfill, or too old to score."""
    unknown = [Unjudged("", None, text) for text in count_unjudged(sources)]
    found = [
        Unjudged(
            tenant,
            time_text(day * _DAY),
            f"Events from {time_text(day * _DAY)[:10]} on are scored and wait to be judged.",
        )
        for tenant, day in work.first_imports.waiting()
    ]
    kept = (load_coverage(work) or {}).get("notes")
    late = [note for note in kept or () if isinstance(note, Mapping) and note.get("code") == "late"]
    found += [
        Unjudged(str(note.get("tenant", "")), time_text(int(note["start"])), str(note.get("text", "")))
        for note in late
        if isinstance(note.get("start"), int)
    ]
    found.sort(key=lambda one: (one.start or "", one.tenant))
    return [*unknown, *found][:MOST_UNJUDGED]


def count_accounts(work: Transaction) -> tuple[dict[str, int], int | None]:
    """Return the active accounts of each organisation on the last scored day, and that day."""
    days = work.days.since(0)
    last = max(days, default=None)
    found = {} if last is None else days[last].get("tenants")
    if not isinstance(found, dict):
        return {}, last
    return {tenant: count for tenant, count in found.items() if isinstance(count, int) and count >= 0}, last


def _windows(work: Transaction, tenants: Iterable[str]) -> dict[str, LiveWindow]:
    """Return the days over which the watch spends each organisation's budget; none for a finished first import."""
    days = work.days.since(0)
    first, last = min(days, default=0), max(days, default=0)
    until = {one.tenant: one.last_day for one in work.first_imports.all()}
    return {tenant: live_window(first, last, until.get(tenant)) for tenant in tenants}


def _budget(work: Transaction, accounts: Mapping[str, int], now: int) -> BudgetValue:
    """Return the budget, the allowed and the spent incidents, over the watch's days."""
    budget = budget_of(work)
    windows = _windows(work, accounts)
    raised = {window.since: work.incidents.raised_since(window.since * _DAY) for window in windows.values()}
    spent = {tenant: raised[window.since].get(tenant, 0) for tenant, window in windows.items()}
    today = work.incidents.announced_since(now - now % _DAY)
    each = [
        TenantBudget(
            tenant,
            clamp_to_finite(
                max(BUDGET_PER_THOUSAND * count / 1000, BUDGET_FLOOR_PER_DAY) if budget is None else budget
            ),
            today.get(tenant, 0),
            compute_incident_limit(budget, count, windows[tenant].days),
            spent[tenant],
        )
        for tenant, count in sorted(accounts.items())
    ]
    return BudgetValue(
        per_day=clamp_to_finite(sum(one.per_day for one in each)),
        chosen=read_chosen_budget(work),
        configured=read_configured_budget(work),
        today=sum(today.values()),
        span_days=max((window.days for window in windows.values()), default=0),
        allowed=sum(one.allowed for one in each),
        spent=sum(spent.values()),
        tenants=each[:MOST_TENANTS],
    )


def _threshold(work: Transaction) -> ThresholdValue:
    curve, least = load_chance(), resolve_least_score(least_score_of(work))
    is_on = least > LEAST_SCORE
    return ThresholdValue(
        least_score=least if is_on else None,
        chance=round(curve.estimate(least), 4) if is_on else None,
        chosen=read_chosen_least_score(work),
        configured=read_configured_least_score(work),
        shipped=curve.raised_from,
        off=LEAST_SCORE,
    )


def _sum_days(work: Transaction) -> dict[str, int]:
    """Return events and duplicates of all scored days, which a watch stores with the days."""
    days = work.days.since(0).values()
    return {name: sum(int(day.get(name) or 0) for day in days) for name in ("events", "duplicates")}


def _count_records(
    work: Transaction, totals: Mapping[str, int], sources: Sequence[StoredSource], context: ConsoleContext
) -> Mapping[str, int]:
    """Return the counts of records: of everything, or of the sources of the organisations that the context shows."""
    if context.organisations is None:
        return {**_sum_days(work), **totals}
    records, problems = (sum(getattr(one, name) for one in sources) for name in ("records", "problems"))
    return {"records": records, "events": max(records - problems, 0), "problems": problems}


def _ingest(
    status: WatchStatus,
    totals: Mapping[str, int],
    sources: Sequence[StoredSource],
    dirty: int,
    *,
    is_narrowed: bool,
) -> IngestValue:
    """Return the running watch's own numbers, or those that another program stored."""
    is_here = status.doing != "none" and not is_narrowed
    last_event = status.last_event if is_here else max((one.last_event or 0 for one in sources), default=0)
    last_batch = status.last_batch if is_here else max((one.last_at or 0 for one in sources), default=0)
    return IngestValue(
        state=status.doing,
        records=status.records if is_here else totals.get("records", 0),
        events=status.events if is_here else totals.get("events", 0),
        duplicates=status.duplicates if is_here else totals.get("duplicates", 0),
        problems=status.problems if is_here else totals.get("problems", 0),
        rate=clamp_to_finite(status.rate),
        backlog_bytes=status.backlog_bytes,
        seconds_left=None if status.seconds_left is None else clamp_to_finite(status.seconds_left),
        last_event=time_or_none(last_event or None),
        last_batch=time_or_none(last_batch or None),
        dirty_days=status.dirty_days if is_here else dirty,
    )


def set_budget(call: ApiCall) -> NewBudget:
    """Set the budget. The running watch applies it within a second."""
    asked: NewBudget = call.body
    with call.context.database.writing() as work:
        before = read_chosen_budget(work)
        if asked.per_day is None:
            work.settings.forget(BUDGET)
        else:
            work.settings.put(BUDGET, {"per_day": asked.per_day})
        call.note(work, "budget-changed", "budget", before=before, after=asked.per_day)
    return asked


def set_threshold(call: ApiCall) -> NewThreshold:
    """Set the least score for raising. The running watch applies it within a second."""
    asked: NewThreshold = call.body
    with call.context.database.writing() as work:
        before = read_chosen_least_score(work)
        if asked.least_score is None:
            work.settings.forget(THRESHOLD)
        else:
            work.settings.put(THRESHOLD, {"least_score": asked.least_score})
        call.note(work, "threshold-changed", "threshold", before=before, after=asked.least_score)
    return asked


ENDPOINTS: Final = (
    Endpoint(
        method="GET",
        path="/api/summary",
        handle=show_summary,
        role="viewer",
        tenants="own",
        summary="The state of everything in one glance",
        group="summary",
        answer=Summary,
    ),
    Endpoint(
        method="PUT",
        path="/api/settings/budget",
        handle=set_budget,
        role="admin",
        tenants="all",
        summary="Choose how many incidents a day are raised for each organisation",
        group="settings",
        body=NewBudget,
        answer=NewBudget,
    ),
    Endpoint(
        method="PUT",
        path="/api/settings/threshold",
        handle=set_threshold,
        role="admin",
        tenants="all",
        summary="Choose the least score of an incident that is raised",
        group="settings",
        body=NewThreshold,
        answer=NewThreshold,
    ),
)
