"""Turn Seawall's settings into the configuration of librdkafka: TLS verified, and only listed properties allowed."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from seawall.vendor_api.access.microsoft import MicrosoftAccess, certificate_credential
from seawall.vendor_api.client import VendorClient
from seawall.vendor_api.clouds import GRAPH
from seawall_base.clock import Clock
from seawall_base.errors import CollectInvalid
from seawall_base.http_client import HttpClient
from seawall_base.secret_file import secret_in, secret_of

ENVIRONMENT_VARIABLE: Final = "SEAWALL_KAFKA_SECRET"
"""Holds the secret where no file does."""
PROPERTIES: Final = (
    "broker.address.family",
    "client.rack",
    "connections.max.idle.ms",
    "fetch.max.bytes",
    "fetch.message.max.bytes",
    "fetch.min.bytes",
    "fetch.wait.max.ms",
    "heartbeat.interval.ms",
    "max.poll.interval.ms",
    "metadata.max.age.ms",
    "queued.max.messages.kbytes",
    "queued.min.messages",
    "receive.message.max.bytes",
    "reconnect.backoff.max.ms",
    "reconnect.backoff.ms",
    "session.timeout.ms",
    "socket.connection.setup.timeout.ms",
    "socket.timeout.ms",
    "topic.metadata.refresh.interval.ms",
)
"""Properties of librdkafka that settings may change: speed, sizes and time-outs.

None of them names a secret, weakens checks, executes or writes anything, or moves the position of reading.
"""

_FIXED: Final[Mapping[str, Any]] = {
    "client.id": "seawall",
    "enable.auto.commit": False,
    "enable.auto.offset.store": False,
    # A missing offset is recorded as an error; reading never jumps to the first or last offset.
    "auto.offset.reset": "error",
    "enable.partition.eof": True,
    "isolation.level": "read_committed",
    "allow.auto.create.topics": False,
    "partition.assignment.strategy": "roundrobin",
    "enable.ssl.certificate.verification": True,
    "ssl.endpoint.identification.algorithm": "https",
}
_USUAL: Final[Mapping[str, Any]] = {
    # Azure silently drops connections that are idle for four minutes.
    "socket.keepalive.enable": True,
    "connections.max.idle.ms": 180_000,
    "metadata.max.age.ms": 180_000,
    "queued.max.messages.kbytes": 65_536,
}
_ENDPOINT: Final = "endpoint=sb://"


def configuration_of(settings: Mapping[str, Any], clock: Clock) -> dict[str, Any]:
    """Return librdkafka's configuration. It contains secrets: give it to the library alone. Raises `CollectInvalid`."""
    for name, what, fix in contradictions(settings):
        raise CollectInvalid(f"{name}: {what}", fix=fix)
    found = dict(_USUAL)
    found |= dict(one.split("=", 1) for one in settings["properties"] or ())
    found |= _FIXED
    found["bootstrap.servers"] = ",".join(settings["servers"])
    found["group.id"] = settings["group"]
    if settings["ca_file"] is not None:
        found["ssl.ca.location"] = str(settings["ca_file"])
    access = _access(settings, clock)
    is_open = settings["protocol"] == "plaintext"
    is_sasl = "sasl.mechanisms" in access
    found["security.protocol"] = ("SASL_" if is_sasl else "") + ("PLAINTEXT" if is_open else "SSL")
    return found | access


def contradictions(settings: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield (setting, fault, fix) for settings that contradict each other."""
    servers = settings["servers"]
    if settings["protocol"] == "plaintext" and not all(_is_here(server) for server in servers):
        yield (
            "protocol",
            "plaintext goes to this machine alone: others would read the logs, and could write into them",
            "remove it, and let the brokers speak TLS",
        )
    if settings["client_id"] is None:
        return
    if settings["tenant"] is None:
        yield "tenant", "is missing: the directory of client_id", "give the directory (tenant) id"
    if len({host_of(server) for server in servers}) > 1:
        # A token is for one namespace, and no other host may receive it.
        yield "servers", "the servers are of several namespaces", "give one server with client_id"


def _access(settings: Mapping[str, Any], clock: Clock) -> dict[str, Any]:
    """Return the properties for authentication: Entra ID, a shared key of Event Hubs, a password, a certificate, or none."""
    certificate = None
    if settings["certificate"] is not None:
        certificate = certificate_credential(
            secret_of(settings["certificate"], ENVIRONMENT_VARIABLE, "--certificate")
        )
    if settings["client_id"] is not None:
        return _entra(settings, certificate, clock)
    mutual = {}
    if certificate is not None:
        mutual = {
            "ssl.key.pem": certificate["private_key"],
            "ssl.certificate.pem": certificate["public_certificate"],
        }
    has_secret = settings["secret_file"] is not None or bool(secret_in(ENVIRONMENT_VARIABLE))
    if not has_secret and settings["username"] is None:
        return mutual
    secret = secret_of(settings["secret_file"], ENVIRONMENT_VARIABLE, "--secret-file")
    if secret.lower().startswith(_ENDPOINT):
        return mutual | _shared_key(settings, secret)
    if settings["username"] is None:
        raise CollectInvalid(
            "the secret is not an Event Hubs connection string, and --username is missing",
            fix="give --username NAME",
        )
    return mutual | {
        "sasl.mechanisms": settings["mechanism"],
        "sasl.username": settings["username"],
        "sasl.password": secret,
    }


def _shared_key(settings: Mapping[str, Any], secret: str) -> dict[str, Any]:
    """Return the properties for a connection string, which serves as password: refuse servers outside its namespace."""
    host = secret[len(_ENDPOINT) :].split(";", 1)[0].strip("/").lower()
    if any(host_of(server) != host for server in settings["servers"]):
        raise CollectInvalid(
            "the connection string names another namespace than --server",
            fix="--server NAMESPACE.servicebus.windows.net:9093, the one that its Endpoint names",
        )
    return {"sasl.mechanisms": "PLAIN", "sasl.username": "$ConnectionString", "sasl.password": secret}


def _entra(settings: Mapping[str, Any], certificate: dict[str, str] | None, clock: Clock) -> dict[str, Any]:
    credential: Any = certificate or secret_of(settings["secret_file"], ENVIRONMENT_VARIABLE, "--secret-file")
    host = GRAPH[settings["cloud"]].login
    scope = f"https://{host_of(settings['servers'][0])}/.default"
    login = VendorClient(HttpClient(host), None, clock)
    access = MicrosoftAccess(settings["client_id"], settings["tenant"], host, scope, credential, login, host)
    return {"sasl.mechanisms": "OAUTHBEARER", "oauth_cb": token_giver(access)}


def token_giver(access: MicrosoftAccess) -> Callable[[str], tuple[str, float]]:
    """Return a callback that gives librdkafka an access token and its expiry in seconds since 1970.

    Exceptions it raises have no text, because the library would log the text.
    """

    def give(_: str) -> tuple[str, float]:
        try:
            token, seconds = access.token()
        except Exception as error:  # noqa: BLE001 - called from C code, which would log the text of any exception
            name = type(error).__name__
            raise RuntimeError(f"no access token ({name})") from None
        return token, time.time() + seconds

    return give


def host_of(server: str) -> str:
    """Return the host of `HOST:PORT` in lower case."""
    return server.rsplit(":", 1)[0].strip("[]").lower()


def _is_here(server: str) -> bool:
    host = host_of(server)
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
