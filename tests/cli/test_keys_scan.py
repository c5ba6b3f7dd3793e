"""`seawall keys scan`: what it says, what it returns, and that it never says a key."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from seawall.cli.main import main
from tests.base.https_server import HttpsServer
from tests.base.https_server import answer as answer_of
from tests.keys.leaks import planting

KEY = planting.make("RSA-2048")
PEM = planting.pem(KEY, planting.PKCS8)
THUMBPRINT = planting.thumbprint(KEY)
ROOT = Path(__file__).parents[2]


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    code = main(["keys", "scan", *map(str, arguments)])
    said = capsys.readouterr()
    return code, said.out, said.err


def answer(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, dict[str, Any]]:
    code, out, _ = run(capsys, *arguments, "--json")
    return code, json.loads(out)


def public(key: Any) -> dict[str, str]:
    return {
        name: value for name, value in planting.jwk(key).items() if name in ("kty", "n", "e", "crv", "x", "y")
    }


def test_the_document(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "log").write_bytes(b"abc" + PEM)
    (tmp_path / "x.7z").write_bytes(b"7z\xbc\xaf\x27\x1c" + bytes(26))
    code, document = answer(capsys, tmp_path)
    assert code == 10
    assert document == {
        "schema_version": document["schema_version"],
        "findings": [
            {
                "path": f"{tmp_path}/log",
                "offset": 3,
                "form": "pem-pkcs8",
                "key": THUMBPRINT,
                "known": False,
                "length": len(PEM) - 1,
                "accepted": None,
            }
        ],
        "bytes_scanned": len(PEM) + 3,
        "bytes_skipped": 32,
        "skipped": [{"path": f"{tmp_path}/x.7z", "reason": "7z archives are not opened", "bytes": 32}],
        "files": 2,
    }


def test_exit_codes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "clean").write_text("nothing")
    assert answer(capsys, tmp_path)[0] == 0
    (tmp_path / "x.7z").write_bytes(b"7z\xbc\xaf\x27\x1c" + bytes(26))
    assert answer(capsys, tmp_path)[0] == 4
    (tmp_path / "key").write_bytes(PEM)
    assert answer(capsys, tmp_path)[0] == 10
    code, out, err = run(capsys, tmp_path / "absent", "--json")
    assert (code, json.loads(out)["skipped"][0]["reason"]) == (3, "cannot be read: No such file or directory")
    assert "nothing was searched" in err
    (tmp_path / "empty").mkdir()
    assert run(capsys, tmp_path / "empty")[0] == 3


def test_the_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # a short path, whatever the name of the folder for tests
    (tmp_path / "a\x1b[31mkey").write_bytes(PEM)
    (tmp_path / "link").symlink_to("/usr/bin/env")
    jwks = tmp_path / "jwks.json"
    jwks.write_text(json.dumps({"keys": [public(KEY)]}))
    code, out, err = run(capsys, Path(), "--jwks", jwks)
    assert code == 10
    assert "\x1b" not in out
    assert "a⟨U+001B⟩[31mkey" in out
    assert str(THUMBPRINT) in out
    assert "1 private key found, 1 of them asked about" in out
    assert "a link that leads out of what is searched" in out
    assert re.search(r"2 files, [\d.]+ kB searched, 1 skipped for a reason", out)
    assert err == ""


def test_one_key_in_many_places_is_not_called_many_keys(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a").write_bytes(PEM)
    (tmp_path / "b").write_bytes(PEM)
    assert "private keys found in 2 places: one key\n" in run(capsys, Path())[1]
    (tmp_path / "jwks.json").write_text(json.dumps({"keys": [public(KEY)]}))
    found = run(capsys, Path(), "--jwks", "jwks.json")[1]
    assert "private keys found in 2 places: one key; 2 of them hold a key asked about\n" in found
    (tmp_path / "c").write_text(
        json.dumps({"kty": "oct", "k": "hJtXIZ2uSN5kbQfbtTNWbpdmhkV8FJG-Onbc6mxCcYg"})
    )
    found = run(capsys, Path())[1]
    assert "private keys found in 3 places: one key, in 1 it is not known which\n" in found


@pytest.mark.parametrize("width", [40, 80, 140])
def test_nothing_is_cut_on_a_narrow_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", str(width))
    for name in ("a-short-name", "n" * 100):
        (tmp_path / name).write_bytes(b"\0" * 123_456 + PEM)
    lines = run(capsys, Path())[1].splitlines()
    for whole in ("a-short-name", "n" * 100, "123456", str(THUMBPRINT)):
        assert any(whole in line for line in lines), whole
    assert not any("…" in line for line in lines)


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_interrupt_keeps_what_was_found(tmp_path: Path, jobs: int) -> None:
    big = tmp_path / "big"
    big.mkdir()
    for number in range(40):  # found in the first batch; the rest are holes that take a while
        with (big / f"{number:02}").open("wb") as file:
            file.write(PEM)
            file.truncate(32 << 20)
    command = [sys.executable, "-c", INTERRUPTING, str(big), str(jobs)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 130, done.stderr
    document = json.loads(done.stdout)
    assert document["findings"], "what was found before the interrupt"
    assert document["files"] < 40
    assert document["skipped"][-1]["reason"].startswith("interrupted")
    assert done.stderr.splitlines()[-1] == "interrupted"


INTERRUPTING = """
import os, signal, sys
from seawall.cli.main import main
from seawall.keys.leaks.findings import SearchTotals

add = SearchTotals.add
def adding(self, other):
    add(self, other)
    if self.files and os.getpid() == parent:
        os.kill(parent, signal.SIGINT)

if __name__ == "__main__":
    parent = os.getpid()
    from seawall.keys.leaks.scanning import scan
    class Once(SearchTotals):
        __slots__ = ()
        add = adding
    scan.SearchTotals = Once
    sys.exit(main(["keys", "scan", sys.argv[1], "--json", "-j", sys.argv[2]]))
"""


def test_a_private_jwks_is_taken_as_public_with_a_warning(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    jwks = tmp_path / "keys.json"
    jwks.write_text(json.dumps({"keys": [planting.jwk(KEY)]}))
    (tmp_path / "dump").write_bytes(PEM)
    code, out, err = run(capsys, tmp_path / "dump", "--jwks", jwks, "--json")
    assert code == 10
    assert json.loads(out)["findings"][0]["known"] is True
    assert "private members: only its public part is used" in err
    assert not list(leaked(out + err, KEY))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "no JSON"),
        ('{"keys":{}}', "neither a JWK set nor a JWK"),
        ('{"keys":[]}', "no public key to search for"),
        ('{"keys":[{"kty":"oct","k":"AAAA"}]}', "no public key to search for"),
    ],
)
def test_a_source_without_keys_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str, words: str
) -> None:
    (tmp_path / "jwks").write_text(content)
    code, out, err = run(capsys, tmp_path, "--jwks", tmp_path / "jwks")
    assert (code, out) == (3, "")
    assert words in err


def test_a_source_that_cannot_be_fetched_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, err = run(capsys, tmp_path, "--jwks", "http://login.example.com/jwks")
    assert code == 3
    assert "not https" in err
    assert run(capsys, tmp_path, "--jwks", tmp_path / "absent")[0] == 3


def test_keys_are_fetched_from_a_url(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "dump").write_bytes(PEM)
    (tmp_path / "server").mkdir()
    with HttpsServer(tmp_path / "server") as server:
        server.say("/keys", answer_of(json.dumps({"keys": [public(KEY)]}).encode()))
        monkeypatch.setenv("SSL_CERT_FILE", str(server.authority))
        code, document = answer(capsys, tmp_path / "dump", "--jwks", server.url())
    assert code == 10
    assert document["findings"][0]["known"] is True


def test_standard_input(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "seawall.cli.main", "keys", "scan", "-", "--json"]
    done = subprocess.run(command, input=b"12" + PEM, capture_output=True, check=False)
    assert done.returncode == 10
    assert json.loads(done.stdout)["findings"][0]["path"] == "-"
    assert json.loads(done.stdout)["findings"][0]["offset"] == 2


def test_the_hook_works_on_the_names_that_it_is_given(tmp_path: Path) -> None:
    hooks = (ROOT / ".pre-commit-hooks.yaml").read_text()
    entry = re.search(r"^  entry: seawall (.*)$", hooks, re.MULTILINE)
    assert entry is not None
    (tmp_path / "-odd name").write_bytes(PEM)
    (tmp_path / "clean.py").write_text("print()")
    command = [sys.executable, "-m", "seawall.cli.main", *entry.group(1).split()]
    dirty = subprocess.run(
        [*command, "clean.py", "-odd name"], cwd=tmp_path, capture_output=True, check=False
    )
    assert dirty.returncode == 10
    assert b"-odd name" in dirty.stdout
    assert dirty.stderr == b""
    assert (
        subprocess.run([*command, "clean.py"], cwd=tmp_path, capture_output=True, check=False).returncode == 0
    )


def secrets_of(key: Any) -> Iterator[bytes]:
    """The numbers of a key that nobody may see."""
    if isinstance(key, rsa.RSAPrivateKey):
        private = key.private_numbers()
        for value in (private.d, private.p, private.q, private.dmp1, private.dmq1, private.iqmp):
            yield value.to_bytes((value.bit_length() + 7) // 8, "big")
    elif isinstance(key, ec.EllipticCurvePrivateKey):
        value = key.private_numbers().private_value
        yield value.to_bytes((value.bit_length() + 7) // 8, "big")
    else:
        yield key.private_bytes_raw()


def leaked(text: str, key: Any) -> Iterator[str]:
    """Spellings of a secret, or of ten bytes from within it, that are in a text."""
    for secret in secrets_of(key):
        for start in (0, len(secret) // 2 - 6):
            part = secret[start : start + 12]
            spellings = [
                part[2:].hex(),
                part[2:].hex().upper(),
                str(int.from_bytes(secret, "big")),
                repr(part)[2:-1],
            ]
            for encode in (base64.b64encode, base64.urlsafe_b64encode):
                spellings += [encode(bytes(shift) + part)[4:14].decode() for shift in range(3)]
            yield from (spelling for spelling in spellings if spelling in text)


def test_what_would_be_a_leak_is_recognised() -> None:
    assert list(leaked(PEM.decode().replace("\n", "") + json.dumps(planting.jwk(KEY)), KEY))


@pytest.mark.parametrize("kind", ["RSA-2048", "P-256", "Ed25519"])
@pytest.mark.parametrize("is_json", [True, False])
def test_no_answer_holds_key_material(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str, is_json: bool
) -> None:
    key = planting.make(kind)
    for number, sample in enumerate(planting.samples(key)):
        (tmp_path / f"{number}").write_bytes(b"\x00 " + sample.content)
        (tmp_path / f"{number}-cut").write_bytes(b"\x00 " + sample.content[: len(sample.content) * 2 // 3])
    jwks = tmp_path / "jwks"
    jwks.write_text(json.dumps(planting.jwk(key)))
    code, out, err = run(capsys, tmp_path, "--jwks", jwks, *(["--json"] if is_json else []))
    assert code == 10
    assert len(out) > 1_000
    assert not list(leaked(out + err, key))


def test_an_unexpected_failure_says_no_key(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from seawall.keys.leaks.key_formats import pem

    def fails(label: str, content: bytes) -> None:
        raise RuntimeError(content)

    monkeypatch.setattr(pem, "_judge", fails)
    (tmp_path / "key").write_bytes(PEM)
    code, document = answer(capsys, tmp_path)
    assert code == 3
    assert [skip["reason"] for skip in document["skipped"]] == ["the search of it failed (RuntimeError)"]
    assert not list(leaked(json.dumps(document), KEY))
