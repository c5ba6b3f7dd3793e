"""Read the operator's own databases in MaxMind's format (MMDB), with the field names of several publishers.

Known layouts, all optional, at the top or below `traits`:

- MaxMind GeoLite2/GeoIP2 and DB-IP: `autonomous_system_number`, `autonomous_system_organization`, `country.iso_code`,
  `connection_type`, `user_type`, `is_anonymous…`, `is_hosting_provider`, `is_tor_exit_node`.
- IPinfo: `asn` ("AS64496"), `as_name` or `name`, `country_code` or `country`, `type`, `hosting`, `vpn`, `proxy`, `tor`,
  `relay`.
- ip-location-db: `country_code`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import maxminddb

from seawall.events.networks.known_systems import NetworkClass
from seawall_base.errors import ArtefactInvalid
from seawall_base.regular_files import open_regular

_ASN = re.compile(r"(?:AS)?(\d{1,10})", re.IGNORECASE)
_COUNTRY = re.compile(r"[A-Za-z]{2}")
_ANONYMISER_FLAGS = (
    "is_anonymous", "is_anonymous_vpn", "is_public_proxy", "is_residential_proxy", "is_tor_exit_node",
    "vpn", "proxy", "tor", "relay",
)  # fmt: skip
_ASN_FIELDS = ("autonomous_system_number", "asn", "as_number")
_NAME_FIELDS = ("autonomous_system_organization", "as_name", "name", "isp")
_HOSTING_FLAGS = ("is_hosting_provider", "hosting")
_CLASS_WORDS: dict[str, NetworkClass] = {
    "cellular": "mobile", "mobile": "mobile",
    "hosting": "hosting", "content_delivery_network": "hosting",
    "residential": "residential", "cable/dsl": "residential", "dialup": "residential",
    "satellite": "residential",
    "business": "corporate", "corporate": "corporate", "college": "corporate", "school": "corporate",
    "education": "corporate", "government": "corporate", "military": "corporate", "library": "corporate",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class DatabaseRecord:
    """Hold one database's record of an address; None for fields that it lacks."""

    asn: int | None
    name: str | None
    country: str | None
    network_class: NetworkClass | None


class OperatorDatabase:
    """Read one open MMDB file."""

    def __init__(self, path: Path, reader: maxminddb.Reader) -> None:
        self._path = path
        self._reader = reader

    def look_up(self, address: str) -> DatabaseRecord | None:
        """Return the database's record of the address, or None. Raises ArtefactInvalid if the file is damaged there."""
        try:
            record = self._reader.get(address)
        except ValueError:  # an IPv6 address in a database of IPv4
            return None
        except maxminddb.InvalidDatabaseError as reason:
            raise _invalid(self._path, reason) from reason
        return _read(record) if isinstance(record, Mapping) else None

    def describe(self) -> dict[str, Any]:
        """Return the file's name, its type and its build time (seconds since 1970)."""
        metadata = self._reader.metadata()
        return {"file": self._path.name, "type": metadata.database_type, "build_epoch": metadata.build_epoch}


def open_database(path: Path) -> OperatorDatabase:
    """Open an MMDB file. Raises ArtefactInvalid if it is missing or invalid."""
    try:
        os.close(open_regular(path))  # the library would wait for a pipe
        return OperatorDatabase(path, maxminddb.open_database(path))
    except (OSError, ValueError, maxminddb.InvalidDatabaseError) as reason:
        raise _invalid(path, reason) from reason


def _invalid(path: Path, reason: Exception) -> ArtefactInvalid:
    return ArtefactInvalid(
        f"{path}: not a readable MMDB database ({reason})", fix="Download the file again, or omit it."
    )


def _read(record: Mapping[str, Any]) -> DatabaseRecord:
    traits = record.get("traits")
    fields = {**record, **traits} if isinstance(traits, Mapping) else record
    asn = next((number for name in _ASN_FIELDS if (number := _asn(fields.get(name))) is not None), None)
    holder = next((text for name in _NAME_FIELDS if (text := _text(fields.get(name)))), None)
    return DatabaseRecord(asn, holder, _country(fields), _class(fields))


def _text(value: object) -> str | None:
    return value.strip() or None if isinstance(value, str) else None


def _asn(value: object) -> int | None:
    if isinstance(value, str) and (match := _ASN.fullmatch(value.strip())):
        value = int(match[1])
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**32 else None


def _country(fields: Mapping[str, Any]) -> str | None:
    country = fields.get("country")
    nested = country.get("iso_code") if isinstance(country, Mapping) else country
    for value in (fields.get("country_code"), nested):
        if isinstance(value, str) and _COUNTRY.fullmatch(value):
            return value.upper()
    return None


def _class(fields: Mapping[str, Any]) -> NetworkClass | None:
    if any(_is_true(fields.get(name)) for name in _ANONYMISER_FLAGS):
        return "anonymiser"
    if any(_is_true(fields.get(name)) for name in _HOSTING_FLAGS):
        return "hosting"
    for name in ("user_type", "connection_type", "type"):
        word = fields.get(name)
        if isinstance(word, str) and word.lower() in _CLASS_WORDS:
            return _CLASS_WORDS[word.lower()]
    return None


def _is_true(value: object) -> bool:
    return value is True or (isinstance(value, str) and value.lower() == "true")
