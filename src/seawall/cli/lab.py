"""`seawall lab make`: write a made-up organisation's raw logs, with the truth beside them."""

from __future__ import annotations

import typer

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Make organisations' logs to try Seawall on."
)


@app.command("make")
def make() -> None:
    """Write raw logs and their truth."""
