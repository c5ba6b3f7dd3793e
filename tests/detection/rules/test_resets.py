"""Sign-ins after a reset by somebody else: across midnight and a stop, for that account alone, and for a day."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from seawall.detection.rules.detector import RULES, RuleDetector
from seawall.events.array_state import RestoredState
from tests.sample_events import batches, event, sign_in

DAY_MINUTES = 24 * 60


def reset(
    uid: str, day: int, minute: float, target: str, activity: str = "user.mfa.factor.reset_all"
) -> dict[str, Any]:
    return event(uid, day, minute, kind="directory", activity_name=activity, account="desk@x.example", mailbox=None,
                 resource_uid=target)  # fmt: skip


def hits(tmp_path: Path, rows: list[dict[str, Any]], *, stops: bool = False) -> list[str]:
    """The ids of the sign-ins that the rule names; with `stops` by a new detector for each day, from the state of the last."""
    detector, found = RuleDetector(), []
    for _, batch in batches(tmp_path, rows):
        if stops:
            state, detector = detector.state(), RuleDetector()
            detector.restore(RestoredState(state))
        hit = detector.observe(batch)
        ids = batch.texts["metadata_uid"].to_pylist()
        found += [
            ids[row]
            for row, rule in zip(hit.row, hit.rule, strict=True)
            if RULES[rule].name == "sign-in-after-reset"
        ]
    return sorted(found)


ROWS = [
    sign_in("before", 0, 1_300, account="ann@x.example"),
    reset("r", 0, 1_400, "Ann@X.example"),
    sign_in("soon", 0, 1_410, account="ann@x.example"),
    sign_in("another", 0, 1_410, account="bob@x.example"),
    sign_in("next-day", 1, 100, account="ann@x.example"),
    sign_in("failed", 1, 101, account="ann@x.example", status="failure"),
    sign_in("late", 1, 1_401, account="ann@x.example"),
    event("mail", 1, 50, account="ann@x.example"),
    sign_in("days-later", 4, 10, account="ann@x.example"),
]


@pytest.mark.parametrize("stops", [False, True], ids=["in one go", "with stops"])
def test_sign_ins_within_a_day_after_a_reset(tmp_path: Path, stops: bool) -> None:
    assert hits(tmp_path, ROWS, stops=stops) == ["next-day", "soon"]


@pytest.mark.parametrize(
    "activity",
    [
        "TURN_OFF_2_STEP_VERIFICATION",
        "GENERATE_2SV_SCRATCH_CODES",
        "ADD_RECOVERY_PHONE",
        "Admin deleted security info",
    ],
)
def test_resets_of_every_system(tmp_path: Path, activity: str) -> None:
    rows = [reset("r", 0, 0, "ann@x.example", activity), sign_in("x", 0, 5, account="ann@x.example")]
    assert hits(tmp_path, rows) == ["x"]


def test_what_an_account_does_to_itself_is_no_reset(tmp_path: Path) -> None:
    own = {**reset("r", 0, 0, "ann@x.example"), "account": "ann@x.example"}
    assert hits(tmp_path, [own, sign_in("x", 0, 5, account="ann@x.example")]) == []


def test_a_reset_that_failed_or_names_nobody_is_none(tmp_path: Path) -> None:
    failed = {**reset("r", 0, 0, "ann@x.example"), "status": "failure"}
    rows = [failed, reset("s", 0, 0, "00u1"), sign_in("x", 0, 5, account="ann@x.example")]
    assert hits(tmp_path, rows) == []


def test_the_latest_of_many_resets_counts(tmp_path: Path) -> None:
    rows = [reset(f"r{n}", 0, n, "ann@x.example") for n in range(50)]
    rows += [sign_in(f"u{n}", 1, n, account="ann@x.example") for n in (48, 49, 50)]
    assert hits(tmp_path, rows) == ["u48", "u49"]
