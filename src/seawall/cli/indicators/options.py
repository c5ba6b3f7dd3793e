"""The options by which verbs find a TAXII server, its credentials and the group's key."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from seawall_base.errors import UsageError

if TYPE_CHECKING:
    from seawall.response.exchange.taxii_access import TaxiiCredentials

BASIC_VARIABLE: Final = "SEAWALL_TAXII_PASSWORD"
BEARER_VARIABLE: Final = "SEAWALL_TAXII_TOKEN"

ServerUrl = Annotated[
    str,
    typer.Argument(
        metavar="URL",
        help="Address of a TAXII 2.1 server, API root or collection (https).",
        show_default=False,
    ),
]
CollectionName = Annotated[
    str,
    typer.Option(
        "--collection", metavar="ID", help="Id, alias or title of the collection, if there are several."
    ),
]
UserName = Annotated[str, typer.Option("--user", metavar="NAME", help="User name at the server.")]
PasswordFile = Annotated[
    Path | None,
    typer.Option(
        "--password-file", metavar="FILE", help=f"File with the user's password (also {BASIC_VARIABLE})."
    ),
]
TokenFile = Annotated[
    Path | None,
    typer.Option(
        "--token-file", metavar="FILE", help=f"File with a token in place of a user (also {BEARER_VARIABLE})."
    ),
]
KeyFile = Annotated[
    Path | None,
    typer.Option(
        "--key-file", metavar="FILE", help="File with the group's key for hashes (also SEAWALL_EXCHANGE_KEY)."
    ),
]


def read_credentials(user: str, password_file: Path | None, token_file: Path | None) -> TaxiiCredentials:
    """Return the credentials of files or the environment. Raises `ExchangeInvalid` and `UsageError`."""
    from seawall.response.errors import ExchangeInvalid
    from seawall.response.exchange.taxii_access import TaxiiCredentials
    from seawall_base.secret_file import read_secret, secret_in

    def read(path: Path | None, variable: str, what: str) -> str:
        return secret_in(variable) if path is None else read_secret(path, ExchangeInvalid, what=what)

    if user:
        if token_file is not None:
            raise UsageError("--user and --token-file exclude each other", fix="give one of them")
        password = read(password_file, BASIC_VARIABLE, "the password")
        if not password:
            raise UsageError(
                "--user needs a password", fix=f"give --password-file FILE, or set {BASIC_VARIABLE}"
            )
        return TaxiiCredentials(user, password)
    if password_file is not None:
        raise UsageError("--password-file needs --user", fix="give --user NAME")
    return TaxiiCredentials(token=read(token_file, BEARER_VARIABLE, "the token"))
