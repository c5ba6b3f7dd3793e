"""The story of a recorded tenant is true of its records: names in order, imitations called so, seven lines, ids that resolve."""

from __future__ import annotations

import json
import re
from typing import Any

import pyarrow.parquet as pq
import pytest

from seawall.detection.incidents.story.telling import KEY_LINES, choose_key_lines
from seawall.events.changes.acts import ACTS, spell_operation
from seawall.storage.files.incident_documents import story_from_document
from seawall_base.times import parse_rfc3339
from tests.logs import scanned_recorded

VICTIM = "a.thulile@dutchmasterz.onmicrosoft.com"
PARTS = {"permission_grant", "app_assigned", "app_added", "app_owner"}


@pytest.fixture(scope="module")
def scanned(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[list[dict[str, Any]], dict[str, dict[str, Any]], str]:
    """Incidents, events by id, and the report."""
    out = scanned_recorded(tmp_path_factory)
    lines = (out / "incidents.jsonl").read_text("utf-8").splitlines()
    columns = [
        "metadata_uid",
        "time",
        "account",
        "mailbox",
        "kind",
        "activity_name",
        "status",
        "item_count",
        "access_type",
    ]
    rows = pq.read_table(out / "events.parquet", columns=columns).to_pylist()
    return (
        [json.loads(line) for line in lines],
        {row["metadata_uid"]: row for row in rows},
        (out / "report.html").read_text("utf-8"),
    )


Scanned = tuple[list[dict[str, Any]], dict[str, dict[str, Any]], str]


def find_takeover(incidents: list[dict[str, Any]]) -> dict[str, Any]:
    return next(
        one for one in incidents if one["account"] == VICTIM and one["first_event"].startswith("2021-04-16")
    )


def test_the_takeover_is_told_in_order_with_names(scanned: Scanned) -> None:
    story = find_takeover(scanned[0])["story"]
    assert [one["time"] for one in story] == sorted(one["time"] for one in story)
    told = [one["sentence"] for one in story]
    steps = [
        r"signed in from",
        r"consented to rnicrosoft_office \(reads mail, sends mail.*lookalike of Microsoft Office\)",
        r"gave 32 roles to GradyA, HenriettaM, JoniS and ITCornpany",
        r"made an inbox rule named “\.”",
        r"made a mail flow rule named “\.” \(sends blind copies .* to ITCornpany@gmail\.com\)",
        r"gave ITCornpany \(lookalike of ITCompany\) full access to 3 mailboxes",
    ]
    places = [next((at for at, line in enumerate(told) if re.search(step, line)), None) for step in steps]
    assert None not in places, told
    assert places == sorted(at for at in places if at is not None)


def test_a_title_is_one_sentence_and_a_short_telling_has_seven_lines(scanned: Scanned) -> None:
    incidents, _, report = scanned
    for incident in incidents:
        story = story_from_document(incident)
        assert len(choose_key_lines(story)) <= KEY_LINES == 7
        assert "\n" not in incident["title"]
    assert len(find_takeover(incidents)["story"]) > KEY_LINES
    assert "rnicrosoft_office" in report
    assert "lookalike of Microsoft Office" in report
    assert "<details" in report


def test_every_id_of_a_sentence_is_a_record_of_its_act_and_time(scanned: Scanned) -> None:
    incidents, events, _ = scanned
    seen = 0
    for incident in incidents:
        for one in incident["story"]:
            begin, end = parse_rfc3339(one["time"]), parse_rfc3339(one["end"])
            assert one["events"], one["sentence"]
            for uid in one["events"]:
                row = events[uid]
                at = round(row["time"].timestamp() * 1_000_000) // 1_000_000 * 1_000_000
                act = ACTS.get(spell_operation(row["activity_name"] or ""), ("",))[0]
                seen += 1
                # what a provider records beside an act is written within two minutes of it
                assert begin - 120_000_000 <= at <= end + 120_000_000, one["sentence"]
                assert row["account"] == one["actor"], one["sentence"]
                if act in PARTS:
                    assert one["act"] in {act, "consent", "consent_for_all", "app_made"}, one["sentence"]
    assert seen > 200


def test_counts_of_mail_and_sign_ins_are_those_of_the_records(scanned: Scanned) -> None:
    incidents, events, _ = scanned
    checked = 0
    for incident in incidents:
        for one in incident["story"]:
            if one["unlisted"] or one["act"] not in {"read", "sent", "deleted", "signed_in", "refused"}:
                continue
            rows = [events[uid] for uid in one["events"]]
            if one["act"] == "read":
                rows = [row for row in rows if row["access_type"] != "sync"]
                assert one["count"] == sum(max(row["item_count"] or 0, 0) for row in rows), one["sentence"]
            else:
                assert one["count"] == len(rows), one["sentence"]
            checked += 1
    assert checked > 5
