"""`seawall keys scan` for bare numbers: given public keys, and given sketches."""

from __future__ import annotations

import json
import secrets
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization as s

from seawall.cli.main import main
from tests.keys.leaks.planting import jwk, make, thumbprint
from tests.keys.leaks.rsa_numbers import ordinary_key


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, dict[str, Any], str]:
    code = main(["keys", "scan", *map(str, arguments), "--json"])
    spoken = capsys.readouterr()
    return code, json.loads(spoken.out) if spoken.out else {}, spoken.err


@pytest.fixture
def dump(tmp_path: Path) -> Path:
    private = ordinary_key().private_numbers()
    data = bytearray(secrets.token_bytes(300_000))
    data[1001:1129] = private.p.to_bytes(128, "little")
    data[50_003:50_259] = private.d.to_bytes(256, "big")
    data[90_000 : 90_000 + 128] = private.dmp1.to_bytes(128, "little")
    data[200_000:200_032] = make("Ed25519").private_bytes_raw()
    (tmp_path / "dump").write_bytes(data)
    return tmp_path / "dump"


@pytest.fixture
def jwks(tmp_path: Path) -> Path:
    members = [jwk(key) for key in (ordinary_key(), make("Ed25519"))]
    public = [{k: v for k, v in member.items() if k in ("kty", "n", "e", "crv", "x")} for member in members]
    (tmp_path / "jwks.json").write_text(json.dumps({"keys": public}))
    return tmp_path / "jwks.json"


@pytest.fixture
def sketches(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    keys = [
        key.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, s.NoEncryption())
        for key in (ordinary_key(), make("Ed25519"))
    ]
    (tmp_path / "keys.pem").write_bytes(b"".join(keys))
    assert (
        main(["keys", "sketch", str(tmp_path / "keys.pem"), "--out", str(tmp_path / "sketches.json"), "-q"])
        == 0
    )
    capsys.readouterr()
    (tmp_path / "keys.pem").unlink()
    return tmp_path / "sketches.json"


def places(answer: dict[str, Any]) -> list[tuple[int, str, str]]:
    return [(found["offset"], found["form"], found["key"]) for found in answer["findings"]]


def test_without_anything_bare_numbers_are_bytes_like_others(
    dump: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, answer, _ = run(capsys, dump)
    assert (code, answer["findings"], answer["bytes_scanned"]) == (0, [], 300_000)


def test_with_the_public_key_primes_and_d_are_found(
    dump: Path, jwks: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, answer, _ = run(capsys, dump, "--jwks", jwks)
    key = thumbprint(ordinary_key())
    assert code == 10
    assert places(answer) == [(1001, "rsa-prime-little-endian", key), (50_003, "rsa-d-big-endian", key)]


def test_with_sketches_everything_is_found(
    dump: Path, sketches: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, answer, _ = run(capsys, dump, "--sketches", sketches)
    key = thumbprint(ordinary_key())
    assert code == 10
    assert places(answer) == [
        (1001, "sketch-p-little-endian", key),
        (50_003, "sketch-d-big-endian", key),
        (90_000, "sketch-dp-little-endian", key),
        (200_000, "sketch-seed", thumbprint(make("Ed25519"))),
    ]


def test_with_both_each_number_is_found_once(
    dump: Path, jwks: Path, sketches: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, answer, _ = run(capsys, dump, "--jwks", jwks, "--sketches", sketches)
    assert [place for place, _, _ in places(answer)] == [1001, 50_003, 90_000, 200_000]


def test_sketches_that_are_none_are_an_error(
    dump: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bad").write_text('{"format":"seawall-key-sketches","version":9}')
    for path in (tmp_path / "bad", tmp_path / "absent", dump):
        code, answer, said = run(capsys, dump, "--sketches", path)
        assert (code, answer) == (3, {})
        assert str(path) in said


def test_a_large_file_is_shared_out_and_nothing_is_lost_where_it_is_cut(
    tmp_path: Path, jwks: Path, sketches: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two stretches for two processes; numbers lie across the cut between them and between windows of one."""
    private = ordinary_key().private_numbers()
    expected = {}
    with (tmp_path / "large").open("wb") as file:
        file.truncate(80 << 20)
        for cut in (8 << 20, 64 << 20):
            place = cut - 60
            for value in (private.p, private.d, private.dmq1):
                length = (value.bit_length() + 7) // 8  # a zero byte in front is none of the number's
                for order in ("little", "big"):
                    file.seek(place)
                    file.write(value.to_bytes(length, order))
                    expected[place] = order
                    place += 1001
    code, answer, _ = run(capsys, tmp_path / "large", "--jwks", jwks, "--sketches", sketches, "--jobs", 2)
    assert code == 10
    assert {place: form.rsplit("-", 2)[-2] for place, form, _ in places(answer)} == expected
