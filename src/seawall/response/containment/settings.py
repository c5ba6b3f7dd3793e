"""Who a plan's calls go to and who asks: tables of a TOML file that name the files of secrets, never a secret itself.

The credentials are others than a collector's: these may change accounts, those may only read logs.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any, Final

import msgspec

from seawall.response.errors import RespondInvalid
from seawall_base.msgspec_types import prepare
from seawall_base.regular_files import open_file

LARGEST: Final = 1024 * 1024
_FIX: Final = "every setting is described in docs/how-to/respond.md"
_HOST: Final = re.compile(
    r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?"
)


class MicrosoftSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An application of Entra, with a secret or a certificate. `cloud` is a national cloud's name."""

    tenant: str
    client_id: str
    secret_file: str = ""
    certificate: str = ""
    cloud: str = "world"
    base_url: str = ""


class GoogleSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A service account with domain-wide delegation, and the administrator for whom it asks the Directory API."""

    administrator: str
    key_file: str = ""
    base_url: str = ""


class OktaSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An organisation's domain, and a service application's key or an API token."""

    domain: str = ""
    client_id: str = ""
    key_file: str = ""
    key_id: str = ""
    dpop: bool = True
    token_file: str = ""
    base_url: str = ""


class GateSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A running gate: `https://gate.example`, or `http://127.0.0.1:PORT`."""

    url: str
    token_file: str = ""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One table for each vendor; those that are not there are not asked."""

    microsoft: MicrosoftSettings | None = None
    google: GoogleSettings | None = None
    okta: OktaSettings | None = None
    gate: GateSettings | None = None


prepare(Settings)


def read_settings(file: Path) -> Settings:
    """The settings in a file; files that it names are relative to it. Raises RespondInvalid."""
    try:
        with open_file(file) as opened:
            data = opened.read(LARGEST + 1)
    except OSError as error:
        raise RespondInvalid(f"{file}: {error.strerror}", fix="check --config") from None
    if len(data) > LARGEST:
        raise RespondInvalid(f"{file}: larger than {LARGEST:,} bytes", fix=_FIX)
    try:
        document: dict[str, Any] = tomllib.loads(data.decode("utf-8"))
        found = msgspec.convert(_placed(document, file.parent), Settings)
    except (ValueError, RecursionError) as error:  # of TOML, of UTF-8, of a setting: none quotes a value
        raise RespondInvalid(f"{file}: {error}", fix=_FIX) from None
    if found.okta is not None and not found.okta.base_url and not _HOST.fullmatch(found.okta.domain):
        raise RespondInvalid(f"{file}: okta.domain is no domain name", fix="domain = 'acme.okta.com'")
    return found


def _placed(document: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The tables with the files that they name relative to the folder of the settings."""
    files = ("secret_file", "certificate", "key_file", "token_file")
    return {
        name: {
            key: str(folder / value) if key in files and isinstance(value, str) and value else value
            for key, value in table.items()
        }
        if isinstance(table, dict)
        else table
        for name, table in document.items()
    }
