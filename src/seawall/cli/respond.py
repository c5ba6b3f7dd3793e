"""`seawall respond`: plan what to do about an incident, apply it, undo it. One file for each verb."""

from __future__ import annotations

import typer

from seawall.cli import respond_plan

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def respond() -> None:
    """Plan what to do about an incident.

    Nothing is done unasked: a plan is made and printed.

    \b
    Examples:
      seawall respond plan 1 --out out --to plan.json
    """


app.command("plan", short_help="Say what to do about an incident, in order, with the undo of each step.")(
    respond_plan.plan
)
