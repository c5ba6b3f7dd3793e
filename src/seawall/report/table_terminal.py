"""Print tables. Every text from logs passes `visible`, and nothing is Rich's markup."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from seawall.report.tables.table import AnalystTable, ColumnKind
from seawall_base.plurals import plural
from seawall_base.safe_text import visible
from seawall_base.times import moment

_CELL: Final = 300


def print_tables(console: Console, tables: Sequence[AnalystTable], most: int) -> None:
    """Print tables with at most `most` rows each, and say how many more there are."""
    for table in tables:
        print_table(console, table, most)


def print_table(console: Console, table: AnalystTable, most: int) -> None:
    """Print a table: title, rows, how many more there are, and what the table cannot show.

    Details, empty columns, and the organisation if it is the same in all rows are left out.
    """
    console.print(Text(f"{table.title}: {plural(len(table.rows), 'row')}", style="bold"))
    if table.rows:
        console.print(_draw(table, most))
    if len(table.rows) > most:
        more = len(table.rows) - most
        console.print(
            Text(f"and {more:,} more (--table {table.name} --limit {len(table.rows)}, --csv or --json)")
        )
    if table.note:
        console.print(Text(visible(table.note), style="dim"))
    console.print("")


def _draw(table: AnalystTable, most: int) -> Table:
    shown = [place for place in range(len(table.columns)) if _is_shown(table, place)]
    drawn = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for place in shown:
        column = table.columns[place]
        is_count = column.kind in {"count", "number"}
        drawn.add_column(
            column.heading,
            justify="right" if is_count else "left",
            overflow="fold",
            no_wrap=column.kind != "text",
        )
    for row in table.rows[:most]:
        drawn.add_row(*(Text(_write(table.columns[place].kind, row[place])) for place in shown))
    return drawn


def _is_shown(table: AnalystTable, place: int) -> bool:
    if table.columns[place].is_detail:
        return False
    values = {row[place] for row in table.rows}
    if table.columns[place].name == "tenant":
        return len(values) > 1
    return table.columns[place].kind == "count" or bool(values - {"", 0})


def _write(kind: ColumnKind, value: str | float) -> str:
    if isinstance(value, str):
        return visible(value, _CELL)
    if kind == "time":
        return f"{moment(int(value)):%Y-%m-%d %H:%M}" if value else ""
    if kind == "number":
        return f"{value:.1f}"
    return f"{value:,}"
