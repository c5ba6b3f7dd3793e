"""`seawall keys audit` as it is typed: exit codes, tables, JSON, and a real HTTPS server."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from seawall.cli.main import main
from seawall.keys.inventory.codes import KINDS, SEVERITIES
from tests.base.https_server import HttpsServer, answer
from tests.tokens.jose.keys import jwk, rsa_key

from .audits import write

GOOD = jwk(rsa_key(), kid="good", use="sig", alg="RS256")
SMALL = jwk(rsa_key(0, 1024), kid="small", use="sig", alg="RS256")


def call(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    code = main(["keys", "audit", *map(str, arguments)])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_a_sound_set(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = call(capsys, write(tmp_path / "s.json", GOOD))
    assert code == 0
    assert "no findings" in out
    assert "good" in out
    assert "RSA 2048" in out
    assert "--store" in err


@pytest.mark.parametrize(
    ("level", "expected"), [("low", 10), ("medium", 10), ("high", 10), ("critical", 0), (None, 0)]
)
def test_fail_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], level: str | None, expected: int
) -> None:
    options = ["--fail-on", level] if level else []
    code, out, _ = call(capsys, write(tmp_path / "s.json", SMALL), *options)
    assert code == expected
    assert "rsa-small" in out


def test_what_was_accepted_does_not_fail(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = write(tmp_path / "s.json", SMALL)
    code, out, _ = call(capsys, source, "--fail-on", "low", "--accept", "rsa-small=small")
    assert code == 0
    assert "1 accepted finding" in out
    assert call(capsys, source, "--accept", "rsa-small")[0] == 2
    assert call(capsys, source, "--accept", "nonsense=small")[0] == 2


def test_what_is_not_read_is_said_and_not_zero(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = call(capsys, write(tmp_path / "s.json", GOOD), tmp_path / "absent.json")
    assert code == 1
    assert "not read" in err
    assert "absent.json" in err
    code, out, err = call(capsys, tmp_path / "absent.json", "--json")
    assert (code, out) == (3, "")
    assert "absent.json" in err


def test_findings_win_over_what_was_not_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, _ = call(
        capsys, write(tmp_path / "s.json", SMALL), tmp_path / "absent.json", "--fail-on", "high"
    )
    assert code == 10


def test_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = write(tmp_path / "s.json", GOOD, SMALL)
    code, out, err = call(capsys, source, "--json", "--quiet", "--store", tmp_path / "keys.db")
    document = json.loads(out)
    assert (code, err) == (0, "")
    assert document["counts"] == {"critical": 0, "high": 1, "medium": 0, "low": 0}
    assert document["complete"] is True
    assert document["new_ledger"] is True
    (finding,) = document["findings"]
    assert {finding["code"], finding["severity"], finding["kid"]} == {"rsa-small", "high", "small"}
    keys = document["sets"][0]["keys"]
    assert [(key["kid"], key["bits"], key["state"], key["verifier"]) for key in keys] == [
        ("good", 2048, "listed", "accepted"),
        ("small", 1024, "listed", "fitness:rsa-small"),
    ]
    write(tmp_path / "s.json", GOOD)
    _, out, _ = call(capsys, source, "--json", "--store", tmp_path / "keys.db")
    (gone,) = json.loads(out)["sets"][0]["gone"]
    assert (gone["kid"], gone["state"]) == ("small", "gone")


def test_a_broken_ledger_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "keys.db").write_text("precious")
    code, out, err = call(capsys, write(tmp_path / "s.json", GOOD), "--store", tmp_path / "keys.db")
    assert (code, out) == (1, "")
    assert "not a valid key ledger" in err
    assert (tmp_path / "keys.db").read_text() == "precious"


HOSTILE = "\x1b[2J\x1b]0;owned\x07[bold red]x[/]\u202egnp\n\rline<script>"


@pytest.mark.parametrize("member", ["kid", "issuer", "alg", "use", "kty", "crv"])
def test_hostile_names_do_not_reach_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], member: str
) -> None:
    code, out, err = call(capsys, write(tmp_path / "s.json", {**GOOD, member: HOSTILE}))
    assert code == 0
    for text in (out, err):
        assert not {"\x1b", "\x07", "\u202e", "\r"} & set(text)
    assert "kid-odd" in out


def test_secrets_do_not_reach_any_output(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    secret = "VGhpc0lzVGhlU2VjcmV0T2ZUaGlzVGVzdA"
    source = write(tmp_path / "s.json", {"kty": "oct", "k": secret}, {**GOOD, "d": secret, "p": secret})
    for options in ((), ("--json",)):
        _, out, err = call(capsys, source, *options)
        assert secret[:12] not in out + err
        assert "private-key-published" in out


def test_many_findings_are_cut_on_a_terminal_and_whole_in_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = write(tmp_path / "s.json", *[{"kty": "AKP", "kid": str(n), "use": "sig"} for n in range(300)])
    _, out, _ = call(capsys, source)
    assert len(out.splitlines()) < 250
    assert "260 more" in out
    _, out, _ = call(capsys, source, "--json")
    assert len(json.loads(out)["findings"]) >= 300


def test_a_real_issuer_over_https(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with HttpsServer(tmp_path) as server:
        place, issuer = server.url("/.well-known/openid-configuration"), server.url("").rstrip("/")
        server.say("/.well-known/openid-configuration",
                   answer(json.dumps({"issuer": issuer, "jwks_uri": server.url("/keys")}).encode()))  # fmt: skip
        server.say("/keys", answer(json.dumps({"keys": [GOOD]}).encode()))
        options = ("--ca", server.authority, "--store", tmp_path / "keys.db", "--json")
        code, out, _ = call(capsys, place, *options)
        (audited,) = json.loads(out)["sets"]
        assert (code, audited["issuer"], audited["keys_from"]) == (0, issuer, server.url("/keys"))
        server.say("/keys", answer(json.dumps({"keys": [SMALL]}).encode()))
        code, out, _ = call(capsys, place, *options, "--fail-on", "high")
        assert code == 10
        assert {f["code"] for f in json.loads(out)["findings"]} == {"rsa-small", "new-key", "vanished"}
        # Without the certificate nothing is believed.
        code, out, err = call(capsys, place)
        assert (code, out) == (3, "")
        assert "certificate" in err


def test_a_set_that_redirects_or_does_not_end_is_not_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with HttpsServer(tmp_path) as server:
        server.say("/moved", answer(b"", status="302 Found", headers=f"Location: {server.url('/keys')}\r\n"))
        server.say(
            "/endless", b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n", b" " * (5 * 1024 * 1024)
        )
        for path, words in (("/moved", "redirect"), ("/endless", "larger")):
            code, _, err = call(capsys, server.url(path), "--ca", server.authority)
            assert code == 3
            assert words in err


def test_plain_http_and_a_bad_trust_file_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(capsys, "http://issuer.example.com/keys")[0] == 3
    (tmp_path / "ca.pem").write_text("no certificate")
    code, _, err = call(capsys, write(tmp_path / "s.json", GOOD), "--ca", tmp_path / "ca.pem")
    assert code == 3
    assert "--ca" in err


def test_the_table_of_findings_is_in_the_docs() -> None:
    text = (Path(__file__).parents[3] / "docs" / "reference" / "key-findings.md").read_text("utf-8")
    rows = [
        f"| `{kind.code}` | {kind.severity} | {kind.what} | {kind.why} | {kind.action} |"
        for kind in KINDS.values()
    ]
    table = text.split(
        "| code | severity | what | why it matters | what to do |\n|---|---|---|---|---|\n", 1
    )[1]
    assert table.split("\n\n", 1)[0].splitlines() == rows
    assert {kind.severity for kind in KINDS.values()} == set(SEVERITIES)


@pytest.mark.parametrize("width", ["80", "140"])
def test_no_column_vanishes_on_a_narrow_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, width: str
) -> None:
    monkeypatch.setenv("COLUMNS", width)
    monkeypatch.chdir(tmp_path)
    kid, issuer = "nOo3ZDrODXEK1jKWhXslHR", "https://login.example/{tenantid}"
    key = jwk(rsa_key(), kid=kid, use="sig", alg="RS256", issuer=issuer)
    out = call(capsys, write(Path("s.json"), key))[1]
    assert "no findings" in out
    listed = " ".join(out.split())
    for part in (kid, "RSA 2048 RS256", issuer, "0 days", "listed"):
        assert part in listed, part
