"""`seawall token revoke`: revoke, list and lift revocations, in a store or through a running gate."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seawall.cli import output
from seawall.cli.store.options import AsJson

if TYPE_CHECKING:
    from seawall_tokens.revocation.administration import RevocationAdmin

VARIABLE = "SEAWALL_GATE_ADMIN_TOKEN"
LARGEST = 64 * 1024


def revoke(
    store: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Revocation store on this machine.")
    ] = None,
    gate: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Running gate: https://…, http://127.0.0.1:PORT or unix:/path."),
    ] = None,
    kid: Annotated[
        str | None,
        typer.Option(metavar="KID", help="Revoke all tokens signed by keys with this key id (kid)."),
    ] = None,
    thumbprint: Annotated[
        str | None,
        typer.Option(
            metavar="JKT", help="Revoke all tokens signed by the key with this JWK thumbprint (RFC 7638)."
        ),
    ] = None,
    issuer: Annotated[
        str | None,
        typer.Option(
            metavar="ISS",
            help="Revoke all tokens of this issuer; with another option, limit it to this issuer ('*': every issuer).",
        ),
    ] = None,
    subject: Annotated[
        str | None,
        typer.Option(
            metavar="SUB", help="Revoke all tokens of this account (sub, or oid at Entra); needs --issuer."
        ),
    ] = None,
    session: Annotated[
        str | None, typer.Option(metavar="SID", help="Revoke all tokens of this session (sid).")
    ] = None,
    token_id: Annotated[
        str | None, typer.Option(metavar="JTI", help="Revoke the token with this id (jti, or uti at Entra).")
    ] = None,
    token: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Revoke the token in this file (- is standard input), by its iss and jti or uti.",
        ),
    ] = None,
    client: Annotated[
        str | None, typer.Option(metavar="ID", help="Revoke all tokens of this client.")
    ] = None,
    not_before: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Revoke tokens issued before this time ('now' or a time); needs --issuer, and --subject for one account.",
        ),
    ] = None,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Reason. The store records it.")] = "",
    lasts: Annotated[
        str | None,
        typer.Option("--for", metavar="TIME", help="Duration: 90s, 30m, 24h, 7d. Default: permanent."),
    ] = None,
    who: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Name of the person who decided it. Default: user id of this process."
        ),
    ] = None,
    listing: Annotated[bool, typer.Option("--list", help="List current revocations.")] = False,
    all_of_them: Annotated[
        bool, typer.Option("--all", help="With --list: also list lifted and expired revocations.")
    ] = False,
    lift: Annotated[int | None, typer.Option(metavar="N", help="Lift revocation N; needs --reason.")] = None,
    create: Annotated[bool, typer.Option("--create-store", help="Create the store when absent.")] = False,
    admin_token_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help=f"With --gate: file with the administrator's token. Default: {VARIABLE}."
        ),
    ] = None,
    ca: Annotated[
        Path | None,
        typer.Option(
            "--ca",
            metavar="FILE",
            help="With --gate: CA certificates (PEM) to trust instead of the system's.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Revoke a key, an issuer, an account, a session, a token or a client; list and lift revocations.

    \b
    Examples:
      seawall token revoke --store revocations.db --kid k1 --reason "leaked key"
      seawall token revoke --store revocations.db --issuer https://login.example.com --subject 4711 --for 24h --reason "phished"
      seawall token revoke --gate https://gate.example --issuer https://login.example.com --not-before now --reason "incident"
      seawall token revoke --store revocations.db --token leaked.jwt --reason "found in a log"
      seawall token revoke --store revocations.db --list
      seawall token revoke --store revocations.db --lift 12 --reason "wrong key"

    \b
    Exit codes: 0 written to disk, 1 the store is damaged or the gate refused, 2 usage.
    """
    import time

    from seawall_base.accountable_person import require_person
    from seawall_base.errors import UsageError
    from seawall_tokens.revocation import form as revocation_form

    if who is not None:
        who = require_person(who, "--who")
    if token is not None:
        if issuer is not None or token_id is not None:
            raise UsageError("--token excludes --issuer and --token-id", fix="give --token alone")
        issuer, token_id = revocation_form.token_named_by(_read_token(token))
    named = {"kid": kid, "thumbprint": thumbprint, "subject": subject, "session": session, "token_id": token_id,
             "client": client}  # fmt: skip
    revoking = any(value is not None for value in (issuer, not_before, *named.values()))
    if revoking + listing + (lift is not None) + (create and not revoking) != 1:
        raise UsageError(
            "give one action at a time",
            fix="give what to revoke (--kid, --issuer, …), or --list, or --lift N, or --create-store",
        )
    if (all_of_them and not listing) or (lasts is not None and not revoking):
        raise UsageError("--all needs --list, and --for needs a revocation")
    if (store is None) == (gate is None) or (create and store is None):
        raise UsageError(
            "exactly one of --store and --gate is needed", fix="give either --store FILE or --gate URL"
        )
    now = time.time()
    document = (
        revocation_form.document_of(
            issuer=issuer,
            not_before=revocation_form.moment(not_before, "--not-before", now=now),
            reason=_read_options(reason),
            who=who or _account(),
            lasts=None if lasts is None else revocation_form.duration(lasts),
            now=now,
            **named,
        )
        if revoking
        else None
    )
    if lift is not None:
        _read_options(reason)
    desk = _open_administration(store, gate, create, admin_token_file, ca)
    if document is not None:
        _tell_one("revoked", desk.revoke(document), as_json)
    elif lift is not None:
        _tell_one("lifted", desk.lift(lift, reason=reason, who=who or _account()), as_json)
    elif listing:
        _tell_all(desk.list_revocations(all_of_them=all_of_them), as_json)
    elif as_json:
        output.answer_json({"store": str(store)})
    else:
        output.write(f"{store}\n")


def _read_token(file: Path) -> str:
    import sys

    from seawall_base.errors import InputUnreadable

    try:
        if str(file) == "-":
            data = sys.stdin.buffer.read(LARGEST)
        else:
            with file.open("rb") as opened:
                data = opened.read(LARGEST)
        return data.decode("ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "not ASCII"
        raise InputUnreadable(f"{file}: {why}", fix="give a file that holds the token alone") from None


def _read_options(reason: str) -> str:
    from seawall_base.errors import UsageError

    if not reason.strip():
        raise UsageError("to revoke or lift needs a reason", fix="give --reason TEXT")
    return reason


def _open_administration(
    store: Path | None, gate: str | None, create: bool, token_file: Path | None, ca: Path | None
) -> RevocationAdmin:
    if store is not None:
        from seawall_tokens.revocation.administration import LocalRevocationAdmin

        desk = LocalRevocationAdmin(store, create=create)
        if desk.created:
            output.say(f"created a new store: {store}")
        return desk
    from seawall.gate.admin_client import AdminClient

    return AdminClient(gate or "", _admin_token(token_file), ca=ca)


def _admin_token(file: Path | None) -> str:
    """Return the token from the file or the environment. It is never an argument: other users of the machine see those."""
    import re

    from seawall_base.errors import InputUnreadable, UsageError
    from seawall_base.secret_file import read_secret, secret_in

    text = secret_in(VARIABLE)
    if file is not None:
        text = read_secret(
            file, InputUnreadable, what="it", fix="check --admin-token-file", may_be_empty=True
        )
    if not re.fullmatch(r"[!-~]+", text):
        raise UsageError(
            "--gate needs the administrator's token", fix=f"set {VARIABLE}, or give --admin-token-file FILE"
        )
    return text


def _account() -> str:
    import os

    from seawall_base.operating_system import require_posix

    require_posix("the name of who revokes")
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid {os.getuid()}"


def _tell_one(done: str, entry: dict[str, Any], as_json: bool) -> None:
    from seawall.cli.token.revocations_table import sentence

    if as_json:
        output.answer_json({done: entry})
    else:
        output.write(f"{done} {int(entry['id'])}: {sentence(entry)}\n")


def _tell_all(entries: list[dict[str, Any]], as_json: bool) -> None:
    from seawall.cli.token.revocations_table import show_revocations

    if as_json:
        output.answer_json({"revocations": entries})
    elif entries:
        output.answer(lambda console: show_revocations(console, entries))
    else:
        output.say("nothing is revoked")
