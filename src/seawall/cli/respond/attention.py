"""`seawall respond attention`: make a running watch raise the return of a contained intruder regardless of the alert budget."""

from __future__ import annotations

from typing import Annotated

import typer

from seawall.cli import output
from seawall.cli.respond.incident_options import DaysAfter, JournalFile, read_applied
from seawall.cli.store.options import DEFAULT_STORE, AsJson, DatabaseUrl, StoreFolder, where
from seawall_base.clock import read_wall_clock


def attention(
    journal: JournalFile,
    store: StoreFolder = DEFAULT_STORE,
    database: DatabaseUrl = None,
    by: Annotated[
        str | None, typer.Option("--by", metavar="NAME", help="Name of the person who decided it.")
    ] = None,
    days: DaysAfter = 30,
    end: Annotated[bool, typer.Option("--end", help="End the attention and delete its data.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make `seawall watch` raise what follows a containment, regardless of the alert budget, with what changed.

    \b
    Examples:
      seawall respond attention plan.journal.jsonl --store seawall-store --by "Ann Example"
      seawall respond attention plan.journal.jsonl --store seawall-store --by "Ann Example" --end
    """
    from contextlib import closing

    import msgspec

    from seawall.storage.database import Database
    from seawall.storage.location import check_folder, database_place
    from seawall_base.accountable_person import require_person
    from seawall_base.plurals import plural
    from seawall_base.times import rfc3339

    name = require_person(by, "--by")
    found = read_applied(journal, days)
    now = read_wall_clock()
    changed = 0
    check_folder(store)
    opened = Database.open(database_place(store, database))
    with closing(opened), opened.writing() as work:
        if end:
            changed = work.containments.end(found.id, by=name, at=now)
        for tenant in found.tenants if not end else ():
            document = msgspec.to_builtins(found)
            changed += work.containments.remember(
                found.id, tenant, document, until=found.until, by=name, at=now
            )
        action = "attention-ended" if end else "attention-begun"
        details = {"by": name, "until": rfc3339(found.until)}
        work.audit.append(at=now, actor="local", action=action, subject=f"plan {found.id}", details=details)
    if as_json:
        output.answer_json(
            {"plan": found.id, "until": rfc3339(found.until), "ended": end, "organisations": changed}
        )
    elif end:
        output.write(f"attention to plan {found.id} was ended in {plural(changed, 'organisation')}\n")
    else:
        output.write(
            f"plan {found.id} is watched in {plural(changed, 'organisation')} until {rfc3339(found.until)}\n"
        )
    output.next_step(f"seawall store check{where(store, database)}")
