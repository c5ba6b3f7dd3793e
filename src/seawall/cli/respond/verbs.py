"""`seawall respond`: plan, apply and roll back containment, export incidents and notify others. One file for each verb."""

from __future__ import annotations

import typer

from seawall.cli.respond import apply as respond_apply
from seawall.cli.respond import attention as respond_attention
from seawall.cli.respond import automatic as respond_automatic
from seawall.cli.respond import begin as respond_begin
from seawall.cli.respond import export as respond_export
from seawall.cli.respond import notify as respond_notify
from seawall.cli.respond import plan as respond_plan
from seawall.cli.respond import signals as respond_signals
from seawall.cli.respond import watch as respond_watch

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def respond() -> None:
    """Respond to an incident: plan and apply containment, roll it back, send signals, notify those affected.

    `plan` only prints. `apply` changes nothing without --apply and the name of the approver.

    \b
    Examples:
      seawall respond plan 1 --out out --to plan.json
      seawall respond apply plan.json
      seawall respond apply plan.json --apply --approver "Ann Example" --config respond.toml
      seawall respond undo plan.journal.jsonl
      seawall respond signals tell session-revoked --issuer https://login.example.com --account 4f2e --send
      seawall respond notify draft case/case.toml
    """


app.command("begin", short_help="Write the settings file for containment, with comments.")(
    respond_begin.begin
)
app.command("plan", short_help="Turn an incident into an ordered containment plan with rollback.")(
    respond_plan.plan
)
app.command("apply", short_help="Apply a containment plan; without --apply, print its calls.")(
    respond_apply.apply
)
app.command("undo", short_help="Roll back applied containment actions.")(respond_apply.undo)
app.command(
    "attention", short_help="Raise the return of a contained intruder regardless of the alert budget."
)(respond_attention.attention)
app.command("watch", short_help="Search for the return of a contained intruder.")(respond_watch.watch)
app.command("export", short_help="Export an incident: OCSF, STIX, CSV, Sigma.")(respond_export.export)
app.add_typer(
    respond_automatic.app,
    name="automatic",
    short_help="Contain without a person: what was simulated and done; confirm or stop it.",
)
app.add_typer(
    respond_signals.app,
    name="signals",
    short_help="Send signed security events (CAEP, RISC) to other systems.",
)
app.add_typer(
    respond_notify.app, name="notify", short_help="Notify those affected; keep a register of notifications."
)
