"""`seawall service`: install the service, remove it, and say how it is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seawall.cli import output
from seawall.cli.store.options import AsJson

if TYPE_CHECKING:
    from seawall.cli.configuration.tables import ServiceConfiguration
    from seawall.pipeline.supervision.supervisor import ServiceStates

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
NOT_WELL = 1

ForUser = Annotated[
    bool, typer.Option("--user", help="For this user alone, without root: a user service of systemd.")
]
Settings = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        help="Settings file. Default: /etc/seawall/seawall.toml, with --user ~/.config/seawall/seawall.toml.",
    ),
]
Root = Annotated[
    Path,
    typer.Option(metavar="DIR", help="Write below this folder and start nothing, for building an image."),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print what would be done, and do nothing.")]


@app.callback()
def service() -> None:
    """Run Seawall as a service of systemd that starts with the machine.

    \b
    Examples:
      seawall service install --dry-run
      seawall service install --user --config seawall.toml
      seawall service status
    """


@app.command("install", short_help="Install the service, and start it.")
def install(
    for_user: ForUser = False,
    config: Settings = None,
    root: Root = Path("/"),
    start: Annotated[bool, typer.Option("--start/--no-start", help="Start the service now.")] = True,
    dry_run: DryRun = False,
) -> None:
    """Install units of systemd for `seawall run`, make an account without rights for it, and start it.

    \b
    Examples:
      seawall service install --dry-run
      seawall service install --config /etc/seawall/seawall.toml
      seawall service install --user
    """
    from seawall.cli.service import systemd, unit_files

    settings = config or unit_files.default_settings(for_user=for_user)
    configuration = _configuration(settings, is_needed=start and not dry_run and root == Path("/"))
    files = unit_files.write_units(
        root, unit_files.program_path(), settings, configuration, for_user=for_user
    )
    commands = systemd.start_commands(for_user=for_user)
    if dry_run:
        output.write("".join(f"# {path}\n{text}\n" for path, text in files.items()))
        output.write("".join(f"{command}\n" for command in commands))
        return
    for path, text in files.items():
        unit_files.put_file(path, text)
        output.say(f"written: {path}")
    if root != Path("/") or not systemd.is_running():
        output.say("systemd was told nothing; where it runs:", *(f"  {command}" for command in commands))
        return
    is_done = systemd.prepare(for_user=for_user) and (not start or systemd.start(for_user=for_user))
    if not is_done:
        output.say("error: systemd refused; see the message above, and: journalctl -u seawall")
        raise typer.Exit(NOT_WELL)
    if for_user:
        output.say("to let it run while you are signed out: loginctl enable-linger")
    output.next_step("seawall service status" + (" --user" if for_user else ""))


@app.command("uninstall", short_help="Stop the service, and remove its units.")
def uninstall(for_user: ForUser = False, root: Root = Path("/"), dry_run: DryRun = False) -> None:
    """Stop the service and remove its units. Settings, secrets, logs and store stay where they are.

    \b
    Examples:
      seawall service uninstall --dry-run
      seawall service uninstall --user
    """
    from seawall.cli.service import systemd, unit_files

    paths = unit_files.places(root, for_user=for_user)
    if dry_run:
        output.write("".join(f"{path}\n" for path in paths if path.exists()))
        return
    if root == Path("/") and systemd.is_running() and paths[0].exists():
        systemd.stop(for_user=for_user)
    removed = [path for path in paths if unit_files.remove_file(path)]
    output.say(*(f"removed: {path}" for path in removed))
    if not removed:
        output.say("nothing was installed")
    elif root == Path("/") and systemd.is_running():
        systemd.prepare(for_user=True) if for_user else systemd.reload_units()


@app.command("status", short_help="Say how the service and its processes are.")
def status(for_user: ForUser = False, config: Settings = None, as_json: AsJson = False) -> None:
    """Say which processes of the service run, since when, and how often they had to start.

    \b
    Examples:
      seawall service status
      seawall service status --config seawall.toml --json

    Exit code 1: the service does not run, or one of its processes does not.
    """
    from seawall.cli.configuration.tables import read_configuration
    from seawall.cli.service import unit_files
    from seawall.cli.service.processes import state_file_of
    from seawall.pipeline.supervision.supervisor import read_states

    settings = config or unit_files.default_settings(for_user=for_user)
    found = read_states(state_file_of(read_configuration(settings)))
    if as_json:
        output.answer_json(found.document() if found is not None else {"is_running": False, "processes": []})
    else:
        _print_states(found)
    if found is None or found.is_stale or any(one.pid is None for one in found.processes):
        raise typer.Exit(NOT_WELL)


def _configuration(settings: Path, *, is_needed: bool) -> ServiceConfiguration | None:
    """Return the settings; None if there are none yet and none are needed."""
    from seawall.cli.configuration.tables import read_configuration

    if not settings.exists() and not is_needed:
        return None
    return read_configuration(settings)


def _print_states(found: ServiceStates | None) -> None:
    from seawall_base.plurals import plural
    from seawall_base.rfc3339 import format_time

    if found is None or found.is_stale:
        output.write("the service does not run\n")
        return
    for one in found.processes:
        if one.started_at is not None:
            how = f"runs since {format_time(one.started_at)} (process {one.pid})"
        else:
            how = f"does not run; ended with {one.last_exit}" if one.starts else "does not run"
        output.write(f"{one.name}: {how}, {plural(one.starts, 'start')}\n")
