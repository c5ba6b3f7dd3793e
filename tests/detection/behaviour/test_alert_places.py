"""Statements of vendors change no group and no baseline; hits of rules on them count at one of the account's groups."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seawall.detection.behaviour.day import GroupedDay, split_into_groups
from seawall.detection.behaviour.fields import DerivedColumns
from seawall.detection.ranking.engine import DetectionEngine
from seawall.detection.ranking.ranker import load
from seawall.detection.rules.sigma.load import load_builtin_rules
from seawall.events.coded_batch import MISSING, CodedBatch
from seawall.storage import Coder, Spool
from tests.sample_events import batches, event, sign_in, table

FAR = {"src_ip": "198.51.100.77", "src_prefix": "198.51.100.0/24", "src_asn": 64999, "src_asn_name": "Far"}
NOWHERE = dict.fromkeys(("src_ip", "src_prefix", "src_asn", "src_asn_name", "src_location"))


def alert(uid: str, day: int = 0, minute: float = 0, **columns: Any) -> dict[str, Any]:
    """What a vendor says about Ann."""
    own = {
        "source": "entra_risk",
        "kind": "vendor_alert",
        "activity_name": "anonymizedIPAddress",
        "status": None,
        "mailbox": None,
        "app_uid": None,
        "client": None,
        "item_count": None,
        "access_type": None,
        "parameters": '{"vendor":"Microsoft","says":"anonymised address","level":"medium"}',
        "unmapped": '{"riskEventType":"anonymizedIPAddress","riskLevel":"medium"}',
    }
    return event(uid, day, minute, **{**own, **NOWHERE, **columns})


def grouped(tmp_path: Path, rows: list[dict[str, Any]]) -> tuple[GroupedDay, CodedBatch]:
    ((day, batch),) = batches(tmp_path, rows)
    return split_into_groups(batch, DerivedColumns(), day), batch


def stand_in(tmp_path: Path, said: dict[str, Any]) -> str | None:
    """The record at which hits on a statement count, of a day with two networks; None if they count nowhere."""
    rows = [
        event("home", 0, 0),
        event("late home", 0, 200),
        sign_in("far", 0, 60, session_uid="s1", **FAR),
        event("late far", 0, 90, session_uid="s1", **FAR),
        said,
    ]
    day, batch = grouped(tmp_path, rows)
    (row,) = [at for at in range(len(batch)) if batch.value("metadata_uid", at) == said["metadata_uid"]]
    assert day.group[row] == MISSING
    at = int(day.evidence_row[row])
    others = [place for place in range(len(batch)) if place != row]
    assert (day.evidence_row[others] == others).all()
    return batch.value("metadata_uid", at) if day.group[at] != MISSING else None


@pytest.mark.parametrize(
    ("said", "where"),
    [
        (alert("a", 0, 100), "late far"),  # the group that began last
        (alert("a", 0, 30), "late home"),
        (alert("a", 0, -30), "late home"),  # before all of them: the first
        (alert("a", 0, 100, src_asn=64500, src_asn_name="Home", src_prefix="203.0.113.0/24"), "late home"),
        (alert("a", 0, 30, **FAR), "late far"),
        (alert("a", 0, 30, resource_uid="far"), "late far"),
        (alert("a", 0, 30, session_uid="s1"), "late far"),
        (alert("a", 0, 100, resource_uid="home", **FAR), "late home"),
        (alert("a", 0, 100, status_code="dismissed"), None),
        (alert("a", 0, 100, account="bea@x.example"), None),
        (alert("a", 0, 100, account=None), None),
    ],
)
def test_a_statement_belongs_to_the_group_that_it_names(
    tmp_path: Path, said: dict[str, Any], where: str | None
) -> None:
    assert stand_in(tmp_path, said) == where


def test_an_address_in_a_statement_is_not_carried_to_acts(tmp_path: Path) -> None:
    rule = event("rule", 0, 5, kind="mail_rule", activity_name="New-InboxRule", **NOWHERE)
    day, batch = grouped(tmp_path, [event("home", 0, 0), alert("a", 0, 4, **FAR), rule])
    networks = {
        batch.value("metadata_uid", row): batch.vocabularies["network"].text(int(day.columns["network"][row]))
        for row in range(len(batch))
    }
    assert networks["rule"] == networks["home"] == "AS64500 Home"


def scores(tmp_path: Path, rows: list[dict[str, Any]]) -> dict[tuple[int, str, str], Any]:
    """The candidates of the rows by day, account and network."""
    rules = load_builtin_rules()
    tmp_path.mkdir(exist_ok=True)
    coder, spool = Coder(marks=rules.mark), Spool(tmp_path)
    spool.add(coder.encode(table(rows)))
    spool.settle(*coder.settle())
    engine, found = DetectionEngine(load(), rules), {}
    for day in spool.days():
        for one in engine.observe(spool.load(day)[0], day).candidates:
            found[one.day, one.account, one.network] = one
    return found


def test_a_statement_is_weighed_by_the_rules_that_it_hits_and_told(tmp_path: Path) -> None:
    acts = [event(f"{day}-{name}", day, account=f"{name}@x.example", mailbox=f"{name}@x.example")
            for day in range(12) for name in ("ann", "bea", "cem", "dan")]  # fmt: skip
    acts += [event("odd", 11, 60, client="python/rest", **FAR)]
    before = scores(tmp_path / "before", acts)
    said = alert("said", 11, 61, resource_uid="odd")
    after = scores(tmp_path / "after", [*acts, said])
    assert before.keys() == after.keys()
    (key,) = [key for key in after if key[2] == "AS64999 Far"]
    assert after[key].score > before[key].score + 0.1
    assert [time_text[1] for time_text in after[key].statements] == [
        "Microsoft says: anonymised address, medium"
    ]
    assert after[key].events == before[key].events
    for other in set(after) - {key}:
        assert np.isclose(after[other].score, before[other].score)
        assert after[other].values == before[other].values
    settled = scores(tmp_path / "settled", [*acts, {**said, "status_code": "dismissed"}])
    assert settled[key].score == before[key].score
    strange = scores(tmp_path / "strange", [*acts, {**said, "account": "zoe@x.example"}])
    assert {key: one.score for key, one in strange.items()} == {key: one.score for key, one in before.items()}
