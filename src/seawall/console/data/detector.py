"""Show how well detection works: calibration, what became of announced incidents, and the effect of another budget."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from seawall.console.data.answers import incident_rows, what_if_service
from seawall.console.data.running_values import (
    Calibration,
    DetectorDay,
    DetectorValue,
    LedgerWeek,
    WeightValue,
    WhatIf,
)
from seawall.console.endpoint import ApiCall, Endpoint
from seawall.storage.database import QueueQuery, Transaction
from seawall.version import __version__
from seawall_base.json_text import clamp_to_finite

DAYS: Final = 90
MOST_RAISED: Final = 5_000
MOST_WEIGHTS: Final = 2_000
_DAY: Final = 86_400_000_000


class WhatIfQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Incidents a day for each organisation; without a value the default by its size."""

    budget: Annotated[float, Meta(ge=0, le=100_000)] | None = None


def show_detector(call: ApiCall) -> DetectorValue:
    """Return the detector's calibration, outcomes and weights."""
    what_if = what_if_service(call.context)
    calibration = what_if.calibration()
    with call.context.database.reading() as work:
        days = _days(work)
    return DetectorValue(
        Calibration(
            [clamp_to_finite(share) for share in calibration.expected],
            [clamp_to_finite(share) for share in calibration.observed],
            calibration.days,
            calibration.groups,
        ),
        [
            LedgerWeek(
                week.week.isoformat(),
                week.announced,
                week.compromised,
                week.safe,
                week.expected,
                week.unanswered,
            )
            for week in what_if.ledger()
        ],
        days,
        [
            WeightValue(weight.tenant, weight.aspect, clamp_to_finite(weight.factor), weight.answers)
            for weight in what_if.weights()[:MOST_WEIGHTS]
        ],
        __version__,
    )


def preview_budget(call: ApiCall) -> WhatIf:
    """Return what another budget would raise."""
    told = what_if_service(call.context).what_if(call.query.budget)
    with call.context.database.reading() as work:
        return WhatIf(
            told.per_day,
            told.allowed,
            told.raised,
            incident_rows(work, told.more),
            incident_rows(work, told.fewer),
        )


def _days(work: Transaction) -> list[DetectorDay]:
    """Return the latest scored days. Incidents count on the day on which they begin."""
    documents = work.days.since(0)
    last = max(documents, default=0)
    listed = work.incidents.rows(QueueQuery(raised=True), order="time", limit=MOST_RAISED)
    raised = Counter(row.first_event // _DAY for row in listed)
    return [
        DetectorDay(
            datetime.fromtimestamp(day * 86_400, UTC).date().isoformat(),
            _count(document.get("events")),
            _count(document.get("accounts")),
            raised.get(day, 0),
        )
        for day, document in documents.items()
        if day > last - DAYS
    ]


def _count(value: object) -> int:
    return max(value, 0) if isinstance(value, int) else 0


ENDPOINTS: Final = (
    Endpoint(
        method="GET",
        path="/api/detector",
        handle=show_detector,
        role="viewer",
        tenants="all",
        summary="Calibration, the ledger of false alarms, days, and what answers have made of weights",
        group="detector",
        answer=DetectorValue,
    ),
    Endpoint(
        method="GET",
        path="/api/detector/what-if",
        handle=preview_budget,
        role="viewer",
        tenants="all",
        summary="What another budget would have raised in the last 30 days",
        group="detector",
        query=WhatIfQuery,
        answer=WhatIf,
    ),
)
