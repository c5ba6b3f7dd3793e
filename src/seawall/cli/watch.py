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
from seawall.cli.results import sums
from seawall.cli.store.options import DEFAULT_STORE, OwnDatabaseUrl, StoreFolder
from seawall_base.errors import UsageError
from seawall_base.plurals import plural

if TYPE_CHECKING:
    from seawall.detection.incident import Incident
    from seawall.detection.rules.sigma.run import RuleSet
    from seawall.pipeline.live.history import HistoryNotice
    from seawall.pipeline.live.progress import Until
    from seawall.pipeline.live.service import News
    from seawall.pipeline.live.settings import LiveSettings
    from seawall.pipeline.live.status import WatchStatus
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
    _check_group(folders or [], group, worker, kafka, lease, is_ending=once or until_idle)
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

        run_group(settings, group, worker, kafka or config, lease, quiet=quiet, as_json=as_json)
        return
    until: Until = "once" if once else "idle" if until_idle or not settings.folders else "stopped"
    _run(settings, STANDARD_INPUT in (folders or ()), until, quiet=quiet, as_json=as_json)


def _check_group(
    folders: list[str],
    group: str | None,
    worker: str | None,
    kafka: Path | None,
    lease: float | None,
    *,
    is_ending: bool,
) -> None:
    """Raise `UsageError` for options that do not fit each other."""
    if group is None:
        if worker is not None or kafka is not None or lease is not None:
            raise UsageError("--worker, --kafka and --lease need --group", fix="give the group's name")
        if not folders:
            raise UsageError(
                "there is nothing to watch",
                fix="name a folder that collectors write to, or - for standard input",
            )
    elif folders:
        raise UsageError("a group reads a topic, and no folders", fix="remove the folders, or --group")
    elif is_ending:
        raise UsageError("a group works until it is stopped", fix="remove --once and --until-idle")


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
    with open_watch_store(settings) as (database, lake):
        stream = cast("ReadableStream", sys.stdin.buffer) if reads_stdin else None
        service = WatchService(settings, database, lake, stream=stream, news=telling.news)
        service.subscribe(telling.status)
        telling.print_start(settings, database.place, service.rules)
        service.run(stop, until)
    telling.print_totals(service.status(), is_over=not is_interrupted)
    if signal.SIGINT in is_interrupted:
        raise typer.Exit(130)


class WatchTelling:
    """Print news on stdout and status on stderr: always on a terminal, elsewhere only on errors."""

    def __init__(self, *, quiet: bool, as_json: bool) -> None:
        self._quiet, self._as_json = quiet, as_json
        self._is_live = not quiet and sys.stderr.isatty()
        self._fault: str | None = None
        self._unjudged: set[str] = set()
        self._width = 0

    def print_start(self, settings: LiveSettings, place: str, rules: RuleSet) -> None:
        """Print the folders, the data store and the rules."""
        if not self._quiet:
            from seawall.detection.rules.sigma.rule_summary import summarise_rules

            output.say(*summarise_rules(rules))
            followed = ", ".join(str(path) for path in settings.folders) or "standard input"
            output.say(f"watching {followed}; data store {settings.store}, database {place}")

    def news(self, item: News) -> None:
        """Print a raised incident, the result of scored history, or that a source is silent or resumed."""
        from seawall.pipeline.live.history import HistoryNotice
        from seawall.pipeline.live.silent_sources import SilenceChange

        self._wipe()
        if self._as_json:
            for document in _documents(item):
                _write_line(document)
        elif isinstance(item, HistoryNotice):
            self._history(item)
        elif isinstance(item, SilenceChange):
            tenant, source = item.key
            verb = "is silent" if item.is_silent else "sends again"
            output.say(f"source {source} of {tenant} {verb}")
        else:
            output.write(_line(item) + "\n")

    def _history(self, item: HistoryNotice) -> None:
        """Print the incidents in events older than the live window."""
        if not self._quiet:
            first, last = (_date(day) for day in (item.first_day, item.last_day))
            output.say(
                f"history of {item.tenant}, {first} to {last}: {plural(len(item.raised), 'incident')} raised, "
                f"{plural(item.candidates, 'candidate')}"
            )
        for incident in item.raised:
            output.write(f"{_line(incident)}  history\n")

    def status(self, status: WatchStatus) -> None:
        """Show the status."""
        if self._quiet:
            return
        if status.fault != self._fault:
            self._wipe()
            output.say(
                f"error: {status.fault}; the command retries" if status.fault else "recovered from the error"
            )
            self._fault = status.fault
        for text in status.unjudged:
            name = text.partition(" of organisation ")[2].partition(" ")[0]
            if name not in self._unjudged:
                self._unjudged.add(name)
                self._wipe()
                output.say(f"NOT JUDGED: {text}")
        if self._is_live:
            text = _progress(status)
            sys.stderr.write("\r" + text.ljust(self._width))
            sys.stderr.flush()
            self._width = len(text)

    def print_totals(self, status: WatchStatus, *, is_over: bool) -> None:
        """Print the totals."""
        self._wipe()
        if self._as_json and is_over:
            _write_line({"type": "summary", **_sums(status), "not_judged": list(status.unjudged)})
        elif is_over:
            for text in status.unjudged:
                output.write(f"NOT JUDGED: {text}\n")
        if not self._quiet:
            output.say(
                sums(_sums(status)) + (f" + {status.waiting:,} to be scored" if status.waiting else "")
            )
            if status.past_unjudged:
                output.say(
                    f"not scored yet: older events of {plural(status.past_unjudged, 'organisation')}; the next start scores them"
                )

    def _wipe(self) -> None:
        if self._is_live and self._width:
            sys.stderr.write("\r" + " " * self._width + "\r")
            self._width = 0


def _progress(status: WatchStatus) -> str:
    left = f", {status.backlog_bytes / 1e6:,.0f} MB to read" if status.backlog_bytes else ""
    time_left = f", about {status.seconds_left:,.0f} s" if status.seconds_left else ""
    dirty = f", {plural(status.dirty_days, 'day')} to score" if status.dirty_days else ""
    return f"{status.doing}: {plural(status.records, 'record')}, {status.rate:,.0f}/s{left}{time_left}{dirty}"


def _line(incident: Incident) -> str:
    from seawall_base.safe_text import visible
    from seawall_base.times import rfc3339

    parts = (
        rfc3339(incident.first_event),
        incident.severity,
        f"{incident.score:.1f}",
        incident.tenant,
        incident.account,
        incident.title,
        incident.id,
    )
    return "  ".join(visible(part) for part in parts)


def _documents(item: News) -> list[dict[str, Any]]:
    from seawall.pipeline.live.history import HistoryNotice
    from seawall.pipeline.live.silent_sources import SilenceChange
    from seawall.storage.files.incident_documents import incident_document
    from seawall_base.times import rfc3339

    if isinstance(item, HistoryNotice):
        found = [{"type": "incident.history", "incident": incident_document(one)} for one in item.raised]
        return [{"type": "history.judged", **item.document()}, *found]
    if isinstance(item, SilenceChange):
        tenant, source = item.key
        kind = "source.silent" if item.is_silent else "source.resumed"
        return [{"type": kind, "tenant": tenant, "source": source, "last_heard": rfc3339(item.since)}]
    return [{"type": "incident.raised", "incident": incident_document(item)}]


def _date(day: int) -> str:
    from datetime import date, timedelta

    return (date(1970, 1, 1) + timedelta(days=day)).isoformat()


def _sums(status: WatchStatus) -> dict[str, int]:
    names = ("records", "events", "duplicates", "problems", "waiting")
    return {name: getattr(status, name) for name in names}


def _write_line(document: dict[str, Any]) -> None:
    import msgspec

    from seawall_base.document_version import SCHEMA_VERSION

    line = msgspec.json.encode({"schema_version": SCHEMA_VERSION, **document}, enc_hook=str)
    output.write(line.decode() + "\n")
