"""`seawall store`: how large it is, what goes, backup and restore, whether it is sound. One file for each group of verbs."""

from __future__ import annotations

import typer

from seawall.cli.store import copies as store_copies
from seawall.cli.store import keeping as store_keeping
from seawall.cli.store import looking as store_looking

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def store() -> None:
    """Look after what `seawall watch` and `seawall serve` keep: database and events.

    \b
    Examples:
      seawall store size
      seawall store backup /backup/2026-03-02
      seawall store prune --days 180 --dry-run
    """


app.command("size", short_help="Say how much is kept, by organisation and table.")(store_looking.size)
app.command("check", short_help="Read everything and say what is damaged.")(store_looking.check)
app.command("prune", short_help="Delete what is older than a number of days.")(store_keeping.prune)
app.command("migrate", short_help="Bring an older database to this version.")(store_keeping.migrate)
app.command("backup", short_help="Copy the store into a new folder.")(store_copies.backup)
app.command("restore", short_help="Make a store of a backup.")(store_copies.restore)
