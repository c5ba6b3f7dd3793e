"""`seawall respond automatic`: show, confirm and stop containment without a person."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seawall.cli import output
from seawall.cli.store.options import DEFAULT_STORE, AsJson, StoreFolder

if TYPE_CHECKING:
    from seawall.response.automatic.record import AutomaticAct, AutomaticHistory
    from seawall.response.automatic.settings import AutomaticSettings

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

ConfigFile = Annotated[
    Path,
    typer.Option("--config", metavar="FILE", help="Settings of containment, with the table [automatic]."),
]
Person = Annotated[
    str | None, typer.Option("--by", metavar="NAME", help="Name of the person who decided it.")
]
_SHOWN = 20
_TRIES = 10


@app.callback()
def automatic() -> None:
    """Contain without a person: off unless `watch` or `serve` run with --respond FILE and its table [automatic].

    \b
    Examples:
      seawall respond automatic status --config respond.toml
      seawall respond automatic confirm --config respond.toml --by "Ann Example"
      seawall respond automatic stop --by "Ann Example"
    """


@app.command("status", short_help="Show what was simulated and done, and whether anything may be done.")
def show_status(config: ConfigFile, store: StoreFolder = DEFAULT_STORE, as_json: AsJson = False) -> None:
    """Show the days of simulation, what would have been done, what was done, and how to undo it.

    \b
    Example:
      seawall respond automatic status --config respond.toml --store seawall-store
    """
    from seawall_base.clock import read_wall_clock

    table, history = _read_table(config), _read_history(store)
    document = _document(table, history, store, read_wall_clock())
    if as_json:
        output.answer_json(document)
        return
    for line in _lines(document):
        output.write(f"{line}\n")


@app.command("confirm", short_help="Allow the simulated acts to be done from now on.")
def confirm(
    config: ConfigFile, store: StoreFolder = DEFAULT_STORE, by: Person = None, as_json: AsJson = False
) -> None:
    """Allow what was simulated for a week to be done, with these settings and no others.

    \b
    Example:
      seawall respond automatic confirm --config respond.toml --by "Ann Example"

    Read `seawall respond automatic status` first. Nothing that was simulated is done afterwards: only new incidents count.
    """
    from seawall.response.automatic.settings import SIMULATED_DAYS
    from seawall_base.accountable_person import require_person
    from seawall_base.clock import read_wall_clock
    from seawall_base.errors import UsageError
    from seawall_base.plurals import plural

    name, table, now = require_person(by, "--by"), _read_table(config), read_wall_clock()
    if table.mode != "act":
        raise UsageError(
            f'mode is "{table.mode}", so nothing would be done',
            fix='write mode = "act" under [automatic]; the other settings must stay as they were simulated',
        )
    history = _read_history(store)
    if not history.is_simulated(table.digest, now):
        days = plural(history.count_days(table.digest), "day")
        raise UsageError(
            f"these settings were simulated on {days}, and {SIMULATED_DAYS} over a whole week are needed",
            fix="let `seawall watch` or `serve` run with --respond FILE; changed settings begin a new week",
        )
    _append(store, "confirmed", settings=table.digest, by=name)
    _answer(f"confirmed by {name}: from now on accounts are contained without a person", "confirmed", as_json)
    output.next_step("seawall respond automatic stop --by NAME", "to end it at once")


@app.command("stop", short_help="End containment without a person at once.")
def stop(store: StoreFolder = DEFAULT_STORE, by: Person = None, as_json: AsJson = False) -> None:
    """End it at once. Simulation goes on; what was done stays, and each act is undone by its own command.

    \b
    Example:
      seawall respond automatic stop --by "Ann Example"
    """
    from seawall_base.accountable_person import require_person

    name = require_person(by, "--by")
    _append(store, "stopped", by=name)
    _answer(f"stopped by {name}: nothing is contained without a person", "stopped", as_json)


def _answer(text: str, state: str, as_json: bool) -> None:
    if as_json:
        output.answer_json({"state": state})
    else:
        output.write(f"{text}\n")


def _read_table(config: Path) -> AutomaticSettings:
    from seawall.response.automatic.settings import AutomaticSettings
    from seawall.response.containment.settings import read_settings

    return read_settings(config).automatic or AutomaticSettings()


def _read_history(store: Path) -> AutomaticHistory:
    from seawall.response.automatic.record import AutomaticHistory, journal_file, read_automatic_history
    from seawall.response.containment.journal import read_journal
    from seawall.storage.location import check_folder

    check_folder(store)
    path = journal_file(store)
    return read_automatic_history(read_journal(path)) if path.exists() else AutomaticHistory()


def _append(store: Path, event: str, **content: Any) -> None:
    """Append a line to the journal. An act that is under way ends first. Raises JournalBusy after ten seconds."""
    from seawall.response.automatic.record import open_automatic_journal
    from seawall.response.errors import JournalBusy
    from seawall.storage.location import check_folder
    from seawall_base.clock import Clock

    check_folder(store)
    clock = Clock()
    for attempt in range(_TRIES):
        try:
            with open_automatic_journal(store, clock.now) as journal:
                journal.append(event, **content)
                return
        except JournalBusy:
            if attempt == _TRIES - 1:
                raise
        clock.wait(1.0)


def _document(table: AutomaticSettings, history: AutomaticHistory, store: Path, now: int) -> dict[str, Any]:
    from seawall.response.automatic.settings import SIMULATED_DAYS

    digest = table.digest
    confirmed = history.confirmed if history.is_confirmed(digest) else None
    simulated = [act for act in history.simulated if act.digest == digest]
    return {
        "mode": table.mode,
        "acts": table.mode == "act" and history.may_act(digest, now),
        "settings": digest,
        "days_simulated": history.count_days(digest),
        "days_needed": SIMULATED_DAYS,
        "is_simulated": history.is_simulated(digest, now),
        "confirmed_by": confirmed[1] if confirmed else None,
        "an_hour": table.an_hour,
        "a_day": table.a_day,
        "clock_is_behind": now < history.latest,
        "would_have_done": [_plain(act, store) for act in simulated],
        "done": [_plain(act, store) for act in history.acts],
        "left_alone": dict(sorted(history.withheld.items())),
    }


def _plain(act: AutomaticAct, store: Path) -> dict[str, Any]:
    from seawall.response.automatic.record import plan_journal_file
    from seawall.response.automatic.telling import undo_command
    from seawall_base.times import rfc3339

    found: dict[str, Any] = {
        "at": rfc3339(act.at), "incident": act.incident, "tenant": act.tenant, "account": act.account,
        "kind": act.kind, "steps": list(act.titles),
    }  # fmt: skip
    if act.states is not None:
        found |= {"states": dict(act.states), "undo": undo_command(plan_journal_file(store, act.plan))}
    return found


def _lines(document: dict[str, Any]) -> list[str]:
    from seawall_base.plurals import plural
    from seawall_base.safe_text import visible

    days = f"{document['days_simulated']} of {plural(document['days_needed'], 'day')} simulated"
    by = document["confirmed_by"]
    says = f"confirmed by {by}" if by else "not confirmed"
    lines = [
        f"mode {document['mode']}; {days}; {says}; at most {document['an_hour']} an hour and {document['a_day']} a day",
        "accounts are contained without a person" if document["acts"] else "nothing is done without a person",
    ]
    if document["clock_is_behind"]:
        lines.append("the clock is behind the journal: nothing is done or counted until it has caught up")
    for title, name in (("would have done", "would_have_done"), ("done", "done")):
        acts = document[name]
        lines.append(f"{title}: {plural(len(acts), 'account')}")
        for act in acts[-_SHOWN:]:
            lines.append(
                f"  {act['at']}  {act['account']}  {'; '.join(act['steps'])}  incident {act['incident']}"
            )
            if "undo" in act:
                lines.append(f"    {', '.join(sorted(set(act['states'].values())))}; undo: {act['undo']}")
    left = ", ".join(f"{rule} {count}" for rule, count in document["left_alone"].items())
    return [visible(line, 2000) for line in [*lines, *([f"left to people: {left}"] if left else [])]]
