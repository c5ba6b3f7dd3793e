"""The drawings' geometry: everything inside the frame, counts kept, sizes bounded."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.detection.incident import TimelinePoint
from seawall.detection.reason import Reason
from seawall.report.page_figures import close_up, evidence_bars, evidence_curve, timeline
from seawall_base.times import DAY

from .samples import START, incident

POINTS = st.lists(
    st.builds(
        TimelinePoint,
        st.integers(START, START + 400 * DAY),
        st.sampled_from([f"lane {n}" for n in range(30)]),
        st.integers(0, 10_000),
        st.booleans(),
        st.just("x"),
    ),
    min_size=1,
    max_size=60,
)


@pytest.mark.parametrize("width", [340, 1080])
@given(points=POINTS)
def test_marks_lie_inside(width: int, points: list[TimelinePoint]) -> None:
    figure = timeline(replace(incident(), timeline=tuple(points)), width)
    assert figure is not None
    assert len(figure.lanes) <= 11
    assert len(figure.ticks) <= width // 110 + 2
    for lane in figure.lanes:
        for mark in lane.marks:
            assert 0 <= mark.x <= width
            assert 0 <= mark.y <= figure.axis_y


def test_nothing_to_draw() -> None:
    bare = replace(incident(), timeline=())
    assert timeline(bare, 1000) is None
    assert close_up(bare, 1000) is None


def test_ten_thousand_points_stay_small() -> None:
    points = tuple(TimelinePoint(START + n * DAY // 300, "one", 1, n > 9_900, "x") for n in range(10_000))
    figure = timeline(replace(incident(), timeline=points), 1080)
    assert figure is not None
    assert sum(len(lane.marks) for lane in figure.lanes) < 400


def test_close_up_only_when_it_helps() -> None:
    long = incident()
    assert close_up(long, 1000) is not None
    assert close_up(replace(long, first_event=START), 1000) is None


@given(st.floats(-50, 50), st.lists(st.floats(-50, 50), max_size=8))
def test_bars_stay_in_their_track(base: float, weights: list[float]) -> None:
    reasons = [Reason("rules", "x", "x", weight) for weight in weights]
    first, rest = evidence_bars(base, reasons)
    for bar in (first, *rest):
        assert -0.7 <= bar.start <= 100.01
        assert 0 < bar.width <= 100.01


@pytest.mark.parametrize(
    "curve", [None, "text", [], [1, 2, 3], [[1, 2], ["x", "y"], None], [[START, float("nan")]] * 5]
)
def test_a_strange_curve_is_not_drawn(curve: object) -> None:
    assert evidence_curve(replace(incident(), details={"curve": curve, "threshold": 1.0}), 340) is None


def test_the_curve_lies_inside() -> None:
    details = {"curve": [[START + n * DAY // 500, (n % 37) - 9.5] for n in range(2_000)], "threshold": 3}
    figure = evidence_curve(replace(incident(), details=details), 340)
    assert figure is not None
    assert 0 <= figure.threshold <= figure.axis_y
    heights = [float(part.split("H")[0]) for part in figure.path.split("V")[1:]]
    assert all(0 <= height <= figure.axis_y for height in heights)
    assert len(heights) <= 300
