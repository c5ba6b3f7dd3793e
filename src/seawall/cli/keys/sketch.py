"""`seawall keys sketch`: record, where a key is, what a search needs to recognise its numbers elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seawall.cli import output
from seawall.cli.store.options import AsJson
from seawall_base.plurals import plural

if TYPE_CHECKING:
    from seawall.keys.leaks.key_sketches.sketches import KeySketch, PrivateKey

STDIN = "-"


def sketch(
    out: Annotated[
        Path,
        typer.Option("--out", "-o", metavar="FILE", help="Sketch file. Sketches already in it are kept."),
    ],
    keyfiles: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="KEYFILE", help="Private keys: PEM, OpenSSH, DER or JWK; - is standard input."
        ),
    ] = None,
    passphrase_file: Annotated[
        Path | None,
        typer.Option(
            "--passphrase-file",
            metavar="FILE",
            help="File whose first line is the passphrase of encrypted keys.",
        ),
    ] = None,
    passphrase_env: Annotated[
        str | None,
        typer.Option(
            "--passphrase-env", metavar="NAME", help="Environment variable that holds the passphrase."
        ),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print no messages.")] = False,
    as_json: AsJson = False,
) -> int:
    """Make sketches of private keys. `seawall keys scan --sketches` recognises the keys' numbers in any dump.

    A sketch holds keyed digests and sixteen bits of each number: nobody can compute the key from it.
    Run this where the key was generated, and copy only the sketch elsewhere.

    \b
    Examples:
      seawall keys sketch signing-key.pem --out sketches.json
      openssl genpkey -algorithm ED25519 | tee key.pem | seawall keys sketch - --out sketches.json
      seawall keys sketch old.pem new.jwk --out sketches.json --passphrase-file passphrase.txt
      seawall keys scan /var/crash --sketches sketches.json

    \b
    Exit codes: 0 done, 1 the sketches cannot be written, 2 usage, 3 a key cannot be read.
    """
    from seawall.keys.leaks.key_sketches.sketch_file import add_to_file
    from seawall.keys.leaks.key_sketches.sketches import make_sketch

    _leave_no_core()
    ask = _passphrase(passphrase_file, passphrase_env)
    sketches = []
    for name in keyfiles or [STDIN]:
        sketches += [_make(make_sketch, key, name) for key in _keys(name, ask)]
    in_all = add_to_file(out, sketches)
    rows = [{"key": made.key, "parts": [part.name for part in made.parts]} for made in sketches]
    if as_json:
        output.answer_json({"out": str(out), "sketches": rows, "in_all": in_all})
    else:
        output.write("".join(f"{row['key']}  {' '.join(row['parts'])}\n" for row in rows))
    if not quiet:
        output.say(f"{out} holds sketches of {plural(in_all, 'key')}; nobody can compute a key from it")
        output.next_step(f"seawall keys scan PATH --sketches {output.quote_path(out)}")
    return 0


def _keys(name: str, ask: Callable[[], bytes | None]) -> list[PrivateKey]:
    from seawall.keys.leaks.key_sketches.private_keys import LARGEST, PrivateKeysUnreadable, read_private_keys
    from seawall_base.errors import InputUnreadable

    fix = "give a private key in PEM, OpenSSH, DER or JWK; see `seawall keys sketch --help`"
    document = _read(name, LARGEST + 1)
    try:
        return read_private_keys(document, ask)
    except PrivateKeysUnreadable as error:
        raise InputUnreadable(f"{_show(name)}: {error}", fix=fix) from None
    finally:
        document[:] = bytes(len(document))


def _read(name: str, most: int) -> bytearray:
    """Read at most this many bytes, into memory that can be wiped."""
    import sys

    from seawall_base.errors import InputUnreadable

    try:
        if name == STDIN:
            return _describe_filling(sys.stdin.buffer, most)
        with Path(name).open("rb", buffering=0) as file:
            return _describe_filling(file, most)
    except OSError as error:
        raise InputUnreadable(
            f"{_show(name)}: {error.strerror}", fix="check the path and its permissions"
        ) from None


def _describe_filling(source: Any, most: int) -> bytearray:
    document = bytearray(most)
    filled = 0
    with memoryview(document) as room:
        while filled < most and (count := source.readinto(room[filled:])):
            filled += count
    del document[filled:]
    return document


def _make(make_sketch: Callable[[PrivateKey], KeySketch], key: PrivateKey, name: str) -> KeySketch:
    from seawall.keys.leaks.key_sketches.sketches import NoSketch
    from seawall_base.errors import InputUnreadable

    try:
        return make_sketch(key)
    except NoSketch as error:
        raise InputUnreadable(
            f"{_show(name)}: {error}", fix="RSA, EC, Ed25519, Ed448, X25519 and X448 are known"
        ) from None


def _show(name: str) -> str:
    return "standard input" if name == STDIN else name


def _passphrase(file: Path | None, variable: str | None) -> Callable[[], bytes | None]:
    """Return how to get a passphrase when a key needs one: file, variable, or prompt."""
    import os
    import sys

    from seawall_base.errors import InputUnreadable, UsageError

    if file is not None and variable is not None:
        raise UsageError("--passphrase-file and --passphrase-env exclude each other", fix="give one of them")
    if file is not None:
        try:
            lines = file.read_bytes()[:4096].splitlines()
        except OSError as error:
            raise InputUnreadable(f"{file}: {error.strerror}", fix="check --passphrase-file") from None
        return lambda: lines[0] if lines else None
    if variable is not None:
        value = os.environ.get(variable)
        if value is None:
            raise UsageError(f"{variable} is not set", fix="set the variable that --passphrase-env names")
        return value.encode
    if not sys.stdin.isatty():
        return lambda: None
    return lambda: str(typer.prompt("Passphrase", hide_input=True, err=True)).encode()


def _leave_no_core() -> None:
    """Should this process crash, the system is not to write the keys to disk."""
    try:
        import resource
    except ImportError:  # not a POSIX system
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
