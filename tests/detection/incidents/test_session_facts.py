"""Facts about sessions: brought along from the usual network by an honest owner, issued here, or unknown."""

from __future__ import annotations

from math import log1p
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seawall.detection.incidents.fact_words import describe_session, describe_usual_network
from seawall.detection.ranking.aspects import aspect
from seawall.detection.ranking.engine import DetectionEngine
from seawall.detection.ranking.session_facts import SESSION_FACTS
from tests.detection.feedback.making import candidate
from tests.sample_events import batches, event, sign_in

AWAY: dict[str, Any] = {
    "src_ip": "198.51.100.9", "src_prefix": "198.51.100.0/24", "src_asn": 64999, "src_asn_name": "Far", "src_location": "RO",
    "src_network_class": "mobile",
}  # fmt: skip


def facts_away(tmp_path: Path, *rows: dict[str, Any], days: int = 10) -> dict[str, float]:
    """The facts of the group on the far network, on the last day. Ann signs in at home every day."""
    usual = [
        row
        for day in range(days)
        for row in (
            sign_in(f"b{day}", day, session_uid=f"s{day}"),
            event(f"e{day}", day, 1, session_uid=f"s{day}"),
        )
    ]
    engine = DetectionEngine(None)
    scored = [engine.observe(batch, number) for number, batch in batches(tmp_path, [*usual, *rows])][-1]
    at = np.flatnonzero(scored.groups.features["mobile"])
    assert len(at) == 1
    return {name: float(scored.table.column(name)[at[0]]) for name in SESSION_FACTS}


def test_the_owner_takes_the_session_along(tmp_path: Path) -> None:
    found = facts_away(tmp_path, event("x", 10, 0, session_uid="s9", **AWAY))
    assert found == {
        "session_elsewhere": 1.0,
        "session_usual": 1.0,
        "session_age": pytest.approx(log1p(1440)),
    }


def test_a_session_with_another_client_is_not_the_own_one(tmp_path: Path) -> None:
    found = facts_away(tmp_path, event("x", 10, 0, session_uid="s9", client="python/rest", **AWAY))
    assert (found["session_elsewhere"], found["session_usual"]) == (1.0, 0.0)


def test_a_session_that_begins_here(tmp_path: Path) -> None:
    rows = [sign_in("x", 10, 0, session_uid="n", **AWAY), event("y", 10, 30, session_uid="n", **AWAY)]
    found = facts_away(tmp_path, *rows)
    assert found == {"session_elsewhere": 0.0, "session_usual": 0.0, "session_age": pytest.approx(log1p(30))}


def test_half_of_the_uses_bring_their_session_along(tmp_path: Path) -> None:
    rows = [
        sign_in("x", 10, 0, session_uid="n", **AWAY),
        *(event(f"y{n}", 10, 1 + n, session_uid="n", **AWAY) for n in range(2)),
        *(event(f"z{n}", 10, 5 + n, session_uid="s9", **AWAY) for n in range(2)),
    ]
    assert facts_away(tmp_path, *rows)["session_usual"] == 0.5


@pytest.mark.parametrize("session", [None, "never-issued"])
def test_without_a_known_session_nothing_is_said(tmp_path: Path, session: str | None) -> None:
    found = facts_away(tmp_path, event("x", 10, 0, session_uid=session, **AWAY))
    assert set(found.values()) == {-1.0}


def test_a_token_stands_in_for_the_session(tmp_path: Path) -> None:
    rows = [sign_in("t", 9, 5, token_uid="t1"), event("x", 10, 0, token_uid="t1", **AWAY)]
    assert facts_away(tmp_path, *rows)["session_usual"] == 1.0


def test_a_session_from_a_network_that_is_not_usual(tmp_path: Path) -> None:
    other = {**AWAY, "src_asn": 64777, "src_asn_name": "Once", "src_network_class": "residential"}
    rows = [sign_in("o", 10, 0, session_uid="n", **other), event("x", 10, 5, session_uid="n", **AWAY)]
    found = facts_away(tmp_path, *rows)
    assert (found["session_elsewhere"], found["session_usual"]) == (1.0, 0.0)


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"session_age": -1.0}, "where its session was issued is unknown"),
        (
            {"session_age": log1p(1), "session_elsewhere": 0.0},
            "the session was issued on this network, 1 minute before",
        ),
        (
            {"session_age": log1p(600), "session_elsewhere": 1.0},
            "the session was issued on another network, 10 hours before",
        ),
        (
            {"session_age": log1p(600), "session_elsewhere": 1.0, "session_usual": 0.5},
            "the session was issued on a usual network of the account, to the same client, 10 hours before",
        ),
    ],
)
def test_words_of_sessions(values: dict[str, float], text: str) -> None:
    top = candidate()
    assert describe_session(candidate(values={**top.values, **values})) == text


@pytest.mark.parametrize(
    ("idle", "switches", "text"),
    [
        (-1.0, 0, "no earlier use of a usual network is known; 0 changes from or to it within an hour"),
        (
            log1p(1 / 60),
            1,
            "the usual network was last used 1 minute before; 1 change from or to it within an hour",
        ),
        (
            log1p(48),
            3,
            "the usual network was last used 48 hours before; 3 changes from or to it within an hour",
        ),
        (
            log1p(96),
            0,
            "the usual network was last used 4 days before; 0 changes from or to it within an hour",
        ),
    ],
)
def test_words_of_the_usual_network(idle: float, switches: int, text: str) -> None:
    values = {**candidate().values, "usual_idle": idle, "usual_switches": log1p(switches)}
    assert describe_usual_network(candidate(values=values)) == text


def test_aspects() -> None:
    assert {aspect(name) for name in SESSION_FACTS} == {("lineage", "session")}
    assert aspect("usual_overlap") == ("behaviour", "usual-network")
    assert aspect("usual_gap") == ("behaviour", "two-places")
    assert aspect("device_days") == ("behaviour", "device")
