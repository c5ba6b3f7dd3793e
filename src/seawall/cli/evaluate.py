"""`seawall evaluate`: measure detection on made-up worlds that were not used to train it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from seawall.cli import output
from seawall.cli.lab import SystemsOption, WorldSystems
from seawall.cli.store.options import AsJson

DEFAULT_OUT = Path("seawall-evaluation")


def evaluate(
    worlds: Annotated[
        int, typer.Option(metavar="N", min=1, help="Number of worlds to generate and scan.")
    ] = 5,
    seed: Annotated[int, typer.Option(metavar="N", help="Random seed of the first world.")] = 1,
    accounts: Annotated[int, typer.Option(metavar="N", min=10, help="Accounts in each world.")] = 300,
    days: Annotated[int, typer.Option(metavar="N", min=15, help="Days in each world.")] = 60,
    systems: SystemsOption = WorldSystems.microsoft,
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="DIR", help="Folder for the tables.")
    ] = DEFAULT_OUT,
    scope: Annotated[
        bool,
        typer.Option(
            "--scope", help="Measure `seawall scope` on campaigns over several organisations instead."
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Measure recall at each alert budget, time to detection, and false positives on worlds without attacks.

    \b
    Examples:
      seawall evaluate
      seawall evaluate --worlds 20 --accounts 1000 --out figures --json
      seawall evaluate --systems okta --worlds 3
      seawall evaluate --scope --worlds 3
    """
    if scope:
        _scopes(worlds, seed, accounts, days, systems, out, as_json=as_json)
        return
    from seawall.lab.evaluate import run
    from seawall.lab.evaluate.table import as_markdown

    output.say("generating and scanning worlds; this takes minutes")
    result = run(worlds=worlds, seed=seed, accounts=accounts, days=days, out=out, systems=systems.value)
    if as_json:
        output.answer_json(result)
    else:
        output.write(as_markdown(result))
    output.next_step(f"open {output.quote_path(out / 'evaluation.md')}, or the plots beside it")


def _scopes(
    worlds: int, seed: int, accounts: int, days: int, systems: WorldSystems, out: Path, *, as_json: bool
) -> None:
    from seawall.lab.evaluate.scope_trials import as_table, measure_scopes, write_figures

    output.say("generating and searching worlds; this takes minutes")
    result = measure_scopes(worlds=worlds, seed=seed, accounts=accounts, days=days, systems=systems.value)
    write_figures(result, out)
    if as_json:
        output.answer_json(result)
    else:
        output.write(as_table(result))
