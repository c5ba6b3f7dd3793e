"""`seawall collect kafka`: read topics as a member of a consumer group, until it is stopped."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from seawall.cli import output
from seawall_base.plurals import plural


def kafka(
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="DIR", help="Folder of the collected logs.")
    ] = Path("collected"),
    config: Annotated[
        Path | None, typer.Option("--config", metavar="FILE", help="Settings file (TOML).")
    ] = None,
    server: Annotated[
        list[str] | None,
        typer.Option(metavar="HOST:PORT", help="A bootstrap broker. May be repeated."),
    ] = None,
    topic: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="A topic or event hub. May be repeated.")
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
    tenant: Annotated[str | None, typer.Option(metavar="ID", help="The directory (tenant) id.")] = None,
    client_id: Annotated[
        str | None, typer.Option(metavar="ID", help="The application (client) id for Entra ID.")
    ] = None,
    certificate: Annotated[
        Path | None, typer.Option(metavar="FILE", help="PEM file with a private key and its certificate.")
    ] = None,
    cloud: Annotated[
        str | None, typer.Option(metavar="NAME", help="A national cloud: gcc, gcc-high, dod, china.")
    ] = None,
    ca_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="CA certificates (PEM) to trust instead of the system's."),
    ] = None,
    protocol: Annotated[
        str | None, typer.Option(metavar="NAME", help="tls, or plaintext (to this machine only).")
    ] = None,
    setting: Annotated[
        list[str] | None,
        typer.Option("--property", metavar="NAME=VALUE", help="A librdkafka property. May be repeated."),
    ] = None,
    once: Annotated[
        bool, typer.Option("--once", help="Read the messages that exist now, then exit.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="With --once: print one JSON document.")] = False,
) -> None:
    """Consume Kafka topics or Azure Event Hubs. To share partitions, start several processes with the same --out.

    \b
    Examples:
      seawall collect kafka --server acme.servicebus.windows.net:9093 --topic logs --secret-file connection
      seawall collect kafka --config collect.toml --once
    """
    typed = {
        "servers": server,
        "topics": topic,
        "group": group,
        "secret_file": secret_file,
        "username": username,
        "mechanism": mechanism,
        "tenant": tenant,
        "client_id": client_id,
        "certificate": certificate,
        "cloud": cloud,
        "ca_file": ca_file,
        "protocol": protocol,
        "properties": setting,
    }
    _run(typed, config, out, once, quiet, as_json)


def _run(
    typed: dict[str, Any], config: Path | None, out: Path, once: bool, quiet: bool, as_json: bool
) -> None:
    from seawall.cli.collect.run import print_outcome, stopping
    from seawall.collection.kafka.group import open_member
    from seawall.collection.settings import read_settings
    from seawall_base.clock import Clock

    settings = read_settings("kafka", config, typed)
    with stopping() as stop:
        say = (lambda _: None) if quiet else output.say
        with open_member(out, settings, Clock(stop), output.say) as (name, member):
            if not once:
                say(f"reading {plural(len(settings['topics']), 'topic')} of {name} into {out}")
            outcome = member.run(once=once)
            if once and not stop.is_set():
                print_outcome(outcome, "kafka", name, out, quiet, as_json)
                return
            say("stopped; the next start resumes here")
