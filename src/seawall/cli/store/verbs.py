"""`seawall store`: manage the data store: size, retention, backup, restore, integrity. One file for each group of verbs."""

from __future__ import annotations

import typer

from seawall.cli.store import backup as store_copies
from seawall.cli.store import filling as store_filling
from seawall.cli.store import inspection as store_inspection
from seawall.cli.store import maintenance as store_maintenance
from seawall.cli.store import rescoring as store_rescoring

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def store() -> None:
    """Manage the data store of `seawall watch` and `seawall serve`: database and event lake.

    \b
    Examples:
      seawall store size
      seawall store backup /backup/2026-03-02
      seawall store prune --days 180 --dry-run
    """


app.command("size", short_help="Show the size of the store by organisation and table.")(store_inspection.size)
app.command("check", short_help="Verify the integrity of the whole store.")(store_inspection.check)
app.command("prune", short_help="Delete data older than a number of days.")(store_maintenance.prune)
app.command("migrate", short_help="Migrate an older database to this version.")(store_maintenance.migrate)
app.command("rescore", short_help="Score all events again, and say what changed.")(store_rescoring.rescore)
app.command("publish", short_help="Publish the events as a Delta table.")(store_maintenance.publish)
app.command("fill", short_help="Put the results of a scan into a store, for the console.")(store_filling.fill)
app.command("backup", short_help="Back up the store into a new folder.")(store_copies.backup)
app.command("restore", short_help="Restore a store from a backup.")(store_copies.restore)
