"""Which processes a settings file asks for: one collector for each vendor, and the console with the watch."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from seawall.cli.configuration.tables import ServiceConfiguration
from seawall.pipeline.supervision.supervised_process import ProcessPlan
from seawall.web.listen_address import ListenAddress, ListenAddressInvalid, parse_listen_address
from seawall_base.errors import UsageError
from seawall_base.http_client import request
from seawall_base.http_url import FetchError, parse_url

MODULE: Final = "seawall.cli.service.child"
DEFAULT_LISTEN: Final = "127.0.0.1:8090"
PROBE_SECONDS: Final = 20.0


def state_file_of(configuration: ServiceConfiguration) -> Path:
    """Return the file in which the service says how it is: beside the store, which holds nothing foreign."""
    store = configuration.store
    return store.with_name(f"{store.name}.service.json")


def plan_processes(configuration: ServiceConfiguration, *, quiet: bool) -> list[ProcessPlan]:
    """Return the processes of the service. Raises `UsageError` if there is nothing to read."""
    if not configuration.folders():
        raise UsageError(
            f"{configuration.file}: nothing is collected, and no folder of logs is named",
            fix=f"seawall connect --to {configuration.file}, or set [logs] folders",
        )
    file, more = str(configuration.file), ["--quiet"] if quiet else []
    collectors = [
        ProcessPlan(
            f"collect {vendor}",
            MODULE,
            ["collect", vendor, "--config", file, "--out", str(configuration.collected), *more],
        )
        for vendor in configuration.vendors
    ]
    words = ["serve", "--config", file, "--store", str(configuration.store), *more]
    console = ProcessPlan("console and watch", MODULE, words, is_alive=_probe(configuration))
    return [*collectors, console]


def _probe(configuration: ServiceConfiguration) -> Callable[[], bool] | None:
    """Return a question to the console; None if it ends TLS itself, or does not listen on this machine's own address."""
    table = configuration.tables["serve"]
    if "certificate" in table:
        return None
    try:
        address = parse_listen_address(table.get("listen", DEFAULT_LISTEN))
    except ListenAddressInvalid as invalid:
        raise UsageError(
            f"{configuration.file}: [serve] listen: {invalid}", fix=f'listen = "{DEFAULT_LISTEN}"'
        ) from None
    here = ListenAddress(address.host_from_here, address.port)
    if not here.is_loopback:
        return None
    url = parse_url(f"http://{here}/healthz/live", allow_loopback_http=True)

    def answers() -> bool:
        try:
            return request("GET", url, {}, limit=1 << 16, timeout=PROBE_SECONDS).status == 200
        except FetchError:
            return False

    return answers
