"""`seawall update`: newer rules and network databases from a signed file, without a network and without a new program."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from seawall.cli import output
from seawall.cli.configuration.option import ConfigurationFile
from seawall.cli.store.options import AsJson
from seawall_base.errors import InputUnreadable, UsageError

DEFAULT_FOLDER = Path("seawall-updates")


def update(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The update: a ZIP with a signed manifest.")],
    trust: Annotated[
        list[Path] | None,
        typer.Option("--trust", metavar="FILE", help="Public key to trust (Ed25519, PEM). May be repeated."),
    ] = None,
    to: Annotated[
        Path, typer.Option("--to", metavar="DIR", help="Folder of the installed updates.")
    ] = DEFAULT_FOLDER,
    _config: ConfigurationFile = None,
    as_json: AsJson = False,
) -> None:
    """Install newer rules and network databases, if a trusted key signed them.

    \b
    Examples:
      seawall update seawall-rules-31.zip --trust publisher.pem
      seawall update seawall-rules-31.zip --config seawall.toml

    Nothing changes unless signature, number, sizes and digests are right, and every rule and database can be read.
    """
    from seawall.storage.files.signed_update import CURRENT, install_update

    if not trust:
        raise UsageError("no key is trusted", fix="--trust FILE, or [updates] trust in the settings file")
    installed = install_update(file, [_read_key(one) for one in trust], to, _check_content)
    if as_json:
        output.answer_json({"number": installed.number, "made": installed.made, "folder": str(to / CURRENT)})
        return
    output.write(
        f"update {installed.number} of {installed.made}, {len(installed.files):,} files: {to / CURRENT}\n"
    )
    output.say("programs that run take it in at their next start")


def _read_key(path: Path) -> bytes:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

    from seawall_base.regular_files import open_file

    try:
        with open_file(path) as file:
            loaded = load_pem_public_key(file.read(1 << 16))
    except OSError as error:
        raise InputUnreadable(f"{path}: {error.strerror}", fix="give the publisher's public key") from None
    except (ValueError, TypeError, UnsupportedAlgorithm):
        loaded = None
    if not isinstance(loaded, Ed25519PublicKey):
        raise InputUnreadable(
            f"{path}: is no public key of Ed25519 (PEM)", fix="give the publisher's public key"
        )
    return loaded.public_bytes(Encoding.Raw, PublicFormat.Raw)


def _check_content(folder: Path) -> None:
    """Read every rule and database of an update as a scan would. Raises `UpdateRefused`."""
    from seawall.cli.configuration.updates import databases_of, rules_of
    from seawall.detection.rules.sigma.load import load_rules
    from seawall.events.networks.networks import Networks
    from seawall.storage.errors import UpdateRefused
    from seawall_base.errors import ArtefactInvalid

    try:
        Networks.load(databases_of(folder))
    except ArtefactInvalid as error:
        raise UpdateRefused(
            f"a database of the update cannot be read: {error.message}", fix="nothing was changed"
        ) from None
    if not (rules := rules_of(folder)):
        return
    # With the rules that ship, so that a rule whose id one of them has is noticed too.
    skipped = load_rules(rules).skipped
    if skipped:
        first = f"{Path(skipped[0].file).name}: {skipped[0].reason}"
        raise UpdateRefused(f"a rule of the update cannot be used: {first}", fix="nothing was changed")
