"""`seawall store fill`: put the results of a scan into a store, for the console."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from seawall.cli import output
from seawall.cli.store.options import DEFAULT_STORE, AsJson, OwnDatabaseUrl, StoreFolder
from seawall_base.plurals import plural


def fill(
    results: Annotated[
        Path, typer.Argument(metavar="OUT", help="Results folder of a scan.", show_default=False)
    ],
    store: StoreFolder = DEFAULT_STORE,
    database: OwnDatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Put the results of a scan into a store, so that the console shows them.

    \b
    Examples:
      seawall store fill out --store shown
      seawall serve --no-watch --store shown

    Fill again after a later scan: its results replace the earlier ones, and answers of analysts stay. Reads what `seawall scan`
    and `seawall spark scan` wrote. The store of a watch is refused.
    """
    from seawall.cli import progress
    from seawall.pipeline.fill_store import fill_store
    from seawall.storage.location import open_store

    with open_store(store, database, make=True) as opened, progress.show_progress(quiet=as_json) as report:
        if opened.upgraded is not None:
            output.say(opened.upgraded.describe())
        filled = fill_store(results, opened, report)
    if as_json:
        output.answer_json(
            {
                "store": str(store),
                "incidents": filled.incidents,
                "events": filled.events,
                "removed": filled.gone,
            }
        )
        return
    gone = f", {plural(filled.gone, 'incident')} removed" if filled.gone else ""
    output.say(
        f"{store} holds {plural(filled.incidents, 'incident')} and {plural(filled.events, 'event')}{gone}"
    )
    url = " --database URL" if database else ""
    output.next_step(f"seawall serve --no-watch --store {output.quote_path(store)}{url}")
