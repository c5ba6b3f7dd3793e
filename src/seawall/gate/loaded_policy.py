"""A policy file as a worker of the gate goes by it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from seawall.gate.errors import GateInvalid
from seawall.gate.settings import GateSettings, read_settings
from seawall.gate.transmitters import read_transmitters
from seawall_tokens.policy.file import PolicyDocument, load_document
from seawall_tokens.signals.event_token import Transmitters

if TYPE_CHECKING:
    from seawall.gate.polling_settings import Polling


@dataclass(frozen=True, slots=True)
class Loaded:
    """A policy file, read."""

    document: PolicyDocument
    settings: GateSettings
    store: Path
    transmitters: Transmitters
    polled: tuple[Polling, ...]
    step_up: Path
    """Where passkeys and elevations are kept."""


def load(path: Path) -> Loaded:
    """Read the policy file with the gate's settings. Raises `PolicyInvalid` or `GateInvalid`."""
    document = load_document(path)
    settings = read_settings(path, document.tables.get("gate", {}), document.lines)
    if not settings.origins:
        _need_no_origins(document)
    _know_issuers(document, settings)
    listened = read_transmitters(document, time.time)
    return Loaded(
        document=document,
        settings=settings,
        store=document.revocation_store or path.parent / "revocations.db",
        transmitters=Transmitters(one.transmitter for one in listened),
        polled=tuple(one.polling for one in listened if one.polling is not None),
        step_up=settings.step_up.store or path.parent / "step-up.db",
    )


def _need_no_origins(document: PolicyDocument) -> None:
    """A DPoP proof names the origin; without a list of them any `Host` that a client sends would be the right one."""
    for nth, entry in enumerate(document.issuers):
        if entry.sender in {"dpop", "required"}:
            line = document.lines.get(("issuer", nth, "sender"), 1)
            raise GateInvalid(
                f"{document.path}:{line}: sender: proofs name the application's origin, and the gate knows none",
                fix='list them in [gate]: origins = ["https://app.example"]',
            )


def _know_issuers(document: PolicyDocument, settings: GateSettings) -> None:
    """A path whose issuers nobody has heard of would refuse everybody."""
    known = {entry.name for entry in document.issuers}
    for nth, rule in enumerate(settings.paths):
        strange = [name for name in rule.issuers if name not in known]
        if strange:
            line = document.lines.get(("gate", "path", nth, "issuers"), 1)
            raise GateInvalid(
                f"{document.path}:{line}: issuers: {strange[0]!r} is no issuer's name",
                fix=f"the names are: {', '.join(sorted(known))}",
            )


def replay_of(loaded: Loaded) -> Path:
    """Where the workers remember DPoP proofs: beside the store of revocations."""
    return loaded.store.with_name("replay.db")


def log_place(loaded: Loaded) -> str:
    """Where decisions are logged: `stderr`, or a file, relative to the policy file."""
    log = loaded.settings.log
    return log if log == "stderr" else str(loaded.document.path.parent / log)
