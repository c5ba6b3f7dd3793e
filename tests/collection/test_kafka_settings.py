"""What the library is told: TLS and its checks on, secrets to whom they are meant for, no property but those that are listed."""

from __future__ import annotations

import io
import json
import logging
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from seawall.cli.main import main
from seawall.collection.kafka.configuration import PROPERTIES, configuration_of, token_giver
from seawall.collection.settings import read_settings
from seawall.vendor_api.access.microsoft import MicrosoftAccess
from seawall.vendor_api.client import VendorClient
from seawall.vendor_api.errors import CollectRefused
from seawall_base.clock import Clock
from seawall_base.errors import CollectInvalid
from seawall_base.http_client import HttpClient
from tests.collection.management import CLIENT, SECRET, TENANT
from tests.collection.serving import serving
from tests.collection.test_command import certificate, management, secret_file

SERVER = "acme.servicebus.windows.net:9093"
CONNECTION = "Endpoint=sb://acme.servicebus.windows.net/;SharedAccessKeyName=listen;SharedAccessKey=c2VjcmV0;EntityPath=logs"


def configuration(**typed: Any) -> dict[str, Any]:
    given = {"servers": [SERVER], "topics": ["logs"], **typed}
    return configuration_of(read_settings("kafka", None, given), Clock())


@pytest.fixture(autouse=True)
def _no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SEAWALL_KAFKA_SECRET", raising=False)


def test_a_connection_string_goes_to_its_namespace_alone(tmp_path: Path) -> None:
    secret = secret_file(tmp_path, CONNECTION)
    found = configuration(secret_file=secret)
    assert (found["security.protocol"], found["sasl.mechanisms"]) == ("SASL_SSL", "PLAIN")
    assert (found["sasl.username"], found["sasl.password"]) == ("$ConnectionString", CONNECTION)
    for others in (["acme.servicebus.windows.net.evil.example:9093"], [SERVER, "other.example:9093"]):
        with pytest.raises(CollectInvalid) as error:
            configuration(servers=others, secret_file=secret)
        assert "another namespace" in str(error.value)
        assert "c2VjcmV0" not in f"{error.value!r}"


def test_a_password_needs_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEAWALL_KAFKA_SECRET", "throw-away")
    found = configuration(username="reader", mechanism="SCRAM-SHA-512")
    assert (found["sasl.mechanisms"], found["sasl.username"], found["sasl.password"]) == (
        "SCRAM-SHA-512",
        "reader",
        "throw-away",
    )
    with pytest.raises(CollectInvalid) as error:
        configuration()
    assert "throw-away" not in f"{error.value!r}"


@pytest.mark.parametrize(
    "mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER", "connection string"]
)
def test_every_way_to_sign_in_reaches_the_library_and_no_secret_is_printed(
    mechanism: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """The library says itself what it was configured with; it does so where it is asked to, and hides what is sensitive."""
    from confluent_kafka import Consumer

    secret = "throw-away-0123456789"
    monkeypatch.setenv("SEAWALL_KAFKA_SECRET", CONNECTION if mechanism == "connection string" else secret)
    typed: dict[str, dict[str, Any]] = {
        "OAUTHBEARER": {"tenant": TENANT, "client_id": CLIENT},
        "connection string": {},
    }
    found = configuration(**typed.get(mechanism, {"username": "reader", "mechanism": mechanism}))
    if "oauth_cb" in found:  # who asks Entra is tested below; here nobody is asked
        found["oauth_cb"] = lambda _: (secret, time.time() + 3_600)
    written = io.StringIO()
    logger = logging.getLogger(f"{__name__}.told")
    monkeypatch.setattr(logger, "propagate", False)
    monkeypatch.setattr(logger, "handlers", [logging.StreamHandler(written)])
    logger.setLevel(logging.DEBUG)
    consumer = Consumer({**found, "debug": "conf", "log_level": 7}, logger=logger)
    try:
        for _ in range(50):
            consumer.poll(0.05)
            if "bootstrap.servers" in written.getvalue():
                break
    finally:
        consumer.close()
    told = written.getvalue()
    name = "PLAIN" if mechanism == "connection string" else mechanism
    assert f"sasl.mechanisms = {name}" in told
    assert "security.protocol = sasl_ssl" in told
    assert "enable.ssl.certificate.verification = true" in told
    captured = capfd.readouterr()
    for text in (told, captured.out, captured.err):
        assert secret not in text
        assert "c2VjcmV0" not in text


def test_a_certificate_of_a_client(tmp_path: Path) -> None:
    found = configuration(certificate=certificate(tmp_path))
    assert found["security.protocol"] == "SSL"
    assert "PRIVATE KEY" in found["ssl.key.pem"]
    assert found["ssl.certificate.pem"].startswith("-----BEGIN CERTIFICATE")


def test_entra_is_asked_for_one_namespace(tmp_path: Path) -> None:
    who = {"tenant": TENANT, "client_id": CLIENT, "certificate": certificate(tmp_path)}
    found = configuration(**who)
    assert (found["security.protocol"], found["sasl.mechanisms"]) == ("SASL_SSL", "OAUTHBEARER")
    assert callable(found["oauth_cb"])
    for wrong in ({"servers": [SERVER, "other.example:9093"]}, {"tenant": None}):
        with pytest.raises(CollectInvalid):
            configuration(**{**who, **wrong})


def test_a_token_of_entra(tmp_path: Path) -> None:
    """By the vendor's own library, from a served sign-in host; what goes wrong has a name and no more."""
    api = management()
    with serving(api) as server:
        api.base = server.url
        login = "https://login.microsoftonline.com"
        client = VendorClient(HttpClient(server.url), None, Clock())
        scope = "https://manage.office.com/.default"
        access = MicrosoftAccess(CLIENT, TENANT, login, scope, SECRET, client, server.url)
        token, until = token_giver(access)("")
        assert token
        assert 0 < until - time.time() < 90_000


def test_no_token_is_said_without_what_was_answered() -> None:
    class Refusing:
        def token(self) -> tuple[str, int]:
            raise CollectRefused("the secret is throw-away", fix="")

    with pytest.raises(RuntimeError) as error:
        token_giver(Refusing())("")  # type: ignore[arg-type]
    assert str(error.value) == "no access token (CollectRefused)"


@pytest.mark.parametrize(
    "name",
    ["bootstrap.servers", "ssl.endpoint.identification.algorithm", "enable.ssl.certificate.verification", "security.protocol",
     "auto.offset.reset", "enable.auto.commit", "debug", "plugin.library.paths", "sasl.oauthbearer.token.endpoint.url",
     "ssl.ca.location", "ssl.engine.location", "log_level", "sasl.kerberos.kinit.cmd", "test.mock.num.brokers", "socket_cb"],
)  # fmt: skip
def test_properties_that_may_not_be_set(name: str) -> None:
    assert name not in PROPERTIES
    with pytest.raises(CollectInvalid):
        configuration(properties=[f"{name}=1"])


def test_properties_that_may_be_set_are_the_librarys() -> None:
    from confluent_kafka import Consumer

    found = configuration(properties=["session.timeout.ms=30000", "fetch.min.bytes=1"])
    assert (found["session.timeout.ms"], found["fetch.min.bytes"]) == ("30000", "1")
    values = {"broker.address.family": "v4", "client.rack": "a", "max.poll.interval.ms": "300000",
              "fetch.max.bytes": "20000000", "receive.message.max.bytes": "30000000"}  # fmt: skip
    every = [f"{name}={values.get(name, '100000')}" for name in PROPERTIES if name != "heartbeat.interval.ms"]
    Consumer({**configuration(properties=every), "security.protocol": "PLAINTEXT", "log_level": 0}).close()


def test_properties_that_do_not_fit_each_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SEAWALL_KAFKA_SECRET", CONNECTION)
    options = [
        "--server",
        SERVER,
        "--topic",
        "logs",
        "--property",
        "fetch.max.bytes=1000",
        "--out",
        str(tmp_path / "logs"),
    ]
    assert main(["collect", "kafka", *options]) == 2
    said = capsys.readouterr().err
    assert "`fetch.max.bytes` must be" in said
    assert CONNECTION not in said


@pytest.mark.parametrize(
    "server", ["kafka.example:9092", "10.0.0.7:9092", "[2001:db8::1]:9092", "localhost.example:9092"]
)
def test_nothing_goes_unencrypted_to_others(server: str) -> None:
    with pytest.raises(CollectInvalid):
        configuration(servers=["127.0.0.1:9092", server], protocol="plaintext")


def test_the_machine_itself_may_be_asked_without_tls() -> None:
    found = configuration(servers=["127.0.0.1:9092", "localhost:9", "[::1]:9092"], protocol="plaintext")
    assert found["security.protocol"] == "PLAINTEXT"


@pytest.mark.parametrize("typed", [{"topics": [".."]}, {"topics": ["a/b"]}, {"servers": ["acme"]}, {"servers": ["a:1,b:2"]},
                                   {"group": "a b"}, {"protocol": "ssl"}, {"topics": []}])  # fmt: skip
def test_wrong_settings(typed: dict[str, Any]) -> None:
    with pytest.raises(CollectInvalid):
        configuration(**typed)


def signed(folder: Path, name: str) -> tuple[Path, Path]:
    """A certificate that signs itself, for 127.0.0.1, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=9))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem, private = folder / f"{name}.pem", folder / f"{name}.key"
    pem.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return pem, private


@contextmanager
def broker(pem: Path, key: Path) -> Iterator[tuple[int, list[bytes]]]:
    """What listens as a broker would, says nothing, and keeps what it is told after the handshake."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, key)
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.2)
        is_over = threading.Event()

        def serve() -> None:
            while not is_over.is_set():
                try:
                    plain, _ = listening.accept()
                except OSError:
                    continue
                with plain:
                    plain.settimeout(2)
                    try:
                        with context.wrap_socket(plain, server_side=True) as inner:
                            heard.append(inner.recv(4096))
                    except OSError:
                        continue

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listening.getsockname()[1], heard
        finally:
            is_over.set()
            thread.join()


@pytest.mark.parametrize("is_trusted", [True, False])
def test_a_broker_that_nobody_vouches_for_hears_nothing(
    tmp_path: Path, is_trusted: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("seawall.collection.kafka.member.PATIENCE", 1_000_000)
    monkeypatch.setenv("SEAWALL_KAFKA_SECRET", "throw-away-password")
    pem, key = signed(tmp_path, "broker")
    other, _ = signed(tmp_path, "other")
    with broker(pem, key) as (port, heard):
        options = ["--server", f"127.0.0.1:{port}", "--topic", "logs", "--username", "reader", "--once"]
        trusted = pem if is_trusted else other
        assert (
            main(["collect", "kafka", *options, "--ca-file", str(trusted), "--out", str(tmp_path / "logs")])
            == 1
        )
    said = capsys.readouterr().err
    assert "throw-away-password" not in said
    assert any(heard) == is_trusted
    assert ("_SSL" in said) != is_trusted


def test_settings_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "collect.toml"
    file.write_text(
        f'[kafka]\nservers = ["{SERVER}"]\ntopics = {json.dumps(["a", "b"])}\nproperties = ["debug=all"]\n'
    )
    with pytest.raises(CollectInvalid) as error:
        read_settings("kafka", file, {})
    assert f"{file}:4: properties: does not look like" in str(error.value)
    file.write_text(file.read_text().replace("debug=all", "fetch.min.bytes=9"))
    found = read_settings("kafka", file, {"group": "mine"})
    assert (found["topics"], found["group"], found["properties"]) == (
        ("a", "b"),
        "mine",
        ("fetch.min.bytes=9",),
    )


def test_every_fault_of_file_and_command_line_is_said_at_once(tmp_path: Path) -> None:
    file = tmp_path / "collect.toml"
    file.write_text(
        '[kafka]\nservers = ["a.example:1", "b.example:1", "c"]\ngroup = 1\ntopics = []\nca_file = ""\n'
    )
    with pytest.raises(CollectInvalid) as refused:
        read_settings("kafka", file, {"mechanism": "GUESS", "properties": ["debug=all"]})
    assert [line.removeprefix(f"{file}:") for line in refused.value.details] == [
        "--mechanism: is none of PLAIN, SCRAM-SHA-256, SCRAM-SHA-512; write one of these",
        '--property: does not look like a property that may be set, NAME=VALUE; write it as "fetch.min.bytes=1"',
        '2: servers: does not look like HOST:PORT; write it as "kafka.example:9093"',
        '3: group: is a number where a text is needed; write it in quotes: "..."',
        "4: topics: is an empty array; list at least one, or leave the setting out",
        "5: ca_file: is empty; write a value, or leave the setting out",
    ]
    file.write_text(
        '[kafka]\nservers = ["a.example:1", "b.example:1"]\ntopics = ["t"]\nprotocol = "plaintext"\n'
    )
    with pytest.raises(CollectInvalid) as refused:
        read_settings("kafka", file, {"client_id": CLIENT})
    assert [line.removeprefix(f"{file}:").split(";")[0] for line in refused.value.details] == [
        "1: tenant: is missing: the directory of client_id",
        "2: servers: the servers are of several namespaces",
        "4: protocol: plaintext goes to this machine alone: others would read the logs, and could write into them",
    ]
    with pytest.raises(CollectInvalid) as refused:
        read_settings("okta", None, {})
    assert refused.value.details == (
        "--domain is missing: the organisation's domain; give it, or --config FILE",
    )
    with pytest.raises(CollectInvalid) as refused:
        read_settings("okta", file, {})
    assert [line.removeprefix(f"{file}:") for line in refused.value.details] == [
        "1: okta: there is no table [okta]; write [okta]",
        "1: domain: is missing; set domain in [okta]: the organisation's domain",
    ]
