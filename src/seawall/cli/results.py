"""How a scan's result is said: the same words for `scan` and `demo`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seawall.cli.output import answer, quote_path, say, write
from seawall_base.clock import read_wall_clock
from seawall_base.plurals import plural
from seawall_base.program_name import name_program

if TYPE_CHECKING:
    from rich.console import Console

    from seawall.detection.campaigns.campaign import Campaign
    from seawall.pipeline.scan import ScanResult

FILES_SHOWN = 10
"""Files that were not judged that a terminal names; `coverage.json` holds them all."""

CAMPAIGNS_SHOWN = 5
"""Campaigns that a terminal shows."""


def name_results(out: Path) -> str:
    """Return the option that names the results in a further command, with a blank before it."""
    return f" --out {quote_path(out)}"


def show(result: ScanResult, out: Path) -> None:
    """Print the raised incidents, or say honestly that there are none. `out` is the folder of the results."""
    from seawall.report import queue_terminal as terminal

    raised = [incident for incident in result.incidents if incident.raised]

    def draw(console: Console) -> None:
        terminal.queue(console, raised, quote_path(out), result.period, read_wall_clock())

    unjudged = not_judged(result)
    for text in unjudged[:FILES_SHOWN]:
        write(f"NOT JUDGED: {text}\n")
    if len(unjudged) > FILES_SHOWN:
        write(f"NOT JUDGED: {plural(len(unjudged) - FILES_SHOWN, 'further file')}, see coverage.json.\n")
    if raised:
        answer(draw)
    elif unjudged:
        write(
            "This does not mean that nothing happened. Export the vendor's own records;"
            f" {name_program('docs/reference/sources.md')} lists the supported logs.\n"
        )
    else:
        write("Nothing was raised.\n")
        for text in _list_doubts(result):
            write(f"{text}\n")
    if result.campaigns:
        _show_campaigns(result.campaigns)
    if len(raised) > terminal.SHOWN:
        say(f"{plural(len(raised) - terminal.SHOWN, 'more raised incident')}: see the report.")


def _list_doubts(result: ScanResult) -> list[str]:
    """Return why nothing raised does not mean that nothing happened, as far as the scan shows it."""
    summary, doubts = result.summary, []
    if not summary.get("events"):
        doubts.append("The files hold no record of any event: no account was judged.")
    doubts += dict.fromkeys(note.text for note in result.coverage if note.code == "short-history")
    if result.incidents:
        count = len(result.incidents)
        doubts.append(
            f"{plural(count, 'candidate')} {'lies' if count == 1 else 'lie'} below the threshold or the budget: see the report."
        )
    return doubts


def count_problems(result: ScanResult) -> str:
    """Return how many files and records could not be read, by reason, in words."""
    from seawall.report.incident_words import PROBLEMS

    found = sorted(result.problem_counts.items(), key=lambda entry: -entry[1])[:3]
    names = [PROBLEMS.get(code, code) for code, _ in found]
    said = [
        f"{count:,} \u00d7 {name[:1].lower()}{name[1:]}"
        for name, (_, count) in zip(names, found, strict=True)
    ]
    return "; ".join(said) or "there is no file"


def _show_campaigns(campaigns: Sequence[Campaign]) -> None:
    from seawall.report.campaign_terminal import print_campaigns

    def draw(console: Console) -> None:
        print_campaigns(console, campaigns[:CAMPAIGNS_SHOWN])

    answer(draw)
    if len(campaigns) > CAMPAIGNS_SHOWN:
        say(f"{len(campaigns) - CAMPAIGNS_SHOWN:,} more campaigns are in campaigns.jsonl.")


def not_judged(result: ScanResult) -> list[str]:
    """Return a sentence for each file of which most was not judged."""
    return [note.text for note in result.coverage if note.code == "not-judged"]


def print_summary(result: ScanResult, out: Path) -> None:
    """Say what was read, what could not be read or seen, and where the files are."""
    summary = result.summary
    raised = sum(incident.raised for incident in result.incidents)
    say(
        sums(summary) + (f", in {summary['seconds']:.1f} s" if "seconds" in summary else ""),
        f"{raised:,} raised of {plural(len(result.incidents), 'candidate')}, "
        f"{_many(summary, 'accounts')} in {plural(summary.get('tenants', 0), 'organisation')}",
    )
    joined, several = (summary.get(f"object_ids_{name}", 0) for name in ("joined", "with_several_names"))
    if joined:
        last = f" ({several:,} of them have several names: the earliest counts)" if several else ""
        say(f"joined: {plural(joined, 'object id')} with the names of the same accounts{last}")
    if summary.get("names_joined"):
        say(
            f"joined: {plural(summary['names_joined'], 'other name')} of renamed users and guests with their first names"
        )
    rules = summary.get("rules", {})
    if rules.get("hits") or rules.get("skipped"):
        say(
            f"rules: {plural(rules['hits'], 'hit')} of {plural(rules['loaded'], 'rule')}, {rules['skipped']:,} not run "
            f"(see {out / 'rules.json'})"
        )
    if result.problem_counts:
        say(f"not read: {count_problems(result)} (see {out / 'problems.jsonl'})")
    unrecognised = summary.get("unrecognised", 0)
    if unrecognised:
        say(f"not judged: {plural(unrecognised, 'record')} of no log that Seawall recognises")
    limits = [note for note in result.coverage if note.code != "not-judged"]
    if limits:
        say(f"the logs had {plural(len(limits), 'limit')}, for example: {limits[0].text}")
    say(f"report: {out / 'report.html'}")


def refuse_nothing(result: ScanResult, fix: str = "") -> None:
    """End a scan that read nothing: no answer about any account is better than one of 0 incidents.

    Raises `InputUnreadable`, with `fix` before what always helps.
    """
    if not result.nothing_read:
        return
    from seawall_base.errors import InputUnreadable

    where = f" (see {result.out / 'problems.jsonl'})" if result.problem_counts and result.out else ""
    raise InputUnreadable(
        f"nothing was read, so nothing can be said about any account: {count_problems(result)}{where}",
        fix=f"{fix}docs/how-to/export-logs.md says what to export",
    )


def document(result: ScanResult, out: Path) -> dict[str, Any]:
    """The JSON answer: the summary, the raised incidents in full, and where the rest is."""
    from seawall.storage.files.campaign_documents import campaign_document
    from seawall.storage.files.incident_documents import incident_document

    return {
        "out": str(out),
        "report": None if result.nothing_read else str(out / "report.html"),
        "summary": result.summary,
        "problem_counts": result.problem_counts,
        "coverage_notes": len(result.coverage),
        "not_judged": not_judged(result),
        "networks": result.networks,
        "raised": [incident_document(incident) for incident in result.incidents if incident.raised],
        "campaigns": None
        if result.campaigns is None
        else [campaign_document(one) for one in result.campaigns],
    }


def sums(counts: Mapping[str, Any]) -> str:
    """`3 records = 2 events + 0 duplicates + 1 problem`, of counts by name."""
    parts = " + ".join(_many(counts, name) for name in ("events", "duplicates", "problems"))
    return f"{_many(counts, 'records')} = {parts}"


def _many(counts: Mapping[str, Any], name: str) -> str:
    return plural(counts.get(name, 0), name.removesuffix("s"))
