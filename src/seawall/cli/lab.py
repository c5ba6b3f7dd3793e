"""`seawall lab make`: generate raw logs of a made-up organisation, and the ground truth."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from seawall.cli import output
from seawall.cli.store.options import AsJson

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Generate logs of made-up organisations.")


class Difficulty(StrEnum):
    """How well intruders hide."""

    easy = "easy"
    medium = "medium"
    hard = "hard"
    mixed = "mixed"


class WorldSystems(StrEnum):
    """Whose logs a world has."""

    microsoft = "microsoft"
    google = "google"
    okta = "okta"
    mixed = "mixed"


SystemsOption = Annotated[
    WorldSystems,
    typer.Option(
        "--systems",
        metavar="NAME",
        help="Vendor of the logs: microsoft, google, okta, or mixed (Okta in front of a suite).",
    ),
]


@app.callback()
def lab() -> None:
    """Generate logs of made-up organisations.

    \b
    Examples:
      seawall lab make --out world --seed 7
    """


@app.command("make")
def make(
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="DIR", help="Folder for the logs and the ground truth.")
    ],
    seed: Annotated[int, typer.Option(metavar="N", help="Random seed: equal seeds generate equal logs.")] = 1,
    accounts: Annotated[
        int | None, typer.Option(metavar="N", min=5, help="Users in each organisation.")
    ] = None,
    days: Annotated[int | None, typer.Option(metavar="N", min=2, help="Days of logs.")] = None,
    tenants: Annotated[int | None, typer.Option(metavar="N", min=1, help="Organisations.")] = None,
    attacks: Annotated[
        int | None, typer.Option(metavar="N", min=0, help="Total number of staged attacks.")
    ] = None,
    families: Annotated[
        str | None, typer.Option(metavar="NAMES", help="Attack families to stage, separated by commas.")
    ] = None,
    confusers: Annotated[
        str | None, typer.Option(metavar="NAMES", help="Harmless anomalies to stage, separated by commas.")
    ] = None,
    difficulty: Annotated[
        Difficulty | None,
        typer.Option(metavar="NAME", help="How hard attacks are to detect: easy, medium, hard or mixed."),
    ] = None,
    systems: SystemsOption = WorldSystems.microsoft,
    density: Annotated[
        float | None,
        typer.Option(metavar="X", min=0.01, help="Factor for the number of records of an ordinary day."),
    ] = None,
    tidy: Annotated[
        bool, typer.Option("--tidy", help="Write no late, repeated, broken or differently spelt records.")
    ] = False,
    quiet_world: Annotated[bool, typer.Option("--quiet-world", help="Stage no attack.")] = False,
    as_json: AsJson = False,
) -> None:
    """Generate raw logs of a made-up organisation, and the staged attacks in a separate file.

    \b
    Examples:
      seawall lab make --out world --seed 7
      seawall lab make --out big --accounts 1000 --days 60 --attacks 12
      seawall lab make --out calm --quiet-world
      seawall lab make --out workspace --systems google
    """
    from seawall.lab.worlds import WorldSettings, make_world

    asked: dict[str, Any] = {
        "accounts": accounts,
        "days": days,
        "tenants": tenants,
        "attacks": 0 if quiet_world else attacks,
        "families": _names(families),
        "confusers": _names(confusers),
        "difficulty": difficulty.value if difficulty else None,
        "systems": systems.value if systems is not WorldSystems.microsoft else None,
        "density": density,
        "mess": False if tidy else None,
    }
    given = {
        name: value for name, value in asked.items() if value is not None
    }  # the lab knows its own defaults
    make_world(WorldSettings(seed=seed, **given), out)
    if as_json:
        output.answer_json({"out": str(out), "settings": {"seed": seed, **given}})
    else:
        output.write(f"{out}\n")
    output.say(f"the staged attacks are in {out / 'truth.json'}, apart from the logs")
    output.next_step(f"seawall scan {output.quote_path(out / 'logs')} --out {output.quote_path(out)}")


def _names(text: str | None) -> tuple[str, ...] | None:
    return tuple(name.strip() for name in text.split(",") if name.strip()) if text else None
