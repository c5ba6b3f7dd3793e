"""What goes into the spool comes out once, in order, whatever the order it came in."""

from __future__ import annotations

import itertools
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.events.coded_batch import CodedBatch, Vocabulary
from seawall.storage import Coder, EventsFile, Spool
from seawall.storage.files.duplicate_records import DAY
from tests.sample_events import event, sign_in, spool, table
from tests.thoroughness import examples


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
    days = spool(tmp_path, table([event("a", org_uid=None, account=None, mailbox=None)]))
    batch, _ = days.load(days.days()[0])
    assert _texts(batch, "org_uid") == ["unknown"]


def test_a_mailbox_tells_the_organisation_where_no_account_does(tmp_path: Path) -> None:
    rows = [
        event("a", org_uid=None, account="0f-app"),
        event("b", minute=1, org_uid=None, account="p@other.example"),
    ]
    days = spool(tmp_path, table(rows))
    assert _texts(days.load(days.days()[0])[0], "org_uid") == ["x.example", "other.example"]


def test_in_an_input_of_one_organisation_everything_is_of_it(tmp_path: Path) -> None:
    nobody: dict[str, Any] = {"org_uid": None, "account": "0f-app", "mailbox": None}
    rows = [event("a", minute=1), event("b", minute=2, **nobody), event("c", minute=3, org_uid=None)]
    days = spool(tmp_path, table(rows))
    assert _texts(days.load(days.days()[0])[0], "org_uid") == ["org"] * 3


def test_in_an_input_of_several_organisations_what_names_none_is_unknown(tmp_path: Path) -> None:
    nobody: dict[str, Any] = {"org_uid": None, "account": "0f-app", "mailbox": None}
    other: dict[str, Any] = {"org_uid": "other", "account": "p@other.example", "mailbox": None}
    rows = [event("a", minute=1), event("b", minute=2, **nobody), event("c", minute=3, **other)]
    days = spool(tmp_path, table(rows))
    assert _texts(days.load(days.days()[0])[0], "org_uid") == ["org", "unknown", "other"]


def test_a_domain_seen_under_two_organisations_is_of_the_one_with_more_accounts(tmp_path: Path) -> None:
    own = [event(f"a{n}", account=f"u{n}@x.example", minute=n) for n in range(3)]
    # Many records of one account count once, however they are cut into batches.
    guest = [table([event(f"g{n}", org_uid="host", account="u1@x.example", minute=30 + n)]) for n in range(8)]
    late = table([event("z", org_uid=None, minute=50)])
    days = spool(tmp_path, table(own), *guest, late)
    assert _texts(days.load(days.days()[0])[0], "org_uid")[-1] == "org"


def test_many_twins_are_filled_from_the_next_best(tmp_path: Path) -> None:
    def twin(uid: str, line: int, **columns: Any) -> dict[str, Any]:
        return sign_in(uid, source_line=line, auth_method=None, **columns)

    rows = [
        twin("s", 3, source="m365_audit", user_agent="third", session_uid="third"),
        twin("s", 1, source="entra_signin"),
        twin("s", 2, source="entra_audit", user_agent="second", item_count=7),
        twin("t", 9, source="office_activity", user_agent="other", minute=5),
        twin("t", 8, is_interactive=None, minute=5),
        sign_in("u", minute=9),
    ]
    days = spool(tmp_path, table(rows))
    batch, duplicates = days.load(days.days()[0])
    assert duplicates == 3
    assert _texts(batch, "user_agent") == ["second", "other", ""]
    assert _texts(batch, "session_uid") == ["third", "", ""]
    assert batch.numbers["item_count"].tolist() == [7, -1, -1]
    assert batch.numbers["is_interactive"].tolist() == [1, 1, 1]
    assert batch.numbers["source_line"].tolist() == [1, 8, 1]


TWINS = [
    event("t", minute=n, item_count=n, client=client, session_uid=session, source_file=f"{file}.jsonl", source_line=line)
    for n, client, session, file, line in (
        (1, "a", None, "b", 1), (1, "a", None, "a", 2), (2, None, "s", "b", 3), (2, "b", None, "a", 4), (0, None, None, "c", 5)
    )
]  # fmt: skip


@settings(max_examples=examples(100))
@given(st.permutations(TWINS), st.lists(st.sampled_from("abc"), min_size=5, max_size=5))
def test_of_twins_of_one_source_what_they_hold_decides_and_not_the_names_of_files(
    rows: list[dict[str, Any]], files: list[str]
) -> None:
    placed = [{**row, "source_file": file} for row, file in zip(rows, files, strict=True)]

    def held(rows: list[dict[str, Any]]) -> list[Any]:
        with TemporaryDirectory() as folder:
            days = spool(Path(folder), table(rows))
            batch, duplicates = days.load(days.days()[0])
        texts = [_texts(batch, name) for name in ("client", "session_uid")]
        return [duplicates, batch.time.tolist(), batch.numbers["item_count"].tolist(), texts]

    assert held(placed) == held(TWINS)


ROWS = [
    event(f"e{n}", day=n % 3, minute=n, account=f"u{n % 4}@x.example", client=f"c{n % 5}") for n in range(12)
]


def _seen(folder: Path, first: list[dict[str, Any]], second: list[dict[str, Any]]) -> list[Any]:
    days = spool(folder, table(first), table(second))
    loaded = [days.load(day)[0] for day in days.days()]
    return [
        (b.texts["metadata_uid"].to_pylist(), b.actor.tolist(), b.codes["client"].tolist()) for b in loaded
    ]


@settings(max_examples=examples(25), deadline=None)
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


LIMITS = [sign * (1 << bits) + more for bits in (7, 15, 31) for sign in (-1, 1) for more in (-1, 0, 1)]
"""Numbers around the ends of the integer types that a spool stores."""


@pytest.mark.parametrize("held", [0, 1], ids=["at once", "day by day"])
@pytest.mark.parametrize("other", [-1, 0, 5])
def test_numbers_at_the_end_of_an_integer_type_come_back(tmp_path: Path, other: int, held: int) -> None:
    """128 stored in a byte would be -128, and detection would read it as no value."""
    coder, days = Coder(), Spool(tmp_path, held=held)
    for day, number in enumerate(LIMITS):
        rows = [event("a", day, src_asn=number), event("b", day, minute=1, src_asn=other)]
        days.add(coder.encode(table(rows)))
    days.settle(*coder.settle())
    found = [days.load(day)[0].numbers["src_asn"].tolist() for day in days.days()]
    assert found == [[number, other] for number in LIMITS]


@pytest.mark.parametrize("accounts", [127, 128, 129, 130])
def test_the_account_of_every_event_comes_back(tmp_path: Path, accounts: int) -> None:
    """Codes of accounts begin at 0, that of an event without an account is -1."""
    names = [f"u{number:03}@x.example" for number in range(accounts)]
    rows = [event(name, minute=place, account=name) for place, name in enumerate(names)]
    rows.append(event("nobody", minute=accounts, account=None))
    coder = Coder()
    (tmp_path / "held").mkdir()
    scanned, watched = spool(tmp_path, table(rows)), Spool(tmp_path / "held", held=1)
    watched.add(coder.encode(table(rows)))
    watched.settle(*coder.meanings())
    for days in (scanned, watched):
        batch, _ = days.load(days.days()[0])
        assert _texts(batch, "account") == [*names, ""]
        assert [code == -1 for code in batch.actor.tolist()] == [False] * accounts + [True]


def test_a_vocabulary_gives_text_back() -> None:
    vocabulary = Vocabulary()
    codes = vocabulary.encode(pa.array(["b", None, "a", "b"]).dictionary_encode())
    assert codes.tolist() == [0, -1, 1, 0]
    assert [vocabulary.text(code) for code in codes.tolist()] == ["b", "", "a", "b"]


def test_what_waits_keeps_nothing_of_the_tables_that_it_came_in(tmp_path: Path) -> None:
    """A day of which a little comes in every table must not keep all of these: that was 90 bytes a record, without end."""
    coder, rows = Coder(unseen=False), 600
    coded = coder.encode(table([event(f"id-{n}", 0, n / 60) for n in range(rows)]))
    spool_ = Spool(tmp_path, held=rows // 2)
    taken: list[int] = []
    for number in range(1, 31):
        fresh = coded.take(pa.array(np.arange(rows)))
        days = np.r_[0, np.full(rows - 1, number)] * DAY
        times = pa.array(fresh["time"].to_numpy() % DAY + days)
        spool_.add(fresh.set_column(fresh.column_names.index("time"), "time", times))
        del fresh
        taken.append(pa.total_allocated_bytes())
    assert spool_.rows(0) == 30
    assert spool_.rows(30) == rows - 1
    assert taken[29] - taken[9] < 20 * coded.nbytes / 10


@settings(max_examples=examples(100))
@given(st.permutations(ROWS), st.lists(st.integers(1, 5), min_size=12, max_size=12), st.integers(1, 9))
def test_what_comes_in_small_tables_over_time_is_what_comes_at_once(
    rows: list[dict[str, Any]], sizes: list[int], held: int
) -> None:
    with TemporaryDirectory() as folder:
        coder = Coder()
        (Path(folder) / "once").mkdir()
        (Path(folder) / "often").mkdir()
        once, often = Spool(Path(folder) / "once"), Spool(Path(folder) / "often", held=held)
        coded = coder.encode(table(rows))
        once.add(coded)
        at = 0
        for size in sizes:
            often.add(coded.slice(at, size))
            at += size
        for one in (once, often):
            one.settle(*coder.meanings())
        assert often.days() == once.days()
        for day in once.days():
            assert often.rows(day) == once.rows(day)
            (expected, dropped), (batch, merged) = once.load(day), often.load(day)
            assert dropped == merged
            for name in expected.codes:
                assert _texts(batch, name) == _texts(expected, name)
            for name in expected.texts:
                assert _texts(batch, name) == _texts(expected, name)
            for name in ("metadata_uid", "session_uid", "token_uid"):
                assert batch.hash_column(name).tolist() == expected.hash_column(name).tolist()
        gone = often.days()[0]
        files = len(list((Path(folder) / "often").iterdir()))
        often.drop(gone)
        assert gone not in often.days()
        assert often.rows(gone) == 0
        assert len(list((Path(folder) / "often").iterdir())) <= files
        rest = often.days()
        for day in rest:
            often.drop(day)
        assert list((Path(folder) / "often").iterdir()) == []


def _loaded(folder: Path, rows: list[dict[str, Any]]) -> tuple[CodedBatch, int]:
    days = spool(folder, table(rows))
    return days.load(days.days()[0])


@pytest.mark.parametrize(
    "other",
    [
        {"activity_name": "UserLoginFailed", "status": "failure"},
        {"account": "bob@x.example"},
        {"src_ip": "198.51.100.9", "src_prefix": "198.51.100.0/24"},
        {"kind": "directory"},
    ],
)
def test_one_id_with_different_content_is_two_events(tmp_path: Path, other: dict[str, Any]) -> None:
    """Google gives a sign-in and its challenge one id; nothing promises that another vendor never does."""
    both = [sign_in("a"), sign_in("a", **other)]
    for rows in (both, both[::-1], [*both, both[1], both[0]]):
        batch, duplicates = _loaded(tmp_path, rows)
        assert (len(batch), duplicates) == (2, len(rows) - 2)
        name = next(iter(other))
        assert set(_texts(batch, name)) == {both[0][name], other[name]}


def test_a_copy_that_lacks_a_value_is_still_a_copy(tmp_path: Path) -> None:
    rows = [sign_in("a"), sign_in("a", src_ip=None, src_prefix=None, activity_name=None)]
    for order in (rows, rows[::-1]):
        batch, duplicates = _loaded(tmp_path, order)
        assert (len(batch), duplicates) == (1, 1)
        assert _texts(batch, "src_ip") == ["203.0.113.7"]


def test_twins_of_another_log_join_one_of_two_events_with_their_id(tmp_path: Path) -> None:
    rows = [
        sign_in("a"),
        sign_in("a", activity_name="UserLoginFailed", status="failure"),
        sign_in("a", source="entra_signin", activity_name="Sign-in activity"),
    ]
    results = []
    for order in itertools.permutations(rows):
        batch, duplicates = _loaded(tmp_path, list(order))
        assert len(batch) + duplicates == 3
        assert len(batch) >= 2
        results.append(
            [
                {name: batch.value(name, row) for name in ("source", "activity_name", "status")}
                for row in range(len(batch))
            ]
        )
    assert all(result == results[0] for result in results)


def test_a_sign_in_that_was_delivered_again_has_its_final_status(tmp_path: Path) -> None:
    """Microsoft delivers a sign-in when it waits for a second factor, and again under its id when it is decided."""
    waits = sign_in(
        "a", source="entra_signin", status="interrupted", status_code="50074", status_detail="prompted"
    )
    decided = sign_in("a", source="entra_signin", status="success", status_code=None, status_detail=None)
    for order in ([waits, decided], [decided, waits], [waits, decided, waits]):
        batch, duplicates = _loaded(tmp_path, order)
        assert (len(batch), duplicates) == (1, len(order) - 1)
        assert _texts(batch, "status") == ["success"]
        assert _texts(batch, "status_code") == _texts(batch, "status_detail") == [""]


def test_the_delivery_that_says_more_comes_first(tmp_path: Path) -> None:
    """Steps of an authentication are added to a record of Graph after it was first delivered."""
    early = sign_in("a", source="entra_signin", parameters='{"steps":[]}', auth_method="password")
    late = sign_in("a", source="entra_signin", parameters='{"steps":["one","two"]}', auth_method="mfa")
    for order in ([early, late], [late, early]):
        batch, _ = _loaded(tmp_path, order)
        assert _texts(batch, "auth_method") == ["mfa"]
        assert batch.texts["parameters"].to_pylist() == ['{"steps":["one","two"]}']
