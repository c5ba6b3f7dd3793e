"""What a collector needs to know, from a TOML file and from what was typed: which tenant, which access, what to fetch.

A secret is never a setting: settings name the file that holds it.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from seawall.collection.kafka.configuration import PROPERTIES
from seawall.collection.vendors.entra import FEEDS
from seawall.collection.vendors.google import APPLICATIONS
from seawall.collection.vendors.m365 import CONTENT_TYPES
from seawall.vendor_api.clouds import GRAPH, MANAGEMENT
from seawall_base.errors import CollectInvalid
from seawall_base.regular_files import open_file
from seawall_base.toml_lines import Path as Place
from seawall_base.toml_lines import toml_lines

Vendor = Literal["m365", "entra", "google", "okta", "kafka"]
Kind = Literal["text", "texts", "path", "days", "flag"]
LARGEST: Final = 1024 * 1024
GUID: Final = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
HOST: Final = r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?"
SERVER: Final = r"(\[[0-9A-Fa-f:]{2,45}\]|[A-Za-z0-9._-]{1,253}):[0-9]{1,5}"
TOPIC: Final = r"(?!\.{1,2}$)[A-Za-z0-9._-]{1,249}"
PROPERTY: Final = rf"({'|'.join(map(re.escape, PROPERTIES))})=[A-Za-z0-9._-]{{1,100}}"


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: what it is, what it must look like, and whether it must be there."""

    kind: Kind
    meaning: str
    pattern: str = ""
    choices: tuple[str, ...] = ()
    default: Any = None
    is_needed: bool = False


_ROUTE: Final = {
    "proxy": Setting(
        "text",
        "the URL of a proxy, http://host:port (user and password go into proxy_secret_file)",
        r"(?i:https?)://([A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(:[0-9]{1,5})?/?",
    ),
    "proxy_secret_file": Setting("path", "a file with the proxy's user and password, USER:PASSWORD"),
    "ca_bundle": Setting("path", "a PEM file of authorities that are trusted besides the system's own"),
}
_DAYS: Final = "how many days back the first pass reaches"
_MICROSOFT: Final = {
    "tenant": Setting("text", "the directory (tenant) id", GUID, is_needed=True),
    "client_id": Setting("text", "the application (client) id", GUID, is_needed=True),
    "secret_file": Setting("path", "a file with the client secret"),
    "certificate": Setting("path", "a PEM file with a private key and its certificate"),
}
SETTINGS: Final[Mapping[str, Mapping[str, Setting]]] = {
    "m365": {
        **_MICROSOFT,
        "cloud": Setting("text", "the national cloud", choices=tuple(MANAGEMENT), default="world"),
        "content_types": Setting(
            "texts", "what is subscribed to", choices=CONTENT_TYPES, default=CONTENT_TYPES
        ),
        "days": Setting("days", _DAYS, default=7),
        **_ROUTE,
    },
    "entra": {
        **_MICROSOFT,
        "cloud": Setting("text", "the national cloud", choices=tuple(GRAPH), default="world"),
        "feeds": Setting("texts", "which logs are fetched", choices=FEEDS, default=FEEDS),
        "days": Setting("days", _DAYS, default=30),
        **_ROUTE,
    },
    "google": {
        "customer": Setting(
            "text", "the customer id, C and what follows", r"C[0-9A-Za-z]{4,30}", is_needed=True
        ),
        "administrator": Setting(
            "text", "whom the service account acts for", r"[^\s@]+@[^\s@]+", is_needed=True
        ),
        "key_file": Setting("path", "the service account's JSON key"),
        "applications": Setting("texts", "which logs are fetched", r"[a-z_]{1,40}", default=APPLICATIONS),
        "days": Setting("days", _DAYS, default=30),
        **_ROUTE,
    },
    "okta": {
        "domain": Setting("text", "the organisation's domain", HOST, is_needed=True),
        "client_id": Setting("text", "the service application's client id", r"[0-9A-Za-z_-]{1,100}"),
        "key_file": Setting("path", "the application's private key, PEM or JWK"),
        "key_id": Setting("text", "the key's id (kid) at Okta", r"[\x21-\x7e]{1,200}"),
        "dpop": Setting("flag", "whether the application requires proof of possession", default=True),
        "token_file": Setting("path", "a file with an API token, in place of an application"),
        "days": Setting("days", _DAYS, default=30),
        **_ROUTE,
    },
    "kafka": {
        "servers": Setting("texts", "a broker to begin with, HOST:PORT", SERVER, is_needed=True),
        "topics": Setting("texts", "the name of a topic", TOPIC, is_needed=True),
        "group": Setting("text", "the consumer group", r"[A-Za-z0-9._$-]{1,200}", default="seawall"),
        "protocol": Setting("text", "whether it is encrypted", choices=("tls", "plaintext"), default="tls"),
        "mechanism": Setting(
            "text",
            "how --username signs in",
            choices=("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"),
            default="PLAIN",
        ),
        "username": Setting("text", "the name to sign in with", r"[\x21-\x7e]{1,200}"),
        "secret_file": Setting("path", "a file with a connection string, a password or a client secret"),
        "tenant": Setting("text", "the directory (tenant) id", GUID),
        "client_id": Setting("text", "the application (client) id", GUID),
        "certificate": Setting("path", "a PEM file with a private key and its certificate"),
        "cloud": Setting("text", "the national cloud", choices=tuple(GRAPH), default="world"),
        "ca_file": Setting("path", "the certificates of the authorities to trust"),
        "properties": Setting("texts", "a property that may be set, NAME=VALUE", PROPERTY),
    },
}


def read_settings(vendor: Vendor, file: Path | None, typed: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a vendor: what was typed, else the file's table of its name, else the default.

    Paths in a file are relative to it. Raises CollectInvalid, which names every fault with its line.
    """
    faults: list[str] = []
    lines: Mapping[Place, int] = {}
    table: dict[str, Any] = {}
    if file is not None:
        table, lines = _table(file, vendor, faults)
    values: dict[str, Any] = {}
    for name, setting in SETTINGS[vendor].items():
        is_typed = typed.get(name) is not None
        raw = typed[name] if is_typed else table.get(name, setting.default)
        option = f"--{name.replace('_', '-')}"
        where = option if is_typed or file is None else f"{file}:{lines.get((vendor, name), 1)}: {name}"
        if raw is None:
            values[name] = None
            if setting.is_needed:
                faults.append(f"{option} is missing: {setting.meaning}")
            continue
        values[name], fault = _read(setting, raw)
        if fault:
            faults.append(f"{where}: {fault}")
        elif setting.kind == "path" and file is not None and not is_typed:
            values[name] = file.parent / values[name]
    if faults:
        raise CollectInvalid(
            "\n".join(faults), fix="every setting is described in docs/how-to/collect.md", details=faults
        )
    return values


def _table(file: Path, vendor: str, faults: list[str]) -> tuple[dict[str, Any], Mapping[Place, int]]:
    try:
        with open_file(file) as opened:
            data = opened.read(LARGEST + 1)
        text = data.decode("utf-8")
        document = tomllib.loads(text) if len(data) <= LARGEST else {}
        lines = toml_lines(text)
    except OSError as error:
        raise CollectInvalid(f"{file}: cannot be read: {error.strerror}", fix="check --config") from None
    except (ValueError, RecursionError) as error:
        reason = str(error) if isinstance(error, tomllib.TOMLDecodeError) else "is no TOML"
        raise CollectInvalid(f"{file}: {reason}", fix="see docs/how-to/collect.md") from None
    faults += [
        f"{file}:{lines.get((name,), 1)}: {_show(name)}: is no vendor{_near(name, SETTINGS)}"
        for name in document
        if name not in SETTINGS
    ]
    table = document.get(vendor)
    if not isinstance(table, dict):
        faults.append(f"{file}: there is no table [{vendor}]")
        return {}, lines
    faults += [
        f"{file}:{lines.get((vendor, name), 1)}: {_show(name)}: is no setting of {vendor}{_near(name, SETTINGS[vendor])}"
        for name in table
        if name not in SETTINGS[vendor]
    ]
    return table, lines


def _near(name: str, known: Mapping[str, Any]) -> str:
    found = difflib.get_close_matches(name[:100], known, n=1)
    return f"; did you mean {found[0]}?" if found else f"; known: {', '.join(known)}"


def _show(name: str) -> str:
    return ascii(name[:60])[1:-1]


def _read(setting: Setting, raw: Any) -> tuple[Any, str]:
    """The value, and what is wrong with it; a value that might be a secret is never part of the words."""
    if setting.kind == "flag":
        return raw, "" if isinstance(raw, bool) else "is neither true nor false"
    if setting.kind == "days":
        is_number = isinstance(raw, int | float) and not isinstance(raw, bool) and 0 < raw <= 365
        return raw, "" if is_number else "is no number of days up to 365"
    if setting.kind == "path":
        return Path(str(raw)), "" if isinstance(raw, str | Path) and str(raw) else "is no path"
    if setting.kind == "texts":
        if not isinstance(raw, list | tuple) or not raw or not all(isinstance(one, str) for one in raw):
            return (), "is no list of names"
        wrong = next((fault for one in raw if (fault := _look(setting, one))), "")
        return tuple(dict.fromkeys(raw)), wrong
    if not isinstance(raw, str):
        return "", "is no text"
    text = raw.strip().lower() if setting.pattern in {GUID, HOST} else raw.strip()
    return text, _look(setting, text)


def _look(setting: Setting, text: str) -> str:
    if setting.choices and text not in setting.choices:
        return f"is none of {', '.join(setting.choices)}"
    if setting.pattern and not re.fullmatch(setting.pattern, text):
        return f"does not look like {setting.meaning}"
    return ""
