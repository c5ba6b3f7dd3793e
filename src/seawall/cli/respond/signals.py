"""`seawall respond signals`: send containment to other systems as signed security events."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seawall.cli import output
from seawall.cli.respond.begin import begin_signals
from seawall.cli.respond.incident_options import JournalFile
from seawall.cli.store.options import AsJson

if TYPE_CHECKING:
    from seawall.response.signals.event import SignalNotice
    from seawall.response.signals.outbox import OutboxEntry, SignalOutbox
    from seawall.response.signals.push import PushResult
    from seawall.response.signals.settings import SignalSettings

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

SETTINGS = Annotated[
    Path,
    typer.Option(
        "--settings",
        metavar="FILE",
        help="Settings file (TOML): signing key and receivers. See `seawall help signals`.",
    ),
]
HERE = Path("signals.toml")


@app.callback()
def signals() -> None:
    """Send containment of an account to other systems: CAEP and RISC events, pushed or polled.

    \b
    Examples:
      seawall respond signals key signing.pem
      seawall respond signals tell session-revoked --issuer https://login.example.com --account 4f2e --send
      seawall respond signals contained plan.journal.jsonl --send
      seawall respond signals serve --listen 127.0.0.1:8095
    """


app.command("begin", short_help="Write the settings file, with comments.")(begin_signals)


@app.command(short_help="Create the signing key; print its public key.")
def key(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="Key file, created when absent.")],
) -> None:
    """Create the signing key in a new file (mode 0600). If the file exists, print its public key.

    \b
    Examples:
      seawall respond signals key signing.pem > jwks.json
    """
    from seawall.response.signals import signing

    is_new = not path.exists() and not path.is_symlink()
    made = signing.make_signing_key(path) if is_new else signing.load_signing_key(path)
    output.answer_json({"keys": [made.jwk()]})
    if is_new:
        output.say(f"created {path}; keep it where only this user can read it")


@app.command(short_help="Send one event to every receiver.")
def tell(
    event: Annotated[
        str,
        typer.Argument(metavar="EVENT", help="Event: session-revoked, credential-change, account-disabled or account-enabled."),
    ],
    settings: SETTINGS = HERE,
    issuer: Annotated[str, typer.Option(metavar="ISS", help="Issuer of the account: `iss` in its tokens.")] = "",
    account: Annotated[str, typer.Option(metavar="SUB", help="Account: `sub` in its tokens, or `oid` at Entra.")] = "",
    session: Annotated[str, typer.Option(metavar="SID", help="Session: `sid` in its tokens.")] = "",
    email: Annotated[str, typer.Option(metavar="ADDRESS", help="Mail address, for receivers without issuer and subject.")] = "",
    at: Annotated[str | None, typer.Option(metavar="TIME", help="Time of the action (RFC 3339). Default: now.")] = None,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Reason, for the receivers' administrators.")] = "",
    credential: Annotated[str, typer.Option(metavar="KIND", help="For credential-change: type of the credential.")] = "password",
    change: Annotated[str, typer.Option(metavar="CHANGE", help="For credential-change: create, revoke, update …")] = "update",
    send: Annotated[bool, typer.Option("--send", help="Send the events. Without this option, only show them.")] = False,
    json: AsJson = False,
) -> None:  # fmt: skip
    """Send one event to every receiver. Without --send, show the event, store nothing and send nothing.

    \b
    Examples:
      seawall respond signals tell account-disabled --issuer https://login.example.com --account 4f2e --send
      seawall respond signals tell credential-change --email ann@example.org --credential app --change delete
    """
    from seawall.response.signals.event import EventSubject, SignalNotice, find_event
    from seawall.response.signals.settings import load_settings

    notice = SignalNotice(
        find_event(event),
        EventSubject(issuer, account, session, email),
        _moment(at),
        reason,
        credential,
        change,
    )
    tell_all(load_settings(settings), [notice], send=send, json=json)


def tell_all(settings: SignalSettings, notices: Sequence[SignalNotice], *, send: bool, json: bool) -> None:
    """Store event tokens for all streams and push those that can be pushed; without `send` show their content."""
    from seawall.response.signals import event, push, signing, transmitter

    now = int(time.time())
    if not send:
        if json:
            claims = [
                event.make_claims(notice, issuer=settings.issuer, audience=stream.audience, issued_at=now)
                for notice in notices
                for stream in settings.streams
            ]
            output.answer_json({"sent": False, "claims": claims})
        else:
            output.write("".join(_would(notice, settings) for notice in notices))
        output.say("nothing was sent: add --send")
        return
    signing_key = signing.load_signing_key(settings.key)
    outbox = _outbox(settings)
    try:
        transmitter.sign_anew(outbox, signing_key)
        told = transmitter.queue_notices(settings, signing_key, outbox, notices, now)
        pushed = [push.push_tokens(outbox, one, time.time) for one in settings.streams if one.way == "push"]
    finally:
        outbox.close()
    if json:
        output.answer_json({"sent": True, "told": told, "pushed": pushed})
    else:
        for one in told:
            output.write(f"{one.stream}: {one.event} {'is stored' if one.is_new else 'was sent before'}\n")
    _say(pushed)


def _would(notice: SignalNotice, settings: SignalSettings) -> str:
    """Return one line with the event and its receivers; `--json` has the claims."""
    from seawall_base.safe_text import visible
    from seawall_base.times import rfc3339

    subject = notice.subject
    whom = subject.email or f"{subject.account} of {subject.issuer}"
    session = f", session {subject.session}" if subject.session else ""
    names = ", ".join(stream.name for stream in settings.streams)
    return visible(f"{notice.event} of {whom}{session}, done {rfc3339(notice.at)}: to {names}") + "\n"


@app.command("contained", short_help="Send the results of a containment to every receiver.")
def announce_containment(
    journal: JournalFile,
    settings: SETTINGS = HERE,
    send: Annotated[
        bool, typer.Option("--send", help="Send the events. Without this option, only show them.")
    ] = False,
    json: AsJson = False,
) -> None:
    """Send the results of a containment to every receiver: disabled accounts, revoked sessions, changed credentials.

    \b
    Examples:
      seawall respond signals contained plan.journal.jsonl
      seawall respond signals contained plan.journal.jsonl --send

    A second run sends nothing twice. After more steps, or a rollback, it sends what is new.
    """
    from seawall.response.containment.journal import read_journal
    from seawall.response.signals.containment_notices import read_notices
    from seawall.response.signals.settings import load_settings

    tell_all(load_settings(settings), read_notices(read_journal(journal)), send=send, json=json)


@app.command(short_help="Push waiting events once and report the outcome.")
def deliver(settings: SETTINGS = HERE, json: AsJson = False) -> None:
    """Push waiting events once to receivers that do not poll. Exit code 1: an event still waits.

    \b
    Examples:
      seawall respond signals deliver --settings signals.toml
    """
    from seawall.response.signals import push, signing, transmitter
    from seawall.response.signals.settings import load_settings

    loaded = load_settings(settings)
    signing_key = signing.load_signing_key(loaded.key)
    outbox = _outbox(loaded)
    try:
        transmitter.sign_anew(outbox, signing_key)
        done = [push.push_tokens(outbox, one, time.time) for one in loaded.streams if one.way == "push"]
    finally:
        outbox.close()
    if json:
        output.answer_json({"pushed": done})
    _say(done)
    if any(one.waiting for one in done):
        raise typer.Exit(1)


@app.command("list", short_help="List events, receivers and delivery states.")
def listing(settings: SETTINGS = HERE, json: AsJson = False) -> None:
    """List every event token: receiver, time, delivery state. The list holds no token.

    \b
    Examples:
      seawall respond signals list --json
    """
    from seawall.response.signals.settings import load_settings

    outbox = _outbox(load_settings(settings))
    try:
        found = outbox.all()
    finally:
        outbox.close()
    rows = [_row(one) for one in found]
    if json:
        output.answer_json({"signals": rows})
        return
    for row in rows:
        said = f"  {row['err']} {row['description']}".rstrip()
        output.write(
            f"{row['number']:>5}  {row['made']}  {row['stream']:20} {row['event']:20} {row['state']:8}{said}\n"
        )
    if not rows:
        output.say("no event was sent yet")


@app.command(short_help="Queue a refused event token again.")
def again(
    number: Annotated[int, typer.Argument(metavar="N", help="Number of the event token, from `list`.")],
    settings: SETTINGS = HERE,
) -> None:
    """Queue an event token again that its receiver refused, after you removed the reason.

    \b
    Examples:
      seawall respond signals again 12
    """
    from seawall.response.signals.settings import load_settings
    from seawall_base.errors import UsageError

    outbox = _outbox(load_settings(settings))
    try:
        if not outbox.again(number):
            raise UsageError(
                f"{number} is not a refused event token",
                fix="run `seawall respond signals list` for the refused ones",
            )
    finally:
        outbox.close()
    output.say(f"{number} is queued again; next: seawall respond signals deliver")


@app.command(short_help="Send a verification event to a receiver.")
def verify(
    stream: Annotated[str, typer.Argument(metavar="NAME", help="The stream.")],
    settings: SETTINGS = HERE,
    state: Annotated[
        str,
        typer.Option(
            metavar="TEXT", help="The `state` of the verification event, which the receiver returns."
        ),
    ] = "",
) -> None:
    """Send a verification event: it proves that key, audience and delivery work.

    \b
    Examples:
      seawall respond signals verify gate
    """
    from seawall.response.signals import push, signing, transmitter
    from seawall.response.signals.settings import load_settings

    loaded = load_settings(settings)
    chosen = loaded.stream(stream)
    signing_key = signing.load_signing_key(loaded.key)
    outbox = _outbox(loaded)
    try:
        transmitter.sign_anew(outbox, signing_key)
        transmitter.queue_verification(loaded, signing_key, outbox, chosen, state, int(time.time()))
        done = [push.push_tokens(outbox, chosen, time.time)] if chosen.way == "push" else []
    finally:
        outbox.close()
    _say(done)
    if any(one.waiting or one.refused for one in done):
        raise typer.Exit(1)


@app.command(short_help="Serve receivers that poll; push to the others.")
def serve(
    settings: SETTINGS = HERE,
    listen: Annotated[str, typer.Option(metavar="PLACE", help="Address and port to listen on.")] = "127.0.0.1:8095",
    certificate: Annotated[Path | None, typer.Option(metavar="FILE", help="TLS certificate chain (PEM).")] = None,
    key: Annotated[Path | None, typer.Option(metavar="FILE", help="Private key of the certificate (PEM).")] = None,
) -> None:  # fmt: skip
    """Serve receivers that poll and push to the others, until stopped. Beyond this machine TLS is required.

    \b
    Examples:
      seawall respond signals serve --listen 127.0.0.1:8095
    """
    from seawall.console.listening import TlsCertificate, check_certificate, parse_address
    from seawall.console.listening import listen as listen_at
    from seawall.gate.signal_transmitter import SignalPusher, SignalTransmitter, make_application
    from seawall.response.errors import SignalsInvalid
    from seawall.response.signals import signing, transmitter
    from seawall.response.signals.settings import load_settings

    address = parse_address(listen)
    if (certificate is None) != (key is None):
        raise SignalsInvalid(
            "--certificate and --key belong together", fix="give both --certificate and --key"
        )
    if certificate is None and not address.is_loopback:
        raise SignalsInvalid(
            f"{address}: tokens would cross the network unencrypted",
            fix="give --certificate and --key, or run it behind a proxy with TLS",
        )
    pair = TlsCertificate(certificate, key) if certificate is not None and key is not None else None
    if pair is not None:
        check_certificate(pair)
    loaded = load_settings(settings)
    outbox = _outbox(loaded)
    signing_key = signing.load_signing_key(loaded.key)
    transmitter.sign_anew(outbox, signing_key)
    work = SignalTransmitter(loaded, signing_key, outbox)
    pusher = SignalPusher(work, lambda done: _say([done]))

    def ready() -> None:
        pusher.start()
        output.say(f"listening on {address}")

    try:
        code = listen_at(
            make_application(work),
            address,
            pair,
            on_ready=ready,
            on_end=pusher.stop,
        )
    finally:
        outbox.close()
    raise typer.Exit(code)


def _outbox(settings: SignalSettings) -> SignalOutbox:
    from seawall.response.signals.outbox import SignalOutbox

    return SignalOutbox(settings.outbox)


def _moment(text: str | None) -> int:
    from seawall_base.clock import read_wall_clock
    from seawall_base.errors import UsageError
    from seawall_base.times import parse_rfc3339

    if text is None:
        return read_wall_clock()
    try:
        return parse_rfc3339(text)
    except ValueError:
        raise UsageError(
            f"{text!r} is not a time with a time zone", fix="write 2026-11-26T14:00:00Z"
        ) from None


def _row(kept: OutboxEntry) -> dict[str, Any]:
    from seawall_base.times import rfc3339

    second = 1_000_000
    return {
        "number": kept.number,
        "stream": kept.stream,
        "event": kept.event,
        "token_id": kept.token_id,
        "state": kept.state,
        "made": rfc3339(kept.made * second),
        "answered": None if kept.answered is None else rfc3339(kept.answered * second),
        "attempts": kept.attempts,
        "err": kept.err,
        "description": kept.description,
    }


def _say(done: Sequence[PushResult]) -> None:
    for one in done:
        text = f"{one.stream}: {one.taken} taken, {one.refused} refused, {one.waiting} waiting"
        output.say(text + (f" ({one.fault})" if one.fault else ""))
