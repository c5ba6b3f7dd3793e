"""`seawall run`: collect, watch, detect and alert as one service, without anybody."""

from __future__ import annotations

import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seawall.cli import output

if TYPE_CHECKING:
    from seawall.cli.configuration.tables import ServiceConfiguration

ServiceFile = Annotated[
    Path,
    typer.Option(
        "--config",
        metavar="FILE",
        envvar="SEAWALL_CONFIG",
        show_envvar=False,
        help="Settings file (TOML); also SEAWALL_CONFIG.",
    ),
]


def run(
    config: ServiceFile,
    check: Annotated[bool, typer.Option("--check", help="Check the settings file, and run nothing.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print errors and restarts only.")] = False,
) -> None:
    """Collect, watch, detect and alert as one service: a process for each vendor, and the console.

    \b
    Examples:
      seawall run --config seawall.toml
      seawall run --config seawall.toml --check

    A process that ends or hangs starts again, after a pause that grows to five minutes.
    """
    from seawall.cli.configuration.tables import read_configuration
    from seawall.cli.service.processes import plan_processes, state_file_of
    from seawall.pipeline.supervision.supervisor import Supervisor
    from seawall_base.private_files import make_folder

    configuration = read_configuration(config)
    plans = plan_processes(configuration, quiet=quiet)
    if check:
        _check_settings(configuration)
        output.write("".join(f"{plan.name}\n" for plan in plans))
        return
    if configuration.vendors:
        make_folder(configuration.collected)
    stop = threading.Event()

    def end(_number: int, _frame: Any) -> None:
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    Supervisor(plans, state_file_of(configuration), output.say).run(stop)


def _check_settings(configuration: ServiceConfiguration) -> None:
    """Read what the collectors would read, and what the file names, so that a fault shows before the service starts."""
    from seawall.cli.configuration.option import options_of
    from seawall.collection.settings import read_settings
    from seawall.response.channels.settings import load_channels

    for vendor in configuration.vendors:
        read_settings(vendor, configuration.file, {})
    channels = options_of(configuration).get("channels")
    if channels is not None:
        load_channels(channels)
