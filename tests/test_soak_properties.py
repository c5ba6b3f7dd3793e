"""`make soak-properties` draws fresh seeds for as long as asked, and says how to repeat each failure."""

from __future__ import annotations

import pytest
from tools.soak_properties import main


def test_a_seed_is_repeated_alone(capsys: pytest.CaptureFixture[str]) -> None:
    ran: list[int] = []

    def run(seed: int) -> int:
        ran.append(seed)
        return 0

    assert main(["--seed", "7", "--minutes", "5"], run, lambda: 0.0) == 0
    assert ran == [7]
    assert "SEED=7" in capsys.readouterr().out


def test_fresh_seeds_follow_until_the_time_is_over(capsys: pytest.CaptureFixture[str]) -> None:
    ran: list[int] = []

    def run(seed: int) -> int:
        ran.append(seed)
        return int(len(ran) == 2)

    assert main(["--minutes", "3"], run, lambda: 60.0 * len(ran)) == 1
    assert len(set(ran)) == 3
    out = capsys.readouterr().out
    assert out.splitlines()[-1].endswith(f"make soak-properties SEED={ran[1]}")
    assert "1 failed" in out
