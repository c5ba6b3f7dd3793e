"""Compute the deadlines for notifying authorities and persons, counted from when the organisation became aware.

Hours are running hours and include weekends and holidays: Regulation (EEC, Euratom) No 1182/71, Article 3(3). The
regulation also allows longer ends, of which none is applied. The starting hour does not count (Article 3(1)). A
period of two days or more includes two working days (3(5)). A period not in hours that ends on a holiday moves to the
next working day (3(4)). The result is the earliest possible end; a lawyer may find a later one.

This module does not decide whether a duty exists: the case file names the rules that may apply.
"""

from __future__ import annotations

import calendar
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from seawall.response.notification.case_file import CaseFacts
from seawall.response.notification.register import RegisterEntry

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ReportingDuty:
    """One duty that may exist. `hours` counts from becoming aware, None if the law gives no number."""

    id: str
    rule: str
    what: str
    to: str
    hours: int | None


DUTIES: Final[tuple[ReportingDuty, ...]] = (
    ReportingDuty(
        "nis2-early-warning", "NIS2 Art. 23(4)(a)", "early warning", "CSIRT or competent authority", 24
    ),
    ReportingDuty(
        "nis2-notification", "NIS2 Art. 23(4)(b)", "incident notification", "CSIRT or competent authority", 72
    ),
    ReportingDuty(
        "nis2-final-report", "NIS2 Art. 23(4)(d)", "final report", "CSIRT or competent authority", None
    ),
    ReportingDuty(
        "gdpr-33", "GDPR Art. 33(1)", "notification of a personal data breach", "supervisory authority", 72
    ),
    ReportingDuty("gdpr-34", "GDPR Art. 34(1)", "communication of the breach", "persons concerned", None),
)


@dataclass(frozen=True, slots=True)
class ReportingDeadline:
    """A duty with its deadline. `due` is None for *without undue delay*. `done` is when it was reported, `by` whom.

    `left` is the remaining time, negative after the deadline; None without a deadline or once reported.
    """

    duty: ReportingDuty
    due: datetime | None
    note: str
    done: datetime | None
    by: str
    left: timedelta | None

    @property
    def state(self) -> str:
        """Return `done`, `late` (done after the deadline), `overdue`, `running`, or `without undue delay`."""
        if self.done is not None:
            return "late" if self.due is not None and self.done > self.due else "done"
        if self.left is None:
            return "without undue delay"
        return "overdue" if self.left < timedelta(0) else "running"


def compute_deadlines(
    case: CaseFacts, entries: Sequence[RegisterEntry], *, now: datetime
) -> tuple[ReportingDeadline, ...]:
    """Return the deadlines of the rules that may apply, earliest first."""
    reported = {
        entry.target: entry for entry in entries if entry.action == "reported"
    }  # the last entry of a duty counts
    found = [_deadline(duty, case, reported, entries, now) for duty in DUTIES if _may_apply(duty, case)]
    return tuple(sorted(found, key=lambda deadline: (deadline.due is None, deadline.due or now)))


def add_month(time: datetime) -> datetime:
    """Return the same day and hour of the next month, or that month's last day.

    Source: Regulation 1182/71, Article 3(2)(c).
    """
    year, month = (time.year, time.month + 1) if time.month < 12 else (time.year + 1, 1)
    return time.replace(year=year, month=month, day=min(time.day, calendar.monthrange(year, month)[1]))


def _may_apply(duty: ReportingDuty, case: CaseFacts) -> bool:
    if duty.id.startswith("nis2"):
        return case.nis2
    return case.personal_data and (duty.id != "gdpr-34" or case.high_risk)


def _deadline(
    duty: ReportingDuty,
    case: CaseFacts,
    reported: dict[str, RegisterEntry],
    entries: Sequence[RegisterEntry],
    now: datetime,
) -> ReportingDeadline:
    entry = reported.get(duty.id)
    done, by = (None, "") if entry is None else (_moment(int(entry.details["when"])), entry.by)
    due, note = _due(duty, case, reported)
    if duty.id == "gdpr-34" and done is None:
        told = [entry.at for entry in entries if entry.action in {"sent", "told"}]
        if told:
            note = f"first letter sent {_moment(min(told)).isoformat()}; say with `report` when all persons have been told"
    return ReportingDeadline(
        duty, due, note, done, by, None if due is None or done is not None else due - now
    )


def _due(
    duty: ReportingDuty, case: CaseFacts, reported: dict[str, RegisterEntry]
) -> tuple[datetime | None, str]:
    if duty.id == "nis2-final-report":
        notified = reported.get("nis2-notification")
        if notified is None:
            return add_month(
                _add_hours(case.aware, _notification_hours(case))
            ), "one month after the notification, here taken at its latest"
        start = _moment(int(notified.details["when"])).astimezone(case.aware.tzinfo)
        return add_month(
            start
        ), "one month after the notification; a progress report if the incident still goes on"
    if duty.id == "gdpr-34":
        return None, "where the risk to persons is high; the law names no number of hours"
    hours = duty.hours or 0
    note = "without undue delay, at the latest then"
    if duty.id == "nis2-notification":
        hours = _notification_hours(case)
        note = "providers of trust services: 24 hours" if case.trust_service else note
    if duty.id == "gdpr-33":
        note = "unless a risk to persons is unlikely; a later notification says why it is late"
    return _add_hours(case.aware, hours), note


def _notification_hours(case: CaseFacts) -> int:
    return 24 if case.trust_service else 72


def _add_hours(time: datetime, hours: int) -> datetime:
    """Return the time after so many elapsed hours, unaffected by daylight saving changes."""
    return (time.astimezone(UTC) + timedelta(hours=hours)).astimezone(time.tzinfo)


def _moment(at: int) -> datetime:
    return _EPOCH + timedelta(microseconds=at)
