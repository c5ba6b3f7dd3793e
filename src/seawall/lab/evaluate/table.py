"""Format an evaluation as a Markdown table and plots."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from seawall_base.plurals import plural

UNTRAINED = (
    "The shipped ranker was trained on worlds with Microsoft 365 logs only; it has seen none of this kind."
)


def as_markdown(document: dict[str, Any]) -> str:
    """Return the evaluation document as Markdown."""
    asked, methods = document["asked"], document["methods"]
    budgets = list(next(iter(methods.values()))["recall"])
    lines = [
        "# Evaluation",
        "",
        f"{document['date']}, Seawall {document['version']}, {document['machine']}.",
        f"{asked['worlds']} worlds of {asked['accounts']} accounts and {asked['days']} days from seed {asked['seed']}:",
        f"{document['attacks']} staged attacks, {document['events']:,} events. Logs: {asked['systems']}.",
        *([""] if asked["systems"] == "microsoft" else ["", UNTRAINED, ""]),
        "Recall at incidents a day per 1,000 accounts, near-impossible families aside; the worst family at 5.",
        "",
        "| method | " + " | ".join(budgets) + " | worst family | precision of the first 10 |",
        "|---|" + "---|" * (len(budgets) + 2),
    ]
    for name, values in methods.items():
        at = values["recall"]
        cells = [f"{at[b]['recall']:.2f}" for b in budgets]
        cells.append(f"{at['5']['worst_family']} {at['5']['worst_recall']:.2f}")
        lines.append(f"| {name} | {' | '.join(cells)} | {values['precision_at_10']:.2f} |")
    lines += [
        "",
        "Seawall by family (caught of staged):",
        "",
        "| family | " + " | ".join(budgets) + " |",
        "|---|" + "---|" * len(budgets),
    ]
    families = methods["Seawall"]["recall"]
    for family in families[budgets[0]]["families"]:
        pairs = [families[b]["families"][family] for b in budgets]
        lines.append(f"| {family} | " + " | ".join(f"{c} of {n}" for c, n in pairs) + " |")
    return "\n".join([*lines, *_outcome(document), *_calibration(document)]) + "\n"


def _outcome(document: dict[str, Any]) -> list[str]:
    delay, items = document["median_delay_seconds"], document["median_items_before_detection"]
    read = "none" if items is None else f"{items:,.0f}"
    lines = [
        "",
        f"Median delay at 5 a day: {_minutes(delay['loud'])} for loud families, {_minutes(delay['all'])} over all detected;",
        f"median items read before detection: {read}.",
        "",
        f"Of {document['raised_at_5']} incidents raised at 5 a day, false ones by what explains them:",
        "",
        *(f"- {kind}: {count}" for kind, count in document["false_at_5"].items()),
        "",
        "Incidents raised on quiet worlds (a day per 1,000 accounts, default budget 2):",
        "",
    ]
    quiet = document["quiet"].items()
    return lines + [f"- {name}: {values['raised_a_day_per_1000']:.2f}" for name, values in quiet]


def _calibration(document: dict[str, Any]) -> list[str]:
    levels = list(next(iter(document["calibration"].values())))
    lines = [
        "",
        "Calibration, P(p ≤ a) / a over all groups on days without attacks (1 exact, less is careful):",
        "",
        "| pattern | " + " | ".join(levels) + " |",
        "|---|" + "---|" * len(levels),
    ]
    for pattern, shares in document["calibration"].items():
        lines.append(f"| {pattern} | " + " | ".join(f"{share:.2f}" for share in shares.values()) + " |")
    return lines


def _minutes(seconds: float | None) -> str:
    return "none detected" if seconds is None else f"{plural(round(seconds / 60), 'minute')}"


def draw(document: dict[str, Any], folder: Path) -> None:
    """Draw recall against budget for every method, and by family, as PNG files."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(8, 5))
    for name, values in document["methods"].items():
        at = values["recall"]
        axes.plot(
            [float(b) for b in at],
            [v["recall"] for v in at.values()],
            marker="o",
            label=name,
            linewidth=3 if name == "Seawall" else 1.2,
        )
    axes.set(
        xlabel="incidents a day per 1,000 accounts",
        ylabel="recall",
        ylim=(0, 1),
        title="Recall under an alert budget",
    )
    axes.legend(fontsize=8)
    figure.savefig(folder / "recall.png", dpi=120, bbox_inches="tight")
    pyplot.close(figure)
    families = document["methods"]["Seawall"]["recall"]["5"]["families"]
    figure, axes = pyplot.subplots(figsize=(8, 0.3 * len(families) + 1.5))
    axes.barh(list(families), [c / n for c, n in families.values()])
    axes.set(xlabel="recall at 5 a day per 1,000 accounts", xlim=(0, 1))
    figure.savefig(folder / "families.png", dpi=120, bbox_inches="tight")
    pyplot.close(figure)
