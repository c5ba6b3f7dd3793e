"""`seawall indicators`: indicators that analysts saved, and those of others. One file for each group of verbs."""

from __future__ import annotations

import typer

from seawall.cli.indicators import access as indicator_access
from seawall.cli.indicators import holding as indicator_holding
from seawall.cli.indicators import sending as indicator_sending

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def indicators() -> None:
    """Exchange indicators with other organisations over TAXII 2.1, and find who shows them.

    Only values that at least three organisations show leave as they are; others leave as keyed hashes, or not at all.

    \b
    Examples:
      seawall indicators pull https://hub.example/taxii2/ --user acme --password-file hub.password
      seawall indicators match --key-file group.key
      seawall indicators push https://hub.example/taxii2/ --out out --key-file group.key --dry-run
    """


app.command("list", short_help="List saved and received indicators.")(indicator_holding.show)
app.command("match", short_help="Find accounts that show an indicator.")(indicator_holding.match)
app.command("pull", short_help="Take indicators from a TAXII collection.")(indicator_holding.pull)
app.command("push", short_help="Add indicators to a TAXII collection.")(indicator_sending.push)
app.command("publish", short_help="Put indicators into the console's own collection.")(
    indicator_sending.publish
)
app.command("withdraw", short_help="Take a published indicator back.")(indicator_sending.withdraw)
app.command("members", short_help="List who may ask the console's TAXII server.")(indicator_access.show)
app.command("grant", short_help="Make a token for another organisation.")(indicator_access.grant)
app.command("revoke", short_help="Delete the token of another organisation.")(indicator_access.revoke)
