"""Print an assessed configuration: the policies that are not met, the missing exports, and the changes since last time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from seawall.report.posture import STRENGTH_WORDS, by_weight
from seawall_base.plurals import plural
from seawall_base.safe_text import visible

FEW = 5


def show_posture(console: Console, document: dict[str, Any]) -> None:
    """Print an assessed configuration. `document` is that of `posture_document`."""
    counts = document["summary"]
    _line(
        console,
        f"Configuration against {plural(len(document['findings']), 'policy', 'policies')}: "
        f"{counts['met']:,} met, {counts['not met']:,} not met, {counts['cannot say']:,} cannot say",
        style="bold",
    )
    objects = sum(one["objects"] for one in document["exports"])
    _line(console, f"read: {plural(objects, 'object')} of {plural(len(document['exports']), 'export')}")
    for one in document["exports"]:
        if one["is_partial"]:
            _line(console, f"  not complete: {one['title']} (a next page is missing)")
    if document["since"] is not None:
        _changes(console, document["since"])
    for finding in by_weight(document["findings"]):
        if finding["state"] == "not met":
            _show_broken(console, finding)
    unsure = [
        one for one in document["findings"] if one["state"] == "cannot say" and not one["missing_exports"]
    ]
    if unsure:
        _line(console, "")
        _line(console, "Cannot say, although the export is there", style="bold")
    for finding in unsure:
        _line(console, f"  {finding['id']}  {finding['title']}: {finding['reason']}{_some(finding)}")
    given = [one for one in document["missing_exports"] if one["product"] in document["products"]]
    _missing(console, given)
    for product in sorted(
        {one["product"] for one in document["missing_exports"]} - set(document["products"])
    ):
        _line(console, "")
        _line(console, f"{product}: no export was given, so none of its policies is judged")


def _show_broken(console: Console, finding: Mapping[str, Any]) -> None:
    _line(console, "")
    _line(
        console, f"{finding['id']}  {finding['title']} ({STRENGTH_WORDS[finding['strength']]})", style="bold"
    )
    _line(console, f"  {finding['reason']}{_some(finding)}")
    incidents = ", ".join(f"{one['name']} ({one['when']})" for one in finding["incidents"])
    _line(console, f"  stops: {finding['stops']}")
    if incidents:
        _line(console, f"  would have mattered in: {incidents}")
    _line(console, f"  change: {finding['fix']}")


def _changes(console: Console, since: dict[str, Any]) -> None:
    _line(console, "")
    changes = since["changes"]
    _line(
        console,
        f"Since {since['assessed'][:10]}: {plural(len(changes), 'policy', 'policies')} changed",
        style="bold",
    )
    for change in changes:
        _line(console, f"  {change['id']}  {change['title']}: {change['before']}, now {change['now']}")
        for word in ("appeared", "gone"):
            if change[word]:
                _line(console, f"    {word}: {_list(change[word], len(change[word]))}")


def _missing(console: Console, missing: Sequence[dict[str, Any]]) -> None:
    if not missing:
        return
    _line(console, "")
    _line(console, "Cannot say: exports that are missing", style="bold")
    for one in missing:
        ids = ", ".join(one["policies"])
        _line(console, f"  {one['title']} ({one['permission']}), for {ids}")
        _line(console, f"    {one['get']}")


def _some(finding: Mapping[str, Any]) -> str:
    return f": {_list(finding['names'], finding['count'])}" if finding["names"] else ""


def _list(names: Sequence[str], count: int) -> str:
    shown = ", ".join(names[:FEW])
    return f"{shown} and {count - FEW:,} more" if count > FEW else shown


def _line(console: Console, text: str, style: str = "") -> None:
    console.print(Text(visible(text, 2_000), style=style), soft_wrap=True)
