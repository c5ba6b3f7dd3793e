"""`seawall token`: verify and revoke tokens. One file for each verb."""

from __future__ import annotations

import typer

from seawall.cli.token import check as token_check
from seawall.cli.token import conformance
from seawall.cli.token import revoke as token_revoke

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def token() -> None:
    """Verify and revoke access tokens, and test token verifiers.

    \b
    Examples:
      seawall token check --policy policy.toml < token.txt
      seawall token revoke --store revocations.db --kid k1 --reason "leaked key"
      seawall token conformance --verifier myservice.auth:verify
    """


app.command("check", short_help="Explain why a token is accepted or refused.")(token_check.check)
app.command("revoke", short_help="Revoke keys, accounts, sessions, tokens; list, lift.")(token_revoke.revoke)
app.command("conformance", short_help="Test your token verifier with hostile tokens.")(
    conformance.conformance
)
