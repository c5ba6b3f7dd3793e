"""`seawall indicators list`, `match` and `pull`: what a store holds, who shows it, and what others say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seawall.cli import output
from seawall.cli.indicators.options import (
    CollectionName,
    KeyFile,
    PasswordFile,
    ServerUrl,
    TokenFile,
    UserName,
    read_credentials,
)
from seawall.cli.store.options import DEFAULT_STORE, AsJson, DatabaseUrl, StoreFolder, where
from seawall_base.clock import read_wall_clock
from seawall_base.plurals import plural

if TYPE_CHECKING:
    import pyarrow as pa

    from seawall.detection.incident import Incident
    from seawall.response.exchange.matching import IndicatorSighting, WantedIndicator
    from seawall.response.exchange.pulling import PullResult
    from seawall.storage.location import Store


def show(store: StoreFolder = DEFAULT_STORE, database: DatabaseUrl = None, as_json: AsJson = False) -> None:
    """List the values that analysts saved, and the indicators that came from others.

    \b
    Examples:
      seawall indicators list
      seawall indicators list --store /var/lib/seawall --json
    """
    from seawall.report.exchange_terminal import print_indicators, wanted_document
    from seawall.storage.location import open_store

    with open_store(store, database) as opened:
        wanted = _list(opened)
    if as_json:
        output.answer_json({"indicators": [wanted_document(one) for one in wanted]})
    elif wanted:
        output.answer(lambda console: print_indicators(console, wanted))
    else:
        output.say("the store holds no indicator")
        output.next_step(f"seawall indicators pull URL{where(store, database)}")


def match(
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", metavar="DIR", help="Search this results folder of a scan, not the store's events."
        ),
    ] = None,
    key_file: KeyFile = None,
    store: StoreFolder = DEFAULT_STORE,
    database: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Find the accounts that show an indicator while it is valid, with their incidents. Hashes need the group's key.

    \b
    Examples:
      seawall indicators match
      seawall indicators match --key-file group.key --json
      seawall indicators match --out out --store seawall-store
    """
    from seawall.report.exchange_terminal import print_sightings, sighting_document
    from seawall.response.exchange.group_key import read_group_key
    from seawall.storage.location import open_store

    key = read_group_key(key_file)
    with open_store(store, database) as opened:
        wanted = _list(opened)
        matcher_wanted = wanted if key is not None else [one for one in wanted if not one.is_hashed]
        if out is None:
            with opened.database.reading() as work:
                incidents = list(work.incidents.page(limit=1_000))
            sightings = _match(matcher_wanted, key, _read_store(opened), incidents)
    if out is not None:
        sightings = _match_scan(matcher_wanted, key, out)
    unmatched = len(wanted) - len(matcher_wanted)
    if as_json:
        found = [sighting_document(one) for one in sightings]
        output.answer_json({"indicators": len(wanted), "hashes_not_matched": unmatched, "sightings": found})
        return
    if sightings:
        output.answer(lambda console: print_sightings(console, sightings))
    else:
        output.write(f"No account shows one of {plural(len(matcher_wanted), 'indicator')}.\n")
    if unmatched:
        output.say(
            f"{plural(unmatched, 'hash', 'hashes')} not matched: give --key-file FILE with the group's key"
        )


def pull(
    url: ServerUrl,
    collection: CollectionName = "",
    user: UserName = "",
    password_file: PasswordFile = None,
    token_file: TokenFile = None,
    from_start: Annotated[
        bool,
        typer.Option("--from-start", help="Read all again, not only what was added since the last pull."),
    ] = False,
    store: StoreFolder = DEFAULT_STORE,
    database: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Take the indicators of a TAXII 2.1 collection into the store, with source, validity, confidence and TLP.

    They stay apart from the values that analysts saved. A watch looks for them in new records and in those of 30 days, and
    raises what they hit; `seawall indicators match` finds who shows them.

    \b
    Examples:
      seawall indicators pull https://hub.example/taxii2/ --token-file hub.token
      seawall indicators pull https://hub.example/group/collections/ID/ --user acme --from-start
    """
    from seawall.response.exchange.pulling import pull_indicators
    from seawall.response.exchange.taxii_access import TaxiiAccess
    from seawall.response.exchange.taxii_client import find_collection
    from seawall.storage.location import open_store

    with closing(TaxiiAccess(url, read_credentials(user, password_file, token_file))) as access:
        found = find_collection(access, collection)
        with open_store(store, database) as opened:
            now = read_wall_clock()
            result = pull_indicators(access, found, opened.database, now, is_from_start=from_start)
    if as_json:
        output.answer_json(
            {
                "source": result.source,
                "objects": result.objects,
                "kept": result.kept,
                "revoked": result.revoked,
                "ended": result.ended,
                "left_out": dict(sorted(result.left_out.items())),
                "is_cut": result.is_cut,
            }
        )
    else:
        _say_pull(result)
    if result.failure is not None:
        raise result.failure
    if not as_json:
        output.next_step(f"seawall indicators match{where(store, database)}")


def _say_pull(result: PullResult) -> None:
    output.write(
        f"{plural(result.objects, 'object')} read: {plural(result.kept, 'indicator')} new or changed, "
        f"{result.revoked} taken back, {result.ended} ended.\n"
    )
    for reason, count in sorted(result.left_out.items()):
        output.write(f"{plural(count, 'object')} left out: {reason}\n")
    if result.is_cut:
        output.say("the server has more than is read at once; pull again")


def _list(opened: Store) -> list[WantedIndicator]:
    from seawall.response.exchange.matching import list_wanted

    with opened.database.reading() as work:
        return list_wanted(work.indicators.all(), work.received_indicators.all())


def _read_store(opened: Store) -> Iterator[pa.Table]:
    from seawall.response.exchange.gathering import read_lake
    from seawall.response.exchange.matching import MATCH_COLUMNS

    return read_lake(opened.lake, MATCH_COLUMNS)


def _match_scan(wanted: Sequence[WantedIndicator], key: Any, out: Path) -> list[IndicatorSighting]:
    from seawall.response.exchange.matching import MATCH_COLUMNS
    from seawall.response.incident_sources import read_events_file
    from seawall.storage.files.events_place import find_events
    from seawall.storage.files.incident_documents import read_incidents

    incidents = list(read_incidents(out / "incidents.jsonl"))
    return _match(wanted, key, read_events_file(find_events(out), MATCH_COLUMNS), incidents)


def _match(
    wanted: Sequence[WantedIndicator], key: Any, tables: Iterator[pa.Table], incidents: Sequence[Incident]
) -> list[IndicatorSighting]:
    from seawall.response.exchange.matching import IndicatorMatcher

    matcher = IndicatorMatcher(wanted, key)
    for table in tables if wanted else ():
        matcher.add(table)
    return matcher.list_sightings(incidents)
