"""Valid samples of every source shape and container, and ways of damaging them. Everything follows from a random seed."""

from __future__ import annotations

import bz2
import gzip
import json
import random
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import zstandard

from tests.events.archives import PACK, Member, member, tar_file, tar_of, zip_of

GOLDEN = Path(__file__).parent / "golden"
_NUMBERS = (
    b"1e999",
    b"-0",
    b"9" * 400,
    b"9" * 5_000,
    b"NaN",
    b"-Infinity",
    b"1.7976931348623157e308",
    b"18446744073709551616",
)
_TEXTS = (
    b"\\ud800", b"\\udfff\\ud800", b"\\u0000", b"\\x", b'\\"', b"\x00", b"\xff\xfe", b"\xed\xa0\x80", b"\xe2\x80\xae", b"\x1b[2J",
    b"=cmd|x!A0", b"'; DROP TABLE x; --", b"</script>", b"../../etc", b"\xf4\x90\x80\x80", b"\r\n", b"%s%n", b"{}[]\",:",
)  # fmt: skip
_NAMES = (
    b"",
    b" ",
    b"\0",
    b"a\0b",
    b"/abs",
    b"../up",
    b"x" * 65_535,
    b"\xff",
    b"folder/",
    b"a",
    b"a",
    b"\x1b[31m\n",
)
_TIMES = (
    b"0001-01-01T00:00:00Z",
    b"9999-12-31T23:59:59Z",
    b"2026-02-30T25:61:61",
    b"-1",
    b"99999999999999999999",
    b"",
)


def samples() -> list[dict[str, Any]]:
    """The invented record of each kind of each source."""
    found = [
        json.loads(path.read_text())
        for path in sorted(GOLDEN.rglob("*.json"))
        if not path.name.endswith(".event.json")
    ]
    return [one for one in found if isinstance(one, dict)]


def _records(dice: random.Random, known: list[dict[str, Any]]) -> list[dict[str, Any]]:
    alike = dice.random() < 0.5
    one = dice.choice(known)
    return [dict(one if alike else dice.choice(known)) for _ in range(dice.choice((1, 2, 9, 30)))]


def _table(records: list[dict[str, Any]], delimiter: str = ",") -> bytes:
    rows = [delimiter.join(("CreationDate", "UserIds", "Operations", "AuditData"))]
    for one in records:
        cells = ("2026-03-02T10:00:00", "ada@example.org", "x", json.dumps(one))
        rows.append(delimiter.join('"' + cell.replace('"', '""') + '"' for cell in cells))
    return "\r\n".join(rows).encode()


SHAPES: tuple[Callable[[list[dict[str, Any]]], bytes], ...] = (
    lambda records: b"".join(json.dumps(one).encode() + b"\n" for one in records),
    lambda records: b"".join(json.dumps(one, separators=(",", ":")).encode() + b"\n" for one in records),
    lambda records: json.dumps(records).encode(),
    lambda records: json.dumps(records, indent=2).encode(),
    lambda records: json.dumps({"value": records, "@odata.nextLink": "x"}).encode(),
    lambda records: json.dumps({"kind": "admin#reports#activities", "items": records}).encode(),
    lambda records: json.dumps({"data": {"events": records}, "eventType": "com.okta.event_hook"}).encode(),
    lambda records: b"".join(json.dumps({"AuditData": json.dumps(one)}).encode() + b"\n" for one in records),
    lambda records: b"".join(json.dumps({"_source": one}).encode() + b"\n" for one in records),
    lambda records: b"".join(json.dumps(one, indent=1).encode() for one in records),
    _table,
    lambda records: _table(records, ";"),
    lambda records: json.dumps(records).encode("utf-16"),
    lambda records: b"\xef\xbb\xbf" + json.dumps(records).encode(),
    lambda records: b"".join(json.dumps(one).encode("utf-16-le") + b"\n\0" for one in records),
)


def _numbers(dice: random.Random, data: bytes) -> bytes:
    places = [n for n in range(len(data)) if data[n : n + 1].isdigit()]
    if not places:
        return data
    at = dice.choice(places)
    end = at
    while end < len(data) and data[end : end + 1].isdigit():
        end += 1
    return data[:at] + dice.choice(_NUMBERS) + data[end:]


def _at(dice: random.Random, data: bytes, inserted: bytes, taken: int = 0) -> bytes:
    at = dice.randrange(len(data) + 1)
    return data[:at] + inserted + data[at + taken :]


def _in_string(dice: random.Random, data: bytes, text: bytes) -> bytes:
    places = [n for n in range(1, len(data)) if data[n - 1 : n] == b'"']
    at = dice.choice(places) if places else 0
    return data[:at] + text + data[at:]


def _flip(dice: random.Random, data: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(dice.choice((1, 1, 3, 20))):
        if changed:
            changed[dice.randrange(len(changed))] = dice.randrange(256)
    return bytes(changed)


def _swap(dice: random.Random, data: bytes) -> bytes:
    lines = data.split(b"\n")
    dice.shuffle(lines)
    return b"\n".join(lines)


DAMAGES: tuple[Callable[[random.Random, bytes], bytes], ...] = (
    lambda dice, data: data,
    lambda dice, data: data[: dice.randrange(len(data) + 1)],
    lambda dice, data: data[dice.randrange(len(data) + 1) :],
    _flip,
    _numbers,
    lambda dice, data: _in_string(dice, data, dice.choice(_TEXTS)),
    lambda dice, data: _in_string(dice, data, dice.choice(_TEXTS))[: dice.randrange(len(data) + 1)],
    lambda dice, data: _in_string(dice, data, dice.choice(_TIMES) + b'","'),
    lambda dice, data: _at(dice, data, dice.choice(_TEXTS)),
    lambda dice, data: _at(
        dice, data, bytes(dice.randrange(256) for _ in range(dice.randrange(60))), dice.randrange(60)
    ),
    lambda dice, data: _at(dice, data, b"[" * dice.choice((30, 70, 5_000))),
    lambda dice, data: _at(dice, data, b'{"a":' * dice.choice((30, 70, 5_000))),
    lambda dice, data: _at(dice, data, b'"' + b"x" * dice.choice((10, 70_000)) + b'"'),
    lambda dice, data: _at(
        dice, data, dice.choice((b"\n", b"\n\n{}\n[]\nnull\n", b"\0\0\0\0", b"\r", b'"', b"{", b"}", b","))
    ),
    lambda dice, data: data.replace(
        *dice.choice(((b'"', b"'"), (b":", b"="), (b"null", b"[]"), (b"[", b"{"), (b'"', b""))), 1
    ),
    lambda dice, data: _swap(dice, data),
    lambda dice, data: data + data[: dice.randrange(len(data) + 1)],
)


def _zipped(dice: random.Random, data: bytes) -> bytes:
    method = dice.choice(list(PACK))
    one = member(dice.choice(_NAMES), data, method, flags=dice.choice((0, 0, 0x800, 0x1)))
    parts = [
        one,
        *(
            member(dice.choice(_NAMES), data[: dice.randrange(99)], "stored")
            for _ in range(dice.randrange(3))
        ),
    ]
    if dice.random() < 0.2:
        parts.append(Member(b"x", data, dice.randrange(100), dice.randrange(9), 0, dice.randrange(1 << 32)))
    return zip_of(*parts, before=b"#" * dice.choice((0, 0, 9)))


def _tarred(dice: random.Random, data: bytes) -> bytes:
    kinds = (
        tarfile.REGTYPE,
        tarfile.REGTYPE,
        tarfile.REGTYPE,
        tarfile.SYMTYPE,
        tarfile.DIRTYPE,
        tarfile.FIFOTYPE,
        b"S",
        b"Z",
    )
    names = ("a", "", "../up", "/abs", "x" * 300, "ä" * 90, "a")
    headers = [
        (tar_file(dice.choice(names), dice.choice(kinds), "a"), data) for _ in range(dice.randrange(1, 4))
    ]
    return tar_of(*headers, form=dice.choice((tarfile.GNU_FORMAT, tarfile.PAX_FORMAT)))


CONTAINERS: tuple[Callable[[random.Random, bytes], bytes], ...] = (
    lambda dice, data: gzip.compress(data, 1, mtime=0),
    lambda dice, data: gzip.compress(data[:200], 1, mtime=0) + gzip.compress(data, 1, mtime=0),
    lambda dice, data: zstandard.compress(data, 1),
    lambda dice, data: zstandard.compress(data[:200], 1) + zstandard.compress(data, 1),
    lambda dice, data: bz2.compress(data),
    _zipped,
    _tarred,
)


def damaged_file(seed: int, known: list[dict[str, Any]]) -> bytes:
    """A file of some shape, in up to three containers, damaged before and after each."""
    dice = random.Random(seed)
    data = dice.choice(SHAPES)(_records(dice, known))
    for _ in range(dice.choice((1, 1, 2, 4))):
        data = dice.choice(DAMAGES)(dice, data)
    for _ in range(dice.choice((0, 0, 0, 1, 1, 2, 3))):
        data = dice.choice(CONTAINERS)(dice, data)
        if dice.random() < 0.3:
            data = dice.choice(DAMAGES)(dice, data)
    return data
