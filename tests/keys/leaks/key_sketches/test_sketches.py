"""Sketches: what they find, what they do not tell, and what is not taken for one."""

from __future__ import annotations

import copy
import json
import pickle
import random
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.keys.leaks.key_sketches import sketch_search, sketches
from seawall.keys.leaks.key_sketches.sketch_file import add_to_file, load_file
from seawall.keys.leaks.key_sketches.sketch_search import SketchSearch
from seawall.keys.leaks.key_sketches.sketches import (
    NoSketch,
    SketchesUnreadable,
    make_sketch,
    read_sketches,
    write_sketches,
)
from seawall.keys.leaks.number_search.windows import fold_of
from seawall_base.errors import InputUnreadable, OutputUnwritable
from tests.keys.leaks.planting import CURVES, make, thumbprint
from tests.keys.leaks.rsa_numbers import noise
from tests.thoroughness import examples

KINDS = ("RSA-2048", "P-256", "P-384", "P-521", "Ed25519", "Ed448", "X25519")


def numbers_of(kind: str) -> dict[str, bytes]:
    """Every private number of a key as bytes, big-endian, by the name that a sketch gives it."""
    key = make(kind)
    if kind.startswith("RSA"):
        private = key.private_numbers()
        values = {"p": private.p, "q": private.q, "d": private.d}
        values |= {"dp": private.dmp1, "dq": private.dmq1, "qinv": private.iqmp}
        return {name: value.to_bytes((value.bit_length() + 7) // 8, "big") for name, value in values.items()}
    if kind in CURVES:
        value = key.private_numbers().private_value
        return {"scalar": value.to_bytes((value.bit_length() + 7) // 8, "big")}
    return {"seed": key.private_bytes_raw()}


def form(name: str, order: str) -> str:
    if name == "seed":
        return "sketch-seed" if order == "big" else "sketch-seed-reversed"
    return f"sketch-{name}-{order}-endian"


@settings(max_examples=examples(150), deadline=None)
@given(
    kind=st.sampled_from(KINDS),
    order=st.sampled_from(["big", "little"]),
    before=st.integers(0, 3000),
    after=st.integers(0, 2000),
    dice=st.randoms(use_true_random=False),
)
def test_every_number_is_found_at_any_offset(
    kind: str, order: str, before: int, after: int, dice: random.Random
) -> None:
    name, content = dice.choice(sorted(numbers_of(kind).items()))
    content = content if order == "big" else content[::-1]
    data = dice.randbytes(before) + content + dice.randbytes(after)
    hits = SketchSearch([make_sketch(make(each)) for each in KINDS]).search(data)
    assert [(hit.offset, hit.form, hit.thumbprint, hit.length) for hit in hits] == [
        (before, form(name, order), thumbprint(make(kind)), len(content))
    ]


@pytest.mark.parametrize("cut", [50, 999, 20_000])
def test_stretches_give_together_what_the_whole_gives(cut: int) -> None:
    data = noise(60_000, 1)
    search = SketchSearch([make_sketch(make(kind)) for kind in KINDS])
    contents = [content for kind in KINDS for content in numbers_of(kind).values()]
    for index, place in enumerate(range(10, 59_000, 1013)):
        content = contents[index % len(contents)][:: random.Random(index).choice([1, -1])]
        data[place : place + len(content)] = content
    whole = search.search(bytes(data))
    assert len(whole) == len(range(10, 59_000, 1013))
    parts = [
        hit for start in range(0, len(data), cut) for hit in search.search(bytes(data), start, start + cut)
    ]
    assert parts == whole


def test_repeated_numbers_are_each_found_and_repeated_nonsense_is_hashed_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    content = numbers_of("P-256")["scalar"]
    search = SketchSearch([make_sketch(make("P-256"))])
    step = len(content) + 8
    assert [hit.offset for hit in search.search((content + bytes(8)) * 50)] == list(range(0, 50 * step, step))
    hashed = []
    real = sketches.digest_of

    def counted(content: bytes, salt: bytes) -> bytes:
        hashed.append(content)
        return real(content, salt)

    monkeypatch.setattr(sketches, "digest_of", counted)
    nearly = bytes([content[0] ^ 1]) + content[1:] + bytes(8)
    assert search.search(nearly * 500) == []
    assert 0 < len(hashed) < 20


def test_too_many_likely_places_end_the_search_and_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sketch_search, "MOST_DIGESTS", 20)
    content = numbers_of("P-256")["scalar"]
    data = b"".join(bytes(noise(16, i)) + content[16:24] + bytes(noise(8, i)) for i in range(500))
    search = SketchSearch([make_sketch(make("P-256"))])
    search.search(data)
    assert search.shortfall
    search.search(bytes(1000))
    assert search.shortfall is None


@pytest.mark.parametrize(
    "data", [bytes(200_000), b"\xff" * 200_000, bytes(noise(400_000, 2)), b"text\n" * 50_000]
)
def test_nothing_is_found_where_nothing_is(data: bytes) -> None:
    assert SketchSearch([make_sketch(make(kind)) for kind in KINDS]).search(data) == []
    assert SketchSearch([]).search(data) == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_of_sketches_holds_no_part_of_a_number_and_reads_back(kind: str) -> None:
    sketch = make_sketch(make(kind))
    document = write_sketches([sketch])
    assert read_sketches(document) == (sketch,)
    text = document + json.dumps(json.loads(document)).encode()
    for content in numbers_of(kind).values():
        for size in (3, 4):  # two bytes may meet by chance
            pieces = {content[i : i + size].hex().encode() for i in range(len(content) - size + 1)}
            assert not any(b'"' + piece + b'"' in text for piece in pieces)
        assert content.hex().encode() not in text
        assert str(int.from_bytes(content, "big")).encode() not in text
    for part in sketch.parts:
        content = numbers_of(kind)[part.name]
        assert part.fold == fold_of(content[part.anchor : part.anchor + 8]) != 0
        assert part.length == len(content)


def test_two_sketches_of_one_key_share_no_digest() -> None:
    first, second = (make_sketch(make("RSA-2048")) for _ in range(2))
    assert not {part.digest for part in first.parts} & {part.digest for part in second.parts}
    assert first.key == second.key == thumbprint(make("RSA-2048"))


def test_a_window_that_looks_like_a_run_of_one_byte_is_moved() -> None:
    value = int.from_bytes(b"\x5a" * 24 + bytes(range(8)), "big") | 1
    sketch = make_sketch(ec.derive_private_key(value, ec.SECP256R1()))
    assert sketch.parts[0].fold != 0
    assert len(SketchSearch([sketch]).search(bytes(9) + value.to_bytes(32, "big"))) == 1


def test_a_key_that_could_be_guessed_has_no_sketch() -> None:
    with pytest.raises(NoSketch):
        make_sketch(ec.derive_private_key(12345, ec.SECP256R1()))
    with pytest.raises(NoSketch):
        make_sketch(make("DSA"))


def _changed(path: list[Any], value: Any) -> bytes:
    document = json.loads(write_sketches([make_sketch(make("P-256"))]))
    changed = copy.deepcopy(document)
    place = changed
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return json.dumps(changed).encode()


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["format"], "other"),
        (["version"], 2),
        (["version"], True),
        (["sketches"], {}),
        (["sketches"], [1]),
        (["sketches", 0, "key"], "../../etc/passwd"),
        (["sketches", 0, "key"], 5),
        (["sketches", 0, "salt"], "AA"),
        (["sketches", 0, "salt"], "=" * 43),
        (["sketches", 0, "parts"], None),
        (["sketches", 0, "parts", 0, "name"], "\x1b[31m"),
        (["sketches", 0, "parts", 0, "name"], []),
        (["sketches", 0, "parts", 0, "length"], 1 << 40),
        (["sketches", 0, "parts", 0, "length"], 8),
        (["sketches", 0, "parts", 0, "length"], True),
        (["sketches", 0, "parts", 0, "anchor"], 25),
        (["sketches", 0, "parts", 0, "anchor"], -1),
        (["sketches", 0, "parts", 0, "fold"], 65536),
        (["sketches", 0, "parts", 0, "check"], None),
        (["sketches", 0, "parts", 0, "check"], 1 << 16),
        (["sketches", 0, "parts", 0, "digest"], "ä" * 43),
        (["sketches", 0, "parts"], [{}]),
    ],
)
def test_what_is_no_file_of_sketches_is_refused(path: list[Any], value: Any) -> None:
    with pytest.raises(SketchesUnreadable):
        read_sketches(_changed(path, value))


@given(st.binary(max_size=300))
def test_any_bytes_are_refused_in_words(document: bytes) -> None:
    with pytest.raises(SketchesUnreadable):
        read_sketches(document)


def test_too_many_parts_are_refused() -> None:
    sketch = json.loads(write_sketches([make_sketch(make("P-256"))]))
    sketch["sketches"][0]["parts"] *= 20_001
    with pytest.raises(SketchesUnreadable):
        read_sketches(json.dumps(sketch).encode())


def test_a_file_is_the_owners_alone_and_is_added_to(tmp_path: Any) -> None:
    path = tmp_path / "sketches.json"
    assert add_to_file(path, [make_sketch(make("P-256"))]) == 1
    assert add_to_file(path, [make_sketch(make("Ed25519")), make_sketch(make("P-256"))]) == 2
    assert path.stat().st_mode & 0o777 == 0o600
    assert {sketch.key for sketch in load_file(path)} == {
        thumbprint(make(kind)) for kind in ("P-256", "Ed25519")
    }
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_of_something_else_is_left_alone(tmp_path: Any) -> None:
    path = tmp_path / "precious.txt"
    path.write_text("precious")
    with pytest.raises(OutputUnwritable):
        add_to_file(path, [make_sketch(make("P-256"))])
    assert path.read_text() == "precious"
    with pytest.raises(OutputUnwritable):
        add_to_file(tmp_path / "absent" / "file", [])
    with pytest.raises(InputUnreadable):
        load_file(tmp_path / "absent")
    with pytest.raises(InputUnreadable):
        load_file(tmp_path)


def test_a_search_survives_being_sent_to_another_process() -> None:
    search = pickle.loads(pickle.dumps(SketchSearch([make_sketch(make("Ed25519"))])))
    assert len(search.search(memoryview(numbers_of("Ed25519")["seed"]))) == 1
