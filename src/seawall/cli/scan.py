"""`seawall scan`: read logs, detect compromised accounts, write the report."""

from __future__ import annotations

import gc
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seawall.cli import output
from seawall.cli.configuration.option import ConfigurationFile
from seawall.cli.live_settings import (
    AlertBudget,
    LeastChance,
    LeastScoreText,
    RuleFolders,
    choose_least_score,
)
from seawall.cli.store.options import AsJson
from seawall_base.operating_system import give_back_large_memory

if TYPE_CHECKING:
    from seawall.detection.rules.sigma.run import RuleSet
    from seawall.pipeline.scan import ScanResult, ScanSettings

DEFAULT_OUT = Path("seawall-out")
INCIDENTS_FOUND = 10
_COLLECT_AFTER = 100_000
"""Objects that are made before Python looks for cycles among them."""


class FailLevel(StrEnum):
    """A severity that `--fail-on` can name."""

    low = "low"
    medium = "medium"
    high = "high"
    critical = "critical"


def scan(
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH", help="Files and folders of logs, read recursively.")
    ],
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="DIR", help="Folder for the results.")
    ] = DEFAULT_OUT,
    budget: AlertBudget = None,
    min_score: LeastScoreText = None,
    min_chance: LeastChance = None,
    mmdb: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="Your own network database (MaxMind format), looked up before the built-in table. May be repeated.",
        ),
    ] = None,
    rules: RuleFolders = None,
    campaigns: Annotated[
        bool,
        typer.Option(
            "--campaigns",
            help="Search for rare values that unusual accounts of several organisations share; write campaigns.jsonl.",
        ),
    ] = False,
    indicators: Annotated[
        list[Path] | None,
        typer.Option(
            "--indicators",
            metavar="PATH",
            help="Look for these indicators: a data store's (its folder), or those of a STIX 2.1 file. May be repeated.",
        ),
    ] = None,
    no_raw: Annotated[
        bool, typer.Option("--no-raw", help="Keep no copy of the records of raised incidents as they came.")
    ] = False,
    fail_on: Annotated[
        FailLevel | None,
        typer.Option(
            "--fail-on",
            metavar="LEVEL",
            help="Exit with 10 when a raised incident reaches this severity (low, medium, high, critical), "
            "or most of a file was not judged.",
        ),
    ] = None,
    _config: ConfigurationFile = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print no progress and no messages.")] = False,
    as_json: AsJson = False,
) -> None:
    """Detect compromised accounts in exported logs.

    \b
    Examples:
      seawall scan exports/ --out out
      seawall scan audit.csv signins.json.gz --budget 3
      seawall scan exports/ --json --fail-on high > result.json

    Reads .json, .jsonl, .ndjson, .csv, .gz, .zip, .zst and .tar; the kind of log is recognised from its content.
    Writes incidents.jsonl, report.html, problems.jsonl, coverage.json, events.parquet, rules.json, summary.json and
    raw-records.parquet.
    """
    from seawall.cli import results
    from seawall.pipeline.scan import ScanSettings

    settings = ScanSettings(
        budget=budget,
        mmdb=tuple(mmdb or ()),
        rules=tuple(rules or ()),
        least_score=choose_least_score(min_score, min_chance),
        campaigns=campaigns,
        raw=not no_raw,
        **_read_indicators(indicators or []),
    )
    result = run(paths, out, settings, quiet=quiet)
    if as_json:
        output.answer_json(results.document(result, out))
    elif not result.nothing_read:
        results.show(result, out)
    results.refuse_nothing(result, f"`seawall doctor {shlex.join(map(str, paths))}` says what each file is; ")
    if not quiet:
        results.print_summary(result, out)
    if not quiet:
        tell_next(result, out)
    if fail_on is not None and (results.not_judged(result) or _is_level_reached(result, fail_on.value)):
        raise typer.Exit(INCIDENTS_FOUND)


def run(paths: list[Path], out: Path, settings: ScanSettings, *, quiet: bool) -> ScanResult:
    """Run the engine under a progress bar."""
    from seawall.cli import progress
    from seawall.pipeline import scan as pipeline

    give_back_large_memory()
    with _collect_rarely(), progress.show_progress(quiet=quiet) as report:
        return pipeline.scan(
            paths, out=out, settings=settings, progress=report, rules_read=None if quiet else _tell_rules
        )


def _read_indicators(paths: list[Path]) -> dict[str, Any]:
    """Return the indicators of folders and files as settings of a scan, with the group's key from the environment."""
    if not paths:
        return {}
    from seawall.response.exchange.group_key import read_group_key
    from seawall.response.exchange.indicator_files import read_indicator_path

    found = [one for path in paths for one in read_indicator_path(path)]
    return {"indicators": tuple(found), "indicator_key": read_group_key(None)}


@contextmanager
def _collect_rarely() -> Iterator[None]:
    """Look for cycles of values rarely: a scan makes millions of values and hardly a cycle, and looking took 3 % of its time."""
    usual = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(_COLLECT_AFTER, *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)
        gc.unfreeze()


def _tell_rules(rules: RuleSet) -> None:
    from seawall.detection.rules.sigma.rule_summary import summarise_rules

    output.say(*summarise_rules(rules))


def tell_next(result: ScanResult, out: Path) -> None:
    """Say what to run after a scan."""
    from seawall.cli.results import name_results

    if result.incidents:
        output.next_step(f"seawall explain 1{name_results(out)}")
    else:
        output.next_step("seawall demo", "to see what an incident looks like")


def _is_level_reached(result: ScanResult, level: str) -> bool:
    from seawall.detection.incident import SEVERITIES

    enough = SEVERITIES[[str(severity) for severity in SEVERITIES].index(level) :]
    return any(incident.raised and incident.severity in enough for incident in result.incidents)
