"""`seawall look`: what the records show of one value, such as an address or a session."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seawall.cli import output
from seawall.cli.scan import DEFAULT_OUT
from seawall.cli.store.options import AsJson, DatabaseUrl

if TYPE_CHECKING:
    from seawall.detection.incident import Incident
    from seawall.response.look_up import LookUp, LookUpSubject
    from seawall.storage.raw_records import KeptRecord


def look(
    subject: Annotated[
        str,
        typer.Argument(
            metavar="[KIND:]VALUE",
            help="What to look up; without a kind, the first kind of which a record shows the value. Kinds: ip, cidr, network, "
            "country, app, client, agent, session, token, device, key, operation, account, mailbox, rule, message, day.",
        ),
    ],
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="DIR", help="Results folder of a scan.")
    ] = DEFAULT_OUT,
    store: Annotated[
        Path | None,
        typer.Option(
            "--store", metavar="DIR", help="Look into this data store of `watch` or `serve` instead."
        ),
    ] = None,
    database: DatabaseUrl = None,
    raw: Annotated[
        bool,
        typer.Option("--raw", help="Show records of raised incidents also as they came, without secrets."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Look into an address, a session, a rule or another value: who showed it, when, from where, in which incidents.

    \b
    Examples:
      seawall look 203.0.113.7
      seawall look ann@example.org
      seawall look cidr:203.0.113.0/24 --out out
      seawall look rule:forwarding --json
      seawall look account:ann@example.org --raw
      seawall look session:0f3a8f2e-0000-4000-8000-000000000001 --store seawall-store
    """
    from seawall.report.look_up_terminal import (
        list_raw_records,
        look_up_document,
        show_look_up,
        show_raw_records,
    )
    from seawall.response.look_up import guess_subjects

    found, incidents = _look_up_first(guess_subjects(subject), out, store, database)
    asked = found.subject
    records = _find_raw(asked, out, store, database) if raw else []
    if as_json:
        document = look_up_document(found, incidents)
        output.answer_json(document | {"raw_records": list_raw_records(records)} if raw else document)
        return
    output.answer(lambda console: show_look_up(console, found, incidents))
    if raw:
        output.answer(lambda console: show_raw_records(console, records))
    _advise(found, out, store)


def _look_up_first(
    asked: Sequence[LookUpSubject], out: Path, store: Path | None, database: str | None
) -> tuple[LookUp, list[Incident]]:
    """Look up what a text may mean until a record shows it; of what no record shows, return the likeliest."""
    tried = []
    for one in asked:
        tried.append(_look_up(one, out, store, database))
        if tried[-1][0].records:
            return tried[-1]
    return tried[0]


def _look_up(
    subject: LookUpSubject, out: Path, store: Path | None, database: str | None
) -> tuple[LookUp, list[Incident]]:
    if store is None:
        from seawall.response.look_up.results import look_up_in_scan

        return look_up_in_scan(out, subject)
    from seawall.response.look_up.stored import look_up_in_store
    from seawall.storage.location import open_store

    with open_store(store, database) as opened:
        return look_up_in_store(opened, subject)


def _find_raw(
    subject: LookUpSubject, out: Path, store: Path | None, database: str | None
) -> list[KeptRecord]:
    from seawall.response.look_up.raw_results import find_raw_in_scan, find_raw_in_store

    if store is None:
        return find_raw_in_scan(out, subject)
    from seawall.storage.location import open_store

    with open_store(store, database) as opened:
        return find_raw_in_store(opened, subject)


def _advise(found: LookUp, out: Path, store: Path | None) -> None:
    """Name the command that searches the scope from the value, if it may be an indicator."""
    from shlex import quote

    from seawall.response.look_up.subject import INDICATORS
    from seawall.response.scope.seeds import LOOSE
    from seawall_base.times import moment

    kind = INDICATORS.get(found.subject.kind)
    if kind is None or found.first is None:
        return
    where = output.quote_path(out) if store is None else f"--store {output.quote_path(store)}"
    since = f" --from {moment(found.first).date().isoformat()}" if kind in LOOSE else ""
    output.next_step(f"seawall scope {where} --{kind.replace('_', '-')} {quote(found.subject.value)}{since}")
