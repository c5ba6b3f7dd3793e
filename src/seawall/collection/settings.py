"""Read a collector's settings from a TOML file and the command line: tenant, access, and logs to fetch.

A secret is never a setting: settings name the file that holds it. Error messages repeat no value, because a misplaced value
may be a secret.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, Literal

from seawall.collection.kafka.configuration import PROPERTIES, contradictions
from seawall.collection.vendors.entra import FEEDS
from seawall.collection.vendors.google import APPLICATIONS
from seawall.collection.vendors.m365 import CONTENT_TYPES
from seawall.vendor_api.clouds import GRAPH, MANAGEMENT
from seawall_base.errors import CollectInvalid
from seawall_base.settings_document import read_toml
from seawall_base.settings_reader import MALFORMED, SettingsErrors, check_names, header_of
from seawall_base.settings_reader import read_settings as read_rows
from seawall_base.settings_values import (
    InvalidValue,
    Reader,
    Setting,
    any_text,
    any_texts,
    flag,
    form,
    number,
)
from seawall_base.toml_lines import Path as Place

Vendor = Literal["m365", "entra", "google", "okta", "kafka"]
GUID: Final = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
HOST: Final = r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?"
SERVER: Final = r"(\[[0-9A-Fa-f:]{2,45}\]|[A-Za-z0-9._-]{1,253}):[0-9]{1,5}"
TOPIC: Final = r"(?!\.{1,2}$)[A-Za-z0-9._-]{1,249}"
PROPERTY: Final = rf"({'|'.join(map(re.escape, PROPERTIES))})=[A-Za-z0-9._-]{{1,100}}"
FIX: Final = "every setting is described in docs/reference/settings.md"
DEFAULT_FOLDER: Final = "collected"
"""The folder that collectors write to, beside the settings file of all verbs."""

LISTS: Final = frozenset({"content_types", "feeds", "applications", "servers", "topics", "properties"})
"""Settings that are lists, whose option is singular and may be repeated."""


def _one_of(options: Iterable[str]) -> Reader:
    """Return a reader of one of some words."""
    known = tuple(options)

    def read(value: Any) -> str:
        found: str = any_text()(value).strip()
        if found not in known:
            raise InvalidValue(f"is none of {', '.join(known)}", "write one of these")
        return found

    return read


def _names(item: Reader) -> Reader:
    """Return a reader of a list of texts, without duplicates."""
    return lambda value: tuple(dict.fromkeys(any_texts(item, least=1)(value)))


def _path(value: Any) -> Path:
    """Return the value as a path."""
    return Path(any_text(least=1)(value))


def _days(value: Any) -> float:
    """Return the number of days that the first pass reaches back, above 0 and up to 365."""
    found: float = number(float, 0, 365)(value)
    if found == 0:
        raise InvalidValue("is no number of days", "write a number above 0, up to 365")
    return found


def _text(
    name: str, meaning: str, pattern: str, example: str, *, lower: bool = False, **more: Any
) -> Setting:
    """Return a text setting that must match a pattern."""
    return Setting(
        name,
        "text",
        more.pop("default", None),
        meaning,
        form(pattern, example, meaning=meaning, lower=lower),
        **more,
    )


def _file(name: str, meaning: str) -> Setting:
    return Setting(name, "path", None, meaning, _path)


def _word(name: str, meaning: str, options: Iterable[str], default: str) -> Setting:
    words = tuple(options)
    return Setting(name, ", ".join(f'`"{word}"`' for word in words), default, meaning, _one_of(words))


def _guid(name: str, meaning: str, *, needed: bool = True) -> Setting:
    return _text(name, meaning, GUID, "01234567-89ab-cdef-0123-456789abcdef", lower=True, needed=needed)


def _first_days(default: int) -> Setting:
    return Setting("days", "number", default, "how many days back the first run fetches, at most 365", _days)


def _lists(
    name: str, meaning: str, item: Reader, default: Iterable[str] | None = None, *, needed: bool = False
) -> Setting:
    return Setting(name, "texts", None if default is None else list(default), meaning, _names(item), needed)


_ROUTE: Final = (
    _text(
        "proxy",
        "the URL of a proxy, http://host:port; put user and password into proxy_secret_file",
        r"(?i:https?)://([A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(:[0-9]{1,5})?/?",
        "http://host:port",
    ),
    _file("proxy_secret_file", "a file with the proxy's user and password, USER:PASSWORD"),
    _file("ca_bundle", "a PEM file of certificate authorities to trust, in addition to the system's"),
)
_MICROSOFT: Final = (
    _guid("tenant", "the directory (tenant) id"),
    _guid("client_id", "the application (client) id"),
    _file("secret_file", "a file with the client secret"),
    _file("certificate", "a PEM file with a private key and its certificate; it is used instead of a secret"),
)
_CLOUD: Final = "the national cloud"
_FETCHED: Final = "the logs to fetch"
SETTINGS: Final[Mapping[Vendor, tuple[Setting, ...]]] = {
    "m365": (
        *_MICROSOFT,
        _word("cloud", _CLOUD, MANAGEMENT, "world"),
        _lists(
            "content_types",
            "the content types of the Management Activity API to subscribe to and fetch",
            _one_of(CONTENT_TYPES),
            CONTENT_TYPES,
        ),
        _first_days(7),
        *_ROUTE,
    ),
    "entra": (
        *_MICROSOFT,
        _word("cloud", _CLOUD, GRAPH, "world"),
        _lists("feeds", _FETCHED, _one_of(FEEDS), FEEDS),
        _first_days(30),
        *_ROUTE,
    ),
    "google": (
        _text(
            "customer", "the customer id, which begins with C", r"C[0-9A-Za-z]{4,30}", "C012345", needed=True
        ),
        _text(
            "administrator",
            "the administrator on whose behalf the service account reads",
            r"[^\s@]+@[^\s@]+",
            "audit@acme.example",
            needed=True,
        ),
        _file("key_file", "the service account's JSON key"),
        _lists(
            "applications",
            _FETCHED,
            form(r"[a-z_]{1,40}", '"login"', meaning="the name of an application"),
            APPLICATIONS,
        ),
        _first_days(30),
        *_ROUTE,
    ),
    "okta": (
        _text("domain", "the organisation's domain", HOST, "acme.okta.com", lower=True, needed=True),
        _text("client_id", "the service application's client id", r"[0-9A-Za-z_-]{1,100}", "0oaexample"),
        _file("key_file", "the application's private key, PEM or JWK"),
        _text("key_id", "the key's id (kid) at Okta", r"[\x21-\x7e]{1,200}", "visible ASCII without spaces"),
        Setting(
            "dpop", "true or false", True, "whether the application requires proof of possession (DPoP)", flag
        ),
        _file("token_file", "a file with an API token, used instead of an application"),
        _first_days(30),
        *_ROUTE,
    ),
    "kafka": (
        _lists(
            "servers",
            "the brokers to connect to first, HOST:PORT",
            form(SERVER, '"kafka.example:9093"', meaning="HOST:PORT"),
            needed=True,
        ),
        _lists(
            "topics",
            "the topics to read",
            form(TOPIC, '"insights-logs-auditlogs"', meaning="the name of a topic"),
            needed=True,
        ),
        _text(
            "group",
            "the consumer group",
            r"[A-Za-z0-9._$-]{1,200}",
            "letters, digits and . _ $ -",
            default="seawall",
        ),
        _word(
            "protocol",
            "the transport; plaintext is allowed to this machine only",
            ("tls", "plaintext"),
            "tls",
        ),
        _word(
            "mechanism",
            "the SASL mechanism for username and password",
            ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"),
            "PLAIN",
        ),
        _text("username", "the SASL user name", r"[\x21-\x7e]{1,200}", "visible ASCII without spaces"),
        _file("secret_file", "a file with a connection string, a password or a client secret"),
        _guid("tenant", "the directory (tenant) id, together with client_id", needed=False),
        _guid("client_id", "the application (client) id", needed=False),
        _file("certificate", "a PEM file with a private key and its certificate, for client_id or for TLS"),
        _word("cloud", "the national cloud that issues the token", GRAPH, "world"),
        _file("ca_file", "a PEM file of the certificate authorities to trust"),
        _lists(
            "properties",
            "further properties of librdkafka, NAME=VALUE",
            form(PROPERTY, '"fetch.min.bytes=1"', meaning="a property that may be set, NAME=VALUE"),
        ),
    ),
}


def read_settings(vendor: Vendor, file: Path | None, typed: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a vendor: from the command line, else from the vendor's table in the file, else defaults.

    Paths in a file are relative to it. Raises `CollectInvalid`, which names every fault with its line or option.
    """
    table, place, faults = _table(file, vendor)
    given = {name: value for name, value in typed.items() if value is not None}
    values: dict[str, Any] = {}
    for setting in SETTINGS[vendor]:
        if setting.name in given:
            values[setting.name] = _read_typed(setting, given[setting.name], faults)
        elif file is None and setting.needed:
            _add(
                faults,
                f"{option_of(setting.name)} is missing: {setting.meaning}",
                "give it, or --config FILE",
            )
            values[setting.name] = MALFORMED
        else:
            values |= read_rows(table, (setting,), {}, place, faults)
            if file is not None and setting.kind == "path" and isinstance(values[setting.name], Path):
                values[setting.name] = file.parent / values[setting.name]
    if vendor == "kafka" and MALFORMED not in values.values():
        for name, what, fix in contradictions(values):
            if file is None or name in given:
                _add(faults, f"{option_of(name)}: {what}", fix)
            else:
                faults.add((*place, name), what, fix)
    faults.refuse()
    return values


def folder_of(file: Path) -> Path | None:
    """Return the folder that collectors write to by the settings file of all verbs; None for a file of vendors alone.

    Also None where the file has faults, which `read_settings` names.
    """
    try:
        document, _ = read_toml(file, CollectInvalid, give="check --config", described=FIX)
    except CollectInvalid:
        return None
    table = document.get("collect")
    if not isinstance(table, dict):
        return None
    folder = table.get("folder", DEFAULT_FOLDER)
    return file.parent / folder if isinstance(folder, str) and "\0" not in folder else None


def option_of(name: str) -> str:
    """Return the command line option of a setting."""
    one = name.removesuffix("ies") + "y" if name.endswith("ies") else name.removesuffix("s")
    return f"--{(one if name in LISTS else name).replace('_', '-')}"


def _table(file: Path | None, vendor: Vendor) -> tuple[Mapping[str, Any], Place, SettingsErrors]:
    """Return a vendor's table of the file, empty if there is none, its path, and the collector of faults.

    The tables of vendors are the whole file, or lie below `[collect]` in the settings file of all verbs.
    """
    if file is None:
        return {}, (vendor,), SettingsErrors("", {}, CollectInvalid, FIX)
    document, faults = read_toml(file, CollectInvalid, give="check --config", described=FIX)
    place: Place = (vendor,)
    if isinstance(document.get("collect"), dict):
        document, place = document["collect"], ("collect", vendor)
        check_names(document, (*SETTINGS, "folder"), ("collect",), faults, "a vendor")
    else:
        check_names(document, SETTINGS, (), faults, "a vendor")
    table = document.get(vendor)
    if not isinstance(table, dict):
        faults.add(place, f"there is no table {header_of(place)}", f"write {header_of(place)}")
        return {}, place, faults
    check_names(
        table, (setting.name for setting in SETTINGS[vendor]), place, faults, f"a setting of {vendor}"
    )
    return table, place, faults


def _read_typed(setting: Setting, raw: Any, faults: SettingsErrors) -> Any:
    """Return the value of an option, checked by the same reader as values in the file."""
    plain = str(raw) if isinstance(raw, Path) else list(raw) if isinstance(raw, tuple) else raw
    try:
        return setting.read(plain)
    except InvalidValue as wrong:
        _add(faults, f"{option_of(setting.name)}: {wrong.what}", wrong.fix)
        return MALFORMED


def _add(faults: SettingsErrors, what: str, fix: str) -> None:
    """Add a fault of an option, which is listed before the faults of the file."""
    faults.found.append((0, f"{what}; {fix}"))
