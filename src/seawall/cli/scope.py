"""`seawall scope`: determine which accounts an intrusion touched (confirmed, possible, cleared)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seawall.cli import output
from seawall.cli.store.options import AsJson, DatabaseUrl

if TYPE_CHECKING:
    from seawall.collection.collected_spans import CollectedFeed
    from seawall.response.scope import ScopeQuery
    from seawall.response.scope.sources import ScopeReading
    from seawall.response.scope_values import IndicatorKind, Scope

Values = list[str] | None


def scope(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[PATH]...",
            help="Files and folders of logs, or one results folder of a scan.",
            show_default=False,
        ),
    ] = None,
    address: Annotated[
        Values,
        typer.Option(metavar="IP", help="Client address of the intruder, or a block: 203.0.113.0/24."),
    ] = None,
    session: Annotated[Values, typer.Option(metavar="ID", help="Session id.")] = None,
    token: Annotated[Values, typer.Option(metavar="ID", help="Token id (uti, jti).")] = None,
    key: Annotated[Values, typer.Option(metavar="ID", help="Key id of an application's credential.")] = None,
    incident: Annotated[
        Values,
        typer.Option(
            metavar="INCIDENT",
            help="Incident of the results or of the store: its id, a prefix of it, its number, or its account.",
        ),
    ] = None,
    network: Annotated[Values, typer.Option(metavar="ASN", help="Network (AS number); needs --from.")] = None,
    app: Annotated[Values, typer.Option(metavar="ID", help="Application id; needs --from.")] = None,
    user_agent: Annotated[
        Values, typer.Option(metavar="TEXT", help="Exact user agent; needs --from.")
    ] = None,
    device: Annotated[Values, typer.Option(metavar="ID", help="Device id; needs --from.")] = None,
    account: Annotated[
        Values, typer.Option(metavar="NAME", help="Compromised account; needs --from.")
    ] = None,
    mailbox: Annotated[
        Values, typer.Option(metavar="NAME", help="Mailbox that the intruder read; needs --from.")
    ] = None,
    start: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="TIME",
            help="Start of the intrusion. Default: a week before the first record of an indicator.",
            show_default=False,
        ),
    ] = None,
    end: Annotated[
        str | None,
        typer.Option(
            "--to",
            metavar="TIME",
            help="End of the intrusion. Default: the end of the logs.",
            show_default=False,
        ),
    ] = None,
    complete: Annotated[
        bool,
        typer.Option(
            "--complete",
            help="Assert that the given indicators are exhaustive; clear accounts that show none of them.",
        ),
    ] = False,
    unread_checked: Annotated[
        bool,
        typer.Option(
            "--unread-checked", help="Assert that somebody reviewed the unreadable records by hand."
        ),
    ] = False,
    servers_only: Annotated[
        bool,
        typer.Option(
            "--servers-only",
            help="Assume the attacker uses hosting networks only; trust each user's usual provider.",
        ),
    ] = False,
    store: Annotated[
        Path | None,
        typer.Option("--store", metavar="DIR", help="Search this data store of `watch` or `serve` instead."),
    ] = None,
    database: DatabaseUrl = None,
    collected: Annotated[
        Path | None,
        typer.Option(
            "--collected",
            metavar="DIR",
            help="Treat periods that the collection ledger does not prove complete as gaps.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="DIR",
            help="Write scope.json, scope.html and CSV tables into this folder.",
        ),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print no progress and no messages.")] = False,
    as_json: AsJson = False,
) -> None:
    """Determine the scope (blast radius) of an intrusion: each account is confirmed, possible or cleared.

    \b
    Examples:
      seawall scope exports/ --address 203.0.113.7 --out scope
      seawall scope out --incident 1
      seawall scope exports/ --app 5e3ce6c0-2b1f-4285-8d4b-75ee78787346 --from 2026-05-15
      seawall scope --store seawall-store --session 0f3a8f2e-0000-4000-8000-000000000001
      seawall scope --store seawall-store --incident 3f9a

    Every indicator may be repeated. Treat a possible account as touched until evidence clears it.
    """
    from seawall.response.scope.document import scope_to_document

    seeds: dict[IndicatorKind, Values] = {
        "address": address, "session": session, "token": token, "key": key, "network": network, "app": app,
        "user_agent": user_agent, "device": device, "account": account, "mailbox": mailbox,
    }  # fmt: skip
    asked = _make_query(
        seeds, start, end, complete=complete, unread_checked=unread_checked, servers_only=servers_only
    )
    found, reading = _search(paths or [], store, database, asked, incident or [], collected, quiet=quiet)
    typed = _type(paths or [], store, database, start, end, collected, out, unread_checked=unread_checked)
    if out is not None:
        from seawall.report.scope_files import write_scope_files

        write_scope_files(out, found)
    if as_json:
        output.answer_json(scope_to_document(found))
    else:
        from seawall.report.scope_terminal import show_scope

        output.answer(lambda console: show_scope(console, found))
    if not quiet:
        _tell(found, reading, out, typed)


def _make_query(
    seeds: dict[IndicatorKind, Values],
    start: str | None,
    end: str | None,
    *,
    complete: bool,
    unread_checked: bool,
    servers_only: bool,
) -> ScopeQuery:
    from seawall.response.scope import ScopeQuery
    from seawall.response.scope.seeds import normalise_values

    return ScopeQuery(
        tuple(seed for kind, values in seeds.items() for seed in normalise_values(kind, values)),
        _time("--from", start),
        _time("--to", end),
        is_complete=complete,
        is_unread_checked=unread_checked,
        is_servers_only=servers_only,
    )


def _time(option: str, text: str | None) -> int | None:
    """Microseconds of a time or a day, UTC where it names no zone."""
    from seawall_base.errors import UsageError
    from seawall_base.rfc3339 import parse_time

    if text is None:
        return None
    try:
        return parse_time(text)
    except ValueError:
        raise UsageError(
            f"{option}: {text!r} is not a time", fix="write 2026-05-15 or 2026-05-15T08:00:00Z"
        ) from None


def _search(
    paths: list[Path],
    store: Path | None,
    database: str | None,
    asked: ScopeQuery,
    incidents: list[str],
    collected: Path | None,
    *,
    quiet: bool,
) -> tuple[Scope, ScopeReading]:
    from dataclasses import replace

    from seawall.cli import progress
    from seawall.response.scope import SearchBounds, sources
    from seawall.storage.files.events_place import has_events
    from seawall_base.errors import InputUnreadable, UsageError

    if (store is None) == (not paths):
        raise UsageError(
            "exactly one of PATH and --store is needed", fix="give a PATH or --store, and not both"
        )
    is_scan = len(paths) == 1 and has_events(paths[0])
    if incidents and not is_scan and store is None:
        raise UsageError(
            "--incident needs a scan's results, or --store",
            fix="give the folder that `seawall scan --out` wrote, or --store",
        )
    if incidents and is_scan:
        asked = replace(asked, incidents=sources.incident_records(paths[0], incidents))
    feeds = _collect(collected) if collected is not None else ()
    with progress.show_progress(quiet=quiet) as report:
        if is_scan:
            return sources.scope_of_scan(paths[0], asked, SearchBounds(), feeds)
        if store is not None:
            from seawall.response.incident_sources import find_records
            from seawall.response.scope.stored import scope_of_store
            from seawall.response.stored_incidents import open_stored_incidents
            from seawall.storage.location import open_store

            with open_store(store, database) as opened:
                if incidents:
                    asked = replace(asked, incidents=find_records(open_stored_incidents(opened), incidents))
                return scope_of_store(opened, asked, SearchBounds(), report, feeds)
        found, reading = sources.scope_of_logs(paths, asked, SearchBounds(), report, feeds)
    if not reading.events:
        raise InputUnreadable("no event was read", fix="give logs, as for seawall scan")
    return found, reading


def _collect(folder: Path) -> tuple[CollectedFeed, ...]:
    """Return the coverage that the collection ledger proves. A missing ledger is an error: it would prove everything."""
    from seawall.collection.collector import ledger_folder
    from seawall.collection.ledger import read_collected
    from seawall_base.errors import InputUnreadable

    feeds = read_collected(ledger_folder(folder))
    if not feeds:
        raise InputUnreadable(
            f"{folder}: no collection ledger", fix="give the folder that seawall collect wrote to"
        )
    return feeds


def _type(
    paths: list[Path],
    store: Path | None,
    database: str | None,
    start: str | None,
    end: str | None,
    collected: Path | None,
    out: Path | None,
    *,
    unread_checked: bool,
) -> str:
    """Return the command as it was typed, without its indicators and the assertions about them."""
    from shlex import quote

    options = {"--store": store, "--from": start, "--to": end, "--collected": collected, "--out": out}
    words = ["seawall scope", *map(output.quote_path, paths)]
    words += [f"{name} {quote(str(value))}" for name, value in options.items() if value is not None]
    words += ["--unread-checked"] if unread_checked else []
    words += ["--database URL"] if database is not None else []  # it may hold a password
    return " ".join(words)


def _tell(found: Scope, reading: ScopeReading, out: Path | None, typed: str) -> None:
    from seawall.report.scope_reasons import exhaustive_options, has_inexhaustible_seed, is_open_by_new_places
    from seawall.report.scope_words import warnings

    for warning in warnings(found):
        output.say(f"warning: {warning}")
    for code, count in sorted(reading.problems.items()):
        output.say(f"not read: {count:,} ({code}); no verdict considers these records")
    options = exhaustive_options(found)
    if options and has_inexhaustible_seed(found) and is_open_by_new_places(found):
        output.say(
            "if the incident shows all indicators of the intruder, this command clears more accounts: "
            f"{typed} {options} --complete"
        )
    if out is not None:
        output.next_step(f"open {output.quote_path(out / 'scope.html')} in a browser")
