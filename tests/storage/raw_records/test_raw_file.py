"""The file of records as they came: what is written is read again, masked, private and in bounds."""

from __future__ import annotations

import stat
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from seawall.storage.raw_records import (
    LONGEST_TEXT,
    KeptRecord,
    RecordOrigin,
    keep_record,
    list_kept_ids,
    read_kept_records,
    write_kept_records,
)
from seawall_base.errors import InputUnreadable, OutputUnwritable

SECRET = "hunter2-secret"


def origin(record: str, tenant: str = "org", account: str | None = "ann@x.example") -> RecordOrigin:
    return RecordOrigin(record, tenant, account, 1_772_445_600_000_000, "logs/audit.jsonl", 7)


def test_what_is_written_is_read_again_by_id(tmp_path: Path) -> None:
    path = tmp_path / "raw-records.parquet"
    kept = [keep_record(origin(f"r{n:04}"), f'{{"Id": "r{n:04}", "é": "\u2028<b>"}}') for n in range(2_000)]
    assert write_kept_records(path, reversed(kept)) == 2_000
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(read_kept_records(path, {"r0000", "r1999", "r0700", "absent"})) == [
        kept[0],
        kept[700],
        kept[1999],
    ]
    assert list_kept_ids(path).to_pylist() == [one.origin.record for one in kept]
    assert len(list(read_kept_records(path, {one.origin.record for one in kept}, most=300))) == 300
    assert not list(read_kept_records(path, ()))


def test_records_of_two_organisations_may_share_an_id(tmp_path: Path) -> None:
    path = tmp_path / "raw.parquet"
    write_kept_records(
        path, [keep_record(origin("r", "two"), "{}"), keep_record(origin("r", "one", None), "{}")]
    )
    assert [(one.origin.tenant, one.origin.account) for one in read_kept_records(path, {"r"})] == [
        ("one", None),
        ("two", "ann@x.example"),
    ]


def test_secrets_are_masked_before_anything_is_written(tmp_path: Path) -> None:
    path = tmp_path / "raw.parquet"
    write_kept_records(path, [keep_record(origin("r"), f'{{"password": "{SECRET}", "Id": "r"}}')])
    (found,) = read_kept_records(path, {"r"})
    assert found.text == '{"password": "[masked]", "Id": "r"}'
    assert SECRET.encode() not in path.read_bytes()
    assert SECRET not in str(pq.read_table(path).to_pylist())


def test_a_long_record_is_cut_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "raw.parquet"
    text = '{"token": "' + SECRET * LONGEST_TEXT
    kept = keep_record(origin("long"), '{"Id": "long", "blob": "' + "x" * LONGEST_TEXT + '"}')
    assert (kept.is_cut, len(kept.text) <= LONGEST_TEXT) == (True, True)
    assert kept.text.startswith('{"Id": "long", ')
    hidden = keep_record(origin("secret"), text)
    assert SECRET not in hidden.text
    write_kept_records(path, [kept, hidden])
    assert [one.is_cut for one in read_kept_records(path, {"long", "secret"})] == [True, True]


def test_lone_surrogates_are_written_as_text(tmp_path: Path) -> None:
    path = tmp_path / "raw.parquet"
    write_kept_records(path, [KeptRecord(origin("r"), '{"a": "\ud800"}', False)])
    assert [one.text for one in read_kept_records(path, {"r"})] == ['{"a": "?"}']


def test_no_file_is_no_record_and_a_damaged_one_is_said(tmp_path: Path) -> None:
    path = tmp_path / "raw.parquet"
    assert not list(read_kept_records(path, {"r"}))
    assert len(list_kept_ids(path)) == 0
    write_kept_records(path, [])
    assert not list(read_kept_records(path, {"r"}))
    path.write_bytes(b"PAR1 nothing PAR1")
    with pytest.raises(InputUnreadable, match="damaged"):
        list(read_kept_records(path, {"r"}))
    with pytest.raises(InputUnreadable, match="damaged"):
        list_kept_ids(path)


def test_a_link_is_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "raw.parquet").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OutputUnwritable):
        write_kept_records(tmp_path / "raw.parquet", [])
    assert not (tmp_path / "elsewhere").exists()
