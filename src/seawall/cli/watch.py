"""`seawall watch`: tail folders and standard input, score events, raise incidents."""

from __future__ import annotations

import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from seawall.cli import output
from seawall.cli.configuration.option import ConfigurationFile
from seawall.cli.live_settings import (
    AlertBudget,
    ChannelsFilePath,
    ContainmentFile,
    LeastChance,
    LeastScoreText,
    NetworkDatabases,
    RetentionDays,
    RuleFolders,
    WebhookSecretFile,
    WebhookUrls,
    choose_least_score,
    live_settings,
    webhooks_of,
)
from seawall.cli.store.options import DEFAULT_STORE, OwnDatabaseUrl, StoreFolder
from seawall.cli.watch_telling import WatchTelling
from seawall_base.errors import UsageError

if TYPE_CHECKING:
    from seawall.pipeline.live.progress import Until
    from seawall.pipeline.live.settings import LiveSettings
    from seawall.pipeline.tail.stream import ReadableStream

STANDARD_INPUT = "-"


def watch(
    folders: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="FOLDER", help="Folders and files that collectors write to; - is standard input."
        ),
    ] = None,
    store: StoreFolder = DEFAULT_STORE,
    database: OwnDatabaseUrl = None,
    budget: AlertBudget = None,
    min_score: LeastScoreText = None,
    min_chance: LeastChance = None,
    webhook: WebhookUrls = None,
    webhook_secret_file: WebhookSecretFile = None,
    channels: ChannelsFilePath = None,
    respond: ContainmentFile = None,
    retention: RetentionDays = None,
    mmdb: NetworkDatabases = None,
    rules: RuleFolders = None,
    settle: Annotated[
        float,
        typer.Option(
            metavar="SECONDS",
            min=0.0,
            help="Wait this long after the last change of a file that can only be read as a whole.",
        ),
    ] = 5.0,
    once: Annotated[
        bool, typer.Option("--once", help="Read and score the present records, then exit.")
    ] = False,
    until_idle: Annotated[
        bool,
        typer.Option(
            "--until-idle", help="Exit when all records are read and scored and no file is incomplete."
        ),
    ] = False,
    group: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Be one of the workers of this group, which share the partitions of a Kafka topic; without FOLDER.",
        ),
    ] = None,
    worker: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Name of this worker in the group. Default: the machine's name."),
    ] = None,
    kafka: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Settings of the cluster and the topic, as for `collect kafka`; needs --group.",
        ),
    ] = None,
    lease: Annotated[
        float | None,
        typer.Option(
            metavar="SECONDS",
            min=1.0,
            help="Time after which others take over the partitions of a worker that is gone. Default: 30.",
        ),
    ] = None,
    heartbeat: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Touch this file every few seconds while the worker takes part in the group, for probes.",
        ),
    ] = None,
    config: ConfigurationFile = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print no progress and no messages.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document on each line.")] = False,
) -> None:
    """Tail folders that collectors write to, score events as they arrive, and raise incidents.

    \b
    Examples:
      seawall watch /var/log/m365
      seawall watch logs/ --budget 3 --webhook https://hooks.example.com/seawall
      seawall watch logs/ --channels channels.toml
      collector | seawall watch - --once --json
      seawall watch logs/ --database postgresql://seawall@db/seawall --retention 180
      seawall watch --group soc --kafka kafka.toml --database postgresql://seawall@db/seawall

    The command prints a line for each raised incident. After a stop or a crash it resumes.
    """
    if once and until_idle:
        raise UsageError("--once and --until-idle exclude each other", fix="give one of them")
    _check_group(folders or [], group, (worker, kafka, lease, heartbeat))
    from seawall.pipeline.tail import TailTiming

    settings = live_settings(
        [Path(folder) for folder in folders or () if folder != STANDARD_INPUT],
        store,
        database,
        budget,
        webhooks_of(webhook or [], webhook_secret_file),
        retention,
        mmdb or [],
        TailTiming(settle=0.0, finish=0.0) if once else TailTiming(settle=settle),
        rules or [],
        choose_least_score(min_score, min_chance),
        channels,
        respond,
    )
    if group is not None:
        from seawall.cli.watch_group import run_group

        ends: Until = "once" if once else "idle" if until_idle else "stopped"
        run_group(
            settings, group, worker, kafka or config, lease, heartbeat, ends, quiet=quiet, as_json=as_json
        )
        return
    until: Until = "once" if once else "idle" if until_idle or not settings.folders else "stopped"
    _run(settings, STANDARD_INPUT in (folders or ()), until, quiet=quiet, as_json=as_json)


def _check_group(
    folders: list[str],
    group: str | None,
    only_groups: tuple[object, ...],
) -> None:
    """Raise `UsageError` for options that do not fit each other."""
    if group is None:
        if any(value is not None for value in only_groups):
            raise UsageError(
                "--worker, --kafka, --lease and --heartbeat need --group", fix="give the group's name"
            )
        if not folders:
            raise UsageError(
                "there is nothing to watch",
                fix="name a folder that collectors write to, or - for standard input",
            )
    elif folders:
        raise UsageError("a group reads a topic, and no folders", fix="remove the folders, or --group")


def _run(settings: LiveSettings, reads_stdin: bool, until: Until, *, quiet: bool, as_json: bool) -> None:
    from seawall.pipeline.live.opening import open_watch_store
    from seawall.pipeline.live.service import WatchService

    stop, is_interrupted = threading.Event(), []

    def handle_interrupt(number: int, _: Any) -> None:
        is_interrupted.append(number)
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, handle_interrupt)
    telling = WatchTelling(quiet=quiet, as_json=as_json)
    with open_watch_store(settings, output.say) as (database, lake):
        stream = cast("ReadableStream", sys.stdin.buffer) if reads_stdin else None
        service = WatchService(settings, database, lake, stream=stream, news=telling.news)
        service.subscribe(telling.status)
        telling.print_start(settings, database.place, service.rules)
        service.run(stop, until)
    telling.print_totals(service.status(), is_over=not is_interrupted)
    if signal.SIGINT in is_interrupted:
        raise typer.Exit(130)
