"""Identifiers of people and programs at Google and Okta, derived from those the organisation has."""

from __future__ import annotations

import functools
import hashlib

from seawall.lab.worlds.clients import LabClient
from seawall.lab.worlds.networks import is_microsoft
from seawall.lab.worlds.organisation import LabAccount, LabApplication, Tenant
from seawall.lab.worlds.seeded_random import SeededRandom


@functools.lru_cache(maxsize=65536)
def digits(text: str, size: int) -> str:
    """Return `size` decimal digits derived from a text."""
    number = int.from_bytes(hashlib.sha256(text.encode()).digest(), "big")
    return str(number % 10**size).rjust(size, "1")


@functools.lru_cache(maxsize=65536)
def letters(text: str, size: int) -> str:
    """Return `size` letters and digits derived from a text."""
    alphabet = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
    number = int.from_bytes(hashlib.sha256(text.encode()).digest(), "big")
    found = []
    for _ in range(size):
        number, place = divmod(number, len(alphabet))
        found.append(alphabet[place])
    return "".join(found)


def customer(tenant: Tenant) -> str:
    """Return the organisation's Google customer id."""
    return "C0" + letters(tenant.id, 7).lower()


def profile(who: LabAccount) -> str:
    """Return a person's Google profile id."""
    return "1" + digits(who.object_id, 20)


def okta_user(who: LabAccount) -> str:
    """Return a person's Okta id."""
    return "00u" + letters(who.object_id, 17)


def client_id(app: str) -> str:
    """Return the OAuth client id under which Google knows an application."""
    return f"{digits(app, 12)}-{letters(app, 32).lower()}.apps.googleusercontent.com"


_PROGRAMS = (
    "rclone",
    "Gmail Exporter",
    "got-your-back",
    "OAuth 2.0 Playground",
    "Sheet Mailer",
    "mail-report",
    "Google APIs Explorer",
)
_BY_FAMILY = {
    "thunderbird": "Mozilla Thunderbird",
    "apple-mail": "iOS Account Manager",
    "outlook": "Microsoft apps & services",
    "outlook-mac": "macOS",
}


def program_name(client: LabClient) -> str:
    """Return the name of a program that reads Gmail, as a user's consent shows it."""
    if client.name:
        return client.name
    if client.family in _BY_FAMILY:
        return _BY_FAMILY[client.family]
    return _PROGRAMS[int(digits(client.app, 6)) % len(_PROGRAMS)]


def read_seen_address(
    client_address: str, who: LabAccount | LabApplication | None, dice: SeededRandom
) -> str:
    """Return the client address that Google or Okta logs for an act: never one of Microsoft's back end."""
    if not is_microsoft(client_address):
        return client_address
    if isinstance(who, LabAccount):
        return dice.pick(who.office.fixed) if who.office.fixed else ""
    return ""
