"""Search the files that left a house in an incident for private keys, as `seawall keys scan` does."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seawall.keys.leaks.scanning.scan import LeakSettings, search
from seawall.lab.replay.incident_file import IncidentStage, ReplayIncident
from seawall.lab.replay.tokens import at_noon
from seawall.lab.worlds.seeded_random import SeededRandom
from seawall_base.plurals import plural
from seawall_tokens.conformance.token_factory import TokenFactory

_PAGE = 4096
_PAGES = 64


@dataclass(frozen=True, slots=True)
class LeakVerdict:
    """What a search of a stage's file found. `found` counts private keys."""

    stage: str
    found: int
    says: str


def search_exposed(incident: ReplayIncident, folder: Path) -> list[LeakVerdict]:
    """Return what the search for keys says about the file of each stage that lets one out. The files lie in `folder`."""
    return [_search(incident, stage, folder) for stage in incident.stages if stage.exposes]


def _search(incident: ReplayIncident, stage: IncidentStage, folder: Path) -> LeakVerdict:
    folder.mkdir(parents=True, exist_ok=True)
    name, make = EXPOSED[stage.exposes]
    factory = TokenFactory(at_noon(incident.find_date(stage.day)))
    file = folder / f"{stage.id}.bin"
    file.write_bytes(make(factory, SeededRandom(7, *incident.name.encode())))
    totals = search([str(file)], LeakSettings(jobs=1))
    places = [f"form {one.form}, at byte {one.offset:,}" for one in totals.findings if not one.accepted]
    if places:
        says = f"{plural(len(places), 'private key')} in {name} ({places[0]})"
    else:
        says = f"{name} was searched ({totals.bytes_scanned:,} bytes): there is no private key in it"
    return LeakVerdict(stage.id, len(places), says)


def _write_dump(factory: TokenFactory, dice: SeededRandom) -> bytes:
    """Return pages of memory, among them one with the signing key as Windows holds it."""
    pages = [bytes(dice.below(256) for _ in range(64)) * (_PAGE // 64) for _ in range(_PAGES)]
    blob = write_windows_blob(factory.consumer_key().private)
    at = dice.below(_PAGES - 1)
    whole = b"".join(pages)
    place = at * _PAGE + 16 * dice.below(64)
    return whole[:place] + blob + whole[place + len(blob) :]


def write_windows_blob(private: Any) -> bytes:
    """Return an RSA key as `BCRYPT_RSAPRIVATE_BLOB`."""
    numbers = private.private_numbers()
    values = (numbers.public_numbers.e, numbers.public_numbers.n, numbers.p, numbers.q)
    parts = [value.to_bytes((value.bit_length() + 7) // 8, "big") for value in values]
    sizes = struct.pack("<5I", private.key_size, *map(len, parts))
    return b"RSA2" + sizes + b"".join(parts)


def _write_har(factory: TokenFactory, dice: SeededRandom) -> bytes:
    """Return a browser's recording with a session cookie and a bearer token: secrets, and no private key."""
    headers = [
        {"name": "Cookie", "value": f"sid={dice.hexadecimal(64)}; idx={dice.hexadecimal(48)}"},
        {"name": "Authorization", "value": f"Bearer {factory.cloud_token()}"},
    ]
    request = {
        "method": "GET",
        "url": "https://example.okta.test/admin/dashboard",
        "httpVersion": "HTTP/2",
        "headers": headers,
    }
    entries = [{"startedDateTime": "2023-09-28T10:00:00Z", "request": request, "response": {"status": 200}}]
    return json.dumps({"log": {"version": "1.2", "entries": entries}}).encode()


EXPOSED: Mapping[str, tuple[str, Callable[[TokenFactory, SeededRandom], bytes]]] = {
    "crash-dump": ("crash dump", _write_dump),
    "har": ("recording of a browser (HAR)", _write_har),
}
"""Name and maker of each kind of file, by what an incident's file calls it."""
