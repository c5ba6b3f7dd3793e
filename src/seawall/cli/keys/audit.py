"""`seawall keys audit`: compare signing keys with the key inventory of earlier runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seawall.cli import output
from seawall.cli.scan import FailLevel
from seawall.cli.store.options import AsJson
from seawall_base.plurals import plural

if TYPE_CHECKING:
    from seawall.keys.inventory.audit import AuditResult

FOUND = 10
TIMEOUT_SECONDS = 20.0


def audit(
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCE", help="Key sets and discovery documents: files, folders, https URLs, or - ."
        ),
    ],
    store: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Key inventory, created when absent. Without it no run knows earlier ones.",
        ),
    ] = None,
    issuer: Annotated[
        str | None, typer.Option(metavar="ISS", help="Issuer of a key set that does not name its issuer.")
    ] = None,
    used: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Keys in use: a gate's decision log, or a list of kids, or of issuers and kids.",
        ),
    ] = None,
    ca: Annotated[
        Path | None,
        typer.Option("--ca", metavar="FILE", help="CA certificates (PEM) to trust instead of the system's."),
    ] = None,
    accept: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CODE=NAME",
            help="Accept a finding, by the key's thumbprint or kid, or by the source. May be repeated.",
        ),
    ] = None,
    max_age: Annotated[
        int, typer.Option("--max-age", metavar="DAYS", min=1, help="Maximum age of a key, in days.")
    ] = 400,
    fail_on: Annotated[
        FailLevel | None,
        typer.Option(
            "--fail-on",
            metavar="LEVEL",
            help="Exit with 10 when a finding reaches this severity: low, medium, high or critical.",
        ),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print no messages.")] = False,
    as_json: AsJson = False,
) -> int:
    """Audit signing keys (JWKS): issuer, age, rotation, retired keys that returned, weak keys.

    \b
    Examples:
      seawall keys audit jwks.json
      seawall keys audit https://login.example.com/.well-known/openid-configuration --store keys.db
      seawall keys audit sets/ --store keys.db --used decisions.jsonl --fail-on high
      curl -s https://login.example.com/jwks | seawall keys audit - --issuer https://login.example.com --json

    \b
    Exit codes: 0 done, 1 something could not be read or checked, 3 nothing could be read,
    10 findings at or above --fail-on.
    """
    import time

    from seawall.keys.inventory import audit as key_audit
    from seawall.keys.inventory.codes import at_or_above
    from seawall.keys.inventory.documents import LARGEST
    from seawall.keys.inventory.table import audit_document, show_audit
    from seawall_base.errors import InputUnreadable
    from seawall_base.http_client import fetch
    from seawall_base.http_connection import trust_store
    from seawall_base.http_url import FetchError

    try:
        trust = trust_store(ca) if ca is not None else None
    except FetchError as error:
        raise InputUnreadable(f"{ca}: {error}", fix="give a PEM file of certificates to --ca") from None
    settings = key_audit.AuditSettings(
        sources=tuple(sources),
        store=store,
        issuer=issuer,
        used=used,
        accepted=tuple(_read_accepted(text) for text in accept or ()),
        max_age_days=max_age,
    )
    result = key_audit.audit(
        settings, lambda url: fetch(url, limit=LARGEST, timeout=TIMEOUT_SECONDS, trust=trust).body, time.time
    )
    if as_json:
        output.answer_json(audit_document(result))
    else:
        output.answer(lambda console: show_audit(console, result))
    if not quiet:
        _tell(result, store)
    if fail_on is not None and any(at_or_above(f.kind.severity, fail_on.value) for f in result.findings):
        return FOUND
    return 1 if result.partial else 0


def _read_accepted(text: str) -> tuple[str, str]:
    from seawall_base.errors import UsageError

    code, mark, name = text.partition("=")
    if not mark or not name:
        raise UsageError(
            f"--accept {text}: not the name of a finding",
            fix="write CODE=THUMBPRINT, CODE=KID or CODE=SOURCE",
        )
    return code, name


def _tell(result: AuditResult, store: Path | None) -> None:
    """What was not read, and what a next run will know."""
    for item in result.unread:
        if not item.foreign:
            output.say(f"not read: {item.source}: {item.reason}")
    passed_over = sum(item.foreign for item in result.unread)
    if passed_over:
        output.say(f"skipped {plural(passed_over, 'file')} without keys")
    for note in result.notes:
        output.say(f"note: {note}")
    if store is None:
        output.say("no key inventory: add --store, so that the next run notices vanished and returned keys")
    elif result.fresh:
        output.say(f"created a new key inventory: {store}")
