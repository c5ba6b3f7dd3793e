"""How the gate polls a transmitter: URL, token and interval."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from seawall.gate.errors import GateInvalid
from seawall_base.http_connection import trust_store
from seawall_base.http_url import FetchError, parse_url
from seawall_base.secret_file import read_secret

if TYPE_CHECKING:
    from pathlib import Path

    from seawall_base.http_connection import TrustStore
    from seawall_base.settings_reader import SettingsErrors
    from seawall_tokens.policy.issuer_policy import IssuerPolicy

_VISIBLE: Final = re.compile(r"[!-~]{1,4096}")


@dataclass(frozen=True, slots=True)
class PollingSettings:
    """The polling endpoint of a transmitter. `every` is in seconds; `trust` None means the system's certificates."""

    name: str
    url: str
    every: int
    token: str = field(repr=False)
    trust: TrustStore | None = field(repr=False, compare=False)


def read_polling(
    policy: IssuerPolicy | None,
    values: Mapping[str, Any],
    table: Mapping[str, Any],
    at: tuple[str | int, ...],
    folder: Path,
    faults: SettingsErrors,
) -> PollingSettings | None:
    """Return how a transmitter is polled, None if it pushes; add faults to `faults`.

    `table` is the transmitter's table in the file. `policy` is None if it has faults, which were added before.
    """
    url, token_file = values["poll"], values["poll_token_file"]
    if url is None or token_file is None:
        if (url is None) != (token_file is None):
            faults.add(
                (*at, "poll" if token_file is None else "poll_token_file"),
                "poll needs poll_token_file",
                "set both",
            )
        return None
    before = len(faults.found)
    try:
        parse_url(url, allow_loopback_http=table.get("allow_loopback_http") is True)
    except FetchError as error:
        faults.add((*at, "poll"), str(error), "write https://host/path")
    token = ""
    try:
        token = _token(folder / token_file)
    except GateInvalid as error:
        faults.add((*at, "poll_token_file"), error.message, error.fix)
    if policy is None or len(faults.found) > before:
        return None
    trust = table.get("trust_file")
    try:
        store = trust_store(folder / trust) if isinstance(trust, str) else None
    except FetchError as error:  # the policy was able to read it a moment ago
        faults.add((*at, "trust_file"), str(error), "name a PEM file with the authorities' certificates")
        return None
    return PollingSettings(policy.name, url, values["poll_every"], token, store)


def _token(path: Path) -> str:
    text = read_secret(path, GateInvalid, what="the token", may_be_empty=True)
    if not _VISIBLE.fullmatch(text):
        raise GateInvalid(
            f"{path}: the file must hold one line of visible ASCII",
            fix="write the transmitter's token into it",
        )
    return text
