"""`seawall respond signals`: tell other systems what was done about an account, as signed security events."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seawall.cli import streams

if TYPE_CHECKING:
    from seawall.response.signals.event import Notice
    from seawall.response.signals.outbox import Kept, Outbox
    from seawall.response.signals.push import Delivery
    from seawall.response.signals.settings import Settings

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

SETTINGS = Annotated[
    Path,
    typer.Option("--settings", metavar="FILE", help="Who signs and who is told (docs/how-to/signals.md)."),
]
JSON = Annotated[bool, typer.Option("--json", help="Answer with one JSON document.")]
HERE = Path("signals.toml")


@app.callback()
def signals() -> None:
    """Tell other systems what was done about an account: CAEP and RISC events, pushed or polled.

    \b
    Examples:
      seawall respond signals key signing.pem
      seawall respond signals tell session-revoked --issuer https://login.example.com --account 4f2e --send
      seawall respond signals contained plan.journal.jsonl --send
      seawall respond signals serve --listen 127.0.0.1:8095
    """


@app.command(short_help="Make the key that signs, and show its public half.")
def key(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="The file: made where there is none.")],
) -> None:
    """Make the key that signs, in a new file that only this user can read; of one that is there, show the public half.

    \b
    Examples:
      seawall respond signals key signing.pem > jwks.json
    """
    from seawall.response.signals import signing

    is_new = not path.exists() and not path.is_symlink()
    made = signing.make(path) if is_new else signing.load(path)
    streams.answer_json({"keys": [made.jwk()]})
    if is_new:
        streams.say(f"made {path}; keep it where only this user can read it")


@app.command(short_help="Tell every receiver of one thing that was done.")
def tell(
    event: Annotated[
        str,
        typer.Argument(metavar="EVENT", help="session-revoked, credential-change, account-disabled or account-enabled."),
    ],
    settings: SETTINGS = HERE,
    issuer: Annotated[str, typer.Option(metavar="ISS", help="Whose account it is, as `iss` in its tokens.")] = "",
    account: Annotated[str, typer.Option(metavar="SUB", help="The account, as `sub` (at Entra `oid`) in its tokens.")] = "",
    session: Annotated[str, typer.Option(metavar="SID", help="The session, as `sid` in its tokens.")] = "",
    email: Annotated[str, typer.Option(metavar="ADDRESS", help="The account's address, for receivers that know no other.")] = "",
    at: Annotated[str | None, typer.Option(metavar="TIME", help="When it was done (RFC 3339); now unless given.")] = None,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why, for the receivers' administrators.")] = "",
    credential: Annotated[str, typer.Option(metavar="KIND", help="Of credential-change: which kind of credential.")] = "password",
    change: Annotated[str, typer.Option(metavar="CHANGE", help="create, revoke, update or delete.")] = "update",
    send: Annotated[bool, typer.Option("--send", help="Do it. Otherwise what would be told is shown.")] = False,
    json: JSON = False,
) -> None:  # fmt: skip
    """Tell every receiver of one thing that was done. Without --send nothing is kept and nobody is told.

    \b
    Examples:
      seawall respond signals tell account-disabled --issuer https://login.example.com --account 4f2e --send
      seawall respond signals tell credential-change --email ann@example.org --credential app --change delete
    """
    from seawall.response.signals.event import Notice, Subject, event_named
    from seawall.response.signals.settings import load

    notice = Notice(
        event_named(event),
        Subject(issuer, account, session, email),
        _moment(at),
        reason,
        credential,
        change,
    )
    tell_all(load(settings), [notice], send=send, json=json)


def tell_all(settings: Settings, notices: Sequence[Notice], *, send: bool, json: bool) -> None:
    """Keep event tokens for all streams and push what can be pushed; without `send` show what they would say."""
    from seawall.response.signals import event, push, signing, transmitter

    now = int(time.time())
    if not send:
        if json:
            claims = [
                event.claims(notice, issuer=settings.issuer, audience=stream.audience, issued_at=now)
                for notice in notices
                for stream in settings.streams
            ]
            streams.answer_json({"sent": False, "claims": claims})
        else:
            streams.write("".join(_would(notice, settings) for notice in notices))
        streams.say("nobody was told: add --send")
        return
    signing_key = signing.load(settings.key)
    outbox = _outbox(settings)
    try:
        transmitter.sign_anew(outbox, signing_key)
        told = transmitter.tell(settings, signing_key, outbox, notices, now)
        pushed = [push.deliver(outbox, one, time.time) for one in settings.streams if one.way == "push"]
    finally:
        outbox.close()
    if json:
        streams.answer_json({"sent": True, "told": told, "pushed": pushed})
    else:
        for one in told:
            streams.write(f"{one.stream}: {one.event} {'is kept' if one.is_new else 'was told before'}\n")
    _say(pushed)


def _would(notice: Notice, settings: Settings) -> str:
    """What would be told of one thing, and to whom, in a line; `--json` has the claims."""
    from seawall_base.safe_text import visible
    from seawall_base.times import rfc3339

    subject = notice.subject
    whom = subject.email or f"{subject.account} of {subject.issuer}"
    session = f", session {subject.session}" if subject.session else ""
    names = ", ".join(stream.name for stream in settings.streams)
    return visible(f"{notice.event} of {whom}{session}, done {rfc3339(notice.at)}: to {names}") + "\n"


@app.command(short_help="Tell every receiver what a containment did.")
def contained(
    journal: Annotated[
        Path, typer.Argument(metavar="JOURNAL", help="The journal of `seawall respond apply`.")
    ],
    settings: SETTINGS = HERE,
    send: Annotated[bool, typer.Option("--send", help="Do it. Otherwise it is shown.")] = False,
    json: JSON = False,
) -> None:
    """Tell every receiver what a containment did: accounts that were shut, sessions that were ended, credentials that changed.

    \b
    Examples:
      seawall respond signals contained plan.journal.jsonl
      seawall respond signals contained plan.journal.jsonl --send

    Told again, nothing is told twice; after more steps, or an undo, what is new is told.
    """
    from seawall.response.containment.journal import read
    from seawall.response.signals.journalled import notices
    from seawall.response.signals.settings import load

    tell_all(load(settings), notices(read(journal)), send=send, json=json)


@app.command(short_help="Push once what waits, and say what became of it.")
def deliver(settings: SETTINGS = HERE, json: JSON = False) -> None:
    """Push once what waits for the receivers that do not poll. Exits with 1 when something still waits.

    \b
    Examples:
      seawall respond signals deliver --settings signals.toml
    """
    from seawall.response.signals import push, signing, transmitter
    from seawall.response.signals.settings import load

    loaded = load(settings)
    signing_key = signing.load(loaded.key)
    outbox = _outbox(loaded)
    try:
        transmitter.sign_anew(outbox, signing_key)
        done = [push.deliver(outbox, one, time.time) for one in loaded.streams if one.way == "push"]
    finally:
        outbox.close()
    if json:
        streams.answer_json({"pushed": done})
    _say(done)
    if any(one.waiting for one in done):
        raise typer.Exit(1)


@app.command("list", short_help="List what was told to whom, and what became of it.")
def listing(settings: SETTINGS = HERE, json: JSON = False) -> None:
    """List every event token: for whom, when, and whether its receiver has it. Tokens themselves are not shown.

    \b
    Examples:
      seawall respond signals list --json
    """
    from seawall.response.signals.settings import load

    outbox = _outbox(load(settings))
    try:
        found = outbox.all()
    finally:
        outbox.close()
    rows = [_row(one) for one in found]
    if json:
        streams.answer_json({"signals": rows})
        return
    for row in rows:
        said = f"  {row['err']} {row['description']}".rstrip()
        streams.write(
            f"{row['number']:>5}  {row['made']}  {row['stream']:20} {row['event']:20} {row['state']:8}{said}\n"
        )
    if not rows:
        streams.say("nobody was told anything yet")


@app.command(short_help="Let a refused event token be sent once more.")
def again(
    number: Annotated[int, typer.Argument(metavar="N", help="Its number, as `list` shows it.")],
    settings: SETTINGS = HERE,
) -> None:
    """Let an event token that its receiver refused wait once more, after the reason was mended.

    \b
    Examples:
      seawall respond signals again 12
    """
    from seawall.response.signals.settings import load
    from seawall_base.errors import UsageError

    outbox = _outbox(load(settings))
    try:
        if not outbox.again(number):
            raise UsageError(f"{number} is no refused event token", fix="seawall respond signals list")
    finally:
        outbox.close()
    streams.say(f"{number} waits again; next: seawall respond signals deliver")


@app.command(short_help="Send a verification event to a receiver.")
def verify(
    stream: Annotated[str, typer.Argument(metavar="NAME", help="The stream.")],
    settings: SETTINGS = HERE,
    state: Annotated[str, typer.Option(metavar="TEXT", help="What the receiver should see again.")] = "",
) -> None:
    """Send a verification event, by which a receiver (and you) see that key, audience and way are right.

    \b
    Examples:
      seawall respond signals verify gate
    """
    from seawall.response.signals import push, signing, transmitter
    from seawall.response.signals.settings import load

    loaded = load(settings)
    chosen = loaded.stream(stream)
    signing_key = signing.load(loaded.key)
    outbox = _outbox(loaded)
    try:
        transmitter.sign_anew(outbox, signing_key)
        transmitter.verify(loaded, signing_key, outbox, chosen, state, int(time.time()))
        done = [push.deliver(outbox, chosen, time.time)] if chosen.way == "push" else []
    finally:
        outbox.close()
    _say(done)
    if any(one.waiting or one.refused for one in done):
        raise typer.Exit(1)


@app.command(short_help="Answer receivers that poll, and push to the others.")
def serve(
    settings: SETTINGS = HERE,
    listen: Annotated[str, typer.Option(metavar="PLACE", help="Address and port.")] = "127.0.0.1:8095",
    certificate: Annotated[Path | None, typer.Option(metavar="FILE", help="Certificate chain in PEM, for TLS.")] = None,
    key: Annotated[Path | None, typer.Option(metavar="FILE", help="The certificate's private key in PEM.")] = None,
) -> None:  # fmt: skip
    """Answer receivers that poll, and push to the others, until stopped. Beyond this machine it wants a certificate.

    \b
    Examples:
      seawall respond signals serve --listen 127.0.0.1:8095
    """
    from seawall.console.listening import Certificate, check_certificate, place_of
    from seawall.console.listening import listen as listen_at
    from seawall.gate.transmitting import Pusher, Transmitting, application
    from seawall.response.errors import SignalsInvalid
    from seawall.response.signals import signing, transmitter
    from seawall.response.signals.settings import load

    place = place_of(listen)
    if (certificate is None) != (key is None):
        raise SignalsInvalid("a certificate needs its key", fix="give both --certificate and --key")
    if certificate is None and not place.is_loopback:
        raise SignalsInvalid(
            f"{place}: tokens would cross the network unencrypted",
            fix="give --certificate and --key, or a proxy",
        )
    pair = Certificate(certificate, key) if certificate is not None and key is not None else None
    if pair is not None:
        check_certificate(pair)
    loaded = load(settings)
    outbox = _outbox(loaded)
    signing_key = signing.load(loaded.key)
    transmitter.sign_anew(outbox, signing_key)
    work = Transmitting(loaded, signing_key, outbox)
    pusher = Pusher(work, lambda done: _say([done]))

    def ready() -> None:
        pusher.start()
        streams.say(f"listening on {place}")

    try:
        code = listen_at(
            application(work),
            place,
            pair,
            on_ready=ready,
            on_end=pusher.stop,
        )
    finally:
        outbox.close()
    raise typer.Exit(code)


def _outbox(settings: Settings) -> Outbox:
    from seawall.response.signals.outbox import Outbox

    return Outbox(settings.outbox)


def _moment(text: str | None) -> int:
    from datetime import datetime

    from seawall_base.errors import UsageError

    if text is None:
        return time.time_ns() // 1000
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise UsageError(f"{text!r} is no time with its zone", fix="write 2026-11-26T14:00:00Z")
    return int(found.timestamp() * 1_000_000)


def _row(kept: Kept) -> dict[str, Any]:
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


def _say(done: Sequence[Delivery]) -> None:
    for one in done:
        text = f"{one.stream}: {one.taken} taken, {one.refused} refused, {one.waiting} waiting"
        streams.say(text + (f" ({one.fault})" if one.fault else ""))
