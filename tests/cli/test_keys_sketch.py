"""`seawall keys sketch` as a person runs it."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization as s
from cryptography.hazmat.primitives.asymmetric import x25519

from seawall.cli.main import main
from seawall.keys.leaks.key_sketches.sketch_file import load_file
from tests.keys.leaks.planting import jwk, make, thumbprint

PLAIN = s.NoEncryption()
LOCK = s.BestAvailableEncryption(b"pass phrase")
PEM, DER = s.Encoding.PEM, s.Encoding.DER
PKCS8, TRADITIONAL, OPENSSH = (
    s.PrivateFormat.PKCS8,
    s.PrivateFormat.TraditionalOpenSSL,
    s.PrivateFormat.OpenSSH,
)


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    code = main(["keys", "sketch", *map(str, arguments)])
    spoken = capsys.readouterr()
    return code, spoken.out, spoken.err


def stdin(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))


DOCUMENTS: dict[str, tuple[str, Any]] = {
    "pkcs8 pem": ("RSA-2048", lambda key: key.private_bytes(PEM, PKCS8, PLAIN)),
    "pkcs1 pem": ("RSA-2048", lambda key: key.private_bytes(PEM, TRADITIONAL, PLAIN)),
    "sec1 pem": ("P-256", lambda key: key.private_bytes(PEM, TRADITIONAL, PLAIN)),
    "openssh": ("Ed25519", lambda key: key.private_bytes(PEM, OPENSSH, PLAIN)),
    "der": ("P-384", lambda key: key.private_bytes(DER, PKCS8, PLAIN)),
    "pkcs1 der": ("RSA-2048", lambda key: key.private_bytes(DER, TRADITIONAL, PLAIN)),
    "jwk rsa": ("RSA-2048", lambda key: json.dumps(jwk(key)).encode()),
    "jwk rsa of n, e and d": (
        "RSA-2048",
        lambda key: json.dumps({k: v for k, v in jwk(key).items() if k in ("kty", "n", "e", "d")}).encode(),
    ),
    "jwk ec": ("P-521", lambda key: json.dumps(jwk(key)).encode()),
    "jwk okp": ("Ed25519", lambda key: json.dumps(jwk(key)).encode()),
    "jwk set": ("P-256", lambda key: json.dumps({"keys": [jwk(key)]}).encode()),
    "pem among other text": (
        "P-256",
        lambda key: b"CN=x\n" + key.private_bytes(PEM, PKCS8, PLAIN) + b"tail\n",
    ),
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_form_of_private_key_is_read(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    kind, written = DOCUMENTS[name]
    out = tmp_path / "sketches.json"
    (tmp_path / "key").write_bytes(written(make(kind)))
    code, answer, said = run(capsys, tmp_path / "key", "--out", out)
    assert code == 0
    assert answer.split()[0] == thumbprint(make(kind))
    assert f"--sketches {out}" in said
    assert [sketch.key for sketch in load_file(out)] == [thumbprint(make(kind))]
    stdin(monkeypatch, written(make(kind)))
    code, answer, said = run(capsys, "-", "--out", out, "--json", "--quiet")
    assert (code, said) == (0, "")
    assert json.loads(answer)["sketches"][0]["key"] == thumbprint(make(kind))
    assert json.loads(answer)["in_all"] == 1


def test_several_keys_in_one_file_and_several_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    both = make("P-256").private_bytes(PEM, PKCS8, PLAIN) + make("RSA-2048").private_bytes(PEM, PKCS8, PLAIN)
    (tmp_path / "two.pem").write_bytes(both)
    (tmp_path / "one.der").write_bytes(make("Ed448").private_bytes(DER, PKCS8, PLAIN))
    code, answer, _ = run(capsys, tmp_path / "two.pem", tmp_path / "one.der", "--out", tmp_path / "s")
    assert code == 0
    assert [line.split()[0] for line in answer.splitlines()] == [
        thumbprint(make(kind)) for kind in ("P-256", "RSA-2048", "Ed448")
    ]
    assert answer.splitlines()[1].split()[1:] == ["p", "q", "d", "dp", "dq", "qinv"]


@pytest.mark.parametrize(("encoding", "form"), [(PEM, PKCS8), (DER, PKCS8), (PEM, TRADITIONAL)])
def test_an_encrypted_key_is_opened_with_its_passphrase(
    encoding: Any,
    form: Any,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    key, out = tmp_path / "key", tmp_path / "sketches.json"
    key.write_bytes(make("P-256").private_bytes(encoding, form, LOCK))
    (tmp_path / "right").write_text("pass phrase\n")
    (tmp_path / "wrong").write_text("another\n")
    assert run(capsys, key, "--out", out, "--passphrase-file", tmp_path / "right")[0] == 0
    monkeypatch.setenv("PHRASE", "pass phrase")
    assert run(capsys, key, "--out", out, "--passphrase-env", "PHRASE")[0] == 0
    stdin(monkeypatch, b"")
    for arguments, words in (
        ([], "no passphrase was given"),
        (["--passphrase-file", tmp_path / "wrong"], "does not open it"),
    ):
        code, answer, said = run(capsys, key, "--out", tmp_path / "other", *arguments)
        assert (code, answer) == (3, "")
        assert words in said
        assert "another" not in said
    assert not (tmp_path / "other").exists()


def test_a_person_is_asked_for_the_passphrase(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "key").write_bytes(make("P-256").private_bytes(PEM, PKCS8, LOCK))
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("typer.prompt", lambda *_, **how: "pass phrase" if how["hide_input"] else "")
    assert run(capsys, tmp_path / "key", "--out", tmp_path / "s")[0] == 0


@pytest.mark.parametrize(
    "content",
    [b"", b"nothing", b"{}", b'{"keys":[]}', b'{"keys":[{}]}', b'{"kty":"RSA","n":"AQAB","e":"AQAB","d":"AQAB"}',
     b'{"kty":"RSA","n":"' + b"AQAB" * 100_000 + b'","e":"AQAB","d":"' + b"AQAB" * 100_000 + b'"}',
     b'{"kty":"EC","crv":"P-256","x":"AA","y":"AA","d":"AA"}', b'{"kty":["EC"],"d":"AA"}', b"[" * 100_000,
     b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", b"-----BEGIN PRIVATE KEY-----\n" * 1000,
     b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", bytes(5 << 20), b"\x30\x82\xff\xff" + bytes(50)],
)  # fmt: skip
def test_what_holds_no_private_key_is_refused(
    content: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "key").write_bytes(content)
    code, answer, said = run(capsys, tmp_path / "key", "--out", tmp_path / "s")
    assert (code, answer) == (3, "")
    assert said.startswith("error: ")
    assert "unexpected" not in said
    assert not (tmp_path / "s").exists()


def test_public_keys_and_kinds_without_sketch_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    public = {name: value for name, value in jwk(make("P-256")).items() if name != "d"}
    (tmp_path / "public.jwk").write_text(json.dumps(public))
    (tmp_path / "dsa.pem").write_bytes(make("DSA").private_bytes(PEM, PKCS8, PLAIN))
    for name in ("public.jwk", "dsa.pem", "absent"):
        assert run(capsys, tmp_path / name, "--out", tmp_path / "s")[0] == 3


def test_nothing_private_is_ever_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    key = x25519.X25519PrivateKey.generate()
    seed = key.private_bytes_raw()
    (tmp_path / "key").write_bytes(key.private_bytes(DER, PKCS8, PLAIN))
    _, answer, said = run(capsys, tmp_path / "key", "--out", tmp_path / "s", "--json")
    (tmp_path / "broken").write_bytes(key.private_bytes(DER, PKCS8, PLAIN)[:-1])
    _, answer2, said2 = run(capsys, tmp_path / "broken", "--out", tmp_path / "s", "--json")
    everything = answer + said + answer2 + said2 + (tmp_path / "s").read_text()
    for spelt in (seed.hex(), seed.hex().upper(), str(seed), str(int.from_bytes(seed, "big"))):
        assert spelt not in everything


def test_usage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "s"
    assert run(capsys, "-", "--out", out, "--passphrase-file", "a", "--passphrase-env", "B")[0] == 2
    assert run(capsys, "-", "--out", out, "--passphrase-env", "SURELY_NOT_SET")[0] == 2
    assert run(capsys, "-", "--out", out, "--passphrase-file", tmp_path / "absent")[0] == 3
    assert run(capsys, "-")[0] == 2
    (tmp_path / "key").write_bytes(make("P-256").private_bytes(PEM, PKCS8, PLAIN))
    out.write_text("something else")
    assert run(capsys, tmp_path / "key", "--out", out)[0] == 1
    assert out.read_text() == "something else"
