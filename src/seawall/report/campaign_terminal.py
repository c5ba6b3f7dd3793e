"""Print campaigns. Every text from logs passes `visible`, and nothing is Rich's markup."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from seawall.detection.campaigns.campaign import Campaign
from seawall.report import campaign_words as words
from seawall_base.plurals import plural
from seawall_base.safe_text import visible
from seawall_base.times import minute_text

_LINE = 400


def print_campaigns(
    console: Console, campaigns: Sequence[Campaign], others: Sequence[int] | None = None
) -> None:
    """Print campaigns: values, then accounts with the first time and the incident.

    `others` says for one organisation's view how many other organisations each campaign has.
    """
    for place, campaign in enumerate(campaigns):
        console.print(_line(f"campaign {campaign.id}  {words.headline(campaign)}", "bold"))
        if others is not None:
            console.print(
                _line(f"  and {plural(others[place], 'other organisation')}, which are not named here")
            )
        for shared in campaign.values:
            console.print(_line(f"  {words.value_text(shared)}"))
        for one in campaign.accounts[: words.MOST_ACCOUNTS]:
            incident = f"  incident {one.incident}" if one.incident else ""
            text = f"    {minute_text(one.first)} UTC  {one.tenant}  {one.account}  score {one.score:.1f}{incident}"
            console.print(_line(text))
        if len(campaign.accounts) > words.MOST_ACCOUNTS:
            console.print(
                _line(f"    and {len(campaign.accounts) - words.MOST_ACCOUNTS:,} more accounts (--json)")
            )
        console.print("")


def _line(text: str, style: str = "") -> Text:
    return Text(visible(text, _LINE), style=style, overflow="fold")
