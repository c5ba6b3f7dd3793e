"""Networks that are used together: within an hour, within a day, and by one session."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from seawall.detection.behaviour.detector import BehaviourGroups
from seawall.detection.behaviour.rotation import ROTATION, measure_rotation
from seawall.detection.lineage.event_names import session_keys
from tests.detection.behaviour.test_detector import history, run
from tests.sample_events import event


def proxy(number: int) -> dict[str, object]:
    """Columns of one of many networks."""
    return {
        "src_prefix": f"198.51.{number}.0/24",
        "src_asn": 65_000 + number,
        "src_asn_name": f"Proxy {number}",
    }


def rotation(groups: BehaviourGroups) -> dict[str, np.ndarray]:
    """Each feature as a count, in order of network."""
    is_new = (groups.fields["network"].is_new > 0) & (groups.day.network >= 0)
    found = measure_rotation(groups.day, is_new, session_keys(groups.day.batch))
    assert tuple(found) == ROTATION
    return {name: np.rint(np.exp(values)).astype(int) for name, values in found.items()}


def test_a_proxy_that_rotates_within_minutes(tmp_path: Path) -> None:
    rows = [event(f"x{n}", 20, 10 * n, session_uid="stolen", **proxy(n)) for n in range(4)]
    found = rotation(run(tmp_path, [*history(20), *rows])[-1])
    assert (found["new_networks_hour"] == 4).all()
    assert (found["new_networks_day"] == 4).all()
    assert (found["session_networks"] == 4).all()


def test_a_day_of_travel_is_slower_and_has_a_session_for_each_place(tmp_path: Path) -> None:
    rows = [event(f"x{n}", 20, 120 * n, session_uid=f"s{n}", **proxy(n)) for n in range(4)]
    found = rotation(run(tmp_path, [*history(20), *rows])[-1])
    assert (found["new_networks_hour"] == 1).all()
    assert (found["new_networks_day"] == 4).all()
    assert (found["session_networks"] == 1).all()


def test_known_networks_are_no_rotation(tmp_path: Path) -> None:
    rows = [event("o", 20), event("x", 20, 30, **proxy(0))]
    groups = run(tmp_path, [*history(20), *rows])[-1]
    found = rotation(groups)
    assert sorted(found["new_networks_day"].tolist()) == [1, 1]
    assert found["session_networks"].tolist() == [1, 1]


@pytest.mark.parametrize("minutes", [0, 60, 61])
def test_an_hour_is_sixty_minutes(tmp_path: Path, minutes: int) -> None:
    rows = [event("x", 20, 0, **proxy(0)), event("y", 20, minutes, **proxy(1))]
    found = rotation(run(tmp_path, [*history(20), *rows])[-1])
    assert found["new_networks_hour"].tolist() == ([2, 2] if minutes <= 60 else [1, 1])
