"""Damaged, hostile and senseless input: a counted problem or a clear message, never a traceback, never a lost record."""

from __future__ import annotations

import gzip
import io
import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seawall.cli.main import main
from seawall.pipeline.scan import OUTPUTS, scan
from seawall.report.incident_words import PROBLEMS
from tests.events.archives import member, zip_of
from tests.thoroughness import examples

MEGABYTE = 1 << 20


def record(number: int, **changes: Any) -> dict[str, Any]:
    """A sound record of a mail access."""
    return {
        "Id": f"00000000-0000-4000-8000-{number:012d}", "CreationTime": f"2026-03-{number % 4 + 1:02d}T10:00:{number % 60:02d}",
        "Operation": "MailItemsAccessed", "OrganizationId": "3f0c6a50-9c8d-4c7e-8a11-7d3b8d1b2c10", "RecordType": 50,
        "ResultStatus": "Succeeded", "UserType": 0, "Workload": "Exchange", "UserId": "ada@example.org",
        "MailboxOwnerUPN": "ada@example.org", "ClientIPAddress": "79.200.1.1", **changes,
    }  # fmt: skip


def lines(*numbers: int) -> bytes:
    return b"".join(json.dumps(record(number)).encode() + b"\n" for number in numbers)


SOUND = lines(*range(40))


def zipped(data: bytes, name: str = "inner.jsonl") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
    return buffer.getvalue()


def deep(levels: int) -> bytes:
    return b'{"CreationTime":' + b"[" * levels + b"]" * levels + b"}\n"


# What the file holds, how many events come of it (None: some), and how often each problem is counted or noted.
CASES: dict[str, tuple[Callable[[], bytes], int | None, dict[str, int]]] = {
    "empty": (lambda: b"", 0, {"not-a-log": 1}),
    "blank lines": (lambda: b"\n \r\n\t\n", 0, {"not-a-log": 1}),
    "binary": (lambda: os.urandom(100_000), 0, {"not-a-log": 1}),
    "prose": (lambda: b"Dear reader,\n\nthis is no log.\n", 0, {"not-a-log": 1}),
    "truncated gzip": (lambda: gzip.compress(SOUND)[:-9], 40, {"unreadable": 1}),
    "gzip of nothing": (lambda: gzip.compress(SOUND)[:12], 0, {"unreadable": 1}),
    "damaged zip": (lambda: zipped(SOUND)[:-30], 0, {"unreadable": 1}),
    "gzip bomb": (lambda: gzip.compress(SOUND + b" " * (80 * MEGABYTE)), 40, {"bomb": 1}),
    "zip bomb": (lambda: zipped(SOUND + b"\n" * (80 * MEGABYTE)), 40, {"bomb": 1}),
    "zip in zip in zip": (lambda: zipped(zipped(zipped(SOUND))), 0, {"bomb": 1}),
    "giant line": (
        lambda: SOUND + b'{"a":"' + b"x" * (20 * MEGABYTE) + b'"}\n' + lines(50),
        41,
        {"too-large": 1},
    ),
    "deep nesting": (lambda: SOUND + deep(100) + lines(50), 41, {"too-deep": 1}),
    "very deep nesting": (lambda: SOUND + deep(100_000) + lines(50), 41, {"too-deep": 1}),
    "NUL bytes": (lambda: SOUND + b"\0" * 500 + b"\n" + lines(50), 41, {"not-json": 1}),
    "UTF-16": (lambda: SOUND.decode().encode("utf-16"), 40, {}),
    "UTF-16 without a mark": (lambda: SOUND.decode().encode("utf-16-le"), 40, {}),
    "byte order mark": (lambda: b"\xef\xbb\xbf" + SOUND, 40, {}),
    "Latin-1 in a string": (lambda: SOUND + lines(50).replace(b"ada@", b"\xe4da@"), 41, {}),
    "broken in the middle": (lambda: SOUND + lines(50)[:90] + b"\n" + lines(51), 41, {"not-json": 1}),
    "truncated last line": (lambda: SOUND + lines(50)[:90], 40, {"not-json": 1}),
    "half a surrogate pair in a cut name": (
        lambda: SOUND + lines(50).replace(b"ada@", b"\\ud800da@")[:-60] + b"\n" + lines(51),
        41,
        {"not-json": 1},
    ),
    "a member without a name": (
        lambda: zip_of(member(b"", SOUND), member(b"x", lines(50))),
        41,
        {},
    ),
    "a member of bzip2 that expands without end": (
        lambda: zip_of(member(b"x", SOUND + b" " * (50 * MEGABYTE), "bzip2"), member(b"y", lines(50))),
        40,
        {"bomb": 2},
    ),
    "no objects": (lambda: SOUND + b'17\n"text"\nnull\n[]\n', 40, {"not-json": 4}),
    "broken AuditData": (lambda: SOUND + b'{"AuditData":"{\\"Id\\":"}\n', 40, {"bad-json": 1}),
    "wrong columns": (
        lambda: b"CreationDate,UserIds,Operations,AuditData\r\n1,2,3\r\n1,2,3,4,5\r\n",
        0,
        {"wrong-columns": 2},
    ),
    "no time": (lambda: SOUND + b'{"Operation":"x","UserId":"ada@example.org"}\n', 40, {"no-time": 1}),
    "year 9999": (
        lambda: SOUND + json.dumps(record(60, CreationTime="9999-12-31T23:59:59")).encode(),
        40,
        {"bad-time": 1},
    ),
    "year 0001": (
        lambda: SOUND + json.dumps(record(60, CreationTime="0001-01-01T00:00:00")).encode(),
        40,
        {"bad-time": 1},
    ),
}


def _read(path: Path) -> tuple[int, dict[str, int]]:
    """Scan, check the account, and return events and problems by code."""
    result = scan(path, path.parent / "out")
    summary = result.summary
    assert summary["records"] == summary["events"] + summary["duplicates"] + summary["problems"]
    noted = [json.loads(line) for line in (path.parent / "out" / "problems.jsonl").read_text().splitlines()]
    assert summary["problems"] == sum(problem["counts_as_record"] for problem in noted)
    assert len(noted) == sum(result.problem_counts.values())
    without = {"report.html"} if result.nothing_read else set()
    assert {path.name for path in (path.parent / "out").iterdir()} == set(OUTPUTS) - without
    return summary["events"] + summary["duplicates"], result.problem_counts


@pytest.mark.parametrize("name", CASES)
def test_bad_input_is_a_counted_problem(tmp_path: Path, name: str) -> None:
    make, events, problems = CASES[name]
    path = tmp_path / "input"
    path.write_bytes(make())
    found, counts = _read(path)
    assert found == events or events is None
    assert counts == problems


@pytest.mark.parametrize(
    "name", ["empty", "binary", "truncated gzip", "broken in the middle", "very deep nesting", "year 9999"]
)
def test_the_command_line_says_what_was_not_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    make, _, problems = CASES[name]
    path = tmp_path / "input"
    path.write_bytes(make())
    exit_code = main(["scan", str(path), "--out", str(tmp_path / "out")])
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert exit_code == (0 if summary["events"] else 3)
    said = capsys.readouterr()
    for code in problems:
        assert PROBLEMS[code].lower() in said.err.lower()
    assert "Traceback" not in said.err + said.out
    assert "problems.jsonl" in said.err


def test_a_link_to_nowhere_is_a_problem(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    (folder / "a.jsonl").write_bytes(SOUND)
    (folder / "b.jsonl").symlink_to(tmp_path / "nowhere")
    assert _read(folder) == (40, {"unreadable": 1})


def test_a_link_to_nowhere_alone_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    assert _read(tmp_path / "link") == (0, {"unreadable": 1})


def test_a_folder_without_logs_is_said_to_hold_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "logs"
    (folder / "deeper").mkdir(parents=True)
    assert main(["scan", str(folder), "--out", str(tmp_path / "out")]) == 3
    assert "nothing was read" in capsys.readouterr().err
    (folder / "deeper" / "notes.md").write_text("# Notes\n")
    assert _read(folder) == (0, {"not-a-log": 1})


def test_nothing_that_was_read_makes_no_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A page of 0 incidents, or that of an earlier scan, would say that all is well."""
    logs, out = tmp_path / "logs.json", tmp_path / "out"
    logs.write_bytes(SOUND)
    assert main(["scan", str(logs), "--out", str(out)]) == 0
    assert (out / "report.html").is_file()
    logs.write_bytes(b"# Notes\n")
    capsys.readouterr()
    assert main(["scan", str(logs), "--out", str(out), "--json"]) == 3
    assert json.loads(capsys.readouterr().out)["report"] is None
    assert not (out / "report.html").exists()


def test_an_export_of_nothing_makes_a_report(tmp_path: Path) -> None:
    logs, out = tmp_path / "logs.csv", tmp_path / "out"
    logs.write_bytes(b"RecordId,CreationDate,RecordType,Operation,UserId,AuditData\n")
    assert main(["scan", str(logs), "--out", str(out)]) == 0
    assert (out / "report.html").is_file()


def test_a_missing_path_has_its_own_exit_code(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scan", str(tmp_path / "nowhere"), "--out", str(tmp_path / "out")]) == 3
    assert "nowhere" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_sound_files_beside_bad_ones_are_read(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    for place, name in enumerate(("empty", "binary", "damaged zip", "prose")):
        (folder / f"{place}.json").write_bytes(CASES[name][0]())
    (folder / "sound.json").write_bytes(SOUND)
    assert _read(folder) == (40, {"not-a-log": 3, "unreadable": 1})


HOSTILE = (
    "\x1b[31mred",
    "<script>alert(1)</script>",
    "=cmd|' /C calc'!A0",
    "\u202egnp.exe",
    "a" * 10_000,
    "\ud800",
    "'; DROP TABLE x; --",
)


def test_hostile_values_reach_no_markup(tmp_path: Path) -> None:
    rows = [
        record(
            n,
            ClientInfoString=text,
            UserId=f"{n}@example.org",
            Id=f"{text[:20]}{n}",
            MailboxOwnerUPN=text,
            **{text: text},
        )
        for n, text in enumerate(HOSTILE)
    ]
    (tmp_path / "input").write_text("".join(json.dumps(row) + "\n" for row in rows))
    found, counts = _read(tmp_path / "input")
    assert found + sum(counts.values()) == len(rows)
    assert "<script>alert" not in (tmp_path / "out" / "report.html").read_text()


def test_extreme_numbers_and_types_do_no_harm(tmp_path: Path) -> None:
    values: list[Any] = [
        None,
        True,
        -1,
        0,
        2**70,
        1e308,
        "",
        "null",
        [],
        {},
        [[[]]],
        {"a": {"b": []}},
        "9" * 500,
    ]
    names = [
        *record(0),
        "OperationCount",
        "Folders",
        "AppAccessContext",
        "OperationProperties",
        "Parameters",
        "LogonType",
        "AffectedItems",
    ]
    rows = [
        record(n, **{name: value})
        for n, (name, value) in enumerate((name, value) for name in names for value in values)
    ]
    (tmp_path / "input").write_text("".join(json.dumps(row) + "\n" for row in rows))
    found, counts = _read(tmp_path / "input")
    assert found + sum(counts.values()) == len(rows)


@settings(max_examples=examples(40), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.binary(max_size=3000),
    st.sampled_from(
        [b"", SOUND, b"{", b"[", b"\x1f\x8b\x08\x00", b"PK\x03\x04", b"CreationDate,AuditData\n"]
    ),
)
def test_random_bytes_never_raise(noise: bytes, start: bytes) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "input"
        path.write_bytes(start + noise)
        summary = scan(path).summary
        assert summary["records"] == summary["events"] + summary["duplicates"] + summary["problems"]


@pytest.mark.slow
@settings(max_examples=examples(40), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, len(SOUND) - 1), st.binary(min_size=1, max_size=40))
def test_damage_anywhere_never_raises(place: int, damage: bytes) -> None:
    with TemporaryDirectory() as folder:
        for name, data in (("plain", SOUND), ("packed", gzip.compress(SOUND))):
            at = place % len(data)
            (Path(folder) / name).write_bytes(data[:at] + damage + data[at + len(damage) :])
        summary = scan(folder).summary
        assert summary["records"] == summary["events"] + summary["duplicates"] + summary["problems"]
