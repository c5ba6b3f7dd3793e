"""`seawall collect`: fetch logs from vendors' APIs into a folder that a scan or a watch reads."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seawall.cli.collect import kafka as collect_kafka
from seawall.cli.collect import status as collect_status

if TYPE_CHECKING:
    from seawall.collection.settings import Vendor

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
DEFAULT_OUT = Path("collected")

Out = Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Folder of the collected logs.")]
Config = Annotated[Path | None, typer.Option("--config", metavar="FILE", help="Settings file (TOML).")]
Days = Annotated[float | None, typer.Option(metavar="N", help="Days of history that the first pass fetches.")]
Once = Annotated[bool, typer.Option("--once", help="Fetch the records that exist now, then exit.")]
Interval = Annotated[
    float, typer.Option(metavar="SECONDS", min=10.0, help="Pause between two passes, in seconds.")
]
Proxy = Annotated[
    str | None,
    typer.Option("--proxy", metavar="URL", help="HTTP proxy: http://host:port, without a password."),
]
ProxySecret = Annotated[
    Path | None,
    typer.Option("--proxy-secret-file", metavar="FILE", help="File with the proxy's USER:PASSWORD."),
]
Bundle = Annotated[
    Path | None,
    typer.Option("--ca-bundle", metavar="FILE", help="CA certificates (PEM) to trust besides the system's."),
]
BaseUrl = Annotated[
    str | None,
    typer.Option(metavar="URL", help="Base URL instead of the vendor's: https, or http to this machine."),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")]
AsJson = Annotated[bool, typer.Option("--json", help="With --once: print one JSON document.")]
Tenant = Annotated[str | None, typer.Option(metavar="ID", help="The directory (tenant) id.")]
ClientId = Annotated[str | None, typer.Option(metavar="ID", help="The application (client) id.")]
SecretFile = Annotated[
    Path | None, typer.Option(metavar="FILE", help="File with the client secret (mode 0600).")
]
Certificate = Annotated[
    Path | None, typer.Option(metavar="FILE", help="PEM file with a private key and its certificate.")
]
CloudName = Annotated[
    str | None, typer.Option("--cloud", metavar="NAME", help="A national cloud: gcc, gcc-high, dod, china.")
]


@app.callback()
def collect() -> None:
    """Collect logs from vendors' APIs, each record once. A collection ledger records coverage and gaps.

    \b
    Examples:
      seawall collect m365 --tenant ID --client-id ID --certificate seawall.pem --out logs
      seawall collect okta --config collect.toml --out logs
      seawall collect status --out logs
    """


@app.command("m365", short_help="Collect the Microsoft 365 unified audit log.")
def m365(
    out: Out = DEFAULT_OUT,
    config: Config = None,
    tenant: Tenant = None,
    client_id: ClientId = None,
    secret_file: SecretFile = None,
    certificate: Certificate = None,
    content_type: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Audit.Exchange and others. May be repeated.")
    ] = None,
    cloud: CloudName = None,
    days: Days = None,
    once: Once = False,
    interval: Interval = 300.0,
    proxy: Proxy = None,
    proxy_secret_file: ProxySecret = None,
    ca_bundle: Bundle = None,
    base_url: BaseUrl = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Collect the unified audit log through the Office 365 Management Activity API.

    \b
    Examples:
      seawall collect m365 --tenant ID --client-id ID --certificate seawall.pem --out logs
      SEAWALL_M365_SECRET=... seawall collect m365 --config collect.toml --once
    """
    typed = {
        **_microsoft(tenant, client_id, secret_file, certificate, cloud, days),
        "content_types": content_type,
        **_route(proxy, proxy_secret_file, ca_bundle),
    }
    _run("m365", typed, config, out, once, interval, base_url, quiet, as_json)


@app.command("entra", short_help="Collect Entra ID sign-in logs and directory audits.")
def entra(
    out: Out = DEFAULT_OUT,
    config: Config = None,
    tenant: Tenant = None,
    client_id: ClientId = None,
    secret_file: SecretFile = None,
    certificate: Certificate = None,
    feed: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="signIns/interactiveUser, directoryAudits ... May be repeated."),
    ] = None,
    cloud: CloudName = None,
    days: Days = None,
    once: Once = False,
    interval: Interval = 300.0,
    proxy: Proxy = None,
    proxy_secret_file: ProxySecret = None,
    ca_bundle: Bundle = None,
    base_url: BaseUrl = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Collect all kinds of Entra ID sign-in logs, and directory audits, from Microsoft Graph.

    \b
    Examples:
      seawall collect entra --tenant ID --client-id ID --certificate seawall.pem --out logs
      seawall collect entra --config collect.toml --feed directoryAudits --once
    """
    typed = {
        **_microsoft(tenant, client_id, secret_file, certificate, cloud, days),
        "feeds": feed,
        **_route(proxy, proxy_secret_file, ca_bundle),
    }
    _run("entra", typed, config, out, once, interval, base_url, quiet, as_json)


@app.command("google", short_help="Collect Google Workspace audit logs.")
def google(
    out: Out = DEFAULT_OUT,
    config: Config = None,
    customer: Annotated[
        str | None, typer.Option(metavar="ID", help="The customer id, for example C012345.")
    ] = None,
    administrator: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="The administrator that the service account impersonates."),
    ] = None,
    key_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The service account's JSON key (mode 0600)."),
    ] = None,
    application: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="login, token, admin ... May be repeated.")
    ] = None,
    days: Days = None,
    once: Once = False,
    interval: Interval = 300.0,
    proxy: Proxy = None,
    proxy_secret_file: ProxySecret = None,
    ca_bundle: Bundle = None,
    base_url: BaseUrl = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Collect audit activities through the Reports API of Google Workspace.

    \b
    Examples:
      seawall collect google --customer C012345 --administrator audit@acme.example --key-file key.json
      seawall collect google --config collect.toml --once
    """
    typed = {
        "customer": customer,
        "administrator": administrator,
        "key_file": key_file,
        "applications": application,
        "days": days,
        **_route(proxy, proxy_secret_file, ca_bundle),
    }
    _run("google", typed, config, out, once, interval, base_url, quiet, as_json)


@app.command("okta", short_help="Collect Okta's System Log.")
def okta(
    out: Out = DEFAULT_OUT,
    config: Config = None,
    domain: Annotated[
        str | None,
        typer.Option(metavar="DOMAIN", help="The organisation's domain, for example acme.okta.com."),
    ] = None,
    client_id: Annotated[
        str | None, typer.Option(metavar="ID", help="The client id of the service application.")
    ] = None,
    key_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The application's private key (mode 0600)."),
    ] = None,
    key_id: Annotated[str | None, typer.Option(metavar="ID", help="The id (kid) of the key at Okta.")] = None,
    dpop: Annotated[
        bool | None,
        typer.Option(help="Whether the application requires DPoP (proof of possession). Default: yes."),
    ] = None,
    token_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="File with an API token, instead of an application."),
    ] = None,
    days: Days = None,
    once: Once = False,
    interval: Interval = 60.0,
    proxy: Proxy = None,
    proxy_secret_file: ProxySecret = None,
    ca_bundle: Bundle = None,
    base_url: BaseUrl = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Collect the System Log of an Okta organisation.

    \b
    Examples:
      seawall collect okta --domain acme.okta.com --client-id ID --key-file key.pem --key-id KID
      SEAWALL_OKTA_TOKEN=... seawall collect okta --domain acme.okta.com --once
    """
    typed = {
        "domain": domain,
        "client_id": client_id,
        "key_file": key_file,
        "key_id": key_id,
        "dpop": dpop,
        "token_file": token_file,
        "days": days,
        **_route(proxy, proxy_secret_file, ca_bundle),
    }
    _run("okta", typed, config, out, once, interval, base_url, quiet, as_json)


app.command("kafka", short_help="Consume Kafka topics or Azure Event Hubs.")(collect_kafka.kafka)


@app.command("status", short_help="Report coverage and coverage gaps of the collected logs.")
def status(
    out: Out = DEFAULT_OUT,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Report for each log: records, end of proven coverage, coverage gaps and lateness.

    \b
    Examples:
      seawall collect status --out logs
      seawall collect status --out logs --json

    Exit code 10: a coverage gap exists, or nothing was fetched for a day.
    """
    collect_status.show(out, as_json)


def _microsoft(
    tenant: str | None,
    client_id: str | None,
    secret_file: Path | None,
    certificate: Path | None,
    cloud: str | None,
    days: float | None,
) -> dict[str, Any]:
    return {
        "tenant": tenant,
        "client_id": client_id,
        "secret_file": secret_file,
        "certificate": certificate,
        "cloud": cloud,
        "days": days,
    }


def _route(proxy: str | None, secret_file: Path | None, bundle: Path | None) -> dict[str, Any]:
    return {"proxy": proxy, "proxy_secret_file": secret_file, "ca_bundle": bundle}


def _run(
    vendor: Vendor,
    typed: dict[str, Any],
    config: Path | None,
    out: Path,
    once: bool,
    interval: float,
    base_url: str | None,
    quiet: bool,
    as_json: bool,
) -> None:
    from seawall.cli.collect import run as collect_run

    collect_run.run(vendor, typed, config, out, once, interval, base_url, quiet, as_json)
