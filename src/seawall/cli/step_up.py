"""`seawall step-up`: manage enrolment for step-up authentication."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seawall.cli import output
from seawall.cli.store.options import AsJson
from seawall_base.errors import UsageError

if TYPE_CHECKING:
    from seawall.gate.step_up.records import EnrolledAccount

Store = Annotated[
    Path, typer.Option(metavar="FILE", help="The gate's enrolment store: step-up.db beside the policy.")
]
Issuer = Annotated[str, typer.Option(metavar="ISS", help="Issuer of the account: `iss` in its tokens.")]
Subject = Annotated[
    str, typer.Option(metavar="SUB", help="Account: `oid` in its tokens if present (Entra), else `sub`.")
]

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.callback()
def step_up() -> None:
    """Manage enrolment for step-up authentication.

    \b
    Examples:
      seawall step-up invite --store step-up.db --issuer https://login.example --subject ann
      seawall step-up list --store step-up.db
    """


@app.command("create", short_help="Create an empty enrolment store and its key.")
def create(store: Store) -> None:
    """Create an empty enrolment store, and beside it the key that encrypts the secrets of one-time codes.

    \b
    Examples:
      seawall step-up create --store /var/lib/seawall/step-up.db
    """
    from seawall.gate.step_up.store import create as make

    make(store)
    output.write(f"{store}\n")
    output.say(f"back up {store} and {store}.key together: each is useless without the other")


@app.command("invite")
def invite(
    store: Store,
    issuer: Issuer,
    subject: Subject,
    hours: Annotated[
        float, typer.Option(metavar="N", min=0.1, max=720, help="Validity of the invitation in hours.")
    ] = 24,
    as_json: AsJson = False,
) -> None:
    """Invite an account to enrol a passkey or one-time codes, once.

    \b
    Examples:
      seawall step-up invite --store step-up.db --issuer https://login.example --subject ann
      seawall step-up invite --store step-up.db --issuer https://login.example --subject ann --hours 2

    The printed code is a secret: give it to the user through another channel than the account that it protects.
    """
    import time

    from seawall.gate.step_up.service import new_invitation
    from seawall.gate.step_up.session import account_digest
    from seawall.gate.step_up.store import StepUpStore

    _check(issuer, subject)
    opened = StepUpStore(store)
    code, digest = new_invitation()
    until = time.time() + hours * 3600
    opened.invite(account_digest(issuer, subject), issuer, subject, digest, until)
    opened.close()
    if as_json:
        output.answer_json({"issuer": issuer, "subject": subject, "invitation": code, "until": _date(until)})
        return
    output.write(f"{code}\n")
    output.say(f"valid until {_date(until)}, for one registration at /step-up/ of an application")


@app.command("list")
def list_accounts(
    store: Store,
    as_json: AsJson = False,
) -> None:
    """List enrolled accounts and their authenticators.

    \b
    Examples:
      seawall step-up list --store step-up.db
      seawall step-up list --store step-up.db --json
    """
    from seawall.gate.step_up.store import StepUpStore

    opened = StepUpStore(store)
    accounts = opened.list_enrolled()
    opened.close()
    if as_json:
        output.answer_json({"accounts": [_document(account) for account in accounts]})
        return
    if not accounts:
        output.say("no account was invited yet")
        return
    _show(accounts)


@app.command("remove", short_help="Remove an account's passkeys and codes.")
def remove(store: Store, issuer: Issuer, subject: Subject) -> None:
    """Remove an account's passkeys and codes, and end its elevations, for example after the loss of a device.

    \b
    Examples:
      seawall step-up remove --store step-up.db --issuer https://login.example --subject ann
    """
    from seawall.gate.step_up.session import account_digest
    from seawall.gate.step_up.store import StepUpStore

    _check(issuer, subject)
    opened = StepUpStore(store)
    known = opened.remove(account_digest(issuer, subject))
    opened.close()
    if not known:
        raise UsageError(
            f"{subject} of {issuer} is not in {store}",
            fix="run `seawall step-up list` for the enrolled accounts",
        )
    output.say("removed; every elevation of this account has ended")


def _check(issuer: str, subject: str) -> None:
    if not issuer or not subject:
        raise UsageError("--issuer and --subject must not be empty")


def _date(at: float) -> str:
    from seawall_base.rfc3339 import format_time

    return format_time(int(at) * 1_000_000, digits=0)


def _document(account: EnrolledAccount) -> dict[str, object]:
    from seawall.gate.step_up.session import account_digest

    return {
        "in_log": account_digest(account.issuer, account.subject).hex()[:16],
        "issuer": account.issuer,
        "subject": account.subject,
        "passkeys": [
            {"name": name, "registered": _date(made), "used": None if used is None else _date(used)}
            for name, made, used in account.passkeys
        ],
        "code": account.code,
        "invited_until": None if account.invited_until is None else _date(account.invited_until),
    }


def _show(accounts: list[EnrolledAccount]) -> None:
    from rich.table import Table

    from seawall_base.safe_text import visible

    table = Table("issuer", "account", "passkeys", "codes", "invited until", box=None, pad_edge=False)
    for account in accounts:
        table.add_row(
            visible(account.issuer),
            visible(account.subject),
            visible(", ".join(name for name, _, _ in account.passkeys)) or "-",
            "yes" if account.code else "-",
            "-" if account.invited_until is None else _date(account.invited_until),
        )
    output.answer(lambda console: console.print(table))
