"""Records of logs that nobody knows: kept whole, told apart by all that they say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.events.support import read_all, rows, write_lines


def _record(minute: int, **changes: Any) -> dict[str, Any]:
    return {"timestamp": f"2026-03-02T08:{minute:02d}:00Z", "action": "login", **changes}


def test_the_id_of_an_actor_is_not_the_id_of_a_record(tmp_path: Path) -> None:
    """`actor.id`, and an `id` of an agent or a device, are the same in every record that it wrote."""
    shared = [_record(minute, actor={"id": "00u1a2b3c4d5e6f7g8h9"}) for minute in range(3)]
    shared += [_record(minute, id="agent-7f6e5d4c-3b2a") for minute in range(3)]
    found = rows(read_all(write_lines(tmp_path / "a.jsonl", [*shared, shared[0]]))[0])
    assert len({row["metadata_uid"] for row in found}) == len(shared)
    assert found[-1]["metadata_uid"] == found[0]["metadata_uid"]
    assert found[-2]["metadata_uid"].startswith("agent-7f6e5d4c-3b2a:")
