"""`seawall user`: manage console users in the store itself, also when no admin can sign in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from seawall.cli import output
from seawall.cli.store.options import DEFAULT_STORE, AsJson, DatabaseUrl, where
from seawall_base.clock import read_wall_clock
from seawall_base.errors import UsageError
from seawall_base.plurals import plural
from seawall_base.safe_text import visible

if TYPE_CHECKING:
    from seawall.storage.database import Database, Role, Transaction, User

ACTOR = "local"
ROLES = "viewer, analyst or admin"

Store = Annotated[Path, typer.Option("--store", metavar="DIR", help="Folder of the console's data store.")]
Organisations = Annotated[
    list[str] | None,
    typer.Option(
        "--organisation",
        metavar="NAME",
        help="Organisation that the user is limited to; give it several times for several.",
        show_default=False,
    ),
]
Name = Annotated[str, typer.Argument(metavar="NAME", help="Name of the user.", show_default=False)]

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def user() -> None:
    """Manage console users. The audit trail records every change.

    \b
    Examples:
      seawall user list
      seawall user add ann --role admin --store /var/lib/seawall
      seawall user limit bob --organisation contoso.example
      seawall user invite ann
    """


@app.command("list")
def show(store: Store = DEFAULT_STORE, database: DatabaseUrl = None, as_json: AsJson = False) -> None:
    """List users, roles and sign-in methods.

    \b
    Examples:
      seawall user list
      seawall user list --store /var/lib/seawall --json
    """
    with _open(store, database) as opened, opened.reading() as work:
        rows = [_describe(work, one) for one in work.users.all()]
    if as_json:
        output.answer_json({"users": rows})
        return
    for row in rows:
        ways = ", ".join(str(way) for way in row["signs_in_with"]) or "nothing yet"
        state = "  disabled" if row["disabled"] else ""
        if row["organisations"] is not None:
            state += f"  limited to {', '.join(visible(name, 100) for name in row['organisations'])}"
        output.write(f"{row['name']}  {row['role']}  {ways}{state}\n")
    if not rows:
        output.say("there are no users yet")
        output.next_step(f"seawall user add NAME --role admin{where(store, database)}")


@app.command("add")
def add(
    name: Name,
    role: Annotated[str, typer.Option("--role", metavar="ROLE", help=f"One of {ROLES}.")],
    organisation: Organisations = None,
    store: Store = DEFAULT_STORE,
    database: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Add a user and create an invite.

    An invite is a code that works once, within three days, at /setup of the console. With --organisation, the user sees
    the records and incidents of these organisations alone.

    \b
    Examples:
      seawall user add ann --role admin
      seawall user add bob --role analyst --store /var/lib/seawall
      seawall user add eve --role viewer --organisation contoso.example --organisation fabrikam.example
    """
    from seawall.console.sign_in.setup import is_reserved

    if is_reserved(name):
        raise UsageError("this name is taken", fix="choose another name")
    at = read_wall_clock()
    with _open(store, database) as opened, opened.writing() as work:
        if not len(work.users) and role != "admin":
            raise UsageError("the first user is an admin", fix="add an admin first")
        made = work.users.add(name, _role(role), at=at, organisations=organisation or None)
        limits = {} if made.organisations is None else {"organisations": list(made.organisations)}
        _note(work, "user-added", made, at, role=made.role, **limits)
        code = _invite(work, made, at)
    _say_code(made.name, code, as_json=as_json)


@app.command("limit")
def limit(
    name: Name,
    organisation: Organisations = None,
    is_lifted: Annotated[
        bool,
        typer.Option("--all-organisations", help="Let the user see all organisations.", show_default=False),
    ] = False,
    store: Store = DEFAULT_STORE,
    database: DatabaseUrl = None,
) -> None:
    """Limit a user to organisations, or lift the limits, and end the user's sessions.

    \b
    Examples:
      seawall user limit bob --organisation contoso.example
      seawall user limit bob --all-organisations
    """
    if bool(organisation) == is_lifted:
        raise UsageError(
            "give the organisations or --all-organisations, one of both",
            fix="run `seawall user limit NAME --organisation ORGANISATION`",
        )
    at = read_wall_clock()
    with _open(store, database) as opened, opened.writing() as work:
        found = _find(work, name)
        work.users.set_organisations(found.id, organisation or None, at=at)
        now = work.users.get(found.id)
        after = None if now is None else now.organisations
        _note(work, "user-organisations", found, at, before=found.organisations, after=after)
    output.say(f"{found.name} is signed out, and sees {_describe_limits(after)} from now on")


def _describe_limits(organisations: tuple[str, ...] | None) -> str:
    return "all organisations" if organisations is None else plural(len(organisations), "organisation")


@app.command("invite")
def invite(
    name: Name, store: Store = DEFAULT_STORE, database: DatabaseUrl = None, as_json: AsJson = False
) -> None:
    """Create an invite. Accepting it removes the user's earlier password, passkeys and one-time codes.

    \b
    Examples:
      seawall user invite ann
    """
    at = read_wall_clock()
    with _open(store, database) as opened, opened.writing() as work:
        found = _find(work, name)
        if found.disabled_at is not None:
            work.users.enable(found.id)
            _note(work, "user-enabled", found, at)
        code = _invite(work, found, at)
    _say_code(found.name, code, as_json=as_json)


@app.command("disable")
def disable(name: Name, store: Store = DEFAULT_STORE, database: DatabaseUrl = None) -> None:
    """Disable a user and end the user's sessions. The last admin who can sign in cannot be disabled.

    \b
    Examples:
      seawall user disable bob
    """
    from seawall.console.sign_in.factors import admin_can_sign_in
    from seawall.console.sign_in.invitation_codes import INVITE

    at = read_wall_clock()
    with _open(store, database) as opened, opened.writing() as work:
        found = _find(work, name)
        could_sign_in = admin_can_sign_in(work)
        work.users.disable(found.id, at=at)
        if could_sign_in and not admin_can_sign_in(work):
            raise UsageError(
                "this is the last admin who can sign in",
                fix="invite another admin first, and wait until the invite is accepted",
            )
        work.invites.revoke(INVITE, user=found.id)
        _note(work, "user-disabled", found, at)
    output.say(f"{found.name} is signed out, and cannot sign in")


@contextmanager
def _open(store: Path, database: str | None) -> Iterator[Database]:
    from seawall.storage.location import open_store

    with open_store(store, database) as opened:
        yield opened.database


def _role(text: str) -> Role:
    if text not in ("viewer", "analyst", "admin"):
        raise UsageError(f"{text!r} is not a role", fix=f"one of {ROLES}")
    return cast("Role", text)


def _find(work: Transaction, name: str) -> User:
    found = work.users.find(name)
    if found is None:
        raise UsageError("this user does not exist", fix="run `seawall user list` for the users")
    return found


def _invite(work: Transaction, found: User, at: int) -> str:
    from seawall.console.sign_in.invitation_codes import create_invitation

    code, _ = create_invitation(work, found.id, by=ACTOR, at=at)
    _note(work, "user-invited", found, at)
    return code


def _note(work: Transaction, action: str, found: User, at: int, **details: Any) -> None:
    work.audit.append(
        at=at, actor=ACTOR, action=action, subject=found.name, details={"by": "seawall user", **details}
    )


def _describe(work: Transaction, one: User) -> dict[str, Any]:
    from seawall.console.sign_in.factors import has_totp

    ways = [
        *["passkey"] * bool(work.passkeys.of_user(one.id)),
        *["password"] * (one.password_hash is not None),
        *["one-time codes"] * has_totp(work, one.id),
        *["identity provider"] * bool(work.oidc_identities.of_user(one.id)),
    ]
    return {
        "name": one.name,
        "role": one.role,
        "disabled": one.disabled_at is not None,
        "signs_in_with": ways,
        "organisations": None if one.organisations is None else list(one.organisations),
    }


def _say_code(name: str, code: str, *, as_json: bool) -> None:
    if as_json:
        output.answer_json({"name": name, "code": code})
        return
    output.write(f"{code}\n")
    output.say(f"{name} can accept it at /setup of the console, once, within three days")
