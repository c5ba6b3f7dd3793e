"""The command line, with the vendors' own libraries for access, against served vendors."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from seawall.cli.main import main
from seawall_base.clock import Clock
from tests.collection.collecting import lines
from tests.collection.management import CLIENT, SECRET, TENANT, Management, blob
from tests.collection.serving import Reply, Request, Server, fault, serving

HOUR = 3_600_000_000


def secret_file(folder: Path, text: str = SECRET, mode: int = 0o600) -> Path:
    path = folder / "secret"
    path.write_text(text)
    path.chmod(mode)
    return path


def certificate(folder: Path) -> Path:
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "seawall")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=9))
        .sign(key, hashes.SHA256())
    )
    path = folder / "seawall.pem"
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(pem + made.public_bytes(serialization.Encoding.PEM))
    path.chmod(0o600)
    return path


def management() -> Management:
    now = Clock().now() // 1_000_000 * 1_000_000
    found = [blob(f"b{n}", now - n * HOUR - HOUR, *range(10 * n, 10 * n + 10)) for n in range(6)]
    return Management(Clock().now, found)


def m365(folder: Path, server: Server, *more: str) -> int:
    options = ["--tenant", TENANT, "--client-id", CLIENT, "--content-type", "Audit.Exchange", "--once"]
    return main(["collect", "m365", *options, "--out", str(folder / "logs"), "--base-url", server.url, *more])


@pytest.mark.parametrize("how", ["secret", "certificate"])
def test_m365_once(tmp_path: Path, how: str, capsys: pytest.CaptureFixture[str]) -> None:
    api = management()
    with serving(api) as server:
        api.base = server.url
        if how == "secret":
            access = ["--secret-file", str(secret_file(tmp_path))]
        else:
            access = ["--certificate", str(certificate(tmp_path))]
        assert m365(tmp_path, server, *access, "--json") == 0
        assert json.loads(capsys.readouterr().out)["records"] == 60
        assert m365(tmp_path, server, *access) == 0
    assert len(lines(tmp_path)) == 60
    assert "next: seawall collect status" in capsys.readouterr().err
    assert api.tokens == 2
    everything = b"".join(
        path.read_bytes() for path in tmp_path.rglob("*") if path.is_file() and "logs" in str(path)
    )
    assert SECRET.encode() not in everything
    assert api.token.encode() not in everything


def test_status(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = ["--out", str(tmp_path / "logs")]
    assert main(["collect", "status", *out]) == 3
    api = management()
    with serving(api) as server:
        api.base = server.url
        assert m365(tmp_path, server, "--secret-file", str(secret_file(tmp_path)), "--quiet") == 0
        capsys.readouterr()
        assert main(["collect", "status", *out]) == 0
        assert "m365/Audit.Exchange" in capsys.readouterr().out
        assert main(["collect", "status", *out, "--json"]) == 0
        (row,) = json.loads(capsys.readouterr().out)["feeds"]
        assert (row["new_records"], row["pieces"], row["files"] > 0, row["gaps"]) == (60, 6, True, [])
        time.sleep(1.1)  # the next pass asks for whole seconds that are new
        api.blobs.append(blob("gone", Clock().now() - HOUR // 60, 900))
        server.faults = lambda request: fault(400, "AF20051") if request.path.endswith("/gone") else None
        assert m365(tmp_path, server, "--secret-file", str(secret_file(tmp_path)), "--quiet") == 0
    assert main(["collect", "status", *out]) == 10
    assert "part-expired" in capsys.readouterr().out


def test_a_log_that_left_the_settings(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not behind: nobody asks for it any more, and since when is said; when it comes back, it is as any other."""
    api = management()
    access = ["--secret-file", str(secret_file(tmp_path)), "--quiet"]
    out = ["--out", str(tmp_path / "logs")]
    with serving(api) as server:
        api.base = server.url
        assert m365(tmp_path, server, *access, "--content-type", "Audit.General") == 0
        assert m365(tmp_path, server, *access) == 0
        later = Clock().now() + 48 * HOUR
        monkeypatch.setattr(Clock, "now", lambda _: later)
        capsys.readouterr()
        assert main(["collect", "status", *out, "--json"]) == 10
        rows = {row["feed"]: row for row in json.loads(capsys.readouterr().out)["feeds"]}
        assert {name: (row["is_behind"], bool(row["ended"])) for name, row in rows.items()} == {
            "Audit.Exchange": (True, False),
            "Audit.General": (False, True),
        }
        assert main(["collect", "status", *out]) == 10
        assert f"no longer asked since {rows['Audit.General']['ended']}" in capsys.readouterr().out
        assert m365(tmp_path, server, *access, "--content-type", "Audit.General") == 0
        capsys.readouterr()
        assert main(["collect", "status", *out, "--json"]) == 0
        assert [row["ended"] for row in json.loads(capsys.readouterr().out)["feeds"]] == [None, None]


def test_a_wrong_clock(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The sign-in host's own words about the time are enough: no token is asked for."""
    api = management()
    with serving(api) as server:
        api.base = server.url
        late = {"Date": formatdate(time.time() - 7200, usegmt=True)}
        server.faults = lambda request: replace(api.answer(request), headers=late)
        assert m365(tmp_path, server, "--secret-file", str(secret_file(tmp_path))) == 1
        assert api.tokens == 0
    assert "this machine's clock is 120 minutes ahead" in capsys.readouterr().err


def test_a_token_that_ends_meanwhile(tmp_path: Path) -> None:
    """The library has it for an hour yet, but the vendor takes it no more: another one is asked for, once."""
    api = management()

    def end(request: Request) -> Reply | None:
        if request.path.endswith("/b3"):
            api.token = "token-2"
        return None

    with serving(api) as server:
        api.base, server.faults = server.url, end
        assert m365(tmp_path, server, "--secret-file", str(secret_file(tmp_path))) == 0
        assert server.sent["401"] > 0
    assert api.tokens == 2
    assert len(lines(tmp_path)) == 60


def test_a_wrong_secret(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    api = management()
    with serving(api) as server:
        api.base = server.url
        assert m365(tmp_path, server, "--secret-file", str(secret_file(tmp_path, "wrong-secret-text"))) == 1
    said = capsys.readouterr().err
    assert "invalid_client.AADSTS7000215" in said
    assert "wrong-secret-text" not in said


def test_a_discovery_that_leads_elsewhere(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    api = management()
    api.elsewhere = f"https://evil.example/{TENANT}"
    with serving(api) as server:
        api.base = server.url
        assert m365(tmp_path, server, "--secret-file", str(secret_file(tmp_path))) == 1
        assert not any(SECRET.encode() in request.body for request in server.requests)
    assert "elsewhere" in capsys.readouterr().err


def test_not_everything_came(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    api = management()
    with serving(api) as server:
        api.base = server.url
        server.faults = lambda request: fault(403, "AF10001") if "content" in request.path else None
        assert m365(tmp_path, server, "--secret-file", str(secret_file(tmp_path))) == 1
    assert "Audit.Exchange (403 AF10001)" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"mode": 0o644}, "others can read this secret"),
        ({"text": ""}, "is empty"),
        ({"text": "x" * 70_000}, "is too large"),
    ],
    ids=["readable", "empty", "large"],
)
def test_a_secret_file_that_is_none(
    tmp_path: Path, options: dict[str, Any], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(management()) as server:
        assert m365(tmp_path, server, "--secret-file", str(secret_file(tmp_path, **options))) == 2
        assert server.requests == []
    assert words in capsys.readouterr().err
    assert not (tmp_path / "logs").exists()


def test_no_secret_at_all(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SEAWALL_M365_SECRET", raising=False)
    api = management()
    with serving(api) as server:
        api.base = server.url
        assert m365(tmp_path, server) == 2
        assert "SEAWALL_M365_SECRET" in capsys.readouterr().err
        monkeypatch.setenv("SEAWALL_M365_SECRET", SECRET)
        assert m365(tmp_path, server) == 0


@pytest.mark.parametrize("url", ["http://192.0.2.1", "ftp://x", "https://user:pw@host.example", "nothing"])
def test_a_base_url_that_is_none(tmp_path: Path, url: str, capsys: pytest.CaptureFixture[str]) -> None:
    options = [
        "--tenant",
        TENANT,
        "--client-id",
        CLIENT,
        "--secret-file",
        str(secret_file(tmp_path)),
        "--once",
    ]
    assert main(["collect", "m365", *options, "--out", str(tmp_path / "logs"), "--base-url", url]) == 2
    assert "--base-url" in capsys.readouterr().err


def test_settings_in_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    api = management()
    secret_file(tmp_path)
    config = tmp_path / "collect.toml"
    config.write_text(
        f'[m365]\ntenant = "{TENANT.upper()}"\nclient_id = "{CLIENT}"\nsecret_file = "secret"\n'
        'content_types = ["Audit.Exchange"]\n'
    )
    with serving(api) as server:
        api.base = server.url
        options = [
            "--config",
            str(config),
            "--out",
            str(tmp_path / "logs"),
            "--base-url",
            server.url,
            "--once",
        ]
        assert main(["collect", "m365", *options]) == 0
        assert len(lines(tmp_path)) == 60
        config.write_text(
            '[m365]\ntenant = "acme"\nclient_id = 7\nsecret_fil = "secret"\ncontent_types = ["Audit.Nothing"]\n[oktta]\n'
        )
        assert main(["collect", "m365", *options]) == 2
    said = capsys.readouterr().err
    for words in (
        "collect.toml:2: tenant: does not look like the directory (tenant) id",
        "collect.toml:3: client_id: is a number where a text is needed; write it in quotes",
        "collect.toml:4: secret_fil: is not a setting of m365; did you mean secret_file?",
        "collect.toml:5: content_types: is none of",
        "collect.toml:6: oktta: is not a vendor; did you mean okta?",
    ):
        assert words in said
