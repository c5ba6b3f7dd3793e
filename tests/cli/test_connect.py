"""`seawall connect`: a tenant is named once; what it writes can be run, and what it cannot check it does not write."""

from __future__ import annotations

import json
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import typer
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st

from seawall.cli.configuration.tables import read_configuration
from seawall.cli.service.settings_text import table_text, toml_text
from seawall.collection.access_check import ImpatientClock
from seawall.collection.settings import read_settings
from seawall_base.clock import Stopped
from tests.collection.management import CLIENT, SECRET, TENANT
from tests.collection.serving import serving
from tests.collection.test_command import management

from .conftest import Run

OKTA = (
    "--vendor",
    "okta",
    "--domain",
    "acme.okta.com",
    "--client-id",
    "0oa1",
    "--key-id",
    "kid",
    "--no-check",
)


def secret(folder: Path, text: str = SECRET, name: str = "given") -> str:
    path = folder / name
    path.write_text(text)
    return str(path)


@pytest.fixture(scope="module")
def pem() -> str:
    """A private key that opens nothing."""
    key = rsa.generate_private_key(65537, 2048)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def service_account(pem: str) -> str:
    return json.dumps(
        {
            "type": "service_account",
            "client_email": "seawall@acme.iam.gserviceaccount.com",
            "private_key": pem,
            "private_key_id": "1",
            "token_uri": "https://oauth2.googleapis.com/token",
        }
    )


def microsoft(folder: Path, *more: str, text: str = SECRET) -> list[str]:
    access = ["--tenant", TENANT, "--client-id", CLIENT, "--secret-file", secret(folder, text)]
    return ["connect", "--vendor", "microsoft", *access, "--to", str(folder / "conf/seawall.toml"), *more]


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_texts_are_written_so_that_toml_reads_them_back(value: str) -> None:
    assert tomllib.loads(f"a = {toml_text(value)}") == {"a": value}
    assert tomllib.loads(table_text("a.b", {"c": value, "d": (value, "x")})) == {
        "a": {"b": {"c": value, "d": [value, "x"]}}
    }


def test_what_can_be_read_is_written_and_the_rest_is_said(run: Run, tmp_path: Path) -> None:
    api = management()
    with serving(api) as server:
        api.base = server.url
        got = run(*microsoft(tmp_path, "--base-url", server.url))
    assert got.code == 0, got.err
    assert "m365 Audit.Exchange: can be read" in got.err
    assert "entra" in got.err
    assert "left out" in got.err
    file = tmp_path / "conf/seawall.toml"
    kept = tmp_path / "conf/secrets/microsoft-secret"
    assert (file.stat().st_mode & 0o777, kept.stat().st_mode & 0o777) == (0o600, 0o600)
    assert kept.parent.stat().st_mode & 0o777 == 0o700
    assert kept.read_text() == SECRET + "\n"
    assert SECRET not in file.read_text() + got.err + got.out
    assert read_configuration(file).vendors == ("m365",)
    assert read_settings("m365", file, {})["secret_file"] == kept
    assert run("run", "--config", str(file), "--check").out == "collect m365\nconsole and watch\n"


def test_a_wrong_secret_leaves_nothing_behind(run: Run, tmp_path: Path) -> None:
    with serving(management()) as server:
        got = run(*microsoft(tmp_path, "--base-url", server.url, text="another-secret"))
    assert got.code == 1
    assert "nothing was written" in got.err
    assert "another-secret" not in got.err
    assert [path for path in (tmp_path / "conf").rglob("*") if path.is_file()] == []


def test_without_a_check_every_vendor_is_written(run: Run, tmp_path: Path, pem: str) -> None:
    file = tmp_path / "conf/seawall.toml"
    assert run(*microsoft(tmp_path, "--no-check", "--data", str(tmp_path / "data"))).code == 0
    key = secret(tmp_path, service_account(pem), "key.json")
    google = ("--customer", "C012345", "--administrator", "audit@acme.example", "--key-file", key)
    assert run("connect", "--vendor", "google", *google, "--no-check", "--to", str(file)).code == 0
    okta = (*OKTA, "--key-file", secret(tmp_path, pem, "key.pem"), "--webhook", "https://h.example/a")
    assert run("connect", *okta, "--to", str(file)).code == 0
    found = read_configuration(file)
    assert found.vendors == ("m365", "entra", "google", "okta")
    assert found.store == tmp_path / "data/store"
    assert found.collected == tmp_path / "data/collected"
    assert found.tables["alerts"]["webhook"] == ("https://h.example/a",)
    assert read_settings("okta", file, {})["key_file"] == tmp_path / "conf/secrets/okta-key"


def test_what_stands_in_the_file_stays(run: Run, tmp_path: Path, pem: str) -> None:
    file = tmp_path / "seawall.toml"
    before = "# a comment of ours\n[detection]\nbudget = 3   # enough\n"
    file.write_text(before)
    got = run("connect", *OKTA, "--key-file", secret(tmp_path, pem), "--to", str(file))
    assert got.code == 0, got.err
    assert file.read_text().startswith(before)
    after = file.read_text()
    again = run("connect", *OKTA, "--key-file", secret(tmp_path), "--to", str(file))
    assert (again.code, file.read_text()) == (2, after)
    assert "has a table [collect.okta] already" in again.err


def test_a_secret_of_somebody_else_is_not_replaced(run: Run, tmp_path: Path) -> None:
    kept = tmp_path / "secrets/okta-key"
    kept.parent.mkdir()
    kept.write_text("another")
    kept.chmod(0o600)
    got = run("connect", *OKTA, "--key-file", secret(tmp_path), "--to", str(tmp_path / "seawall.toml"))
    assert got.code == 2
    assert kept.read_text() == "another"
    assert not (tmp_path / "seawall.toml").exists()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((), "--vendor is missing"),
        (("--vendor", "yahoo"), "is none of microsoft, google, okta"),
        (("--vendor", "okta", "--domain", "acme.okta.com"), "--client-id is missing"),
        (("--vendor", "okta", "--tenant", TENANT), "--tenant is not for this vendor"),
        (
            (*OKTA[:2], "--domain", 'x"\n[serve]\nlisten = "0.0.0.0:1', *OKTA[4:], "--key-file", "given"),
            "--domain",
        ),
        ((*OKTA, "--key-file", "nowhere"), "cannot be read"),
    ],
)
def test_what_is_missing_or_wrong_is_said_with_its_option(
    run: Run, tmp_path: Path, options: tuple[str, ...], said: str
) -> None:
    secret(tmp_path)
    got = run("connect", *options)
    assert got.code == 2
    assert said in got.err
    assert not (tmp_path / "seawall.toml").exists()
    assert not list(tmp_path.glob("secrets/*"))


def test_on_a_terminal_it_asks(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter(["Microsoft", TENANT, CLIENT, "", SECRET])
    asked: list[tuple[str, bool]] = []

    def prompt(words: str, *, hide_input: bool, **_: Any) -> str:
        asked.append((words, hide_input))
        return next(answers)

    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr(typer, "prompt", prompt)
    got = run("connect", "--no-check", "--to", str(tmp_path / "seawall.toml"))
    assert got.code == 0, got.err
    assert [hidden for _, hidden in asked] == [False, False, False, False, True]
    assert read_configuration(tmp_path / "seawall.toml").vendors == ("m365", "entra")
    assert (tmp_path / "secrets/microsoft-secret").read_text() == SECRET + "\n"


def test_a_check_does_not_wait_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = ImpatientClock()
    monkeypatch.setattr(clock.stop, "wait", lambda _: False)
    clock.wait(15.0)
    with pytest.raises(Stopped):
        clock.wait(15.0)
