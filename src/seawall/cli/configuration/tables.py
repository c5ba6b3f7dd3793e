"""The tables of `seawall.toml`, and how the file is read as a whole.

Each setting is named as the option that it fills. Settings that are not set fill nothing, so that the defaults of a verb
are those of its options.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, Final

from seawall.cli.configuration.errors import ConfigurationInvalid
from seawall.cli.store.options import DEFAULT_STORE
from seawall.collection.settings import DEFAULT_FOLDER, SETTINGS, Vendor
from seawall_base.settings_document import read_toml
from seawall_base.settings_reader import SettingsErrors, check_names, read_rows
from seawall_base.settings_table import SettingDescription, read_values
from seawall_base.settings_values import any_text, any_texts, number, url

FIX: Final = "every setting is described in docs/reference/settings.md"
_PATH: Final = any_text(least=1)
_PATHS: Final = any_texts(_PATH)
_AT_LEAST_ZERO: Final = number(float, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogsTable:
    """`[logs]`: what is read."""

    folders: Annotated[
        tuple[str, ...],
        SettingDescription(
            "folders and files of logs that `scan` reads, and `watch` and `serve` follow", _PATHS, "paths"
        ),
    ] = ()
    settle: Annotated[
        float | None,
        SettingDescription(
            "seconds that `watch` waits after the last change of a file that it can only read as a whole",
            _AT_LEAST_ZERO,
        ),
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreTable:
    """`[store]`: where everything is kept."""

    folder: Annotated[
        Path | None,
        SettingDescription(
            "folder of the data store; by default `seawall-store`", _PATH, "path", is_file=True
        ),
    ] = None
    database_file: Annotated[
        Path | None,
        SettingDescription(
            "file (mode 0600) with the URL of a PostgreSQL database",
            _PATH,
            "path",
            is_file=True,
        ),
    ] = None
    retention: Annotated[
        int | None, SettingDescription("delete data older than this many days", number(int, 1))
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectionTable:
    """`[detection]`: how much is raised, and with what besides what ships."""

    budget: Annotated[
        float | None,
        SettingDescription("alert budget: incidents a day for each organisation", _AT_LEAST_ZERO),
    ] = None
    min_score: Annotated[
        str | None,
        SettingDescription(
            'threshold: raise no incident with a lower score: `"-1.5"`, or `"off"`',
            any_text(least=1),
        ),
    ] = None
    min_chance: Annotated[
        float | None, SettingDescription("the same threshold as a chance", number(float, 0, 1))
    ] = None
    mmdb: Annotated[
        tuple[str, ...], SettingDescription("your own network databases (MaxMind format)", _PATHS, "paths")
    ] = ()
    rules: Annotated[
        tuple[str, ...],
        SettingDescription("folders of Sigma rules, in addition to the built-in ones", _PATHS, "paths"),
    ] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertsTable:
    """`[alerts]`: who is told of an incident."""

    webhook: Annotated[
        tuple[str, ...],
        SettingDescription("URLs that get a message for each raised incident", any_texts(url), "URLs"),
    ] = ()
    webhook_secret_file: Annotated[
        Path | None,
        SettingDescription("file with the secret that signs these messages", _PATH, "path", is_file=True),
    ] = None
    channels_file: Annotated[
        Path | None,
        SettingDescription(
            "file of the channels that get messages ([channels.toml](#channelstoml))",
            _PATH,
            "path",
            is_file=True,
        ),
    ] = None
    respond_file: Annotated[
        Path | None,
        SettingDescription(
            "settings of containment without a person ([respond.toml](#respondtoml))",
            _PATH,
            "path",
            is_file=True,
        ),
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeTable:
    """`[serve]`: where the console listens, and whom it lets in."""

    listen: Annotated[
        str | None,
        SettingDescription("address and port to listen on, `127.0.0.1:8090` unless set", any_text(least=1)),
    ] = None
    host: Annotated[
        tuple[str, ...], SettingDescription("host names of the console in browsers", any_texts())
    ] = ()
    certificate: Annotated[
        Path | None, SettingDescription("TLS certificate chain (PEM)", _PATH, "path", is_file=True)
    ] = None
    key: Annotated[
        Path | None,
        SettingDescription(
            "private key of the certificate (PEM, without a password)", _PATH, "path", is_file=True
        ),
    ] = None
    behind_proxy: Annotated[
        tuple[str, ...],
        SettingDescription("addresses and networks of reverse proxies that end TLS", any_texts(), "networks"),
    ] = ()
    sign_in: Annotated[
        bool | None, SettingDescription("whether this machine needs sign-in as well", kind="true or false")
    ] = None
    oidc_policy: Annotated[
        Path | None,
        SettingDescription("policy file that names the identity provider", _PATH, "path", is_file=True),
    ] = None
    metrics_allow: Annotated[
        tuple[str, ...],
        SettingDescription(
            "networks that may read `/metrics`; this machine unless set", any_texts(), "networks"
        ),
    ] = ()
    mcp: Annotated[
        bool | None,
        SettingDescription("whether assistants get read-only tools at `/api/mcp`", kind="true or false"),
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanTable:
    """`[scan]`: where results go."""

    out: Annotated[Path | None, SettingDescription("folder for the results", _PATH, "path", is_file=True)] = (
        None
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectTable:
    """`[collect]`: where collectors write. The tables below it are those of the vendors."""

    folder: Annotated[
        Path | None,
        SettingDescription(
            "where collectors write, and what is read besides `[logs]`; by default `collected`",
            _PATH,
            "path",
            is_file=True,
        ),
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdatesTable:
    """`[updates]`: rules and network databases that come apart from the program."""

    folder: Annotated[
        Path | None,
        SettingDescription(
            "folder of the updates that `seawall update` installs", _PATH, "path", is_file=True
        ),
    ] = None
    trust: Annotated[
        tuple[str, ...],
        SettingDescription("public keys (Ed25519, PEM) whose updates are trusted", _PATHS, "paths"),
    ] = ()


TABLES: Final[dict[str, type]] = {
    "logs": LogsTable,
    "store": StoreTable,
    "detection": DetectionTable,
    "alerts": AlertsTable,
    "serve": ServeTable,
    "scan": ScanTable,
    "updates": UpdatesTable,
}
"""The tables that fill options, by their names in the file. `[collect]` is read apart."""


@dataclass(frozen=True, slots=True)
class ServiceConfiguration:
    """A settings file as read: the settings that are set, by the table; and the vendors whose logs are collected."""

    file: Path
    tables: dict[str, dict[str, Any]] = field(default_factory=dict)
    collected: Path = Path(DEFAULT_FOLDER)
    vendors: tuple[Vendor, ...] = ()

    @property
    def store(self) -> Path:
        """Return the folder of the data store: by default the usual name, beside the file."""
        folder: Path = self.tables["store"].get("folder", self.file.parent / DEFAULT_STORE)
        return folder

    def folders(self) -> tuple[Path, ...]:
        """Return what is read: the folders of `[logs]`, and the collectors' folder if there are any."""
        named = tuple(self.tables["logs"].get("folders", ()))
        return (*named, self.collected) if self.vendors else named


def read_configuration(file: Path) -> ServiceConfiguration:
    """Read a settings file. Raises `ConfigurationInvalid` with every fault of the file and its line.

    Settings of the vendors are checked for their names and values here, and again by their collector.
    """
    document, faults = read_toml(file, ConfigurationInvalid, give="check --config", described=FIX)
    check_names(document, (*TABLES, "collect"), (), faults, "a table of this file")
    read = {
        name: _read_table(kind, document.get(name, {}), name, faults, file.parent)
        for name, kind in TABLES.items()
    }
    _check_pairs(read, faults)
    found = _read_collection(document.get("collect", {}), faults, ServiceConfiguration(file, read))
    faults.refuse()
    return found


def _read_table(kind: type, table: object, name: str, faults: SettingsErrors, folder: Path) -> dict[str, Any]:
    """Return the settings of a table that the file sets; paths become relative to the file's folder."""
    values = read_values(kind, table, (name,), faults, folder)
    given = table if isinstance(table, dict) else {}
    paths = {setting for setting in ("folders", "mmdb", "rules", "trust") if setting in given}
    for setting in paths & values.keys():
        if isinstance(values[setting], (tuple, list)):
            values[setting] = [folder / path for path in values[setting]]
    return {setting: value for setting, value in values.items() if setting in given}


def _check_pairs(read: dict[str, dict[str, Any]], faults: SettingsErrors) -> None:
    """Record settings that need or exclude each other."""
    if {"min_score", "min_chance"} <= read["detection"].keys():
        faults.add(("detection", "min_chance"), "excludes min_score", "keep one of them")
    if len(read["serve"].keys() & {"certificate", "key"}) == 1:
        faults.add(("serve",), "certificate and key belong together", "set both")
    if "webhook_secret_file" in read["alerts"] and not read["alerts"].get("webhook"):
        faults.add(("alerts", "webhook_secret_file"), "signs nothing without webhook", "set webhook too")


def _read_collection(
    table: object, faults: SettingsErrors, found: ServiceConfiguration
) -> ServiceConfiguration:
    """Read `[collect]` and the names and values of the vendors' tables below it."""
    folder = found.file.parent
    values = read_values(CollectTable, table, ("collect",), faults, folder, SETTINGS)
    tables = table if isinstance(table, dict) else {}
    vendors: tuple[Vendor, ...] = tuple(vendor for vendor in SETTINGS if vendor in tables)
    for vendor in vendors:
        read_rows(tables[vendor], SETTINGS[vendor], ("collect", vendor), faults)
    collected = values["folder"]
    return replace(
        found,
        collected=collected if isinstance(collected, Path) else folder / DEFAULT_FOLDER,
        vendors=vendors,
    )
