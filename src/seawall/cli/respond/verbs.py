"""`seawall respond`: plan what to do about an incident, do it, take it back, and warn others. One file for each verb."""

from __future__ import annotations

import typer

from seawall.cli.respond import apply as respond_apply
from seawall.cli.respond import attention as respond_attention
from seawall.cli.respond import export as respond_export
from seawall.cli.respond import notify as respond_notify
from seawall.cli.respond import plan as respond_plan
from seawall.cli.respond import signals as respond_signals
from seawall.cli.respond import watch as respond_watch

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def respond() -> None:
    """Act on an incident: plan what to do, do it, take it back, warn other systems, tell those affected.

    Nothing is done unasked: a plan is printed, and applied when a person is named who approved it.

    \b
    Examples:
      seawall respond plan 1 --out out --to plan.json
      seawall respond apply plan.json
      seawall respond apply plan.json --apply --approver "Ann Example" --config respond.toml
      seawall respond undo plan.journal.jsonl
      seawall respond signals tell session-revoked --issuer https://login.example.com --account 4f2e --send
      seawall respond notify draft case/case.toml
    """


app.command("plan", short_help="Say what to do about an incident, in order, with the undo of each step.")(
    respond_plan.plan
)
app.command("apply", short_help="Do what a plan says; without --apply, print what would be done.")(
    respond_apply.apply
)
app.command("undo", short_help="Take back what was applied, to what was read before.")(respond_apply.undo)
app.command("attention", short_help="Have a watch raise what follows a containment, whatever the budget.")(
    respond_attention.attention
)
app.command("watch", short_help="Look for the return of an intruder that was contained.")(respond_watch.watch)
app.command("export", short_help="Give an incident to other programs: OCSF, STIX, CSV, Sigma.")(
    respond_export.export
)
app.add_typer(respond_signals.app, name="signals", short_help="Warn other systems with signed events.")
app.add_typer(respond_notify.app, name="notify", short_help="Tell those affected, and know who was told.")
