"""`seawall campaigns`: what several organisations show in common, from results of a scan, a table of incidents, or a store."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seawall.cli import output
from seawall.cli.scan import DEFAULT_OUT
from seawall.cli.store.options import AsJson, DatabaseUrl
from seawall_base.errors import UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from seawall.detection.campaigns.campaign import Campaign


def campaigns(
    out: Annotated[
        Path | None,
        typer.Argument(
            metavar="OUT",
            help=f"Results folder of a scan, or a Delta or Parquet table of incidents; {DEFAULT_OUT} unless given.",
            show_default=False,
        ),
    ] = None,
    tenant: Annotated[
        str | None,
        typer.Option(
            metavar="ORGANISATION",
            help="Show what one organisation may see: its own accounts, and how many others there are.",
        ),
    ] = None,
    store: Annotated[
        Path | None,
        typer.Option(
            "--store", metavar="DIR", help="Data store to read instead of results.", show_default=False
        ),
    ] = None,
    database: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Print campaigns: rare values that unusual accounts of several organisations share within days.

    \b
    Examples:
      seawall scan exports/ --campaigns --out out
      seawall campaigns out
      seawall campaigns out --tenant contoso.example --json
      seawall campaigns --store seawall-store
    """
    from seawall.report.campaign_terminal import print_campaigns
    from seawall.report.campaign_words import narrow_to
    from seawall.storage.files.campaign_documents import campaign_document

    found = _find(out, store, database)
    own = None if tenant is None else narrow_to(found, tenant)
    shown = found if own is None else [campaign for campaign, _ in own]
    others = None if own is None else [count for _, count in own]
    if as_json:
        documents = [campaign_document(campaign) for campaign in shown]
        more = [{}] * len(shown) if others is None else [{"other_organisations": count} for count in others]
        output.answer_json(
            {"campaigns": [{**document, **extra} for document, extra in zip(documents, more, strict=True)]}
        )
        return

    def draw(console: Console) -> None:
        print_campaigns(console, shown, others)

    if shown:
        output.answer(draw)
    else:
        output.write("No campaign was found.\n")


def _find(out: Path | None, store: Path | None, database: str | None) -> tuple[Campaign, ...]:
    from seawall.pipeline.campaigns import find_campaigns_of_folder, find_campaigns_of_store
    from seawall.storage.location import open_store

    if store is None:
        return find_campaigns_of_folder(DEFAULT_OUT if out is None else out)
    if out is not None:
        raise UsageError("name results or a store, one of both", fix="leave out the folder, or --store")
    with open_store(store, database) as opened, opened.database.reading() as work:
        return find_campaigns_of_store(work)
