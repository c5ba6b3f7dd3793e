"""`seawall campaigns`: what several organisations show in common, from an earlier scan with `--campaigns`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seawall.cli import output
from seawall.cli.scan import DEFAULT_OUT
from seawall.cli.store.options import AsJson

if TYPE_CHECKING:
    from rich.console import Console


def campaigns(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Results folder of a scan.")] = DEFAULT_OUT,
    tenant: Annotated[
        str | None,
        typer.Option(
            metavar="ORGANISATION",
            help="Show what one organisation may see: its own accounts, and how many others there are.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Print campaigns: rare values that unusual accounts of several organisations share within days.

    \b
    Examples:
      seawall scan exports/ --campaigns --out out
      seawall campaigns out
      seawall campaigns out --tenant contoso.example --json
    """
    from seawall.report.campaign_terminal import print_campaigns
    from seawall.report.campaign_words import narrow_to
    from seawall.storage.files.campaign_documents import CAMPAIGNS, campaign_document, read_campaigns

    found = read_campaigns(out / CAMPAIGNS)
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
