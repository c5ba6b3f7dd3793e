"""`seawall connect`: name a tenant once, check the access, and write settings and secrets for the service."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from seawall.cli import output
from seawall_base.errors import UsageError

if TYPE_CHECKING:
    from seawall.cli.service.settings_text import Value
    from seawall.collection.settings import Vendor

DEFAULT_FILE: Final = Path("seawall.toml")
SECRETS: Final = "secrets"
FEED_LISTS: Final[Mapping[str, str]] = {"m365": "content_types", "entra": "feeds", "google": "applications"}
"""The setting that lists the logs of a vendor; Okta has one log."""


@dataclass(slots=True)
class CheckedVendor:
    """One table of the file: its settings, and what the check said about each log."""

    vendor: Vendor
    settings: dict[str, Value]
    well: list[str] = field(default_factory=list)
    faults: dict[str, str] = field(default_factory=dict)


def connect(
    vendor: Annotated[str | None, typer.Option(metavar="NAME", help="microsoft, google or okta.")] = None,
    to: Annotated[
        Path, typer.Option("--to", metavar="FILE", help="Settings file to make or to add to.")
    ] = DEFAULT_FILE,
    tenant: Annotated[
        str | None, typer.Option(metavar="ID", help="Microsoft: directory (tenant) id.")
    ] = None,
    client_id: Annotated[
        str | None, typer.Option(metavar="ID", help="Microsoft, Okta: id of the application.")
    ] = None,
    certificate: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Microsoft: PEM file with private key and certificate."),
    ] = None,
    secret_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Microsoft: file with the client secret.")
    ] = None,
    cloud: Annotated[str | None, typer.Option(metavar="NAME", help="Microsoft: a national cloud.")] = None,
    customer: Annotated[str | None, typer.Option(metavar="ID", help="Google: customer id.")] = None,
    administrator: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Google: administrator to act for.")
    ] = None,
    domain: Annotated[str | None, typer.Option(metavar="DOMAIN", help="Okta: domain.")] = None,
    key_id: Annotated[str | None, typer.Option(metavar="ID", help="Okta: id (kid) of the key.")] = None,
    key_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Google, Okta: file with the private key.")
    ] = None,
    data: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder for logs and store. Default: beside the file.")
    ] = None,
    webhook: Annotated[
        list[str] | None, typer.Option(metavar="URL", help="Webhook URL for incidents. May be repeated.")
    ] = None,
    check: Annotated[bool, typer.Option(help="Ask the vendor for a little of each log first.")] = True,
    base_url: Annotated[
        str | None, typer.Option(metavar="URL", help="Base URL instead of the vendor's, for the check.")
    ] = None,
) -> None:
    """Name a tenant once: check the access, and write settings and secrets for `seawall run`.

    \b
    Examples:
      seawall connect
      seawall connect --vendor microsoft --tenant ID --client-id ID --certificate seawall.pem
      seawall connect --vendor okta --domain acme.okta.com --client-id ID --key-id KID --key-file key.pem

    What is not given is asked for, on a terminal. Secrets go into files of mode 0600 beside the settings.
    """
    from seawall.cli.service import connect_questions as asking

    questions = asking.QUESTIONS[name := asking.ask_vendor(vendor)]
    known = _known_tables(to)
    taken = [one for one in questions.vendors if f"collect.{one}" in known]
    if taken:
        raise UsageError(
            f"{to} has a table [collect.{taken[0]}] already", fix="change it there, or give another --to"
        )
    given = {"tenant": tenant, "client_id": client_id, "customer": customer, "administrator": administrator,
             "domain": domain, "key_id": key_id}  # fmt: skip
    files = {"certificate": certificate, "secret_file": secret_file, "key_file": key_file}
    _refuse_others(questions, {**given, **files, "cloud": cloud})
    settings: dict[str, Value] = dict(asking.ask_settings(questions, given))
    if cloud is not None:
        settings["cloud"] = cloud
    setting, secret = asking.ask_secret(questions, files)
    place = _keep_secret(to, f"{name}-{setting.removesuffix('_file')}", secret)
    settings[setting] = f"{SECRETS}/{place.path.name}"
    try:
        checked = [_check(one, settings, to.parent, base_url, check) for one in questions.vendors]
        _tell(checked)
        added = _tables(checked, data, webhook or [], known)
        _write(to, added, known)
    except BaseException:
        place.undo()
        raise
    output.say(f"written: {to}, {place.path}")
    output.next_step(f"seawall run --config {output.quote_path(to)}")


@dataclass(frozen=True, slots=True)
class KeptSecret:
    """A secret in its file. `is_new` says whether it was not there before."""

    path: Path
    is_new: bool

    def undo(self) -> None:
        """Delete the file if it is new: the settings that name it were not written."""
        if self.is_new:
            self.path.unlink(missing_ok=True)


def _known_tables(file: Path) -> set[str]:
    """Return the names of the tables of an existing settings file, which must be sound. Raises `ConfigurationInvalid`."""
    from seawall.cli.configuration.tables import read_configuration

    if not file.exists():
        return set()
    found = read_configuration(file)
    tables = {name for name, settings in found.tables.items() if settings}
    has_folder = found.collected != file.parent / "collected"
    return tables | {f"collect.{vendor}" for vendor in found.vendors} | ({"collect"} if has_folder else set())


def _refuse_others(questions: Any, given: Mapping[str, object]) -> None:
    """Refuse options of another vendor: nobody shall believe that they count."""
    own = {question.name for question in (*questions.needed, *questions.secrets)}
    own |= {"cloud"} if "m365" in questions.vendors else set()
    for name, value in given.items():
        if value is not None and name not in own:
            raise UsageError(f"--{name.replace('_', '-')} is not for this vendor", fix="leave it out")


def _keep_secret(file: Path, name: str, secret: str) -> KeptSecret:
    """Write a secret beside the settings file with mode 0600. Raises `UsageError` if another secret is there."""
    from seawall_base.durable_file import write_whole
    from seawall_base.private_files import make_folder
    from seawall_base.secret_file import read_secret

    path = file.absolute().parent / SECRETS / name
    make_folder(path.parent)
    if path.exists():
        if read_secret(path) != secret:
            raise UsageError(f"{path} holds another secret", fix="delete it if it is not needed any more")
        return KeptSecret(path, is_new=False)
    write_whole(path, secret.encode() + b"\n", fix="choose another folder with --to")
    return KeptSecret(path, is_new=True)


def _check(
    vendor: Vendor, settings: Mapping[str, Value], folder: Path, base_url: str | None, is_asked: bool
) -> CheckedVendor:
    """Read the settings as the collector would, and ask the vendor for a little of each log. Raises `CollectInvalid`."""
    from seawall.collection.access_check import ImpatientClock, check_access
    from seawall.collection.collector import collector_of
    from seawall.collection.settings import SETTINGS, read_settings
    from seawall.vendor_api.errors import CollectRefused

    paths = {setting.name for setting in SETTINGS[vendor] if setting.kind == "path"}
    typed = {name: folder / str(value) if name in paths else value for name, value in settings.items()}
    read = read_settings(vendor, None, typed)
    found = CheckedVendor(vendor, dict(settings))
    clock = ImpatientClock()
    collector = collector_of(vendor, read, clock, base_url)
    if not is_asked:
        return found
    output.say(f"asking {vendor} of {collector.tenant}")
    try:
        for log, fault in check_access(collector, clock):
            if fault:
                found.faults[log] = fault
            else:
                found.well.append(log)
    except CollectRefused as refused:
        found.faults["all logs"] = f"{refused.message}: {refused.fix}"
    if found.faults and found.well and vendor in FEED_LISTS:
        found.settings[FEED_LISTS[vendor]] = tuple(found.well)
    return found


def _tell(checked: Sequence[CheckedVendor]) -> None:
    """Say what works and what does not. Raises `CollectIncomplete` if nothing does."""
    from seawall.collection.errors import CollectIncomplete

    for one in checked:
        for log in one.well:
            output.say(f"  {one.vendor} {log}: can be read")
        for log, fault in one.faults.items():
            output.say(f"  {one.vendor} {log}: left out: {fault}")
    if all(one.faults and not one.well for one in checked):
        raise CollectIncomplete(
            "no log can be read, and nothing was written",
            fix="see docs/how-to/collect.md, Permissions; or leave the check out with --no-check",
        )


def _tables(
    checked: Sequence[CheckedVendor], data: Path | None, webhook: Sequence[str], known: set[str]
) -> dict[str, dict[str, Value]]:
    """Return the tables to add: those of the vendors that work, the folders, and the webhooks."""
    added: dict[str, dict[str, Value]] = {}
    if data is not None:
        added["collect"] = {"folder": str(data.absolute() / "collected")}
        added["store"] = {"folder": str(data.absolute() / "store")}
    if webhook:
        added["alerts"] = {"webhook": tuple(webhook)}
    clash = sorted(added.keys() & known)
    if clash:
        raise UsageError(f"the file has a table [{clash[0]}] already", fix="leave out --data and --webhook")
    for one in checked:
        if one.well or not one.faults:
            added[f"collect.{one.vendor}"] = one.settings
    return added


def _write(file: Path, added: Mapping[str, Mapping[str, Value]], known: set[str]) -> None:
    """Add the tables, and read the file again as a whole; a file that was sound stays so. Raises `ConfigurationInvalid`."""
    from seawall.cli.configuration.tables import read_configuration
    from seawall.cli.service.settings_text import add_tables
    from seawall_base.durable_file import write_whole

    before = file.read_bytes() if file.exists() else None
    add_tables(file, added, known)
    try:
        read_configuration(file)
    except BaseException:
        if before is None:
            file.unlink(missing_ok=True)
        else:
            write_whole(file, before, fix="restore it from a backup")
        raise
