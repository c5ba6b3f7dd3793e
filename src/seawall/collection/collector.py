"""Build a collector from its settings: the vendor's API, the clients with credentials, and the ledger with its folder."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seawall.collection.configuration import ConfigurationSource, read_google, read_graph, read_okta
from seawall.collection.ledger import LedgerWriter, open_ledger
from seawall.collection.segments import SegmentFolder
from seawall.collection.settings import Vendor
from seawall.collection.source import LogSource
from seawall.collection.vendors import entra, google, m365, okta
from seawall.vendor_api.access.google import GoogleAccess
from seawall.vendor_api.access.microsoft import MicrosoftAccess, certificate_credential
from seawall.vendor_api.access.okta import SCOPE as OKTA_LOGS
from seawall.vendor_api.access.okta import ApiToken, PrivateKeyAccess
from seawall.vendor_api.client import VendorAccess, VendorClient
from seawall.vendor_api.clouds import GOOGLE, GRAPH, MANAGEMENT, Cloud
from seawall.vendor_api.configuration_addresses import (
    GOOGLE_ADDRESSES,
    GOOGLE_IDENTITY,
    GRAPH_ADDRESSES,
    OKTA_ADDRESSES,
)
from seawall_base.clock import Clock
from seawall_base.errors import CollectInvalid, OutputUnwritable
from seawall_base.http_client import ForeignHost, HttpClient
from seawall_base.proxy import ProxySettings, read_proxy_settings
from seawall_base.secret_file import secret_of


@dataclass(frozen=True, slots=True)
class LogCollector:
    """A fetcher of one vendor's logs of one tenant. `clients` are all HTTP clients in use."""

    vendor: Vendor
    tenant: str
    source: LogSource
    clients: tuple[VendorClient, ...]


def collector_of(
    vendor: Vendor, settings: Mapping[str, Any], clock: Clock, base_url: str | None = None
) -> LogCollector:
    """Return a collector. `base_url` replaces all hosts of the vendor. Raises `CollectInvalid`."""
    proxy = read_proxy_settings(settings["proxy"], settings["proxy_secret_file"], settings["ca_bundle"])
    if base_url is not None:
        base_url = base_url.rstrip("/")
        _http_client(base_url, proxy)
    if vendor == "m365":
        return _m365(settings, clock, base_url, proxy)
    if vendor == "entra":
        return _entra(settings, clock, base_url, proxy)
    make = _google if vendor == "google" else _okta
    return make(settings, clock, base_url, proxy)


def ledger_folder(out: Path) -> Path:
    """Return the folder of ledgers for a folder of logs: beside it, so that no reader takes ledgers for logs."""
    out = out.absolute()
    return out.with_name(f"{out.name}.ledger")


@contextmanager
def open_collection(out: Path, vendor: str, tenant: str) -> Iterator[LedgerWriter]:
    """Open the ledger of a collector for a `with` block, creating it if missing. Raises as `open_ledger`, and
    `OutputUnwritable`.
    """
    path, segments = collection_at(out, vendor, tenant)
    with open_ledger(path, {"vendor": vendor, "tenant": tenant}, segments) as book:
        yield book


def collection_at(out: Path, vendor: str, tenant: str) -> tuple[Path, SegmentFolder]:
    """Create the folders of a collector; return the ledger's path and the segments' folders. Raises `OutputUnwritable`."""
    ledgers = ledger_folder(out)
    try:
        out.mkdir(mode=0o700, parents=True, exist_ok=True)
        ledgers.mkdir(mode=0o700, exist_ok=True)
        waiting = ledgers / f"{vendor}-{tenant}"
        waiting.mkdir(mode=0o700, exist_ok=True)
        is_one = out.stat().st_dev == waiting.stat().st_dev
        status = ledgers.stat()
    except OSError as error:
        raise OutputUnwritable(
            f"{out}: cannot be created: {error.strerror}", fix="choose another --out"
        ) from error
    if not is_one:
        raise OutputUnwritable(
            f"{out} and {ledgers} are on different file systems",
            fix="choose an --out folder on the same file system as its parent folder",
        )
    if status.st_uid != os.geteuid() or stat.S_IMODE(status.st_mode) & 0o022:
        raise OutputUnwritable(
            f"{ledgers}: other users can write to the ledger's folder",
            fix=f"chmod 700 {ledgers}, as the user that collects",
        )
    return ledgers / f"{vendor}-{tenant}.sqlite", SegmentFolder(out, waiting)


def _http_client(url: str, proxy: ProxySettings) -> HttpClient:
    try:
        return HttpClient(url, proxy)
    except ForeignHost:
        raise CollectInvalid(
            "--base-url is no https:// URL, nor an http:// URL of this machine itself",
            fix="--base-url https://host",
        ) from None


def _microsoft(
    settings: Mapping[str, Any],
    cloud: Cloud,
    base_url: str | None,
    clock: Clock,
    variable: str,
    proxy: ProxySettings,
) -> tuple[MicrosoftAccess, VendorClient]:
    """Return Microsoft credentials, by certificate if given, else by secret. The scope is whatever an administrator
    consented to.
    """
    if settings["certificate"] is not None:
        credential: Any = certificate_credential(
            secret_of(settings["certificate"], variable, "--certificate")
        )
    else:
        credential = secret_of(settings["secret_file"], variable, "--secret-file")
    login_base = base_url or cloud.login
    login = VendorClient(_http_client(login_base, proxy), None, clock)
    scope = f"{cloud.api}/.default"
    access = MicrosoftAccess(
        settings["client_id"], settings["tenant"], cloud.login, scope, credential, login, login_base
    )
    return access, login


def _m365(
    settings: Mapping[str, Any], clock: Clock, base_url: str | None, proxy: ProxySettings
) -> LogCollector:
    cloud = MANAGEMENT[settings["cloud"]]
    access, login = _microsoft(settings, cloud, base_url, clock, "SEAWALL_M365_SECRET", proxy)
    base = base_url or cloud.api
    client = VendorClient(_http_client(base, proxy), access, clock, is_throttled=m365.is_throttled)
    source = m365.M365Source(client, base, settings["tenant"], settings["content_types"], settings["days"])
    return LogCollector("m365", settings["tenant"], source, (client, login))


def _entra(
    settings: Mapping[str, Any], clock: Clock, base_url: str | None, proxy: ProxySettings
) -> LogCollector:
    cloud = GRAPH[settings["cloud"]]
    access, login = _microsoft(settings, cloud, base_url, clock, "SEAWALL_ENTRA_SECRET", proxy)
    base = base_url or cloud.api
    client = VendorClient(_http_client(base, proxy), access, clock, pace=entra.PACE)
    source = entra.EntraSource(client, base, settings["feeds"], settings["days"])
    return LogCollector("entra", settings["tenant"], source, (client, login))


def configuration_sources(
    vendor: Vendor, settings: Mapping[str, Any], clock: Clock, base_url: str | None = None
) -> list[ConfigurationSource]:
    """Return where a vendor's configuration is, from the settings of its logs. Raises `CollectInvalid`."""
    proxy = read_proxy_settings(settings["proxy"], settings["proxy_secret_file"], settings["ca_bundle"])
    base_url = base_url.rstrip("/") if base_url is not None else None
    if vendor == "okta":
        scopes = sorted({address.permission for address in OKTA_ADDRESSES.values()})
        client, base, _ = _okta_clients(settings, clock, base_url, proxy, scopes)
        return [ConfigurationSource(client, base, OKTA_ADDRESSES, read_okta)]
    if vendor == "google":
        return list(_google_configuration(settings, clock, base_url, proxy))
    cloud = GRAPH[settings["cloud"]]
    access, _ = _microsoft(settings, cloud, base_url, clock, "SEAWALL_ENTRA_SECRET", proxy)
    base = base_url or cloud.api
    client = VendorClient(_http_client(base, proxy), access, clock)
    return [ConfigurationSource(client, base, GRAPH_ADDRESSES, read_graph)]


def _google_configuration(
    settings: Mapping[str, Any], clock: Clock, base_url: str | None, proxy: ProxySettings
) -> Iterator[ConfigurationSource]:
    """Yield the two hosts that hold Google's settings and users. Each gets a token of its own scope."""
    key = secret_of(settings["key_file"], "SEAWALL_GOOGLE_KEY", "--key-file")
    login_base = base_url or GOOGLE.login
    for name, host in (("google_policies", GOOGLE_IDENTITY), ("google_users", GOOGLE.api)):
        login = VendorClient(_http_client(login_base, proxy), None, clock)
        address = GOOGLE_ADDRESSES[name]
        access = GoogleAccess(
            key, settings["administrator"], login, f"{login_base}/token", (address.permission,)
        )
        base = base_url or host
        client = VendorClient(_http_client(base, proxy), access, clock, is_throttled=google.is_throttled)
        yield ConfigurationSource(client, base, {name: address}, read_google)


def _google(
    settings: Mapping[str, Any], clock: Clock, base_url: str | None, proxy: ProxySettings
) -> LogCollector:
    key = secret_of(settings["key_file"], "SEAWALL_GOOGLE_KEY", "--key-file")
    login_base = base_url or GOOGLE.login
    login = VendorClient(_http_client(login_base, proxy), None, clock)
    access = GoogleAccess(key, settings["administrator"], login, f"{login_base}/token")
    base = base_url or GOOGLE.api
    client = VendorClient(_http_client(base, proxy), access, clock, is_throttled=google.is_throttled)
    source = google.GoogleSource(
        client, base, settings["applications"], settings["days"], settings["customer"]
    )
    return LogCollector("google", settings["customer"], source, (client, login))


def _okta(
    settings: Mapping[str, Any], clock: Clock, base_url: str | None, proxy: ProxySettings
) -> LogCollector:
    client, base, login = _okta_clients(settings, clock, base_url, proxy, (OKTA_LOGS,))
    source = okta.OktaSource(client, base, clock, settings["days"])
    return LogCollector("okta", settings["domain"], source, (client, login))


def _okta_clients(
    settings: Mapping[str, Any],
    clock: Clock,
    base_url: str | None,
    proxy: ProxySettings,
    scopes: Sequence[str],
) -> tuple[VendorClient, str, VendorClient]:
    """Return a client of an Okta organisation, the URL of its host, and the client that obtains its tokens."""
    base = base_url or f"https://{settings['domain']}"
    login = VendorClient(_http_client(base, proxy), None, clock)
    if settings["client_id"] is not None:
        key = secret_of(settings["key_file"], "SEAWALL_OKTA_KEY", "--key-file")
        access: VendorAccess = PrivateKeyAccess(
            key,
            settings["client_id"],
            base,
            login,
            clock,
            settings["key_id"] or "",
            dpop=settings["dpop"],
            scopes=scopes,
        )
    else:
        access = ApiToken(secret_of(settings["token_file"], "SEAWALL_OKTA_TOKEN", "--token-file"))
    return VendorClient(_http_client(base, proxy), access, clock), base, login
