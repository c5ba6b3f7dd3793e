"""The options by which a verb finds a store."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from seawall_base.plurals import plural

DEFAULT_STORE = Path("seawall-store")

StoreFolder = Annotated[Path, typer.Option("--store", metavar="DIR", help="Folder of the data store.")]


def _database(meaning: str) -> Any:
    """The one option that names a database; what it means to a verb is all that differs."""
    return typer.Option(
        "--database",
        metavar="URL",
        envvar="SEAWALL_DATABASE",
        show_envvar=False,
        help=f"{meaning} (also SEAWALL_DATABASE).",
    )


DatabaseUrl = Annotated[str | None, _database("PostgreSQL database of the store, if it has one")]
OwnDatabaseUrl = Annotated[str | None, _database("PostgreSQL database instead of a file in the store")]
NewDatabaseUrl = Annotated[str | None, _database("Empty PostgreSQL database to restore into")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


def parse_size(count: int) -> str:
    """Return bytes as people read them."""
    amount, unit = float(count), "bytes"
    for unit in ("bytes", "kB", "MB", "GB", "TB"):
        if amount < 1000 or unit == "TB":
            break
        amount /= 1000
    return f"{amount:,.0f} {unit}" if unit == "bytes" else f"{amount:,.1f} {unit}"


def parse_count(table: str, rows: int) -> str:
    """Return the rows of a table as people call them."""
    known = {"days": "day's counts", "outbox": "message"}.get(table)
    return plural(rows, known or table.removesuffix("s"), "days' counts" if table == "days" else "")


def where(folder: Path, database: str | None) -> str:
    """Return the options that name this store again, for a next step; a URL may hold a password and is left out."""
    from seawall.cli.output import quote_path

    store = "" if folder == DEFAULT_STORE else f" --store {quote_path(folder)}"
    return store + (" --database URL" if database is not None else "")
