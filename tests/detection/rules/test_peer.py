"""The same rules, asked by pySigma's own backend in SQLite, hit the same records: single rules, record by record."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path

import pytest
import yaml
from tools.sigma_in_sqlite import Peer, hits_by_record, log_of, rules, same_log

from seawall.detection.rules.sigma.load import load_rules
from seawall.events.networks import Networks, enrich
from seawall.events.readers import read
from seawall.lab.worlds.bench import write_bench_records
from tests.detection.rules.foreign_records import CANNOT_HIT, WRITTEN, made

PACK = Path(str(resources.files("seawall.detection.rules") / "pack"))
SHARED = Path(__file__).parents[3] / ".." / "shared" / "data" / "sigma-rules"


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ordinary records, and those beside each rule, which it hits or which come close."""
    path = tmp_path_factory.mktemp("logs") / "records.jsonl"
    write_bench_records(path, 3_000, 1)
    foreign = [
        record
        for file in sorted(SHARED.rglob("*.yml"))
        if file.stem not in CANNOT_HIT
        for record in WRITTEN.get(file.stem) or made(yaml.safe_load(file.read_text("utf-8")))
    ]
    with path.open("ab") as out:
        out.writelines(one.read_bytes() for one in sorted(PACK.glob("*/*.jsonl")))
        out.writelines(json.dumps(record).encode() + b"\n" for record in foreign)
    return path


@pytest.mark.parametrize("folder", [None, SHARED], ids=["pack", "shared"])
def test_the_same_records_are_hit_as_by_another_engine(records: Path, folder: Path | None) -> None:
    if folder is not None and not folder.is_dir():
        pytest.skip("the shared rules are not here")
    folders = [folder] if folder else []
    ours, networks = load_rules(folders), Networks.load()
    tables = [enrich(batch.events, networks) for batch in read([records]) if batch.events.num_rows]
    marked = [(table["source_line"].to_pylist(), ours.mark(table)[0].to_pylist()) for table in tables]
    lines = records.read_bytes().splitlines()
    peer = Peer(rules([PACK, *folders]))
    peer.fill(lines)
    logs = [log_of(json.loads(line)) for line in lines]
    queries, mine = peer.queries(), hits_by_record(marked)
    assert len(queries) == len(peer.asked) > 160
    hitting = set()
    for asked, query in queries.values():
        theirs = set(peer.hits(query))
        assert same_log(mine.get(asked.id, set()), asked.log, logs) == theirs, (asked.rule.title, query)
        if theirs:
            hitting.add(asked.id)
    everyone = {asked.id for asked in peer.asked}
    assert len(hitting) > len(everyone) * 4 / 5, "rules that hit nothing prove nothing"


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared rules are not here")
def test_every_rule_of_other_people_is_compared() -> None:
    """All run, and all but those that say that they cannot hit are asked of a log for which records are written."""
    ours = load_rules([SHARED], with_pack=False)
    assert not ours.skipped
    asked = {one.id for one in rules([SHARED])}
    assert asked == {about.id for about in ours.abouts}
    assert len(asked) - ours.idle >= 161
