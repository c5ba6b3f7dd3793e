"""Deadlines: running hours from when the organisation became aware, the earliest end that can be meant."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.report.notification import describe_time_left
from seawall.response.errors import CaseInvalid
from seawall.response.notification.case_file import CaseFacts
from seawall.response.notification.confirming import record_notification, record_report
from seawall.response.notification.deadlines import ReportingDeadline, add_month, compute_deadlines
from seawall.response.notification.register import NotificationRegister
from seawall_base.errors import UsageError
from tests.response.cases import case, case_text

AWARE = datetime.fromisoformat("2026-11-20T17:30:00+01:00")
"""A Friday."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def facts(aware: datetime = AWARE, **values: Any) -> CaseFacts:
    return CaseFacts(id="case", aware=aware, **{"nis2": True, **values})


def at(time: datetime) -> int:
    return (time - EPOCH) // timedelta(microseconds=1)


def by_id(
    case_: CaseFacts, *, now: datetime = AWARE, register: NotificationRegister | None = None
) -> dict[str, ReportingDeadline]:
    return {
        one.duty.id: one for one in compute_deadlines(case_, register.entries if register else [], now=now)
    }


def test_hours_run_over_the_weekend() -> None:
    found = by_id(facts())
    assert found["nis2-early-warning"].due == datetime.fromisoformat("2026-11-21T17:30:00+01:00")
    assert found["nis2-notification"].due == datetime.fromisoformat("2026-11-23T17:30:00+01:00")
    assert found["gdpr-33"].due == datetime.fromisoformat("2026-11-23T17:30:00+01:00")
    assert found["nis2-final-report"].due == datetime.fromisoformat("2026-12-23T17:30:00+01:00")
    assert found["gdpr-34"].due is None
    assert found["gdpr-34"].state == "without undue delay"
    assert found["gdpr-33"].left == timedelta(hours=72)


def test_hours_run_through_a_change_of_clocks() -> None:
    from zoneinfo import ZoneInfo

    aware = datetime(2026, 10, 24, 12, 0, tzinfo=ZoneInfo("Europe/Berlin"))
    due = by_id(facts(aware))["nis2-early-warning"].due
    assert due is not None
    assert due.astimezone(UTC) == datetime(2026, 10, 25, 10, 0, tzinfo=UTC)
    assert f"{due:%H:%M}" == "11:00"


def test_what_may_not_apply_is_not_listed() -> None:
    assert set(by_id(facts(nis2=False))) == {"gdpr-33", "gdpr-34"}
    assert set(by_id(facts(personal_data=False))) == {
        "nis2-early-warning",
        "nis2-notification",
        "nis2-final-report",
    }
    assert set(by_id(facts(nis2=False, high_risk=False))) == {"gdpr-33"}


def test_providers_of_trust_services_have_24_hours() -> None:
    found = by_id(facts(trust_service=True))
    assert found["nis2-notification"].due == AWARE + timedelta(hours=24)
    assert found["nis2-final-report"].due == add_month(AWARE + timedelta(hours=24))


def test_the_final_report_runs_from_the_notification(tmp_path: Path) -> None:
    with NotificationRegister.writing(tmp_path, at=at(AWARE)) as register:
        when = datetime.fromisoformat("2026-11-21T08:00:00+01:00")
        record_report(register, "nis2-notification", by="Eva", note="", when=at(when), at=at(AWARE))
        found = by_id(facts(), register=register)
    assert found["nis2-final-report"].due == datetime.fromisoformat("2026-12-21T08:00:00+01:00")
    assert found["nis2-notification"].state == "done"
    assert found["nis2-notification"].left is None


def test_what_was_done_late_and_what_is_overdue_is_said(tmp_path: Path) -> None:
    later = AWARE + timedelta(hours=73)
    with NotificationRegister.writing(tmp_path, at=at(later)) as register:
        record_report(register, "gdpr-33", by="Eva", note="portal", when=at(later), at=at(later))
        found = by_id(facts(), now=later, register=register)
    assert found["gdpr-33"].state == "late"
    assert found["nis2-early-warning"].state == "overdue"
    assert found["nis2-early-warning"].left == -timedelta(hours=49)
    assert describe_time_left(-timedelta(hours=49)) == "over by 2 days 1 h"
    assert describe_time_left(timedelta(hours=5, minutes=12)) == "5 h 12 min"


def test_of_two_notes_the_last_counts(tmp_path: Path) -> None:
    with NotificationRegister.writing(tmp_path, at=at(AWARE)) as register:
        for hours in (80, 20):
            when = AWARE + timedelta(hours=hours)
            record_report(register, "gdpr-33", by="Eva", note="", when=at(when), at=at(AWARE))
        assert by_id(facts(), register=register)["gdpr-33"].state == "done"


def test_that_letters_went_out_is_no_proof_that_all_were_told(tmp_path: Path) -> None:
    read = case(case_text(), tmp_path)
    with NotificationRegister.writing(tmp_path, at=at(AWARE)) as register:
        record_notification(
            register, read, "anna", way="telephone", by="Eva", note="", when=at(AWARE), at=at(AWARE)
        )
        found = by_id(facts(), register=register)
        assert found["gdpr-34"].done is None
        assert "when all persons have been told" in found["gdpr-34"].note
        with pytest.raises(CaseInvalid):
            record_notification(register, read, "nobody", way="telephone", by="Eva", note="", when=1, at=1)
        with pytest.raises(UsageError):
            record_report(register, "nis3", by="Eva", note="", when=1, at=1)


def test_a_month_ends_with_the_last_day_where_there_is_no_other() -> None:
    assert add_month(datetime(2027, 1, 31, 9, tzinfo=UTC)) == datetime(2027, 2, 28, 9, tzinfo=UTC)
    assert add_month(datetime(2026, 12, 5, tzinfo=UTC)) == datetime(2027, 1, 5, tzinfo=UTC)


@given(st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.timezones()))  # noqa: DTZ001 - as it wants them
def test_an_end_is_never_later_than_so_many_hours_and_a_month_is_28_to_31_days(aware: datetime) -> None:
    found = by_id(facts(aware))
    for name, hours in (("nis2-early-warning", 24), ("gdpr-33", 72)):
        due = found[name].due
        assert due is not None
        assert due.astimezone(UTC) - aware.astimezone(UTC) == timedelta(hours=hours)
    month = add_month(aware.replace(tzinfo=UTC)) - aware.replace(tzinfo=UTC)
    assert timedelta(days=28) <= month <= timedelta(days=31)
