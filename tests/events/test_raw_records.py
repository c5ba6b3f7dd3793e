"""The text of each record is found again by its file and number, whatever the form of the file."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
import zipfile
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.events.raw_records import RawRecord, find_raw_records
from seawall.events.readers import Limits
from tests.events.support import mail_read, read_all, signed_in, write_lines
from tests.thoroughness import examples

LIMITS = Limits()
GOLDEN = Path(__file__).parent / "golden"
SAMPLES = sorted(
    path for path in GOLDEN.rglob("*") if path.is_file() and not path.name.endswith((".md", ".event.json"))
)


def find_all(
    *paths: Path, with_totals: bool = False, limits: Limits = LIMITS
) -> tuple[dict[tuple[str, int], str], Any]:
    """The texts of all events of some files by file and number, and the events."""
    events, problems, _ = read_all(*paths, limits=limits)
    wanted: dict[str, set[int]] = defaultdict(set)
    totals: dict[str, int] = {}
    for row in events.select(["source_file", "source_line"]).to_pylist():
        wanted[row["source_file"]].add(row["source_line"])
    for file, line in [(file, max(lines)) for file, lines in wanted.items()] + [
        (problem.source_file, problem.line) for problem in problems if problem.counts_as_record
    ]:
        totals[file] = max(totals.get(file, 0), line)
    found = list(find_raw_records(paths, wanted, totals if with_totals else None, limits=limits))
    texts = {(one.source_file, one.source_line): one.text for one in found}
    assert len(texts) == len(found)
    return texts, events


def says_id(text: str, uid: str) -> bool:
    """Whether a text names a record's id; ids may be made of several fields, or of the content."""
    return uid.startswith("content-") or any(part in text for part in (uid, *uid.split(":")) if len(part) > 3)


@pytest.mark.parametrize("with_totals", [False, True])
@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_the_text_of_every_sample_is_found(path: Path, with_totals: bool) -> None:
    texts, events = find_all(path, with_totals=with_totals)
    rows = events.select(["source_file", "source_line", "metadata_uid"]).to_pylist()
    assert len(texts) == len(rows)
    for row in rows:
        text = texts[row["source_file"], row["source_line"]]
        assert isinstance(json.loads(text, strict=False), dict)
        assert says_id(text, row["metadata_uid"]), text[:300]


RECORDS = [mail_read(n) if n % 2 else signed_in(n) for n in range(1, 8)]


def pack_zip(text: bytes) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("other.jsonl", text.replace(b"00000000-0000-4000", b"00000000-0000-5000"))
        archive.writestr("in/audit.jsonl", text)
    return sink.getvalue()


def pack_tar(text: bytes) -> bytes:
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w:gz") as archive:
        for name in ("other.txt", "audit.jsonl"):
            info = tarfile.TarInfo(name)
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text))
    return sink.getvalue()


FORMS: dict[str, Callable[[list[str]], bytes]] = {
    "lines": lambda texts: "\n".join(texts).encode(),
    "lines of Windows": lambda texts: "\r\n".join([*texts, ""]).encode(),
    "blank lines": lambda texts: "\n \n\n".join(["", *texts, ""]).encode(),
    "an array": lambda texts: f"[{','.join(texts)}]".encode(),
    "a page": lambda texts: ('{"value": [' + " ,\n".join(texts) + "]}").encode(),
    "pages on lines": lambda texts: (
        f'{texts[0]}\n{{"value":[{",".join(texts[1:4])}]}}\n\n[{",".join(texts[4:])}]'.encode()
    ),
    "one after the other": lambda texts: "".join(texts).encode(),
    "UTF-16": lambda texts: "\n".join(texts).encode("utf-16"),
    "gzip": lambda texts: gzip.compress("\n".join(texts).encode()),
    "zip": lambda texts: pack_zip("\n".join(texts).encode()),
    "tar": lambda texts: pack_tar("\n".join(texts).encode()),
    "damaged lines": lambda texts: "\n".join([texts[0], "{broken", *texts[1:], '{"Id":']).encode(),
}


@pytest.mark.parametrize("with_totals", [False, True])
@pytest.mark.parametrize("form", FORMS)
def test_texts_are_the_same_to_the_byte_in_every_form(tmp_path: Path, form: str, with_totals: bool) -> None:
    texts = [
        json.dumps(record, indent=None if n % 2 else 0).replace("\n", " ") for n, record in enumerate(RECORDS)
    ]
    path = tmp_path / "audit.log"
    path.write_bytes(FORMS[form](texts))
    found, events = find_all(path, with_totals=with_totals)
    ids = {(row["source_file"], row["source_line"]): row["metadata_uid"] for row in events.to_pylist()}
    assert found.keys() == ids.keys()
    assert set(found.values()) >= set(texts)
    for place, text in found.items():
        assert json.loads(text)["Id"] == ids[place]


@pytest.mark.parametrize("with_totals", [False, True])
@pytest.mark.parametrize("around", ["[{}]", '{{"Records":[{}]}}', '{{"value": [ {} ]}}'])
def test_a_line_that_wraps_one_record_is_not_its_text(tmp_path: Path, around: str, with_totals: bool) -> None:
    texts = [json.dumps(mail_read(n)) for n in range(3)]
    path = tmp_path / "audit.jsonl"
    path.write_text("\n".join([texts[0], around.format(texts[1]), texts[2]]))
    found, _ = find_all(path, with_totals=with_totals)
    assert list(found.values()) == texts


@settings(max_examples=examples(60), deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["record", "array", "blank", "broken", "wide"]),
            st.integers(1, 3),
            st.sampled_from(["\n", "\r\n"]),
        ),
        min_size=1,
        max_size=12,
    ),
    st.booleans(),
)
def test_lines_of_any_kind_keep_their_numbers(
    tmp_path_factory: pytest.TempPathFactory, lines: list[tuple[str, int, str]], with_totals: bool
) -> None:
    parts, number = [], 0
    for kind, count, end in lines:
        records = [json.dumps(mail_read(number + n, Subject="é\u2028 x" * (n + 1))) for n in range(count)]
        number += count
        parts.append(
            {
                "record": records[0],
                "array": f"[{','.join(records)}]",
                "blank": " \t",
                "broken": "{no json",
                "wide": records[0].encode().decode("latin-1"),
            }[kind]
            + end
        )
    path = tmp_path_factory.mktemp("lines") / "audit.jsonl"
    path.write_bytes("".join(parts).encode())
    found, events = find_all(path, with_totals=with_totals)
    ids = {(row["source_file"], row["source_line"]): row["metadata_uid"] for row in events.to_pylist()}
    assert {place: json.loads(text)["Id"] for place, text in found.items()} == ids


def test_a_row_of_a_table_is_its_cells_by_column(tmp_path: Path) -> None:
    document = json.dumps({**mail_read(1), "Subject": 'a "quoted", é\nname'})
    cell = document.replace('"', '""')
    path = tmp_path / "audit.csv"
    path.write_text(
        f'sep=,\nRecordType,CreationDate,UserIds,AuditData,Empty\n50,2026-03-02,"ann\nb","{cell}",\n'
    )
    ((_, text),) = find_all(path)[0].items()
    assert json.loads(text) == {
        "RecordType": "50", "CreationDate": "2026-03-02", "UserIds": "ann\nb", "AuditData": document, "Empty": "",
    }  # fmt: skip


def test_a_file_that_is_gone_changed_or_no_log_costs_its_own_records_alone(tmp_path: Path) -> None:
    here = write_lines(tmp_path / "here.jsonl", RECORDS[:2])
    (tmp_path / "other.jsonl").write_bytes(b"\x00\xff not a log")
    (tmp_path / "broken.gz").write_bytes(b"\x1f\x8b\x08broken")
    wanted = {
        str(path): {1, 2, 99}
        for path in (here, tmp_path / "gone.jsonl", tmp_path / "other.jsonl", tmp_path / "broken.gz")
    }
    found = list(find_raw_records([tmp_path], wanted))
    assert [(one.source_file, one.source_line) for one in found] == [(str(here), 1), (str(here), 2)]
    assert not list(find_raw_records([tmp_path], {}))


def test_bytes_that_are_no_utf_8_and_deep_and_long_records(tmp_path: Path) -> None:
    deep = '{"a":' * 500 + "1" + "}" * 500
    lines = [
        json.dumps(RECORDS[0]).encode().replace(b'"UserId": "', b'"UserId": "\xff'),
        deep.encode(),
        json.dumps({**RECORDS[1], "Blob": "x" * 300_000}).encode(),
    ]
    path = tmp_path / "audit.jsonl"
    path.write_bytes(b"\n".join(lines))
    limits = Limits(record_bytes=200_000)
    assert [one.source_line for one in find_raw_records([path], {str(path): {1, 2, 3}}, limits=limits)] == [1]
    (first, last) = find_raw_records([path], {str(path): {1, 2, 3}})
    assert first == RawRecord(str(path), 1, lines[0].decode("utf-8", "replace"))
    assert last.text == lines[2].decode()


def test_a_name_of_a_file_in_records_opens_nothing_outside(tmp_path: Path) -> None:
    outside = write_lines(tmp_path / "outside.jsonl", RECORDS)
    inside = tmp_path / "logs"
    inside.mkdir()
    write_lines(inside / "audit.jsonl", RECORDS)
    assert not list(find_raw_records([inside], {str(outside): {1}, f"{inside}/../outside.jsonl": {1}}))
