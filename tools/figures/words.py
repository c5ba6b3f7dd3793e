"""Write the figures into the sections of README and docs that contain them."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

from seawall_base.plurals import plural

START: Final = "<!-- figures:start -->"
END: Final = "<!-- figures:end -->"
WIDTH: Final = 120

METHOD_WORDS: Final = {
    "Seawall": "**Seawall**",
    "Seawall, unsupervised": "Seawall without its learnt ranker",
    "isolation forest": "isolation forest, on Seawall's features",
    "ECOD": "ECOD, on Seawall's features",
    "summed surprise": "summed surprise of single fields",
    "new country, impossible travel": "new country and impossible travel",
    "first-seen app per mailbox": "first-seen application per mailbox",
    "rules alone": "the rules alone",
}
"""README's names of methods of `seawall evaluate`; others keep their name."""

SHORT_NAMES: Final = {"own": "a file of the lab", "varied": "varied values", "world": "many files"}
"""README's names of the corpora that are scanned."""


def pages_with(
    kept: Mapping[str, Any], pages: Mapping[str, str], changed: Mapping[str, Sequence[str]]
) -> dict[str, str]:
    """Return README and the evaluation's page with new figures. Raises `ValueError` if markers are missing.

    `changed` names for each part what changed since it was measured.
    """
    sections = {"README.md": readme(kept, changed), "docs/explanation/evaluation.md": details(kept, changed)}
    return {name: between_markers(pages[name], section) for name, section in sections.items()}


def between_markers(page: str, section: str) -> str:
    """Return a page with another section between its markers. Raises `ValueError` if one is missing."""
    before, begun, rest = page.partition(START)
    _, ended, after = rest.partition(END)
    if not begun or not ended:
        raise ValueError(f"no {START} and {END} around the figures")
    return f"{before}{START}\n{section}\n{END}{after}"


def readme(kept: Mapping[str, Any], changed: Mapping[str, Sequence[str]]) -> str:
    """Return README's section: detection compared with baselines, speed compared with a bare read."""
    left_out, detection, speed = (kept[part]["figures"] for part in ("left-out", "detection", "speed"))
    measured = {part: describe_measurement(kept[part], changed[part]) for part in kept}
    return "\n\n".join(
        [
            _paragraph(
                "`make figures` measures a commit and writes this section.",
                "`make figures-check` says whether what was measured has changed since.",
                "Machines differ, so trust ratios.",
            ),
            _paragraph(
                "**Detection, where another hand made the worlds.**",
                "The ranker was trained on nothing of this maker: nearer to what it does on your logs than the next table.",
                measured["left-out"],
                describe_left_out(left_out),
                _budgets(left_out),
            ),
            _recall(left_out),
            _left_out_outcome(left_out),
            _paragraph(
                "**Detection, on Seawall's own worlds.**",
                measured["detection"],
                _worlds(detection),
                "One author made these worlds and most that trained the ranker, so they flatter.",
            ),
            _recall(detection),
            _outcome(detection),
            _paragraph("**Speed.**", measured["speed"], _records(speed)),
            _times(speed),
            _rest(speed),
        ]
    )


def details(kept: Mapping[str, Any], changed: Mapping[str, Sequence[str]]) -> str:
    """Return the section of the evaluation's page: recall by family for both makers, and false incidents."""
    left_out, detection = kept["left-out"], kept["detection"]
    figures = detection["figures"]
    lines = [
        _paragraph(
            describe_measurement(left_out, changed["left-out"]), describe_left_out(left_out["figures"])
        ),
        "",
        *_list_families(left_out["figures"]),
        "",
        _paragraph(describe_measurement(detection, changed["detection"]), _worlds(figures)),
        "",
        *_list_families(figures),
    ]
    if figures.get("false_at_5"):
        lines += [
            "",
            f"Seawall raised {figures['raised_at_5']} incidents at 5 a day. False ones, by what explains them:",
            "",
        ]
        lines += [f"- {kind}: {count}" for kind, count in figures["false_at_5"].items()]
    lines += [
        "",
        "Incidents raised on organisations without an attack, a day per 1,000 accounts at a budget of 2:",
        "",
    ]
    lines += [f"- {name}: {raised:.2f}" for name, raised in figures["quiet"].items()]
    return "\n".join(lines)


def _list_families(figures: Mapping[str, Any]) -> list[str]:
    """Return a table of what was found by family."""
    families: Mapping[str, list[int]] = figures["families_at_5"]
    return [
        "| family | found of staged, at 5 a day |",
        "|---|---|",
        *(f"| `{name}` | {caught} of {staged} |" for name, (caught, staged) in sorted(families.items())),
    ]


def describe_left_out(figures: Mapping[str, Any]) -> str:
    """Return a sentence with the worlds of the maker that trained nothing."""
    return (
        f"{figures['worlds']} worlds of together {figures['organisations']} organisations, {figures['accounts']:,} accounts and"
        f" {figures['days']} days have {figures['attacks']} staged attacks in {figures['events'] / 1e6:.2f} million events."
        f" {figures['counted']} attacks count; the near-impossible ones do not."
    )


def _left_out_outcome(figures: Mapping[str, Any]) -> str:
    """Return what the default budget does on the worlds of the maker that trained nothing."""
    rates = ", ".join(f"{_share(share)} at {rate}" for rate, share in figures["at_false"].items())
    told = figures["evidence_recall"]
    return _paragraph(
        f"Without any setting Seawall raises {_share(figures['raised'])} of these attacks, and"
        f" {figures['false_a_day']:.2f} false incidents a day per 1,000 accounts.",
        *(
            [f"On worlds without an attack it raises {figures['quiet_a_day']:.2f}."]
            if figures["quiet_worlds"]
            else []
        ),
        f"Recall by false incidents a day per 1,000 accounts that one is willing to read: {rates}.",
        *([f"A raised incident shows {_share(told)} of the attacker's records."] if told else []),
        f"With {figures['counted']} attacks the standard error of a difference is up to"
        f" {_share(math.sqrt(0.5 / figures['counted']))}.",
    )


def describe_measurement(part: Mapping[str, Any], changed: Sequence[str]) -> str:
    """Return a sentence with the date, commit and machine of one part's measurement, and one with what changed since."""
    when, machine = date.fromisoformat(part["date"]), part["machine"]
    *others, last = changed or [""]
    names = f"{', '.join(others)} and {last}" if others else last
    since = (
        f" **Since then the {names} changed: these figures are of an earlier program.**" if changed else ""
    )
    return (
        f"Measured on {when.day} {when:%B %Y} at commit `{part['commit'][:7]}`, with {machine['processor']},"
        f" {machine['cores']} cores, Python {machine['python']} and DuckDB {machine['duckdb']}.{since}"
    )


def _paragraph(*sentences: str) -> str:
    return textwrap.fill(" ".join(sentences), WIDTH, break_long_words=False, break_on_hyphens=False)


def _worlds(figures: Mapping[str, Any]) -> str:
    asked = figures["asked"]
    return (
        f"{asked['worlds']} made-up organisations of {asked['accounts']} accounts and {asked['days']} days, with seeds that"
        f" trained nothing, have {figures['attacks']} staged attacks in {figures['events'] / 1e6:.2f} million events."
        f" {figures['counted']} attacks count; the near-impossible ones do not."
    )


def _budgets(figures: Mapping[str, Any]) -> str:
    *others, last = figures["recall"]["Seawall"]
    return (
        f"The table shows the share of attacks found when an analyst reads {', '.join(others)} or {last} incidents a day"
        " for each 1,000 accounts."
    )


def _recall(figures: Mapping[str, Any]) -> str:
    recall: Mapping[str, Mapping[str, float]] = figures["recall"]
    budgets = list(recall["Seawall"])
    lines = [f"| method | {' | '.join(budgets)} |", "|---|" + "---|" * len(budgets)]
    for name in sorted(
        recall, key=lambda one: (one != "Seawall", [-share for share in recall[one].values()])
    ):
        cells = [_share(recall[name][budget]) for budget in budgets]
        shown = [f"**{cell}**" for cell in cells] if name == "Seawall" else cells
        lines.append(f"| {METHOD_WORDS.get(name, name)} | {' | '.join(shown)} |")
    return "\n".join(lines)


def _outcome(figures: Mapping[str, Any]) -> str:
    delay, quiet = figures["delay_seconds"], list(figures["quiet"].values())
    missed = sorted(
        (
            (found, staged, name)
            for name, (found, staged) in figures["families_at_5"].items()
            if found < staged
        ),
        key=lambda one: (one[0] - one[1], one[2]),
    )[:3]
    weak = ", ".join(f"`{name}` ({found} of {staged} found)" for found, staged, name in missed)
    error = _share(math.sqrt(0.5 / figures["counted"]))
    return _paragraph(
        f"At 5 a day half of the detected attacks of loud families are detected within {_delay(delay['loud'])} of event time",
        f"after their first event, of all families within {_delay(delay['all'])}.",
        *([f"Seawall misses these families most: {weak}."] if weak else []),
        f"On organisations without an attack it raises {min(quiet):.2f} to {max(quiet):.2f} incidents a day per 1,000 accounts",
        "at a budget of 2, also through roll-outs, a merger and a migration.",
        f"With {figures['counted']} attacks the standard error of a difference is up to {error}.",
        "[docs/explanation/evaluation.md](docs/explanation/evaluation.md#worlds) says how the worlds are made.",
    )


def _records(figures: Mapping[str, Any]) -> str:
    return (
        f"Scans of {_names(figures['corpora'])}: whole process, incidents and all files included. Each is compared with a bare"
        " DuckDB read of the same files, right before and after it:"
    )


def _names(corpora: list[dict[str, Any]]) -> str:
    *others, last = [_corpus_words(corpus) for corpus in corpora]
    return f"{', '.join(others)} and {last}" if others else last


def _corpus_words(corpus: Mapping[str, Any]) -> str:
    """Return words for a corpus: its size, kind and maker."""
    size = f"of {corpus['record_bytes']:,} bytes a record"
    words = {
        "own": f"a file of the lab ({size})",
        "varied": f"a file of varied values ({size})",
        "world": f"{corpus['files']:,} files of {plural(corpus['organisations'], 'organisation')} with sign-ins ({size})",
    }[corpus["name"]]
    return f"{words} by another maker" if corpus["maker"] == "other" else words


def _times(figures: Mapping[str, Any]) -> str:
    rows = [
        (
            SHORT_NAMES[one["name"]],
            one["records"],
            _seconds(one["read"]["cpu"]),
            f"{one['cpu_ratio']:.1f}",
            one["scan"],
        )
        for one in figures["corpora"]
    ]
    if "tenfold" in figures:
        rows.append((SHORT_NAMES["own"], figures["tenfold"]["records"], "", "", figures["tenfold"]))
    lines = [
        "| scan of | records | CPU seconds of the bare read | of the scan | ratio | records a second | peak memory |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, records, read, ratio, run in rows:
        speed, peak = two_digits(records / run["wall"]), run["peak"] / 2**20
        cells = (name, _millions(records), read, _seconds(run["cpu"]), ratio, speed, f"{peak:,.0f} MiB")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _rest(figures: Mapping[str, Any]) -> str:
    detectors, events = figures["detectors"], two_digits(figures["detectors"]["events_a_second"])
    ratios = [f"{corpus['cpu_ratio']:.1f}" for corpus in figures["corpora"]]
    least, most = min(ratios, key=float), max(ratios, key=float)
    return _paragraph(
        f"A scan takes {least if least == most else f'{least} to {most}'} times the CPU of the read; the goal is 3.",
        f"The detectors alone take {events} events a second in batches of 10,000 (p99 {detectors['p99_ms']:.0f} ms).",
        f"The state of detection takes {figures['corpora'][0]['state_bytes_an_account'] / 1000:.1f} KB an account.",
        f"`seawall --help` takes {figures['help_seconds']:.1f} s.",
    )


def two_digits(value: float) -> str:
    """Return a number rounded to two significant digits, with commas."""
    return f"{round(value, 1 - math.floor(math.log10(value))):,.0f}" if value >= 1 else f"{value:.2g}"


def _share(value: float) -> str:
    return f"{value:.2f}".removeprefix("0") if value < 1 else "1"


def _delay(seconds: float | None) -> str:
    if seconds is None:
        return "never"
    return plural(math.ceil(seconds), "second") if seconds < 120 else f"{seconds / 60:.0f} minutes"


def _seconds(value: float) -> str:
    return f"{value:.1f}" if value < 100 else f"{value:.0f}"


def _millions(count: int) -> str:
    return f"{count / 1e6:.3g} million" if count >= 1_000_000 else f"{count:,}"
