"""`seawall spark`: the same detection over a cluster of Apache Spark."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seawall.cli import output
from seawall.cli.configuration.option import ConfigurationFile
from seawall.cli.live_settings import (
    AlertBudget,
    LeastChance,
    LeastScoreText,
    NetworkDatabases,
    RuleFolders,
    choose_least_score,
)
from seawall.cli.store.options import AsJson

if TYPE_CHECKING:
    from seawall.pipeline.scan import ScanResult

app = typer.Typer(
    name="spark",
    no_args_is_help=True,
    help="Detect compromised accounts on a cluster of Apache Spark.",
)

Master = Annotated[
    str | None,
    typer.Option(
        "--master",
        metavar="URL",
        help="Master of the cluster: local[4], spark://HOST:7077, yarn, k8s://URL. Default: what spark-submit sets, or local[*].",
    ),
]
Tasks = Annotated[
    int | None,
    typer.Option("--tasks", metavar="N", min=1, help="Tasks of a stage. Default: the cores of the cluster."),
]
Shelves = Annotated[
    int | None,
    typer.Option(
        "--shelves",
        metavar="N",
        min=1,
        max=1 << 20,
        help="Parts into which organisations are divided. Default: four for each task. Fixed by the first scan into a folder.",
    ),
]
CutAbove = Annotated[
    int,
    typer.Option(
        "--cut-above",
        metavar="N",
        min=1,
        help="Accounts of a shelf above which its accounts are divided into parts that are scored at the same time.",
    ),
]
Parts = Annotated[
    int,
    typer.Option(
        "--parts",
        metavar="N",
        min=1,
        max=1 << 12,
        help="Parts of a shelf that is divided by account. Fixed for a shelf once it is divided.",
    ),
]

FilesUpTo = Annotated[
    int,
    typer.Option(
        "--files-up-to",
        metavar="N",
        min=0,
        help="Write events.parquet and raw-records.parquet too, up to this many events.",
    ),
]


@app.callback()
def spark() -> None:
    """Detect compromised accounts on a cluster of Apache Spark."""


@app.command("scan")
def scan(
    paths: Annotated[
        list[Path],
        typer.Argument(metavar="PATH", help="Files and folders of logs, read recursively by the executors."),
    ],
    out: Annotated[
        Path,
        typer.Option(
            "--out", "-o", metavar="DIR", help="Folder for the results, which all executors can reach."
        ),
    ],
    master: Master = None,
    tasks: Tasks = None,
    shelves: Shelves = None,
    files_up_to: FilesUpTo = 5_000_000,
    cut_above: CutAbove = 50_000,
    parts: Parts = 8,
    budget: AlertBudget = None,
    min_score: LeastScoreText = None,
    min_chance: LeastChance = None,
    mmdb: NetworkDatabases = None,
    rules: RuleFolders = None,
    _config: ConfigurationFile = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print no messages.")] = False,
    as_json: AsJson = False,
) -> None:
    """Scan logs on a cluster, and write the files of a scan with tables beside them.

    A folder that holds an earlier result is continued: files that were read are not read again.

    \b
    Examples:
      seawall spark scan exports/ --out out
      seawall spark scan /mnt/logs --out /mnt/out --master spark://head:7077
      seawall spark scan /mnt/logs --out /mnt/out --shelves 512 --tasks 256
    """
    from seawall.cli import progress
    from seawall.pipeline.scan import ScanSettings
    from seawall.spark.batch import scan as scan_on_spark
    from seawall.spark.session import use_session
    from seawall.spark.settings import SparkSettings

    chosen = ScanSettings(
        budget=budget,
        mmdb=tuple(mmdb or ()),
        rules=tuple(rules or ()),
        least_score=choose_least_score(min_score, min_chance),
    )
    settings = SparkSettings(
        chosen, shelves, tasks, files_up_to=files_up_to, cut_above=cut_above, parts=parts
    )
    with use_session(master) as session, progress.show_progress(quiet=quiet) as report:
        result = scan_on_spark(paths, out, session=session, settings=settings, progress=report)
    _answer(result, out, quiet=quiet, as_json=as_json)


def _answer(result: ScanResult, out: Path, *, quiet: bool, as_json: bool) -> None:
    from seawall.cli import results
    from seawall.cli.scan import tell_next
    from seawall.storage.files.events_place import EVENTS_TABLE
    from seawall.storage.files.merged_events import EVENTS
    from seawall.storage.raw_records import RAW_RECORDS

    if as_json:
        output.answer_json(results.document(result, out))
    elif not result.nothing_read:
        results.show(result, out)
    results.refuse_nothing(result)
    if quiet:
        return
    results.print_summary(result, out)
    if not (out / EVENTS).is_file():
        output.say(
            f"events: {out / EVENTS_TABLE} (too many for {EVENTS} and {RAW_RECORDS}: see --files-up-to)"
        )
    tell_next(result, out)
