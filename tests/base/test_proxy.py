"""Through a real proxy and TLS of a private authority: by the vendors' own libraries for access, and by the collectors."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from seawall.cli.main import main
from seawall.vendor_api.client import VendorClient, VendorUnavailable
from seawall_base.clock import Clock
from seawall_base.errors import CollectInvalid
from seawall_base.http_client import HttpClient
from seawall_base.proxy import ProxySettings, read_proxy_settings
from tests.collection.collecting import lines
from tests.collection.management import CLIENT, SECRET, TENANT
from tests.collection.proxying import Proxy, proxying, tls
from tests.collection.reports import CUSTOMER, Reports, activity
from tests.collection.serving import Api, Reply, Request, Server, Still, as_json, serving
from tests.collection.test_command import management, secret_file
from tests.collection.test_google import key_file
from tests.collection.test_okta import organisation

HOUR = 3_600_000_000
PASSWORD = "not-a-real-proxy-password"


class Fine:
    def answer(self, _: Request) -> Reply:
        return as_json({"fine": True})


@contextmanager
def secured(api: Api, folder: Path) -> Iterator[Server]:
    """The vendor with a certificate of an authority that nobody knows."""
    with serving(api, secured=lambda _: tls(folder)[0]) as server:
        server.url = server.url.replace("http://", "https://")
        yield server


def through(proxy: Proxy, folder: Path, server: Server) -> list[str]:
    secret = folder / "proxy-secret"
    secret.write_text(f"seawall:{PASSWORD}")
    secret.chmod(0o600)
    options = ["--proxy", proxy.url, "--proxy-secret-file", str(secret)]
    options += ["--ca-bundle", str(folder / "public.pem"), "--base-url", server.url, "--once"]
    return [*options, "--out", str(folder / "logs")]


def untold(folder: Path, proxy: Proxy, said: str, *secrets: str) -> None:
    """Nothing of a secret is in what was said, kept, or could be read by the proxy; its own is said once a tunnel."""
    kept = b"".join(path.read_bytes() for path in folder.glob("logs*/**/*") if path.is_file())
    for secret in (*secrets, PASSWORD):
        assert secret not in said
        assert secret.encode() not in kept
        assert secret.encode() not in bytes(proxy.carried)
    assert proxy.heads
    for head in proxy.heads:
        assert (
            head.lower().count(b"authorization: ") == head.lower().count(b"proxy-authorization: basic ") == 1
        )


def test_m365(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    api = management()
    access = ["--tenant", TENANT, "--client-id", CLIENT, "--secret-file", str(secret_file(tmp_path))]
    with proxying(f"seawall:{PASSWORD}") as proxy, secured(api, tmp_path) as server:
        api.base = server.url
        command = ["collect", "m365", *access, "--content-type", "Audit.Exchange"]
        assert main([*command, *through(proxy, tmp_path, server)]) == 0
        assert len(lines(tmp_path)) == 60
        assert api.tokens == 1
        assert not any("proxy-authorization" in request.headers for request in server.requests)
        untold(tmp_path, proxy, capsys.readouterr().err, SECRET, api.token)


def test_google(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    now = Clock().now()
    api = Reports(Clock().now, [(now - HOUR, 0, activity(1, now - HOUR))])
    key, api.key = key_file(tmp_path)
    access = ["--customer", CUSTOMER, "--administrator", "audit@acme.example", "--key-file", str(key)]
    with proxying(f"seawall:{PASSWORD}") as proxy, secured(api, tmp_path) as server:
        command = ["collect", "google", *access, "--application", "login", "--days", "1"]
        assert main([*command, *through(proxy, tmp_path, server)]) == 0
        assert len(lines(tmp_path)) == 1
        untold(tmp_path, proxy, capsys.readouterr().err, "PRIVATE KEY", api.token)


def test_okta(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    api, pem = organisation()
    key = tmp_path / "key.pem"
    key.write_bytes(pem)
    key.chmod(0o600)
    access = [
        "--domain",
        "acme.okta.com",
        "--client-id",
        "0oaclient",
        "--key-file",
        str(key),
        "--key-id",
        "kid-1",
    ]
    with proxying(f"seawall:{PASSWORD}") as proxy, secured(api, tmp_path) as server:
        api.log.base = server.url
        command = ["collect", "okta", *access, "--days", "1"]
        assert main([*command, *through(proxy, tmp_path, server)]) == 0
        assert len(lines(tmp_path)) == 8
        untold(tmp_path, proxy, capsys.readouterr().err, "PRIVATE KEY", api.token)


@pytest.mark.parametrize(
    ("how", "code", "waits"),
    [
        ("wrong", "proxy-407", 0),
        ("forbidden", "proxy-403", 0),
        ("broken", "proxy-502", 7),
        ("gone", "proxy-failed", 7),
    ],
)
def test_a_proxy_that_does_not_let_through(tmp_path: Path, how: str, code: str, waits: int) -> None:
    """What it refuses is not asked again at once; what passes is. Nothing reaches the vendor."""
    clock = Still()
    refuses = {"forbidden": 403, "broken": 502}.get(how, 0)
    with proxying("seawall:right", refuses) as proxy, secured(Fine(), tmp_path) as server:
        url = "http://127.0.0.1:1" if how == "gone" else proxy.url
        secret = "seawall:wrong" if how == "wrong" else "seawall:right"
        client = VendorClient(HttpClient(server.url, ProxySettings(url, secret)), None, clock)
        with pytest.raises(VendorUnavailable) as raised:
            client.get(server.url, lambda answer: answer.body)
        assert server.requests == []
    assert raised.value.code == code
    assert len(clock.waits) == waits
    assert "wrong" not in repr(ProxySettings(url, secret))


def test_through_a_proxy_the_vendors_certificate_is_verified(tmp_path: Path) -> None:
    with proxying() as proxy, secured(Fine(), tmp_path) as server:
        client = VendorClient(HttpClient(server.url, ProxySettings(proxy.url)), None, Still())
        with pytest.raises(VendorUnavailable, match="tls-failed"):
            client.get(server.url, lambda answer: answer.body)
        trusted = read_proxy_settings(proxy.url, None, tmp_path / "public.pem")
        client = VendorClient(HttpClient(server.url, trusted), None, Still())
        assert json.loads(client.get(server.url, lambda answer: answer.body)) == {"fine": True}
        assert len(proxy.heads) == 2


def test_neither_the_environment_nor_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy of the environment is not used; what this machine itself is asked in the clear goes through none."""
    with proxying() as proxy, secured(Fine(), tmp_path) as server:
        for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        client = VendorClient(
            HttpClient(server.url, read_proxy_settings(None, None, tmp_path / "public.pem")), None, Still()
        )
        assert client.get(server.url, lambda answer: answer.status) == 200
        with serving(Fine()) as plain:
            client = VendorClient(HttpClient(plain.url, ProxySettings(proxy.url)), None, Still())
            assert client.get(plain.url, lambda answer: answer.status) == 200
        assert proxy.heads == []


@pytest.mark.parametrize(
    "url",
    [
        "proxy.example:3128",
        "socks5://proxy.example",
        "http://user:word@proxy.example",
        "http://p.example/x",
        "http://p:99999",
    ],
)
def test_a_proxy_that_is_none(tmp_path: Path, url: str, capsys: pytest.CaptureFixture[str]) -> None:
    access = [
        "--tenant",
        TENANT,
        "--client-id",
        CLIENT,
        "--secret-file",
        str(secret_file(tmp_path)),
        "--once",
    ]
    out = ["--out", str(tmp_path / "logs"), "--base-url", "http://127.0.0.1:1"]
    assert main(["collect", "m365", *access, *out, "--proxy", url]) == 2
    said = capsys.readouterr().err
    assert "--proxy" in said
    assert "word@" not in said


@pytest.mark.parametrize(
    "text", ["", "nothing", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_a_bundle_that_is_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / "bundle.pem"
    path.write_text(text)
    with pytest.raises(CollectInvalid, match="not a file of certificates"):
        read_proxy_settings(None, None, path)
    with pytest.raises(CollectInvalid, match="cannot be read"):
        read_proxy_settings(None, None, tmp_path / "none.pem")


def test_a_bundle_with_a_private_key(tmp_path: Path) -> None:
    tls(tmp_path)
    both = tmp_path / "both.pem"
    both.write_bytes((tmp_path / "public.pem").read_bytes() + (tmp_path / "private.pem").read_bytes())
    with pytest.raises(CollectInvalid, match="or holds other data too"):
        read_proxy_settings(None, None, both)


@pytest.mark.parametrize("text", ["word", "us\ner:word", ":word"])
def test_a_proxys_secret_that_is_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / "secret"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(CollectInvalid) as raised:
        read_proxy_settings("http://proxy.example:3128", path, None)
    assert "word is" not in raised.value.message
