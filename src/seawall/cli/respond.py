"""`seawall respond`: plan what to do about an incident, apply it, undo it. One file for each verb."""

from __future__ import annotations

import typer

from seawall.cli import respond_plan, respond_signals

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def respond() -> None:
    """Act on an incident: plan what to do, and warn other systems.

    Nothing is done unasked.

    \b
    Examples:
      seawall respond plan 1 --out out --to plan.json
      seawall respond signals tell session-revoked --issuer https://login.example.com --account 4f2e --send
    """


app.command("plan", short_help="Say what to do about an incident, in order, with the undo of each step.")(
    respond_plan.plan
)
app.add_typer(respond_signals.app, name="signals", short_help="Warn other systems with signed events.")
