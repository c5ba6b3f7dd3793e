"""`seawall respond notify`: letters to those affected, their delivery, and the register of notifications."""

from __future__ import annotations

import typer

from seawall.cli.respond import notify_duties as duties
from seawall.cli.respond import notify_letters as letters
from seawall.cli.respond import notify_register as register

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def notify() -> None:
    """Notify those affected: draft letters, review them, send each once, and keep a register of notifications.

    The folder of a case holds the case file, drafts, sent letters and the register.

    \b
    Examples:
      seawall respond notify begin case --scope scope/scope.json
      seawall respond notify draft case/case.toml
      seawall respond notify send case/case.toml --draft 3f2a9c1b7d40 --approved-by "Eva Muster"
      seawall respond notify register case/case.toml --who anna@contoso.example
    """


app.command("begin", short_help="Create the folder of a case, with a case file to fill in.")(letters.begin)
app.command("draft", short_help="Write drafts of all letters for review.")(letters.draft)
app.command("send", short_help="Show what would be sent; with --approved-by, send it.")(letters.send)
app.command("bounces", short_help="Record delivery reports of mail servers.")(register.bounces)
app.command("acknowledge", short_help="Record that a recipient has a letter, by its code.")(
    register.acknowledge
)
app.command("record", short_help="Record a notification by other means, for example telephone.")(
    register.record
)
app.command("register", short_help="Show who was notified, when and of what.")(register.show)
app.command("deadlines", short_help="Show the deadlines for notifying authorities and persons.")(
    duties.deadlines
)
app.command("report", short_help="Record that an authority was notified.")(duties.report)
app.command("package", short_help="Export STIX, CSV and hashes for other programs.")(duties.package)
