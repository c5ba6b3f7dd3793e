"""`seawall token check`: explain every check of a policy on one access token."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seawall.cli import output
from seawall.cli.store.options import AsJson

if TYPE_CHECKING:
    from seawall_tokens.policy.issuer_policy import RevocationList
    from seawall_tokens.verify.request_binding import RequestBinding

REFUSED = 10
UNJUDGED = 1
LONGEST = 1 << 20
_SCHEMES = ("bearer ", "dpop ")


def check(
    policy: Annotated[
        Path,
        typer.Option(metavar="FILE", help="Policy file: whose tokens are accepted.", show_default=False),
    ],
    token: Annotated[
        str | None,
        typer.Argument(
            metavar="TOKEN",
            help="@FILE, or - for stdin, or the token itself (other users of this machine can see arguments).",
            show_default=False,
        ),
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--file", metavar="FILE", help="Read the token from this file.")
    ] = None,
    at: Annotated[
        float | None,
        typer.Option(
            "--at", metavar="SECONDS", help="Verify as of this time (seconds since 1970). Default: now."
        ),
    ] = None,
    method: Annotated[
        str, typer.Option(metavar="NAME", help="Method of the request that the DPoP proof covers.")
    ] = "GET",
    url: Annotated[
        str | None, typer.Option(metavar="URL", help="URL of the request that the DPoP proof covers.")
    ] = None,
    proof: Annotated[
        Path | None, typer.Option("--proof", metavar="FILE", help="DPoP proof of the request.")
    ] = None,
    certificate: Annotated[
        Path | None,
        typer.Option("--certificate", metavar="FILE", help="Client certificate of the request (PEM or DER)."),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print no messages.")] = False,
    as_json: AsJson = False,
) -> int:
    """Explain, check by check, why a policy accepts or refuses an access token.

    The command logs nothing and never prints the token or its signature. It prints claims, which may name people.

    \b
    Examples:
      seawall token check --policy policy.toml < token.txt
      seawall token check @token.txt --policy policy.toml --json
      seawall token check --file token.txt --policy policy.toml --at 1790000000
      seawall token check @token.txt --policy policy.toml --url https://api.example/mail --proof proof.txt

    \b
    Exit codes: 0 accepted, 10 refused, 1 could not be verified (keys unavailable, store damaged),
    2 usage or policy, 3 the token could not be read.
    """
    import time

    from seawall.cli.token.check_table import check_document, show_check
    from seawall_tokens.policy.file import load_document
    from seawall_tokens.verify.examination import examine
    from seawall_tokens.verify.replay import MemoryReplayGuard

    text = _token(token, file)
    document = load_document(policy)
    rules = document.policy(_revocations(document.revocation_store, time.time()))
    request = _request(method, url, proof, certificate)
    examination = examine(
        text, rules, time.time() if at is None else at, request=request, replay=MemoryReplayGuard()
    )
    if as_json:
        output.answer_json(check_document(examination))
    else:
        output.answer(lambda console: show_check(console, examination))
    if not quiet and document.revocation_store is None:
        output.say("note: the policy names no revocation store: revocations were not checked")
    if examination.refusal is None:
        return 0
    return UNJUDGED if examination.refusal.status == 403 else REFUSED


def _token(token: str | None, file: Path | None) -> str:
    """The token's text, from exactly one place, without white space around it and the scheme before it."""
    from seawall_base.errors import UsageError

    if token is not None and file is not None:
        raise UsageError("the token was given twice", fix="give it either as the argument or with --file")
    if file is not None:
        text = _read(file)
    elif token is not None and token.startswith("@"):
        text = _read(Path(token[1:]))
    elif token in {None, "-"}:
        if sys.stdin.isatty():
            raise UsageError("no token was given", fix="give @FILE, --file FILE, or pipe the token in")
        text = sys.stdin.buffer.read(LONGEST + 1).decode("ascii", "replace")
    else:
        text = token or ""
        if "." in text and len(text) < 256 and Path(text).is_file():
            raise UsageError(f"{text} is a file, not a token", fix=f"give @{text} to check what is in it")
    text = text.strip()
    scheme = next((scheme for scheme in _SCHEMES if text[: len(scheme)].lower() == scheme), "")
    return text[len(scheme) :].strip()


def _read(path: Path) -> str:
    return _octets(path).decode("ascii", "replace")


def _octets(path: Path) -> bytes:
    from seawall_base.errors import InputUnreadable

    try:
        with path.open("rb") as stream:
            return stream.read(LONGEST + 1)
    except (OSError, ValueError):
        raise InputUnreadable(f"{path} cannot be read", fix="give the path of a file that holds it") from None


def _revocations(store: Path | None, now: float) -> RevocationList | None:
    """What the policy's store holds now; a store that is named and cannot be read is an error, never an empty one."""
    if store is None:
        return None
    from seawall_tokens.revocation.snapshot import Revocations
    from seawall_tokens.revocation.store import RevocationStore

    with RevocationStore.open(store) as opened:
        return Revocations(opened.load(now=now)[0])


def _request(
    method: str, url: str | None, proof: Path | None, certificate: Path | None
) -> RequestBinding | None:
    """How the token was presented, if anything of that was told."""
    if url is None and proof is None and certificate is None:
        return None
    from seawall_base.errors import UsageError
    from seawall_tokens.verify.request_binding import RequestBinding

    if proof is not None and url is None:
        raise UsageError("--proof needs --url", fix="give the URL of the request with --url")
    return RequestBinding(
        method=method,
        url=url or "",
        scheme="Bearer" if proof is None else "DPoP",
        proofs=() if proof is None else (_read(proof).strip(),),
        certificate=None if certificate is None else _octets(certificate),
    )
