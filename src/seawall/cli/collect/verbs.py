"""`seawall collect`: fetch logs from vendors' APIs into a folder that a scan or a watch reads."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seawall.cli.collect import status as collect_status
from seawall.cli.configuration.option import fill_out
from seawall.cli.store.options import AsJson

if TYPE_CHECKING:
    from seawall.collection.settings import Vendor

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
DEFAULT_OUT = Path("collected")
_SHARED = frozenset({"config", "out", "once", "interval", "base_url", "quiet", "as_json"})
"""Options of every verb; the others are settings of the vendor, by the same names as in the settings file."""

Out = Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Folder of the collected logs.")]
Config = Annotated[
    Path | None,
    typer.Option("--config", metavar="FILE", is_eager=True, callback=fill_out, help="Settings file (TOML)."),
]
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
JsonOfOnce = Annotated[bool, typer.Option("--json", help="With --once: print one JSON document.")]
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
    content_types: Annotated[
        list[str] | None,
        typer.Option("--content-type", metavar="NAME", help="Audit.Exchange and others. May be repeated."),
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
    as_json: JsonOfOnce = False,
) -> None:
    """Collect the unified audit log through the Office 365 Management Activity API.

    \b
    Examples:
      seawall collect m365 --tenant ID --client-id ID --certificate seawall.pem --out logs
      SEAWALL_M365_SECRET=... seawall collect m365 --config collect.toml --once
    """
    _run("m365", locals())


@app.command("entra", short_help="Collect Entra ID sign-in logs and directory audits.")
def entra(
    out: Out = DEFAULT_OUT,
    config: Config = None,
    tenant: Tenant = None,
    client_id: ClientId = None,
    secret_file: SecretFile = None,
    certificate: Certificate = None,
    feeds: Annotated[
        list[str] | None,
        typer.Option(
            "--feed", metavar="NAME", help="signIns/interactiveUser, directoryAudits ... May be repeated."
        ),
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
    as_json: JsonOfOnce = False,
) -> None:
    """Collect all kinds of Entra ID sign-in logs, and directory audits, from Microsoft Graph.

    \b
    Examples:
      seawall collect entra --tenant ID --client-id ID --certificate seawall.pem --out logs
      seawall collect entra --config collect.toml --feed directoryAudits --once
    """
    _run("entra", locals())


@app.command("configuration", short_help="Fetch a tenant's configuration into a new folder.")
def configuration(
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="DIR", help="New folder for the configuration.")
    ] = Path("configuration"),
    vendor: Annotated[
        str,
        typer.Option(metavar="NAME", help="entra, or google or okta with the settings of --config."),
    ] = "entra",
    config: Config = None,
    tenant: Tenant = None,
    client_id: ClientId = None,
    secret_file: SecretFile = None,
    certificate: Certificate = None,
    cloud: CloudName = None,
    proxy: Proxy = None,
    proxy_secret_file: ProxySecret = None,
    ca_bundle: Bundle = None,
    base_url: BaseUrl = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Fetch policies, roles, applications and settings once, for `seawall assurance --configuration`.

    \b
    Examples:
      seawall collect configuration --tenant ID --client-id ID --certificate seawall.pem --out settings
      seawall collect configuration --vendor okta --config collect.toml --out settings-okta
    """
    from seawall.cli.collect import run
    from seawall_base.errors import UsageError

    vendors: dict[str, Vendor] = {"entra": "entra", "google": "google", "okta": "okta"}
    if vendor not in vendors:
        raise UsageError(f"--vendor {vendor} is none of entra, google, okta", fix="give one of these")
    names = (
        "tenant",
        "client_id",
        "secret_file",
        "certificate",
        "cloud",
        "proxy",
        "proxy_secret_file",
        "ca_bundle",
    )
    options = locals()
    typed = {name: options[name] for name in names if vendor == "entra" or options[name] is not None}
    if vendor != "entra" and (config is None or typed.keys() & set(names[:5])):
        raise UsageError(
            f"--vendor {vendor} takes its settings from --config alone",
            fix=f"write a table [{vendor}], as for its logs",
        )
    run.run_configuration(vendors[vendor], typed, config, out, base_url, quiet, as_json)


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
    applications: Annotated[
        list[str] | None,
        typer.Option("--application", metavar="NAME", help="login, token, admin ... May be repeated."),
    ] = None,
    days: Days = None,
    once: Once = False,
    interval: Interval = 300.0,
    proxy: Proxy = None,
    proxy_secret_file: ProxySecret = None,
    ca_bundle: Bundle = None,
    base_url: BaseUrl = None,
    quiet: Quiet = False,
    as_json: JsonOfOnce = False,
) -> None:
    """Collect audit activities through the Reports API of Google Workspace.

    \b
    Examples:
      seawall collect google --customer C012345 --administrator audit@acme.example --key-file key.json
      seawall collect google --config collect.toml --once
    """
    _run("google", locals())


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
    as_json: JsonOfOnce = False,
) -> None:
    """Collect the System Log of an Okta organisation.

    \b
    Examples:
      seawall collect okta --domain acme.okta.com --client-id ID --key-file key.pem --key-id KID
      SEAWALL_OKTA_TOKEN=... seawall collect okta --domain acme.okta.com --once
    """
    _run("okta", locals())


@app.command("kafka", short_help="Consume Kafka topics or Azure Event Hubs.")
def kafka(
    out: Out = DEFAULT_OUT,
    config: Config = None,
    servers: Annotated[
        list[str] | None,
        typer.Option("--server", metavar="HOST:PORT", help="A bootstrap broker. May be repeated."),
    ] = None,
    topics: Annotated[
        list[str] | None,
        typer.Option("--topic", metavar="NAME", help="A topic or event hub. May be repeated."),
    ] = None,
    group: Annotated[
        str | None, typer.Option(metavar="NAME", help="The consumer group. Default: seawall.")
    ] = None,
    secret_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="File with a connection string, password or client secret (mode 0600)."
        ),
    ] = None,
    username: Annotated[str | None, typer.Option(metavar="NAME", help="User name for SASL.")] = None,
    mechanism: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="SASL mechanism: PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512."),
    ] = None,
    tenant: Tenant = None,
    client_id: Annotated[
        str | None, typer.Option(metavar="ID", help="The application (client) id for Entra ID.")
    ] = None,
    certificate: Certificate = None,
    cloud: CloudName = None,
    ca_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="CA certificates (PEM) to trust instead of the system's."),
    ] = None,
    protocol: Annotated[
        str | None, typer.Option(metavar="NAME", help="tls, or plaintext (to this machine only).")
    ] = None,
    properties: Annotated[
        list[str] | None,
        typer.Option("--property", metavar="NAME=VALUE", help="A librdkafka property. May be repeated."),
    ] = None,
    once: Annotated[
        bool, typer.Option("--once", help="Read the messages that exist now, then exit.")
    ] = False,
    quiet: Quiet = False,
    as_json: JsonOfOnce = False,
) -> None:
    """Consume Kafka topics or Azure Event Hubs. To share partitions, start several processes with the same --out.

    \b
    Examples:
      seawall collect kafka --server acme.servicebus.windows.net:9093 --topic logs --secret-file connection
      seawall collect kafka --config collect.toml --once
    """
    _run("kafka", locals())


@app.command("status", short_help="Report coverage and coverage gaps of the collected logs.")
def status(
    out: Out = DEFAULT_OUT,
    as_json: AsJson = False,
) -> None:
    """Report for each log: records, end of proven coverage, coverage gaps and lateness.

    \b
    Examples:
      seawall collect status --out logs
      seawall collect status --out logs --json

    Exit code 10: a coverage gap exists, or nothing was fetched for a day.
    """
    collect_status.show(out, as_json)


def _run(vendor: Vendor, options: Mapping[str, Any]) -> None:
    """Run a collector with a verb's options by name: those that every verb has, and the vendor's settings."""
    from seawall.cli.collect import run

    shared = {name: value for name, value in options.items() if name in _SHARED}
    typed = {name: value for name, value in options.items() if name not in _SHARED}
    if vendor == "kafka":
        run.run_kafka(typed, **shared)
    else:
        run.run(vendor, typed, **shared)
