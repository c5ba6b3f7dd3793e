"""A policy file as a worker of the gate goes by it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from seawall.gate.errors import GateInvalid
from seawall.gate.settings_file import FIX, read_gate
from seawall.gate.transmitters import read_transmitters
from seawall_tokens.policy.file import PolicyDocument, read_document
from seawall_tokens.signals.event_token import Transmitters

if TYPE_CHECKING:
    from seawall.gate.polling_settings import PollingSettings
    from seawall.gate.settings import GateSettings
    from seawall_base.settings_reader import SettingsErrors


@dataclass(frozen=True, slots=True)
class LoadedPolicy:
    """A policy file, read."""

    document: PolicyDocument
    settings: GateSettings
    store: Path
    transmitters: Transmitters
    polled: tuple[PollingSettings, ...]
    step_up: Path
    """Where passkeys and elevations are kept."""


def load_gate_policy(path: Path) -> LoadedPolicy:
    """Read the policy file with the gate's settings.

    Raises `PolicyInvalid` where the policy has a fault, else `GateInvalid`; either names every fault of the file.
    """
    document, faults = read_document(path)
    policy_is_sound = not faults.found
    names = frozenset(entry.name for entry in document.issuers) if policy_is_sound else None
    settings = read_gate(document.tables.get("gate", {}), path.parent, faults, names)
    if policy_is_sound and not document.tables.get("gate", {}).get("origins"):
        _need_no_origins(document, faults)
    listened = read_transmitters(document, faults, time.time)
    if not policy_is_sound:
        faults.refuse()
    faults.refuse(GateInvalid, FIX)
    return LoadedPolicy(
        document=document,
        settings=settings,
        store=document.revocation_store or path.parent / "revocations.db",
        transmitters=Transmitters(one.transmitter for one in listened),
        polled=tuple(one.polling for one in listened if one.polling is not None),
        step_up=settings.step_up.store or path.parent / "step-up.db",
    )


def _need_no_origins(document: PolicyDocument, faults: SettingsErrors) -> None:
    """A DPoP proof names the origin; without a list of them any `Host` that a client sends would be the right one."""
    for nth, entry in enumerate(document.issuers):
        if entry.sender in {"dpop", "required"}:
            faults.add(
                ("issuer", nth, "sender"),
                "proofs name the application's origin, and the gate knows none",
                'list them in [gate]: origins = ["https://app.example"]',
            )


def replay_path(loaded: LoadedPolicy) -> Path:
    """Where the workers remember DPoP proofs: beside the store of revocations."""
    return loaded.store.with_name("replay.db")


def log_target(loaded: LoadedPolicy) -> str:
    """Where decisions are logged: `stderr`, or a file, relative to the policy file."""
    log = loaded.settings.log
    return log if log == "stderr" else str(loaded.document.path.parent / log)
