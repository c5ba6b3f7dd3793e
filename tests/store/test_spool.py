"""What goes into the spool comes out once, in order, whatever the order it came in."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.schema.batches import CodedBatch, Vocabulary
from seawall.store import EventsFile
from tests.events import event, sign_in, spool, table


def _texts(batch: CodedBatch, column: str) -> list[str]:
    return [batch.value(column, row) for row in range(len(batch))]


def test_a_record_delivered_twice_is_one_event_and_one_duplicate(tmp_path: Path) -> None:
    days = spool(
        tmp_path, table([event("a"), event("b", minute=1)]), table([event("a", source_file="again.jsonl")])
    )
    batch, duplicates = days.load(days.days()[0])
    assert batch.texts["metadata_uid"].to_pylist() == ["a", "b"]
    assert duplicates == 1


def test_twins_become_one_event_that_knows_what_both_knew(tmp_path: Path) -> None:
    audit = sign_in("s", client="edge/browser", user_agent="Edge", session_uid="session", auth_method=None)
    entra = sign_in(
        "s",
        source="entra_signin",
        client="chrome/browser",
        user_agent=None,
        session_uid=None,
        auth_method="mfa",
    )
    for order in ([audit, entra], [entra, audit]):
        days = spool(tmp_path, table(order))
        batch, duplicates = days.load(days.days()[0])
        assert duplicates == 1
        assert _texts(batch, "source") == ["entra_signin"]
        assert _texts(batch, "client") == ["chrome/browser"]  # the richer source's own value stands
        assert _texts(batch, "user_agent") == ["Edge"]  # what it lacked is filled
        assert _texts(batch, "session_uid") == ["session"]
        assert _texts(batch, "auth_method") == ["mfa"]


def test_the_same_id_in_two_organisations_is_two_events(tmp_path: Path) -> None:
    days = spool(tmp_path, table([event("a"), event("a", org_uid="other")]))
    batch, duplicates = days.load(days.days()[0])
    assert (len(batch), duplicates) == (2, 0)


def test_a_domain_becomes_the_organisation_its_accounts_are_known_under(tmp_path: Path) -> None:
    days = spool(
        tmp_path,
        table([event("a", org_uid=None), event("b", org_uid="x.example")]),
        table([event("c", org_uid="0f0f")]),
    )
    batch, _ = days.load(days.days()[0])
    assert _texts(batch, "org_uid") == ["0f0f"] * 3


def test_without_any_organisation_it_is_named_unknown(tmp_path: Path) -> None:
    days = spool(tmp_path, table([event("a", org_uid=None, account=None)]))
    batch, _ = days.load(days.days()[0])
    assert _texts(batch, "org_uid") == ["unknown"]


ROWS = [
    event(f"e{n}", day=n % 3, minute=n, account=f"u{n % 4}@x.example", client=f"c{n % 5}") for n in range(12)
]


def _seen(folder: Path, first: list[dict[str, Any]], second: list[dict[str, Any]]) -> list[Any]:
    days = spool(folder, table(first), table(second))
    loaded = [days.load(day)[0] for day in days.days()]
    return [
        (b.texts["metadata_uid"].to_pylist(), b.actor.tolist(), b.codes["client"].tolist()) for b in loaded
    ]


@settings(max_examples=25, deadline=None)
@given(st.permutations(ROWS), st.integers(0, 12))
def test_codes_do_not_depend_on_the_order_of_arrival(rows: list[dict[str, Any]], cut: int) -> None:
    with TemporaryDirectory() as one, TemporaryDirectory() as two:
        assert _seen(Path(one), rows[:cut], rows[cut:]) == _seen(Path(two), ROWS, [])


def test_the_events_file_holds_what_was_read(tmp_path: Path) -> None:
    import numpy as np
    import pyarrow.parquet as pq

    rows = [
        event("a", item_count=None),
        sign_in("b", minute=3, token_uid="t"),
        event("c", day=2, is_throttled=True),
    ]
    days = spool(tmp_path, table(rows))
    with EventsFile(tmp_path / "events.parquet") as file:
        for day in days.days():
            batch, _ = days.load(day)
            file.write(batch, np.full(len(batch), np.nan))
    back = pq.read_table(tmp_path / "events.parquet")
    assert back.column_names[:-1] == table(rows).column_names
    want = table(rows).to_pylist()
    got = [{name: value for name, value in row.items() if name != "score"} for row in back.to_pylist()]
    assert got == want
    assert back["score"].null_count == 3


def test_a_vocabulary_gives_text_back() -> None:
    vocabulary = Vocabulary()
    codes = vocabulary.encode(pa.array(["b", None, "a", "b"]).dictionary_encode())
    assert codes.tolist() == [0, -1, 1, 0]
    assert [vocabulary.text(code) for code in codes.tolist()] == ["b", "", "a", "b"]
