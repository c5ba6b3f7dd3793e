"""`[[gate.transmitter]]`: transmitters of security events about accounts and sessions; keys are read as for issuers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from seawall.gate.polling_settings import PollingSettings, read_polling
from seawall_base.settings_reader import SettingsErrors, check_unique, read_rows, tables_of
from seawall_base.settings_table import is_malformed
from seawall_base.settings_values import Setting, flag, seconds, text, texts, url
from seawall_tokens.policy.issuer_table import read_issuer
from seawall_tokens.policy.settings import DAY
from seawall_tokens.signals.event_token import EVENT_TYPE, Transmitter

if TYPE_CHECKING:
    from seawall_base.toml_lines import Path
    from seawall_tokens.policy.file import PolicyDocument
    from seawall_tokens.policy.issuer_policy import IssuerPolicy

TRANSMITTER_SETTINGS: Final = (
    Setting("speaks_for", "texts", None, "issuers whose tokens it may revoke, exactly as in `iss`", texts(), needed=True),
    Setting("may_lift", "true or false", False, "whether its `account-enabled` lifts its own `account-disabled`", flag),
    Setting("max_age", "duration", "7d", "largest age of an event", seconds(60, 366 * DAY)),
    Setting("poll", "URL", None, "where the gate fetches its events (RFC 8936); without it they are pushed to `/events`", url),
    Setting("poll_token_file", "path", None, "file with the bearer token for `poll`; mode 0600", text),
    Setting("poll_every", "duration", "2s", "time between two polls", seconds(1, 3600)),
    Setting("memory", "duration", "400d", "how long its revocations of sessions are kept", seconds(3600, 3660 * DAY)),
)  # fmt: skip
"""Settings of a transmitter besides those it shares with issuers."""

OF_AN_ISSUER: Final = frozenset(
    {
        "name", "issuer", "audiences", "jwks_uri", "discovery", "jwks_file", "jwks", "key_hosts", "trust_file",
        "allow_loopback_http", "algorithms", "token_types", "clock_skew", "max_key_age", "quarantine", "key_memory",
        "approved_keys", "denied_keys", "stale_limit", "fetch_timeout",
    }
)  # fmt: skip
"""Settings of `[[issuer]]` that a transmitter has too (docs/reference/policy.md)."""


@dataclass(frozen=True, slots=True)
class TransmitterEntry:
    """A transmitter, and how it is polled, None if it pushes."""

    transmitter: Transmitter
    polling: PollingSettings | None


def read_transmitters(
    document: PolicyDocument, faults: SettingsErrors, clock: Callable[[], float]
) -> tuple[TransmitterEntry, ...]:
    """Return the valid transmitters of a policy file; add faults to `faults`."""
    found: list[TransmitterEntry] = []
    issuers: list[tuple[Path, str]] = []
    for at, table in tables_of(document.tables.get("gate", {}), "transmitter", faults, ("gate",)):
        one = _transmitter(table, at, document, faults, clock)
        if one is not None:
            found.append(one)
            issuers.append((at, one.transmitter.policy.issuer))
    check_unique("issuer", issuers, faults)
    return tuple(found)


def _transmitter(
    table: Mapping[str, Any],
    at: tuple[str | int, ...],
    document: PolicyDocument,
    faults: SettingsErrors,
    clock: Callable[[], float],
) -> TransmitterEntry | None:
    values = read_rows(table, TRANSMITTER_SETTINGS, at, faults, OF_AN_ISSUER)
    rest = {"token_types": [EVENT_TYPE]} | {
        name: value for name, value in table.items() if name in OF_AN_ISSUER
    }
    policy = read_issuer(rest, at, document.path.parent, faults, clock)
    if is_malformed(values):
        return None
    polling = read_polling(policy, values, table, at, document.path.parent, faults)
    transmitter = None if policy is None else _make(policy, values, at, faults)
    return None if transmitter is None else TransmitterEntry(transmitter, polling)


def _make(
    policy: IssuerPolicy, values: Mapping[str, Any], at: tuple[str | int, ...], faults: SettingsErrors
) -> Transmitter | None:
    try:
        return Transmitter(
            policy=replace(policy, required_claims=("jti", "iat", "events")),
            speaks_for=tuple(values["speaks_for"]),
            may_lift=values["may_lift"],
            max_age=values["max_age"],
            memory=values["memory"],
        )
    except ValueError as error:
        faults.add((*at, "speaks_for"), str(error), "name each issuer exactly")
        return None
