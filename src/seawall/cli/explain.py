"""`seawall explain`: why one incident was raised, in words and numbers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seawall.cli import output
from seawall.cli.results import name_results
from seawall.cli.scan import DEFAULT_OUT
from seawall.cli.store.options import AsJson
from seawall_base.clock import read_wall_clock
from seawall_base.plurals import plural
from seawall_base.times import rfc3339

if TYPE_CHECKING:
    from rich.console import Console

    from seawall.detection.incident import Incident
    from seawall.response.incident_facts import IncidentFacts


def explain(
    incident: Annotated[
        str,
        typer.Argument(
            metavar="INCIDENT", help="Incident: its id, a prefix of it, its number, or its account."
        ),
    ],
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="DIR", help="Results folder of a scan.")
    ] = DEFAULT_OUT,
    as_json: AsJson = False,
) -> None:
    """Explain the score of an incident: evidence, baseline, and what would have been normal.

    \b
    Examples:
      seawall explain 1
      seawall explain 3f9a --out out
      seawall explain ann@example.org
      seawall explain 2 --json
    """
    from seawall.storage.files.incident_documents import incident_document, look_up

    looked = look_up(out / "incidents.jsonl", incident)
    rank, found = looked.number, looked.incident
    addresses, facts = _addresses(out, found), _facts(out, found)
    if as_json:
        output.answer_json(
            {
                "rank": rank,
                "incident": incident_document(found),
                "addresses": [
                    {"address": address, "records": records} for address, records in addresses or ()
                ],
                "sign_ins": [{"facts": text, "records": records} for text, records in facts.sign_ins],
                "first_requests": [{"id": text, "records": records} for text, records in facts.requests],
                "statements": [{"time": rfc3339(time), "text": text} for time, text in facts.statements],
            }
        )
        return
    from seawall.report import incident_terminal as terminal

    def draw(console: Console) -> None:
        terminal.explanation(
            console, found, rank, output.quote_path(out), addresses, facts, read_wall_clock()
        )

    output.answer(draw)
    if looked.others:
        output.say(
            f"{found.account} has {plural(len(looked.others), 'more incident')}: {', '.join(str(one) for one in looked.others)}"
        )
    if rank < looked.total:
        output.next_step(f"seawall explain {rank + 1}{name_results(out)}")
    else:
        output.next_step(f"open {output.quote_path(out / 'report.html')} in a browser")


def _facts(out: Path, incident: Incident) -> IncidentFacts:
    """How the incident's sign-ins were authenticated, and what vendors say; nothing without a readable events file."""
    from seawall.response.incident_facts import IncidentFacts, read_facts
    from seawall.storage.files.events_place import find_events, has_events
    from seawall_base.errors import InputUnreadable, MissingExtra

    try:
        return read_facts(find_events(out), incident) if has_events(out) else IncidentFacts()
    except (InputUnreadable, MissingExtra):
        return IncidentFacts()  # the addresses' message says so


def _addresses(out: Path, incident: Incident) -> list[tuple[str, int]] | None:
    """The addresses of the incident's records with how many carry each; None without a readable events file."""
    from seawall.response.incident_sources import ScanResults
    from seawall.response.plan_request import count_addresses
    from seawall.storage.files.events_place import has_events
    from seawall_base.errors import InputUnreadable, MissingExtra

    if not has_events(out):
        return None
    try:
        return count_addresses(ScanResults(out), incident)
    except (InputUnreadable, MissingExtra) as error:
        output.say(f"the client addresses of its records are not known: {error.message}")
        return None
