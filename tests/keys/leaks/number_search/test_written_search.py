"""Numbers of a key that stand in text with nothing that says what they are: found with the public key alone."""

from __future__ import annotations

import base64
import itertools
import json
import random
import struct
import textwrap
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.keys.leaks.number_search import written_search
from seawall.keys.leaks.number_search.written_numbers import read_numbers
from seawall.keys.leaks.number_search.written_search import WrittenSearch
from tests.keys.leaks.planting import make, thumbprint
from tests.keys.leaks.rsa_numbers import numbers
from tests.thoroughness import examples

Writer = Callable[[int, int], str]


def hexadecimal(value: int, size: int) -> str:
    return f"{value:0{2 * size}x}"


def octets(value: int, size: int) -> list[int]:
    return list(value.to_bytes(size, "big"))


def signed_words(value: int, size: int) -> str:
    """`BigInteger.mag` as a Java debugger prints it: signed words of 32 bits, the highest first."""
    padded = value.to_bytes(-(-size // 4) * 4, "big")
    return ", ".join(str(word) for word in struct.unpack(f">{len(padded) // 4}i", padded))


def c_words(value: int, size: int) -> str:
    """Words of 64 bits, the lowest first, as C programs print them."""
    padded = value.to_bytes(-(-size // 8) * 8, "little")
    return ", ".join(f"0x{word:016x}" for word in struct.unpack(f"<{len(padded) // 8}Q", padded))


WRITERS: dict[str, Writer] = {
    "hex": hexadecimal,
    "hex upper": lambda value, size: hexadecimal(value, size).upper(),
    "hex short": lambda value, size: f"{value:x}",
    "hex 0x": lambda value, size: f"{value:#x}",
    "hex lines": lambda value, size: textwrap.fill(hexadecimal(value, size), 64),
    "hex colons": lambda value, size: value.to_bytes(size, "big").hex(":"),
    "hex list": lambda value, size: ", ".join(f"0x{byte:02x}" for byte in octets(value, size)),
    "hex C": lambda value, size: "".join(f"\\x{byte:02x}" for byte in octets(value, size)),
    "hex words": c_words,
    "base64": lambda value, size: base64.b64encode(value.to_bytes(size, "big")).decode(),
    "base64 url": lambda value, size: base64.urlsafe_b64encode(value.to_bytes(size, "big")).rstrip(b"=").decode(),
    "base64 lines": lambda value, size: textwrap.fill(base64.b64encode(value.to_bytes(size, "big")).decode(), 40),
    "base64 turned": lambda value, size: base64.b64encode(value.to_bytes(size, "little")).decode(),
    "decimal": lambda value, size: str(value),
    "decimal list": lambda value, size: str(octets(value, size)),
    "decimal signed": lambda value, size: str([byte - 256 * (byte > 127) for byte in octets(value, size)]),
    "decimal words": signed_words,
}  # fmt: skip
CASES = [(bits, which) for bits in (512, 1024, 2048) for which in ("p", "q", "d")]


def search(*kinds: str) -> WrittenSearch:
    keys = [
        SimpleNamespace(thumbprint=thumbprint(make(kind)), native=make(kind).public_key()) for kind in kinds
    ]
    return WrittenSearch(keys)


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize(("bits", "which"), CASES)
def test_a_number_of_an_rsa_key_is_found_as_it_is_written(bits: int, which: str, writer: str) -> None:
    key = numbers(bits, 1)
    value, size = {"p": (key.p, key.half), "q": (key.q, key.half), "d": (key.d_of_phi, key.whole)}[which]
    text = f'{{"n": 3, "value": "{WRITERS[writer](value, size)}"}}'.encode()
    found = WrittenSearch([key, numbers(1024, 9)]).search(b"a line before\n" + text + b"\nand one after")
    assert {(hit.form.split(":")[0], hit.thumbprint) for hit in found} == {
        (writer.split()[0], key.thumbprint)
    }
    kind = "rsa-d" if which == "d" else "rsa-prime"
    assert all(hit.form.split(":")[1].startswith(kind) for hit in found)


SECRETS = ["P-256", "P-384", "P-521", "Ed25519", "Ed448"]


def secret(kind: str) -> tuple[int, int]:
    key: Any = make(kind)
    if kind.startswith("Ed"):
        raw = key.private_bytes_raw()
        return int.from_bytes(raw, "big"), len(raw)
    return key.private_numbers().private_value, (key.key_size + 7) // 8


@pytest.mark.parametrize("writer", [name for name in WRITERS if name not in ("hex words", "base64 turned")])
@pytest.mark.parametrize("kind", SECRETS)
def test_a_scalar_or_seed_is_found_without_its_point(kind: str, writer: str) -> None:
    if kind.startswith("Ed") and "words" in writer:
        pytest.skip("a seed is bytes, no number")
    text = f"secret={WRITERS[writer](*secret(kind))}\n".encode()
    found = search(*SECRETS).search(b"some line\n" + text)
    form = "ed-seed" if kind.startswith("Ed") else "ec-scalar"
    assert {(hit.form, hit.thumbprint) for hit in found} == {
        (f"{writer.split()[0]}:{form}", thumbprint(make(kind)))
    }


def test_a_seed_with_its_public_key_behind_it_is_found() -> None:
    """The 64 bytes that NaCl and Go call an Ed25519 private key."""
    key = make("Ed25519")
    both = key.private_bytes_raw() + key.public_key().public_bytes_raw()
    for text in (both.hex(), base64.b64encode(both).decode()):
        assert [hit.form.split(":")[1] for hit in search("Ed25519").search(text.encode())] == ["ed-seed"]


def test_places_are_those_of_the_text() -> None:
    key = numbers(1024, 1)
    text = hexadecimal(key.p, key.half).encode()
    data = b"x" * 5000 + b"\n" + text + b"\n"
    (hit,) = WrittenSearch([key]).search(data)
    assert data[hit.offset : hit.offset + hit.length] == text


@settings(max_examples=examples(25))
@given(cuts=st.lists(st.integers(1, 19_999), max_size=6), seed=st.integers(0, 100))
def test_stretches_give_together_what_the_whole_gives(cuts: list[int], seed: int) -> None:
    key = numbers(1024, 1)
    lines = ["a word that is short"] * 300 + [
        hexadecimal(key.p, key.half),
        str(key.q),
        str(octets(key.p, key.half)),
    ]
    random.Random(seed).shuffle(lines)
    data = "\n".join(lines).encode()
    whole = WrittenSearch([key]).search(data)
    assert len(whole) == 3
    edges = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    parts = [
        hit
        for start, end in itertools.pairwise(edges)
        for hit in WrittenSearch([key]).search(data, start, end)
    ]
    assert set(whole) <= set(parts)
    assert {hit.thumbprint for hit in parts} == {key.thumbprint}


@given(data=st.binary(max_size=3000))
def test_any_bytes_are_read_without_an_error(data: bytes) -> None:
    for each in read_numbers(data * 3, 0, len(data)):
        assert 0 <= each.first < each.last <= 3 * len(data)


@given(text=st.text("0123456789abcdefxX,: \n-\\", min_size=60, max_size=2000))
def test_any_list_is_read_without_an_error(text: str) -> None:
    for each in read_numbers(text.encode(), 0, len(text)):
        assert each.content


@pytest.mark.parametrize(
    "text",
    [
        "f" * 200_000,
        "9" * 200_000,
        "A" * 200_000,
        "1," * 100_000,
        " " * 200_000,
        "0x1 " * 50_000,
        "ab" * 32 + "\n",
    ],
)
def test_text_of_one_kind_takes_no_long_time(text: str) -> None:
    begun = time.process_time()
    assert WrittenSearch([numbers(1024, 1)]).search(text.encode()) == []
    assert time.process_time() - begun < 20


def test_many_hashes_are_told_as_not_all_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(written_search, "MOST_WORK", 100)
    dice = random.Random(1)
    lines = "\n".join(dice.randbytes(32).hex() + " name" for _ in range(200)).encode()
    found = search("P-256")
    assert found.search(lines) == []
    assert found.shortfall == "too many numbers in text that could be scalars"


def test_public_numbers_are_no_finding() -> None:
    key = make("RSA-2048").public_key().public_numbers()
    point = make("P-256").public_key().public_numbers()
    text = json.dumps(
        [hexadecimal(value, 256) for value in (key.n, key.e)] + [f"{point.x:064x}", f"{point.y:064x}"]
    )
    assert search("RSA-2048", "P-256").search(text.encode()) == []


@pytest.mark.parametrize("order", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("before", [b"A", b"7", b"  ", b"\0", b"\0\0", b"Q,"])
@pytest.mark.parametrize("after", [b"A", b"7z", b"\0", b"\0\0\0", b""])
def test_letters_beside_utf16_are_not_taken_for_its_own(before: bytes, after: bytes, order: str) -> None:
    """A letter before big-endian text, or after little-endian text, has a zero beside it by chance."""
    key = numbers(512, 1)
    for writer in ("base64 url", "hex"):
        data = before + WRITERS[writer](key.p, key.half).encode(order) + after
        assert {hit.thumbprint for hit in WrittenSearch([key]).search(data)} == {key.thumbprint}


ORDERS = {"utf16le": "utf-16-le", "utf16be": "utf-16-be"}


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("place", [0, 1000, 1001])
@pytest.mark.parametrize("writer", WRITERS)
def test_a_number_in_utf16_is_found(writer: str, place: int, order: str) -> None:
    key = numbers(1024, 1)
    text = WRITERS[writer](key.p, key.half).encode(ORDERS[order])
    data = random.Random(place).randbytes(place)[:-1] + b"\xff" * (place > 0) + text + b"\xff\xff"
    found = WrittenSearch([key, numbers(1024, 9)]).search(data)
    assert {hit.thumbprint for hit in found} == {key.thumbprint}
    assert all(hit.form.startswith(f"{order}:{writer.split()[0]}:rsa-prime") for hit in found)
    assert all(place <= hit.offset and hit.end <= place + len(text) for hit in found)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("writer", ["hex", "hex upper", "base64", "base64 url", "decimal", "decimal list"])
@pytest.mark.parametrize("kind", SECRETS)
def test_a_scalar_alone_in_utf16_among_zeros_is_found(kind: str, writer: str, order: str) -> None:
    """A string in the memory of a program of Windows, Java or .NET: shorter than what is read as UTF-16 text elsewhere."""
    text = WRITERS[writer](*secret(kind)).encode(ORDERS[order])
    found = search(*SECRETS).search(bytes(1001) + b"\x20\x00\x01\x02" + text + b"\xff" + bytes(1001))
    form = "ed-seed" if kind.startswith("Ed") else "ec-scalar"
    assert {(hit.form, hit.thumbprint) for hit in found} == {
        (f"{order}:{writer.split()[0]}:{form}", thumbprint(make(kind)))
    }


@settings(max_examples=examples(25))
@given(cuts=st.lists(st.integers(1, 39_999), max_size=6), seed=st.integers(0, 100))
def test_stretches_of_utf16_give_together_what_the_whole_gives(cuts: list[int], seed: int) -> None:
    key = numbers(1024, 1)
    lines = ["a word that is short"] * 300 + [hexadecimal(key.p, key.half), str(key.q)]
    random.Random(seed).shuffle(lines)
    data = b"x" + "\n".join(lines).encode("utf-16-le" if seed % 2 else "utf-16-be") + b"x"
    whole = WrittenSearch([key]).search(data)
    assert len(whole) == 2
    edges = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    parts = [
        hit
        for start, end in itertools.pairwise(edges)
        for hit in WrittenSearch([key]).search(data, start, end)
    ]
    assert sorted(parts, key=lambda hit: hit.offset) == whole


def test_a_secret_that_is_written_twice_is_found_twice() -> None:
    """Equal numbers are tried once, and so are numbers that share some bytes with others."""
    value, size = secret("P-256")
    scalar = value.to_bytes(size, "big")
    similar = [bytes(8) + scalar[8:], scalar[:24] + bytes(8)]
    lines = [
        scalar.hex(),
        similar[0].hex(),
        "words",
        scalar.hex(),
        similar[1].hex(),
        base64.b64encode(scalar).decode(),
    ]
    found = search("P-256", "Ed25519").search("|".join(lines).encode())
    assert [hit.form for hit in found] == ["hex:ec-scalar", "hex:ec-scalar", "base64:ec-scalar"]
