"""A large day, whose texts stay on disk, is the same day: same rows, same texts, same hashes, same events file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from seawall.events.coded_batch import CodedBatch, hash_text
from seawall.storage import EventsFile
from seawall.storage.files import events_file
from seawall.storage.spool import spool as spool_module
from tests.sample_events import event, sign_in, spool, table


def _tables() -> list[Any]:
    """Three files that overlap in time, with twins among them."""
    mail = [
        event(f"m{n}", minute=7 * n % 600, unmapped=f'{{"n":{n}}}', session_uid=None if n % 3 else f"s{n}")
        for n in range(60)
    ]
    twins = [sign_in(f"t{n}", minute=11 * n, session_uid=f"s{n}") for n in range(20)]
    entra = [
        sign_in(f"t{n}", minute=11 * n, source="entra_signin", source_file="b.jsonl", token_uid=f"u{n}")
        for n in range(0, 20, 2)
    ]
    rules = [event(f"r{n}", minute=n, kind="mail_rule", parameters=f'{{"Name":"{n}"}}') for n in range(5)]
    return [table(mail), table(twins), table([*entra, *rules])]


def _load(folder: Path) -> tuple[CodedBatch, int]:
    folder.mkdir()
    days = spool(folder, *_tables())
    return days.load(days.days()[0])


def test_a_large_day_is_the_day_it_would_be_if_it_were_small(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small, duplicates = _load(tmp_path / "small")
    monkeypatch.setattr(spool_module, "LARGE_DAY", 0)
    large, others = _load(tmp_path / "large")
    assert duplicates == others == 10
    assert large.time.tolist() == small.time.tolist()
    for name, column in small.codes.items():
        assert large.codes[name].tolist() == column.tolist()
    some = np.array([3, 70, 0, 41])
    for name, texts in small.texts.items():
        stored = large.texts[name]
        assert stored.take(np.arange(len(small))).to_pylist() == texts.to_pylist()
        assert stored.take(some).to_pylist() == texts.take(some).to_pylist()
        assert stored.slice(50, 100).to_pylist() == texts.slice(50, 100).to_pylist()
        assert np.asarray(stored.is_valid()).tolist() == np.asarray(texts.is_valid()).tolist()
        assert hash_text(stored).tolist() == hash_text(texts).tolist()
        assert [large.value(name, row) for row in range(5)] == [small.value(name, row) for row in range(5)]
    assert large.texts["session_uid"].take(np.array([], np.int64)).to_pylist() == []


def test_its_events_file_is_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small, _ = _load(tmp_path / "small")
    monkeypatch.setattr(spool_module, "LARGE_DAY", 0)
    monkeypatch.setattr(events_file, "ROW_GROUP", 16)
    large, _ = _load(tmp_path / "large")
    scores = np.arange(len(small), dtype=np.float64)
    for name, batch in (("small", small), ("large", large)):
        with EventsFile(tmp_path / f"{name}.parquet") as target:
            target.write(batch, scores)
    assert pq.read_table(tmp_path / "large.parquet").to_pylist() == (
        pq.read_table(tmp_path / "small.parquet").to_pylist()
    )
