"""`seawall keys`: the ledger of trusted keys, and the search for keys that leaked. One file for each verb."""

from __future__ import annotations

import typer

from seawall.cli.keys import audit as keys_audit
from seawall.cli.keys import scan as keys_scan
from seawall.cli.keys import sketch as keys_sketch

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def keys() -> None:
    """Audit the keys that sign your tokens, and search for leaked private keys.

    \b
    Examples:
      seawall keys audit https://login.example.com/.well-known/openid-configuration --store keys.db
      seawall keys scan crash.dmp --jwks jwks.json
      seawall keys sketch signing-key.pem --out sketches.json
    """


app.command("audit", short_help="Audit the keys that sign your tokens.")(keys_audit.audit)
app.command("scan")(keys_scan.scan)
app.command("sketch", short_help="Make sketches of private keys for `keys scan`.")(keys_sketch.sketch)
