"""`seawall indicators members`, `grant` and `revoke`: who may ask the console's TAXII server."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Annotated, cast

import typer

from seawall.cli import output
from seawall.cli.store.options import DEFAULT_STORE, AsJson, DatabaseUrl, StoreFolder, where
from seawall_base.clock import read_wall_clock
from seawall_base.errors import UsageError
from seawall_base.times import minute_text, rfc3339

if TYPE_CHECKING:
    from seawall.storage.database import Role

ACTOR = "local"
PREFIX = "seawall_taxii_"
"""Prefix of every token, so that secret scanners recognise a leaked one."""

MemberName = Annotated[
    str, typer.Argument(metavar="NAME", help="Name of the other organisation.", show_default=False)
]


def show(store: StoreFolder = DEFAULT_STORE, database: DatabaseUrl = None, as_json: AsJson = False) -> None:
    """List who has a token for the console's TAXII server, and whether they may contribute.

    \b
    Examples:
      seawall indicators members
      seawall indicators members --store /var/lib/seawall --json
    """
    from seawall.storage.location import open_store

    with open_store(store, database) as opened, opened.database.reading() as work:
        found = work.exchange_tokens.all()
    if as_json:
        rows = [{"name": one.name, "role": one.role, "by": one.by, "at": rfc3339(one.at)} for one in found]
        output.answer_json({"members": rows})
        return
    for one in found:
        output.write(f"{one.name}  {one.role}  since {minute_text(one.at)} UTC\n")
    if not found:
        output.say("nobody has a token yet")
        output.next_step(f"seawall indicators grant NAME{where(store, database)}")


def grant(
    name: MemberName,
    role: Annotated[
        str, typer.Option("--role", metavar="ROLE", help="viewer (reads) or analyst (contributes too).")
    ] = "viewer",
    store: StoreFolder = DEFAULT_STORE,
    database: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Make a token for another organisation, and print it this once. It serves as password of the user NAME, or as Bearer.

    \b
    Examples:
      seawall indicators grant acme
      seawall indicators grant acme --role analyst --store /var/lib/seawall
    """
    from seawall.storage.location import open_store

    if role not in ("viewer", "analyst"):
        raise UsageError(f"{role!r} is no role of a token", fix="viewer or analyst")
    token, at = PREFIX + secrets.token_urlsafe(32), read_wall_clock()
    with open_store(store, database) as opened, opened.database.writing() as work:
        work.exchange_tokens.add(name, token.encode("ascii"), role=cast("Role", role), by=ACTOR, at=at)
        work.audit.append(
            at=at, actor=ACTOR, action="exchange-token-added", subject=name, details={"role": role}
        )
    if as_json:
        output.answer_json({"name": name, "role": role, "token": token})
        return
    output.write(f"{token}\n")
    output.say(f"give it to {name} over a way that you trust; it is shown this once")


def revoke(name: MemberName, store: StoreFolder = DEFAULT_STORE, database: DatabaseUrl = None) -> None:
    """Delete the token of another organisation. It works no more at once; what the organisation contributed stays.

    \b
    Examples:
      seawall indicators revoke acme
    """
    from seawall.storage.location import open_store

    at = read_wall_clock()
    with open_store(store, database) as opened, opened.database.writing() as work:
        if not work.exchange_tokens.revoke(name):
            raise UsageError(
                "there is no token of this name", fix="run `seawall indicators members` for the names"
            )
        work.audit.append(at=at, actor=ACTOR, action="exchange-token-revoked", subject=name, details={})
    output.say(f"the token of {name} works no more")
