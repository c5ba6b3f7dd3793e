"""Render replays as one HTML page without scripts or network access."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from markupsafe import Markup

from seawall.report import replay_words
from seawall.report.incident_page import environment, part, policy, write_page
from seawall.report.replay_figures import draw_reading, draw_replay
from seawall_base.plurals import plural


def write_replay_page(path: Path, document: dict[str, Any]) -> None:
    """Write the page to `path` atomically. Raises OutputUnwritable."""
    write_page(path, render_replay(document))


def render_replay(document: dict[str, Any]) -> str:
    """Return the page as HTML. `document` is that of `lab.replay.document`."""
    style = part("report.css") + part("assurance.css") + part("replay.css")
    template = environment().get_template("replay.html")
    return template.render(
        document=document,
        style=Markup(style),  # noqa: S704 - our own files, allowed by their hash
        policy=policy(style, ""),
        plural=plural,
        said=replay_words,
        titles={one["name"]: one["title"] for one in document["layers"]},
        pictures=[draw_replay(one, document["layers"]) for one in document["incidents"]],
        bars=[draw_reading(one) for one in document["incidents"]],
    )
