"""`seawall tables`: the tables that an analyst asks for, of a scan's results or of a store."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from seawall.cli import output
from seawall.cli.scan import DEFAULT_OUT
from seawall.cli.store.options import AsJson, DatabaseUrl

if TYPE_CHECKING:
    from rich.console import Console

    from seawall.report.tables.reading import AnalystTables
    from seawall.report.tables.table import AnalystTable

FEW: Final = 15
"""Rows of each table that a terminal shows."""

MANY: Final = 100
"""Rows that a terminal shows of one table that was asked for."""

CsvFile = Annotated[
    Path | None, typer.Option("--csv", metavar="FILE", help="Write one table as CSV; needs --table.")
]
RowLimit = Annotated[
    int | None,
    typer.Option(
        "--limit",
        metavar="N",
        min=1,
        help=f"Rows to print of each table. Default: {FEW}, or {MANY} with --table.",
        show_default=False,
    ),
]


def tables(
    out: Annotated[
        Path | None,
        typer.Argument(
            metavar="[OUT]", help=f"Results folder of a scan. Default: {DEFAULT_OUT}.", show_default=False
        ),
    ] = None,
    table: Annotated[
        str | None, typer.Option("--table", metavar="NAME", help="Make one table, for example sign-ins.")
    ] = None,
    by: Annotated[
        list[str] | None,
        typer.Option("--by", metavar="COLUMN", help="Count sign-ins by this column only. May be repeated."),
    ] = None,
    limit: RowLimit = None,
    csv: CsvFile = None,
    store: Annotated[
        Path | None,
        typer.Option("--store", metavar="DIR", help="Read this data store of `watch` or `serve` instead."),
    ] = None,
    database: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Print tables of rule hits, sign-ins, consents, mail rules in force, and applications.

    \b
    Examples:
      seawall tables out
      seawall tables out --table sign-ins --by country --by account
      seawall tables out --table rule-hits --csv hits.csv
      seawall tables --store seawall-store --json
    """
    from seawall.report.tables import reading, sign_ins

    wanted = reading.NAMES if table is None else (require_known(table, reading.NAMES, "table"),)
    chosen = [require_known(one, sign_ins.BY, "column") for one in by or sign_ins.USUAL]
    require_one_way(csv, table, as_json=as_json)
    with _open(out, store, database) as found:
        made = found.make(wanted, chosen)
    answer_tables(made, FEW if table is None else MANY, limit, csv, as_json=as_json)


@contextmanager
def _open(out: Path | None, store: Path | None, database: str | None) -> Iterator[AnalystTables]:
    from seawall.report.tables.reading import tables_of_scan, tables_of_store
    from seawall_base.errors import UsageError

    if out is not None and store is not None:
        raise UsageError("OUT and --store exclude each other", fix="give only one of them")
    if store is None:
        yield tables_of_scan(out or DEFAULT_OUT)
        return
    from seawall.storage.location import open_store

    with open_store(store, database) as opened:
        yield tables_of_store(opened)


def require_known(name: str, known: Sequence[str], what: str) -> str:
    """Return a name that is one of the known ones. Raises UsageError."""
    from seawall_base.errors import UsageError

    if name not in known:
        raise UsageError(f"there is no {what} {name!r}", fix=f"give one of: {', '.join(known)}")
    return name


def require_one_way(csv: Path | None, table: str | None, *, as_json: bool) -> None:
    """Refuse `--csv` together with `--json` or without `--table`. Raises UsageError."""
    from seawall_base.errors import UsageError

    if csv is not None and as_json:
        raise UsageError("--csv and --json exclude each other", fix="give only one of them")
    if csv is not None and table is None:
        raise UsageError("a CSV file holds one table", fix="name it with --table")


def answer_tables(
    made: Sequence[AnalystTable], most: int, limit: int | None, csv: Path | None, *, as_json: bool
) -> None:
    """Print tables, or write them as JSON or CSV, which hold all rows. Raises OutputUnwritable."""
    if as_json:
        from seawall.report.tables.table import table_document

        output.answer_json({"tables": {table.name: table_document(table) for table in made}})
    elif csv is not None:
        write_csv(csv, made[0])
    else:
        from seawall.report.table_terminal import print_tables

        def draw(console: Console) -> None:
            print_tables(console, made, limit or most)

        output.answer(draw)


def write_csv(path: Path, table: AnalystTable) -> None:
    """Write all rows of a table as CSV that holds no formulas, readable by its owner alone. Raises OutputUnwritable."""
    from seawall.report.tables.table import plain_cells
    from seawall_base import private_files
    from seawall_base.csv_text import csv_lines
    from seawall_base.plurals import plural

    rows = (plain_cells(table.columns, row) for row in table.rows)
    text = "\ufeff" + "".join(csv_lines([column.name for column in table.columns], rows))
    private_files.write_text(path, text)
    output.say(f"{path}: {plural(len(table.rows), 'row')}")
