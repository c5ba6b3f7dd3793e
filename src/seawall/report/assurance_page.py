"""Render an assessment of sign-ins as one HTML page without scripts or network access; log text is always escaped."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import Any

from markupsafe import Markup

from seawall.report.assurance import PATH_WORDS
from seawall.report.incident_page import environment, part, policy, write_page
from seawall.report.posture import STRENGTH_WORDS, by_weight
from seawall_base.plurals import plural

ROWS = 500
"""Most rows of each table of unbounded length; `assurance.json` has all."""
LEVELS = ("phishing-resistant", "two factors", "single factor", "not told")
_WIDTH, _HEIGHT = 1080, 160


def write_assurance_page(path: Path, document: dict[str, Any]) -> None:
    """Write the page to `path` atomically. Raises OutputUnwritable."""
    write_page(path, render_assurance(document))


def render_assurance(document: dict[str, Any]) -> str:
    """Return the page as HTML. `document` is that of `assurance_document`."""
    style = part("report.css") + part("assurance.css")
    template = environment().get_template("assurance.html")
    return template.render(
        document=document,
        has_logs=bool(document["summary"]["records"] or document["accounts"]) or document["posture"] is None,
        posture=document["posture"],
        strengths=STRENGTH_WORDS,
        weighed=by_weight(document["posture"]["findings"]) if document["posture"] else [],
        summary=document["summary"],
        style=Markup(style),  # noqa: S704 - our own files, allowed by their hash
        policy=policy(style, ""),
        plural=plural,
        path_words=PATH_WORDS,
        questions=(
            ("password", "Stolen password", "Who could be taken over by a stolen password today"),
            ("phishing", "Phished session", "Who could be taken over by a phished session today"),
        ),
        rows=ROWS,
        levels=LEVELS,
        findings=[list(found) for _, found in groupby(document["findings"], key=lambda one: one["kind"])],
        series=[(name, _bars(days)) for name, days in _by_organisation(document["days"])],
        width=_WIDTH,
        height=_HEIGHT,
    )


def _by_organisation(days: list[dict[str, Any]]) -> list[tuple[str, list[dict[str, Any]]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for day in days:
        found.setdefault(day["organisation"], []).append(day)
    return list(found.items())[:20]


def _bars(days: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return a stacked bar for each day with sign-ins: accounts by their weakest level that day, at most 120 days."""
    shown = days[-120:]
    most = max((sum(day["accounts"].values()) for day in shown), default=0) or 1
    step = _WIDTH / len(shown) if shown else 0
    bars = []
    for place, day in enumerate(shown):
        base = float(_HEIGHT)
        parts = []
        for level in LEVELS:
            size = _HEIGHT * day["accounts"][level] / most
            base -= size
            if size:
                parts.append({"level": LEVELS.index(level), "y": round(base, 2), "height": round(size, 2)})
        counts = ", ".join(f"{day['accounts'][level]} {level}" for level in LEVELS if day["accounts"][level])
        bars.append(
            {
                "x": round(place * step, 2),
                "width": round(max(min(step - 2, 26), 1), 2),
                "parts": parts,
                "title": f"{day['day']}: {counts}",
            }
        )
    return bars
