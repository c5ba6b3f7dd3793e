"""The provider's own services that keep house are no incident; whoever uses their names for more is looked at."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from seawall.detection.ranking.engine import NOTHING_NEW, DetectionEngine, ScoredDay
from seawall.detection.ranking.provider_services import OTHERS
from seawall.detection.ranking.ranker import load
from tests.sample_events import batches, event

SHAREPOINT = "00000003-0000-0ff1-ce00-000000000000"
HOUSEKEEPING: dict[str, Any] = {
    "account": SHAREPOINT, "account_type": "service", "kind": "directory", "activity_name": "Update group.",
    "mailbox": None, "app_uid": SHAREPOINT, "client": None, "item_count": None, "access_type": None,
    "src_network_class": "microsoft", "src_asn": 8075,
}  # fmt: skip


def scored(tmp_path: Path, *, learnt: bool = True, **columns: Any) -> ScoredDay:
    """The last of 20 days; on it, and never before, a service of the provider does something."""
    rows = [event(f"e{day}", day) for day in range(20)]
    rows.append(event("x", 19, 5, **{**HOUSEKEEPING, **columns}))
    engine = DetectionEngine(load() if learnt else None)
    return [engine.observe(batch, number) for number, batch in batches(tmp_path, rows)][-1]


@pytest.mark.parametrize("learnt", [True, False])
@pytest.mark.parametrize("address", ["40.126.1.2", None])
def test_housekeeping_of_a_service_that_was_never_seen_is_not_ranked(
    tmp_path: Path, address: str | None, *, learnt: bool
) -> None:
    where = (
        {"src_ip": address}
        if address
        else dict.fromkeys(("src_ip", "src_prefix", "src_asn", "src_network_class"))
    )
    day = scored(tmp_path, learnt=learnt, **where)
    row = day.groups.day.group[day.groups.day.batch.one_of("account", (SHAREPOINT,))][0]
    assert day.score[row] == NOTHING_NEW
    assert (day.p[row] == 1).all()
    assert all(candidate.account != SHAREPOINT for candidate in day.candidates)


@pytest.mark.parametrize("application", OTHERS)
def test_services_whose_ids_have_no_form_of_their_own_keep_house_too(
    tmp_path: Path, application: str
) -> None:
    """ "Windows Azure Service Management API" and its kin write to directories of most tenants, as Microsoft documents."""
    day = scored(tmp_path, account=application, app_uid=application)
    assert all(candidate.account != application for candidate in day.candidates)


@pytest.mark.parametrize(
    "columns",
    [
        {"account": "0b2d6f43-4b6f-4d5f-8a6e-7f2f3b6d1c55"},
        {"src_network_class": "hosting", "src_asn": 64999},
        {"kind": "mail_access", "activity_name": "MailItemsAccessed", "mailbox": "ann@x.example"},
        {"activity_name": "Add service principal credentials."},
    ],
    ids=["another-application", "from-elsewhere", "reads-mail", "adds-a-credential"],
)
def test_whoever_does_more_than_keep_house_is_ranked(tmp_path: Path, columns: dict[str, Any]) -> None:
    day = scored(tmp_path, **columns)
    account = columns.get("account", SHAREPOINT)
    row = day.groups.day.group[day.groups.day.batch.one_of("account", (account,))][0]
    assert day.score[row] > NOTHING_NEW
