"""`seawall keys scan`: search files, dumps and logs for private keys."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seawall.cli import output
from seawall.cli.store.options import AsJson
from seawall.version import __version__

if TYPE_CHECKING:
    from seawall.keys.leaks.findings import SearchTotals
    from seawall.keys.leaks.scanning.accepted import Baseline
    from seawall.keys.leaks.scanning.scan import LeakSettings
    from seawall.keys.leaks.scanning.search import BufferSearch
    from seawall_tokens.jose.key import PublicKey

FOUND = 10
NOT_ALL_SEARCHED = 4
INTERRUPTED = 130
TIMEOUT_SECONDS = 20.0


def scan(
    paths: Annotated[
        list[str],
        typer.Argument(metavar="PATH", help="Files and folders, searched recursively; - is standard input."),
    ],
    jwks: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SOURCE",
            help="Public keys to search for: a JWK set, as file or https URL. May be repeated.",
        ),
    ] = None,
    sketches: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="Sketches from `seawall keys sketch`. May be repeated."),
    ] = None,
    baseline: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Findings accepted earlier. They are shown and do not change the exit code."
        ),
    ] = None,
    sarif: Annotated[
        Path | None, typer.Option("--sarif", metavar="FILE", help="Also write the result as SARIF 2.1.0.")
    ] = None,
    write_baseline: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Accept all current findings: write them as a baseline."),
    ] = None,
    jobs: Annotated[
        int,
        typer.Option(
            "--jobs", "-j", metavar="N", min=0, help="Number of processes. Default: one for each core."
        ),
    ] = 0,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print no progress and no messages.")] = False,
    as_json: AsJson = False,
) -> int:
    """Search files, archives, dumps and logs for private keys. Report location, format and key id, never key bytes.

    \b
    Examples:
      seawall keys scan crash.dmp
      seawall keys scan /var/crash build/ --jwks https://login.example.com/jwks
      seawall keys scan swap.img --sketches sketches.json
      gcore 4711 && seawall keys scan core.4711 --jwks jwks.json --json
      seawall keys scan . --write-baseline accepted.json
      seawall keys scan . --baseline accepted.json

    Published test keys (OpenSSL, RFCs) are shown and do not change the exit code, unless --jwks holds them.

    \b
    Exit codes: 0 everything was searched and no unaccepted key found, 3 nothing could be read,
    4 no key found but something was skipped, 10 a key was found, 130 interrupted.
    """
    from seawall.keys.leaks.scanning.accepted import baseline_document, mark_accepted
    from seawall.keys.leaks.scanning.sarif import sarif_document
    from seawall.keys.leaks.scanning.table import leak_document, show_leaks
    from seawall_base.durable_file import write_whole
    from seawall_base.errors import InputUnreadable

    accepted = _baseline(baseline) if baseline else None
    settings = _settings(jwks or [], sketches or [], jobs, quiet=quiet)
    account = _search(paths, settings, quiet=quiet)
    account.findings = mark_accepted(account.findings, accepted)
    if write_baseline:
        document = json.dumps(baseline_document(account.findings), indent=1)
        write_whole(
            write_baseline, f"{document}\n".encode(), fix="name a file in a folder that you may write to"
        )
    if sarif:
        text = json.dumps(sarif_document(account, __version__), indent=1)
        write_whole(sarif, f"{text}\n".encode(), fix="name a file in a folder that you may write to")
    if as_json:
        output.answer_json(leak_document(account))
    else:
        output.answer(lambda console: show_leaks(console, account))
    if account.is_interrupted:
        return INTERRUPTED
    if any(not found.accepted for found in account.findings) and not write_baseline:
        return FOUND
    if not account.bytes_scanned and (account.skipped or not account.files):
        raise InputUnreadable("nothing was searched", fix="give files or folders that can be read")
    return NOT_ALL_SEARCHED if account.skipped else 0


def _settings(jwks: list[str], sketches: list[Path], jobs: int, *, quiet: bool) -> LeakSettings:
    """What to look for: forms always, bare numbers of the keys and the sketches that were given."""
    from seawall.keys.leaks.scanning.scan import LeakSettings

    keys = _keys(jwks, quiet=quiet)
    others: list[BufferSearch] = []
    sketched: set[str] = set()
    if keys:
        from seawall.keys.leaks.number_search.arithmetic import KnownKeys
        from seawall.keys.leaks.number_search.written_search import WrittenSearch

        known = KnownKeys.from_public(keys)
        known.prepare()
        written = WrittenSearch(keys)
        written.prepare()
        others += [known, written]
        if not quiet:
            output.say(
                *(f"warning: bare numbers of key {name} are not searched for" for name in known.unsearched)
            )
    if sketches:
        from seawall.keys.leaks.key_sketches.sketch_file import load_file
        from seawall.keys.leaks.key_sketches.sketch_search import SketchSearch

        loaded = [sketch for path in sketches for sketch in load_file(path)]
        sketched.update(sketch.key for sketch in loaded)
        search = SketchSearch(loaded)
        search.prepare()
        others.append(search)
    return LeakSettings(keys, frozenset(sketched), tuple(others), jobs)


def _baseline(path: Path) -> Baseline:
    from seawall.keys.leaks.scanning.accepted import BaselineUnreadable, read_baseline
    from seawall_base.errors import InputUnreadable

    try:
        return read_baseline(path)
    except OSError as error:
        raise InputUnreadable(
            f"{path}: {error.strerror}", fix="create a baseline with --write-baseline FILE"
        ) from None
    except BaselineUnreadable as error:
        raise InputUnreadable(
            f"{path}: {error}", fix="create a baseline with --write-baseline FILE"
        ) from None


def _search(paths: list[str], settings: LeakSettings, *, quiet: bool) -> SearchTotals:
    import sys

    from seawall.cli import progress
    from seawall.keys.leaks.scanning.scan import search

    with progress.show_progress(quiet=quiet) as report:
        is_watched = not quiet and sys.stderr.isatty()

        def tell(done: int, total: int) -> None:
            report("search", done, total, 0)

        return search(paths, settings, stdin=sys.stdin.buffer, progress=tell if is_watched else None)


def _keys(sources: list[str], *, quiet: bool) -> tuple[PublicKey, ...]:
    """The public keys of all sources, each once; their oddities are reported."""
    from seawall.keys.leaks.scanning.known import KeysUnreadable, read_keys
    from seawall_base.errors import InputUnreadable

    keys: dict[str, PublicKey] = {}
    for source in sources:
        try:
            found = read_keys(_document(source))
        except KeysUnreadable as error:
            raise InputUnreadable(f"{source}: {error}", fix="give a JWK set to --jwks") from None
        if not quiet:
            output.say(*(f"warning: {source}: {warning}" for warning in found.warnings))
        if not found.keys:
            raise InputUnreadable(f"{source}: no public key to search for", fix="give a JWK set to --jwks")
        keys |= {key.thumbprint: key for key in found.keys}
    return tuple(keys.values())


def _document(source: str) -> bytes:
    from seawall.keys.leaks.scanning.known import LARGEST
    from seawall_base.errors import InputUnreadable
    from seawall_base.http_client import fetch
    from seawall_base.http_url import FetchError
    from seawall_base.regular_files import open_file

    if "://" in source:
        try:
            return fetch(source, limit=LARGEST, timeout=TIMEOUT_SECONDS).body
        except FetchError as error:
            fix = "give the key set as a file, or set SSL_CERT_FILE where its certificate is your own"
            raise InputUnreadable(f"{source}: {error}", fix=fix) from None
    try:
        with open_file(Path(source)) as file:
            return file.read(LARGEST + 1)
    except OSError as error:
        raise InputUnreadable(f"{source}: {error.strerror}", fix="give a JWK set to --jwks") from None
