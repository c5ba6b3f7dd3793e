"""`seawall respond notify`: letters to those affected, their delivery, and the register of who was told."""

from __future__ import annotations

import typer

from seawall.cli.respond import notify_duties as duties
from seawall.cli.respond import notify_letters as letters
from seawall.cli.respond import notify_register as register

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def notify() -> None:
    """Tell those affected: draft letters, look at them, send them once, and know who was told what.

    A case has a folder of its own: its case file, drafts, letters as they were sent, and the register.

    \b
    Examples:
      seawall respond notify begin case --scope scope/scope.json
      seawall respond notify draft case/case.toml
      seawall respond notify send case/case.toml --draft 3f2a9c1b7d40 --approved-by "Eva Muster"
      seawall respond notify register case/case.toml --who anna@contoso.example
    """


app.command("begin", short_help="Make the folder of a case, with a case file to fill in.")(letters.begin)
app.command("draft", short_help="Write all letters into a folder, to be looked at.")(letters.draft)
app.command("send", short_help="Say what would be sent; with --approved-by, send it.")(letters.send)
app.command("bounces", short_help="Take down what mail servers reported later.")(register.bounces)
app.command("acknowledge", short_help="Note that a letter has come, by its code.")(register.acknowledge)
app.command("tell", short_help="Note that somebody was told otherwise, by telephone say.")(register.tell)
app.command("register", short_help="Say who was told, when, and what.")(register.show)
app.command("deadlines", short_help="Say until when authorities and persons must be told.")(duties.deadlines)
app.command("report", short_help="Note that an authority was told.")(duties.report)
app.command("package", short_help="Write STIX, CSV and hashes for other programs.")(duties.package)
