"""Candidates come back from the database exactly."""

from __future__ import annotations

from dataclasses import asdict

import msgspec
import pytest

from seawall.detection.ranking.candidates import ScoredCandidate
from seawall.events.array_state import StateInvalid
from seawall.lab.worlds import make_world
from seawall.lab.worlds.world_settings import WorldSettings
from seawall.pipeline.live.candidates import pack_candidate, unpack_candidate
from seawall.pipeline.scan import scan


@pytest.fixture(scope="module")
def candidates(tmp_path_factory: pytest.TempPathFactory) -> list[ScoredCandidate]:
    folder = tmp_path_factory.mktemp("world")
    make_world(WorldSettings(31, accounts=15, days=9, attacks=2, quiet_days=5, density=0.4), folder)
    found: list[ScoredCandidate] = []
    scan([folder / "logs"], watch=lambda scored: found.extend(scored.candidates))
    return found


def test_what_comes_back_is_what_was_kept(candidates: list[ScoredCandidate]) -> None:
    assert candidates
    for candidate in candidates:
        assert unpack_candidate(pack_candidate(candidate)) == candidate
        assert pack_candidate(unpack_candidate(pack_candidate(candidate))) == pack_candidate(candidate)


def test_a_reworded_pattern_changes_nothing_that_is_stored(candidates: list[ScoredCandidate]) -> None:
    """Stored as a whole, as earlier versions did, and in other words: the pattern is the one of this version."""
    values = msgspec.msgpack.decode(pack_candidate(candidates[0]))
    assert values["pattern"] == candidates[0].pattern.name
    stated = {
        **asdict(candidates[0].pattern),
        "words": "is used by somebody else",
        "dimensions": ("a", "b", "c"),
    }
    assert unpack_candidate(msgspec.msgpack.encode({**values, "pattern": stated})) == candidates[0]


@pytest.mark.parametrize("pattern", ["unknown", "", None, 7, {"name": "unknown"}, {"name": []}, []])
def test_an_unknown_pattern_is_noticed(candidates: list[ScoredCandidate], pattern: object) -> None:
    values = msgspec.msgpack.decode(pack_candidate(candidates[0]))
    with pytest.raises(StateInvalid):
        unpack_candidate(msgspec.msgpack.encode({**values, "pattern": pattern}))


def test_damage_is_noticed(candidates: list[ScoredCandidate]) -> None:
    content = pack_candidate(candidates[0])
    with pytest.raises(StateInvalid):
        unpack_candidate(content[:-5])
    with pytest.raises(StateInvalid):
        unpack_candidate(
            content.replace(candidates[0].pattern.name.encode(), b"x" * len(candidates[0].pattern.name))
        )
