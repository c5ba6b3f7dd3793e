"""Measure how often an attacker's return after containment is detected, and how often others are mistaken for the attacker.

Attacks of made-up worlds are split in the middle of their records. The first half is contained, the second half is the
return: once unchanged, and once from another network with other sessions and tokens. The logs do not reflect the
containment, so account owners continue sessions that a real containment would have ended.

    python bench/returns.py RESULTS:TRUTH.json …       folders of scans of `seawall lab make` worlds
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from seawall.response.adaptation import DAY, search_for_return
from seawall.response.containment.evidence import EvidenceCollector, collect_evidence
from seawall.response.containment.values import Containment

LEAST = 4
"""Least number of records of an attack that is split."""

MOVED = {
    "src_ip": "203.0.113.9",
    "src_prefix": "203.0.113.0/24",
    "session_uid": "other",
    "token_uid": "other",
}


def move(table: pa.Table, rows: Any) -> pa.Table:
    """Return the table with these rows moved to another network, other sessions and other tokens."""
    for name, value in MOVED.items():
        column = table.column(name).cast(pa.string())
        has = pc.and_(rows, pc.is_valid(column))
        table = table.set_column(table.column_names.index(name), name, pc.if_else(has, value, column))
    column = table.column("src_asn")
    return table.set_column(table.column_names.index("src_asn"), "src_asn", pc.if_else(rows, 64999, column))


def count_detections(table: pa.Table, attack: dict[str, Any], counts: Counter[str]) -> None:
    """Split one attack, and count detections."""
    is_hostile = pc.is_in(
        table.column("metadata_uid"), value_set=pa.array(sorted(attack["events"]), pa.string())
    )
    times = table.column("time").cast(pa.int64())
    ordered = sorted(times.filter(is_hostile).to_pylist())
    if len(ordered) < LEAST or ordered[-1] == ordered[len(ordered) // 2]:
        return
    at = ordered[len(ordered) // 2]
    early = table.filter(pc.and_(is_hostile, pc.less_equal(times, at)))
    named = set(early.column("account").to_pylist()) & set(attack["accounts"])
    if not named:
        return
    counts["attacks"] += 1
    counts["accounts"] += len({one for one in pc.unique(table.column("account")).to_pylist() if one})
    gathering = EvidenceCollector(
        dict.fromkeys(named, (ordered[0], at)), frozenset(early.column("metadata_uid").to_pylist())
    )
    actor = collect_evidence([table], gathering).actor
    assert actor is not None
    late = pc.and_(is_hostile, pc.greater(times, at))
    for word, events in (("as it was", table), ("moved", move(table, late))):
        found = search_for_return([events], Containment("", at, at + 30 * DAY, actor)).returns()
        hostile = {one.account for one in found if set(one.records) & set(attack["events"])}
        counts[f"found, {word}"] += bool(hostile)
        counts[f"other accounts told of, {word}"] += len({one.account for one in found} - hostile)


def main() -> None:
    """Print the counts."""
    counts: Counter[str] = Counter()
    for argument in sys.argv[1:]:
        folder, _, truth = argument.partition(":")
        table = pq.read_table(Path(folder) / "events.parquet")
        for attack in json.loads(Path(truth).read_text("utf-8"))["attacks"]:
            count_detections(table, attack, counts)
    for name, count in counts.items():
        print(f"{count:>7,}  {name}")


if __name__ == "__main__":
    main()
