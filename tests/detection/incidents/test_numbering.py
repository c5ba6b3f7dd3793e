"""How texts are numbered shows in nothing: whichever codes they get, a scan writes the same bytes."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import seawall.pipeline.scan
from seawall import scan
from seawall.detection.ranking.engine import DetectionEngine
from seawall.detection.ranking.ranker import load
from seawall.events.coded_batch import MISSING, Codes, Keys, Vocabulary, pair_keys
from seawall.events.coder import Meanings
from seawall.events.grouping import Rows
from seawall.events.object_ids import CodeJoins, Joins
from seawall.lab.worlds import WorldSettings, make_world
from seawall.storage import Coder, Spool
from tests.sample_events import event, sign_in, table
from tests.thoroughness import examples

SHARED = Path(__file__).resolve().parents[4] / "shared" / "data"
WRITTEN = ("incidents.jsonl", "coverage.json")


def renumbered(settled: Meanings, dice: np.random.Generator) -> Meanings:
    """The same vocabularies with their texts in any order."""
    vocabularies, mappings, joins = {}, {}, settled[2]
    for name, vocabulary in settled[0].items():
        order = dice.permutation(len(vocabulary))
        vocabularies[name] = Vocabulary([vocabulary.values[code] for code in order])
        places = np.append(np.argsort(order), MISSING).astype(np.int32)
        mappings[name] = places[settled[1][name]]
        if name == "org_uid":
            keys, rows = reordered(joins, places)
            own_keys, own_order = reordered(joins.mailboxes, places)
            mailboxes = CodeJoins(own_keys, joins.mailboxes.names[own_order])
            joins = Joins(keys, joins.names[rows], joins.is_contested[rows], joins.is_name[rows], mailboxes)
    return vocabularies, mappings, joins


def reordered(joins: CodeJoins, places: Codes) -> tuple[Keys, Rows]:
    """The keys with other numbers of organisations, and the order that sorts them."""
    keys = pair_keys(places[joins.keys >> np.uint64(32)], joins.keys.astype(np.uint32))
    order = np.argsort(keys)
    return keys[order], order


class Shuffled(Spool):
    """Numbers accounts in any order before the first is seen."""

    dice = np.random.default_rng(0)

    def settle(
        self, vocabularies: dict[str, Vocabulary], mappings: dict[str, Codes], joins: Joins | None = None
    ) -> None:
        super().settle(*renumbered((vocabularies, mappings, joins or Joins()), self.dice))
        tenants, accounts = len(vocabularies["org_uid"]), len(vocabularies["account"])
        owner, account = np.divmod(self.dice.permutation(tenants * accounts), max(accounts, 1))
        self._actors.learn(pair_keys(owner.astype(np.int32), account.astype(np.int32)))


def world(folder: Path, name: str) -> Path:
    if name == "recorded":
        if not (SHARED / "m365-tenant-2021").exists():
            pytest.skip("m365-tenant-2021 is not here: the shared data is not part of the project")
        return SHARED / "m365-tenant-2021"
    tenants = 2 if name == "two" else 1
    make_world(WorldSettings(seed=34, tenants=tenants, accounts=20, days=14, attacks=5, density=0.4), folder)
    return folder / "logs"


def scored(out: Path) -> pa.Table:
    """The events with their scores, names as plain texts."""
    events = pq.read_table(out / "events.parquet")
    names = [name for name in events.column_names if pa.types.is_dictionary(events[name].type)]
    for name in names:
        events = events.set_column(events.column_names.index(name), name, events[name].cast(pa.string()))
    return events


@pytest.mark.parametrize("name", [pytest.param("one", marks=pytest.mark.soak), "two", "recorded"])
def test_a_scan_writes_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    logs = world(tmp_path / "world", name)
    scan(logs, tmp_path / "once")
    assert (tmp_path / "once" / "incidents.jsonl").stat().st_size
    events = scored(tmp_path / "once")
    monkeypatch.setattr(seawall.pipeline.scan, "Spool", Shuffled)
    for seed in range(examples(2, fewest=1)):
        monkeypatch.setattr(Shuffled, "dice", np.random.default_rng(seed))
        scan(logs, tmp_path / str(seed))
        for file in WRITTEN:
            assert (tmp_path / str(seed) / file).read_bytes() == (tmp_path / "once" / file).read_bytes()
        assert scored(tmp_path / str(seed)).equals(events)


PERSONS = {"id-ann": "ann@x.example", "id-cy": "cy@y.example"}
"""Object ids that stand as accounts, and of whom they are."""

ACTS = st.tuples(
    st.integers(0, 4),
    st.integers(0, 900),
    st.sampled_from(("ann@x.example", "bob@x.example", "cy@y.example", "dee@y.example", *PERSONS)),
    st.sampled_from("abcd"),
    st.sampled_from(("read", "sign_in", "fail", "revoke", "rule")),
)


def candidates(rows: list[dict[str, object]], dice: np.random.Generator | None) -> str:
    """What a history shows, in words, its texts numbered as ever or by dice."""
    coder, engine = Coder(), DetectionEngine(load())
    with TemporaryDirectory() as folder:
        spool = Spool(Path(folder)) if dice is None else Shuffled(Path(folder))
        if dice is not None:
            spool.dice = dice  # type: ignore[attr-defined]
        spool.add(coder.encode(table(rows)))
        spool.settle(*coder.settle())
        return repr([engine.observe(spool.load(day)[0], day).candidates for day in spool.days()])


@settings(max_examples=examples(25))
@given(st.lists(ACTS, min_size=1, max_size=40), st.integers(0, 2**32))
def test_any_history_shows_the_same(acts: list[tuple[int, int, str, str, str]], seed: int) -> None:
    rows = []
    for number, (day, minute, who, what, doing) in enumerate(acts):
        make, person = sign_in if doing in ("sign_in", "fail") else event, PERSONS.get(who, who)
        rows.append(
            make(
                f"e{number}", day, minute, account=who, mailbox=f"{what}@x.example", org_uid=person[-9:],
                actor_user_uid=f"id-{person.partition('@')[0]}",
                app_uid=f"app-{what}", app_name=f"App {what}{minute % 2}", client=f"client-{what}", activity_name=what,
                src_prefix=f"198.51.{what}.0/24", src_asn=None if minute % 3 else 65000 + ord(what), src_asn_name=None,
                kind={"revoke": "directory", "rule": "mail_rule"}.get(doing, "mail_access"),
                status="failure" if doing == "fail" else "success",
            )
        )  # fmt: skip
    assert candidates(rows, np.random.default_rng(seed)) == candidates(rows, None)


def test_texts_are_renumbered_at_all() -> None:
    coder = Coder()
    coder.encode(table([event(f"e{n}", client=f"c{n}") for n in range(50)]))
    vocabularies, mappings, _ = renumbered(coder.settle(), np.random.default_rng(1))
    clients = vocabularies["client"]
    assert clients.values != sorted(clients.values)
    assert [clients.text(mappings["client"][code]) for code in range(50)] == [f"c{n}" for n in range(50)]
    assert isinstance(clients.array, pa.Array)
