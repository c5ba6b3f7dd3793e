"""The option `--config`: a settings file that fills the options which nobody typed.

The command line comes first, then the environment, then the file, then the defaults.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

if TYPE_CHECKING:
    from seawall.cli.configuration.tables import ServiceConfiguration

FILLED: Final[dict[tuple[str, str], str]] = {
    ("logs", "settle"): "settle",
    ("store", "retention"): "retention",
    ("detection", "budget"): "budget",
    ("detection", "min_score"): "min_score",
    ("detection", "min_chance"): "min_chance",
    ("detection", "mmdb"): "mmdb",
    ("detection", "rules"): "rules",
    ("alerts", "webhook"): "webhook",
    ("alerts", "webhook_secret_file"): "webhook_secret_file",
    ("alerts", "channels_file"): "channels",
    ("alerts", "respond_file"): "respond",
    ("serve", "listen"): "address",
    ("serve", "host"): "hosts",
    ("serve", "certificate"): "certificate",
    ("serve", "key"): "key",
    ("serve", "behind_proxy"): "proxies",
    ("serve", "sign_in"): "sign_in",
    ("serve", "oidc_policy"): "oidc_policy",
    ("serve", "metrics_allow"): "metrics",
    ("serve", "mcp"): "mcp",
    ("scan", "out"): "out",
    ("updates", "folder"): "to",
    ("updates", "trust"): "trust",
}
"""The parameter of the verbs that each setting fills. Folders and the database are filled apart."""

UNLESS: Final[dict[str, tuple[str, ...]]] = {
    "min_score": ("min_chance",),
    "min_chance": ("min_score",),
    "folders": ("no_watch", "demo", "group"),
    "store": ("demo",),
    "database": ("demo",),
}
"""Options that, when typed, replace what the file says about another one."""


def fill_options(context: typer.Context, file: Path | None) -> Path | None:
    """Let a settings file fill the options that were not typed. Raises `ConfigurationInvalid` and `CollectInvalid`."""
    if file is None or context.resilient_parsing:
        return file
    from seawall.cli.configuration.tables import read_configuration

    values = options_of(read_configuration(file))
    context.default_map = {
        name: _unless_typed(context, value, UNLESS.get(name, ())) for name, value in values.items()
    }
    return file


def options_of(configuration: ServiceConfiguration) -> dict[str, Any]:
    """Return what a settings file fills, by the parameters of the verbs."""
    from seawall_base.secret_file import read_secret

    filled = {
        parameter: configuration.tables[table][setting]
        for (table, setting), parameter in FILLED.items()
        if setting in configuration.tables[table]
    }
    _add_updates(configuration, filled)
    filled["store"] = configuration.store
    if folders := configuration.folders():
        filled["folders"] = filled["paths"] = [str(folder) for folder in folders]
    if database := configuration.tables["store"].get("database_file"):
        filled["database"] = read_secret(database, what="this URL")
    return filled


def _add_updates(configuration: ServiceConfiguration, filled: dict[str, Any]) -> None:
    """Add what the installed update brings after what the file names itself, which is asked first."""
    from seawall.cli.configuration.updates import CURRENT, databases_of, rules_of

    folder = configuration.tables["updates"].get("folder")
    if folder is None:
        return
    for setting, found in (("rules", rules_of(folder / CURRENT)), ("mmdb", databases_of(folder / CURRENT))):
        if found:
            filled[setting] = [*filled.get(setting, ()), *found]


def _unless_typed(context: typer.Context, value: Any, others: tuple[str, ...]) -> Callable[[], Any]:
    """Return a default that is none as soon as one of the other options was typed."""

    def default() -> Any:
        typed = (context.get_parameter_source(other) for other in others)
        return None if any(source is not None and source.name == "COMMANDLINE" for source in typed) else value

    return default


ConfigurationFile = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        is_eager=True,
        callback=fill_options,
        envvar="SEAWALL_CONFIG",
        show_envvar=False,
        help="Settings file (TOML) that fills the options not given (also SEAWALL_CONFIG).",
    ),
]


def fill_out(context: typer.Context, file: Path | None) -> Path | None:
    """Let `[collect] folder` of a settings file fill a collector's `--out`. Faults are left to the collector's own reader."""
    if file is None or context.resilient_parsing:
        return file
    from seawall.collection.settings import folder_of

    folder = folder_of(file)
    context.default_map = {} if folder is None else {"out": folder}
    return file
