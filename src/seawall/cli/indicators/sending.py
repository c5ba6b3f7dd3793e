"""`seawall indicators push`: send what may leave to a TAXII collection."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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
from seawall.cli.scan import DEFAULT_OUT
from seawall.cli.store.options import DEFAULT_STORE, AsJson, DatabaseUrl, StoreFolder
from seawall_base.clock import read_wall_clock
from seawall_base.errors import UsageError
from seawall_base.plurals import plural

if TYPE_CHECKING:
    from seawall.response.exchange.gathering import GatheredValues
    from seawall.response.exchange.release import ReleasedObjects

OutFolder = Annotated[
    Path, typer.Option("--out", "-o", metavar="DIR", help="Send the campaigns of these results of a scan.")
]
SourceStore = Annotated[
    Path | None,
    typer.Option(
        "--store",
        metavar="DIR",
        help="Send this data store's campaigns, and hashes of what analysts saved there, instead.",
    ),
]
OwnBlocks = Annotated[
    list[str] | None,
    typer.Option(
        "--own", metavar="BLOCK", help="A block of your organisations' own addresses; may be repeated."
    ),
]
Marking = Annotated[str, typer.Option("--tlp", metavar="LEVEL", help="Marking: clear, green or amber.")]
ValidDays = Annotated[
    int, typer.Option("--days", metavar="N", min=1, max=3650, help="Days for which an indicator stays valid.")
]
"""The options that decide what leaves; `publish` has them too."""


def push(
    url: ServerUrl,
    collection: CollectionName = "",
    user: UserName = "",
    password_file: PasswordFile = None,
    token_file: TokenFile = None,
    out: OutFolder = DEFAULT_OUT,
    store: SourceStore = None,
    database: DatabaseUrl = None,
    key_file: KeyFile = None,
    own: OwnBlocks = None,
    tlp: Marking = "amber",
    days: ValidDays = 90,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the objects that would be sent, and send nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Add indicators to a TAXII 2.1 collection: those of campaigns as they are, others as hashes with the group's key.

    No account, mailbox, session or organisation is named, and no internal or own address is sent. What came from others
    is never passed on.

    \b
    Examples:
      seawall indicators push https://hub.example/taxii2/ --out out --dry-run
      seawall indicators push https://hub.example/taxii2/ --out out --user acme --key-file group.key
      seawall indicators push https://hub.example/taxii2/ --store seawall-store --key-file group.key
    """
    from seawall.response.exchange.taxii_access import TaxiiAccess
    from seawall.response.exchange.taxii_client import add_objects, find_collection

    released = release(out, store, database, key_file, own or [], tlp, days)
    if dry_run:
        output.answer_json({"objects": list(released.objects), "withheld": dict(released.withheld)})
        return
    with closing(TaxiiAccess(url, read_credentials(user, password_file, token_file))) as access:
        found = find_collection(access, collection, is_to_write=True)
        counts = add_objects(access, found, released.objects)
    if as_json:
        output.answer_json(
            {
                "collection": found.url,
                "accepted": counts.accepted,
                "refused": counts.refused,
                "pending": counts.pending,
                "withheld": dict(released.withheld),
            }
        )
        return
    output.write(
        f"{plural(len(released.objects), 'indicator')} sent: {counts.accepted} accepted, {counts.refused} refused, "
        f"{counts.pending} pending.\n"
    )
    say_withheld(released)


def publish(
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="DIR",
            help="Publish the campaigns of these results of a scan, not the store's own.",
        ),
    ] = None,
    store: StoreFolder = DEFAULT_STORE,
    database: DatabaseUrl = None,
    key_file: KeyFile = None,
    own: OwnBlocks = None,
    tlp: Marking = "amber",
    days: ValidDays = 90,
    as_json: AsJson = False,
) -> None:
    """Put what may leave into the collection `released` of this store, which `seawall serve` offers over TAXII 2.1.

    That is the campaigns of the store, and hashes of what its analysts saved. Only organisations with a token of
    `seawall indicators grant` read it.

    \b
    Examples:
      seawall indicators publish --store /var/lib/seawall --key-file group.key
      seawall indicators publish --out out --store /var/lib/seawall
    """
    from seawall.response.exchange.publishing import publish_objects
    from seawall.storage.location import open_store

    released = release(out, store if out is None else None, database, key_file, own or [], tlp, days)
    with open_store(store, database) as opened:
        addition = publish_objects(opened.database, released.objects, read_wall_clock())
    if as_json:
        output.answer_json(
            {
                "added": addition.added,
                "known": addition.known,
                "refused": len(addition.refused),
                "withheld": dict(released.withheld),
            }
        )
        return
    output.write(
        f"{plural(addition.added, 'indicator')} published, {addition.known} published before, "
        f"{len(addition.refused)} ended or without room.\n"
    )
    say_withheld(released)


def withdraw(
    id_: Annotated[str, typer.Argument(metavar="ID", help="Id of a published object.", show_default=False)],
    store: StoreFolder = DEFAULT_STORE,
    database: DatabaseUrl = None,
) -> None:
    """Take a published indicator back: its next version says so, and other installations delete it at their next pull.

    \b
    Examples:
      seawall indicators withdraw indicator--0f3a8f2e-0000-5000-8000-000000000001
    """
    from seawall.response.exchange.publishing import withdraw_object
    from seawall.storage.location import open_store

    with open_store(store, database) as opened:
        withdraw_object(opened.database, id_, read_wall_clock())
    output.say("the indicator is taken back; who has it learns it at the next pull")


def release(
    out: Path | None,
    store: Path | None,
    database: str | None,
    key_file: Path | None,
    own: list[str],
    tlp: str,
    days: int,
) -> ReleasedObjects:
    """Return what may leave of a scan's campaigns, or of a store's and its saved values.

    Raises `UsageError` and what reading raises.
    """
    from seawall.response.exchange.group_key import read_group_key
    from seawall.response.exchange.own_addresses import parse_own_blocks
    from seawall.response.exchange.release import TLPS, ReleaseRule, release_values

    if tlp not in TLPS:
        raise UsageError(f"{tlp!r} is no marking that may be sent", fix="one of clear, green and amber")
    blocks, key = parse_own_blocks(own), read_group_key(key_file)
    gathered = _gather(out, store, database)
    rule = ReleaseRule(
        own=gathered.own,
        own_blocks=blocks,
        names=gathered.names,
        key=key,
        tlp=tlp,
        days=days,
    )
    return release_values(gathered.values, rule)


def _gather(out: Path | None, store: Path | None, database: str | None) -> GatheredValues:
    from seawall.pipeline.campaigns import find_campaigns_of_folder, find_campaigns_of_store
    from seawall.response.exchange.gathering import gather_from_scan, gather_from_store

    if store is None:
        folder = DEFAULT_OUT if out is None else out
        return gather_from_scan(folder, find_campaigns_of_folder(folder))
    from seawall.storage.location import open_store

    with open_store(store, database) as opened:
        with opened.database.reading() as work:
            found = find_campaigns_of_store(work)
        return gather_from_store(opened, found)


def say_withheld(released: ReleasedObjects) -> None:
    """Say how many values stay, and why."""
    from seawall.report.exchange_terminal import WITHHELD_WORDS

    for reason, count in released.withheld.items():
        output.write(f"{plural(count, 'value')} withheld: {WITHHELD_WORDS[reason]}\n")
