"""Print replays on a terminal. Texts of logs pass `show_text`, and nothing is Rich's markup."""

from __future__ import annotations

from typing import Any

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from seawall.report import replay_words as words
from seawall.report.terminal_parts import show_text


def print_incidents(console: Console, document: dict[str, Any]) -> None:
    """Print the incidents that can be replayed."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("Name", "Began", "Logs of", "Incident"):
        table.add_column(heading)
    for one in document["incidents"]:
        table.add_row(
            show_text(one["name"], "bold"),
            show_text(one["began"]),
            show_text(", ".join(one["systems"])),
            show_text(f"{one['title']}: {one['summary']}"),
        )
    console.print(table)


def print_replays(console: Console, document: dict[str, Any]) -> None:
    """Print the answer for each incident, and the verdict of every setting."""
    for one in document["incidents"]:
        console.print(show_text(one["title"], "bold"))
        titles = {layer["name"]: layer["title"] for layer in document["layers"]}
        for question, answer in words.answer_question(one, document["organisation"], titles):
            console.print(Padding(show_text(f"{question} {answer}"), (0, 0, 0, 2)))
        console.print(_draw_layers(one, titles))
        console.print(_draw_settings(one))


def _draw_settings(incident: dict[str, Any]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for place, heading in enumerate(words.COLUMNS):
        table.add_column(heading, justify="right" if place > 4 else "left")
    for row in words.list_rows(incident):
        table.add_row(*(show_text(cell) for cell in words.list_cells(row)))
    return table


def _draw_layers(incident: dict[str, Any], titles: dict[str, str]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for place, heading in enumerate(words.LAYER_COLUMNS):
        table.add_column(heading, justify="right" if place == 3 else "left")
    for row in incident["layers"]:
        whose = " (provider)" if row["layer"] in incident["provider_side"] else ""
        verdict, when, read, says = words.list_layer_cells(row, incident)
        cells = (titles[row["layer"]] + whose, verdict, when, read)
        table.add_row(*map(show_text, cells), Text("\n").join(map(show_text, says)))
    return table
