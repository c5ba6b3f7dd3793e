"""Published test keys and a baseline: what was accepted is said, and does not count."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.cli.main import main
from seawall.keys.leaks.scanning.accepted import BaselineUnreadable, load_published_keys, read_baseline
from tests.keys.leaks import planting

KEY = planting.make("RSA-1024")
PEM = planting.pem(KEY, planting.PKCS8)
EXAMPLE = {
    "kty": "OKP",
    "crv": "Ed25519",
    "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
    "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
}
"""The example of RFC 8037, appendix A."""


def scan(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, list[dict[str, Any]]]:
    code = main(["keys", "scan", *map(str, arguments), "--json", "--quiet"])
    return code, json.loads(capsys.readouterr().out)["findings"]


def test_a_published_key_is_found_and_does_not_count(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "example.json").write_text(json.dumps(EXAMPLE))
    code, (found,) = scan(capsys, tmp_path)
    assert (code, found["form"]) == (0, "jwk")
    assert found["accepted"].startswith("published test key: RFC 7515")
    assert main(["keys", "scan", str(tmp_path)]) == 0
    assert "1 place not counted: published test key" in capsys.readouterr().out


def test_a_published_key_that_is_in_use_counts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "example.json").write_text(json.dumps(EXAMPLE))
    (tmp_path / "jwks.json").write_text(json.dumps({"keys": [{k: EXAMPLE[k] for k in ("kty", "crv", "x")}]}))
    code, found = scan(capsys, tmp_path / "logs", "--jwks", tmp_path / "jwks.json")
    assert code == 10
    assert {row["accepted"] for row in found} == {None}


def test_the_keys_of_the_openssl_program_are_published(capsys: pytest.CaptureFixture[str]) -> None:
    """Its speed test holds seven, which every core dump of the program has too."""
    program = Path("/usr/bin/openssl")
    if not program.exists():
        pytest.skip("no openssl program here")
    code, found = scan(capsys, program)
    assert code == 0
    assert all(row["accepted"] for row in found)


def test_the_table_names_real_thumbprints() -> None:
    assert len(load_published_keys()) > 50
    assert all(len(key) == 43 and name for key, name in load_published_keys().items())


def test_a_baseline_accepts_what_was_found_and_nothing_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, baseline = tmp_path / "code", tmp_path / "accepted.json"
    folder.mkdir()
    (folder / "test.pem").write_bytes(b"# comment\n" + PEM)
    (folder / "locked.pem").write_bytes(planting.pem(KEY, planting.PKCS8, b"password"))
    assert scan(capsys, folder)[0] == 10
    assert scan(capsys, folder, "--write-baseline", baseline)[0] == 0
    assert baseline.stat().st_mode & 0o777 == 0o600
    assert b"PRIVATE" not in baseline.read_bytes()
    assert scan(capsys, folder, "--baseline", baseline)[0] == 0
    (folder / "test.pem").write_bytes(b"# a longer comment\n" + PEM)
    code, found = scan(capsys, folder, "--baseline", baseline)
    assert (code, {row["accepted"] for row in found}) == (0, {"in the baseline"})
    (folder / "other.pem").write_bytes(PEM)
    code, found = scan(capsys, folder, "--baseline", baseline)
    assert (code, [row["path"] for row in found if not row["accepted"]]) == (10, [f"{folder}/other.pem"])


def test_an_encrypted_key_is_accepted_at_its_place_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, baseline = tmp_path / "locked.pem", tmp_path / "accepted.json"
    locked = planting.pem(KEY, planting.PKCS8, b"password")
    file.write_bytes(locked)
    scan(capsys, file, "--write-baseline", baseline)
    file.write_bytes(b"\n" + locked)
    assert scan(capsys, file, "--baseline", baseline)[0] == 10


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"{}", b'{"baseline": 2, "findings": []}', b'{"baseline": 1}', b"[" * 100_000, b"\xff",
     b'{"baseline": 1, "findings": [{"path": "a"}]}', b'{"baseline": 1, "findings": [1]}'],
)  # fmt: skip
def test_what_is_no_baseline_is_refused(
    tmp_path: Path, content: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(BaselineUnreadable):
        read_baseline(tmp_path / "file")
    assert main(["keys", "scan", str(tmp_path), "--baseline", str(tmp_path / "file")]) == 3
    assert "--write-baseline" in capsys.readouterr().err


@given(
    rows=st.lists(
        st.dictionaries(st.sampled_from(["path", "key", "offset", "form"]), st.text() | st.integers())
    )
)
def test_any_rows_are_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, object]]
) -> None:
    file = tmp_path_factory.getbasetemp() / "rows.json"
    file.write_text(json.dumps({"baseline": 1, "findings": rows}))
    if all(set(row) == {"path", "key", "offset", "form"} for row in rows):
        return  # `test_a_baseline_accepts...` has those
    with pytest.raises(BaselineUnreadable):
        read_baseline(file)
